//! What runs inside Redis, whole or not at all. Redis does not roll back: a script reads and checks everything first
//! (a read of the wrong kind of key fails there), and writes last.

use redis::Script;

/// How many updates of a chat are remembered by their keys: a sorted set up to this size is stored compactly.
const SEEN_MAX: u32 = 128;
/// For how long they are remembered, in seconds: longer than the streams keep messages.
const SEEN_SECONDS: u32 = 8 * 24 * 60 * 60;

/// For how long it is remembered that a person was erased who had not opted out, in seconds: what the streams tell again
/// is older than that.
const MARK_SECONDS: u32 = SEEN_SECONDS;

/// Reads what a decision needs, as it was at one moment. Keys: position, seen, the person's mark, then the documents.
/// Argument: the update's key in its chat.
///
/// Not a transaction: a server whose memory is full refuses those, even if they only read.
pub(crate) fn load() -> Script {
    Script::new(
        r"
        local seen = redis.call('ZSCORE', KEYS[2], ARGV[1])
        local position = redis.call('HMGET', KEYS[1], 'applied', 'stream', 'losses')
        local mark = redis.call('HMGET', KEYS[3], 'time', 'sequence', 'stream', 'opted_out')
        local numbering = (position[2] or '') .. '/' .. (position[3] or '0')
        local sequence = mark[3] == numbering and mark[2] or 0
        local loaded = {position[1], seen and 1 or 0, mark[1], sequence, mark[4]}
        for key = 4, #KEYS do loaded[key + 2] = redis.call('GET', KEYS[key]) end
        return loaded
        ",
    )
}

/// Commits a decision.
///
/// Keys: position, outbox, seen, the person's mark, the person's and the chat's document, then the documents that are
/// written. Arguments: sequence, the update's key, the same in its chat, the outbox's limit, when the person was erased as
/// far as was loaded (empty: never), the count of outbox entries, for how many seconds person and chat are kept if nothing
/// comes any more (empty: for good), place and value of each entry, then for each document `=` and the value or `-`.
///
/// Returns a word, and with `full` the size of the outbox.
pub(crate) fn commit() -> Script {
    let script = r"
        local sequence = tonumber(ARGV[1])
        local applied = tonumber(redis.call('HGET', KEYS[1], 'applied') or '0')
        if sequence <= applied then return {'applied', 0} end
        local repeated = redis.call('ZSCORE', KEYS[3], ARGV[3])
        if repeated then
            redis.call('HSET', KEYS[1], 'applied', ARGV[1], 'update', ARGV[2])
            redis.call('HDEL', KEYS[1], 'trying', 'tries')
            return {'repeated', 0}
        end
        if (redis.call('HGET', KEYS[4], 'time') or '') ~= ARGV[5] then return {'erased', 0} end
        local size = redis.call('HLEN', KEYS[2])
        local entries = tonumber(ARGV[6])
        if size + entries > tonumber(ARGV[4]) then return {'full', size} end

        redis.call('HSET', KEYS[1], 'applied', ARGV[1], 'update', ARGV[2])
        redis.call('HDEL', KEYS[1], 'trying', 'tries')
        local argument = 8
        for _ = 1, entries do
            redis.call('HSET', KEYS[2], ARGV[argument], ARGV[argument + 1])
            argument = argument + 2
        end
        for key = 7, #KEYS do
            local value = ARGV[argument]
            if string.sub(value, 1, 1) == '=' then
                redis.call('SET', KEYS[key], string.sub(value, 2))
            else
                redis.call('DEL', KEYS[key])
            end
            argument = argument + 1
        end
        for key = 5, 6 do
            if ARGV[7] == '' then redis.call('PERSIST', KEYS[key])
            else redis.call('EXPIRE', KEYS[key], ARGV[7]) end
        end
        redis.call('ZADD', KEYS[3], sequence, ARGV[3])
        redis.call('ZREMRANGEBYRANK', KEYS[3], 0, -SEEN_MAX - 1)
        redis.call('EXPIRE', KEYS[3], SEEN_SECONDS)
        return {'committed', 0}
    ";
    Script::new(
        &script.replace("SEEN_MAX", &SEEN_MAX.to_string()).replace("SEEN_SECONDS", &SEEN_SECONDS.to_string()),
    )
}

/// Moves the position past an update that nobody will apply. Key: position. Arguments: sequence, the update's key.
pub(crate) fn skip() -> Script {
    Script::new(
        r"
        local applied = tonumber(redis.call('HGET', KEYS[1], 'applied') or '0')
        if tonumber(ARGV[1]) <= applied then return 0 end
        redis.call('HSET', KEYS[1], 'applied', ARGV[1])
        if ARGV[2] == '' then redis.call('HDEL', KEYS[1], 'update')
        else redis.call('HSET', KEYS[1], 'update', ARGV[2]) end
        redis.call('HDEL', KEYS[1], 'trying', 'tries')
        return 1
        ",
    )
}

/// Erases a person. Keys: position, mark, seen of the direct chat, person, direct chat. Arguments: the person's document
/// as it was read (`=` and the value, or `-`), when, the newest update's number, when the person opted out (or empty),
/// what the keys of updates of the direct chat begin with.
///
/// The mark keeps which numbers its sequence is one of: they begin anew with a new stream, and after a loss. An opt-out
/// is for good; a person who was erased before and has written nothing since has it from the mark.
///
/// Returns a word, and how much there was of each: person, chat, seen.
pub(crate) fn erase() -> Script {
    let script = r"
        local person = redis.call('GET', KEYS[4])
        if ARGV[1] ~= (person and '=' .. person or '-') then return {'changed', 0, 0, 0} end
        local seen = redis.call('ZCARD', KEYS[3])
        local position = redis.call('HMGET', KEYS[1], 'stream', 'losses', 'update')
        local numbering = (position[1] or '') .. '/' .. (position[2] or '0')

        redis.call('HSET', KEYS[2], 'time', ARGV[2], 'sequence', ARGV[3], 'stream', numbering)
        if person and ARGV[4] == '' then redis.call('HDEL', KEYS[2], 'opted_out') end
        if ARGV[4] ~= '' then redis.call('HSET', KEYS[2], 'opted_out', ARGV[4]) end
        if redis.call('HEXISTS', KEYS[2], 'opted_out') == 1 then redis.call('PERSIST', KEYS[2])
        else redis.call('EXPIRE', KEYS[2], MARK_SECONDS) end
        if position[3] and string.sub(position[3], 1, #ARGV[5]) == ARGV[5] then
            redis.call('HDEL', KEYS[1], 'update')
        end
        redis.call('DEL', KEYS[3])
        return {'erased', redis.call('DEL', KEYS[4]), redis.call('DEL', KEYS[5]), seen}
    ";
    Script::new(&script.replace("MARK_SECONDS", &MARK_SECONDS.to_string()))
}

/// Counts how often an update was begun and not finished. Key: position. Argument: sequence.
pub(crate) fn begin() -> Script {
    Script::new(
        r"
        local tries = 1
        if redis.call('HGET', KEYS[1], 'trying') == ARGV[1] then
            tries = tonumber(redis.call('HGET', KEYS[1], 'tries') or '0') + 1
        end
        redis.call('HSET', KEYS[1], 'trying', ARGV[1], 'tries', tries)
        return tries
        ",
    )
}

/// Sets the position back, if it still is where it was seen. Key: position. Arguments: from, to.
pub(crate) fn set_back() -> Script {
    Script::new(
        r"
        if (redis.call('HGET', KEYS[1], 'applied') or '0') ~= ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'applied', ARGV[2])
        redis.call('HDEL', KEYS[1], 'update')
        redis.call('HINCRBY', KEYS[1], 'losses', 1)
        return 1
        ",
    )
}

/// Notes which stream the position belongs to; if it belonged to another one, it begins anew. Key: position.
/// Argument: the stream's identity.
pub(crate) fn adopt() -> Script {
    Script::new(
        r"
        local known = redis.call('HGET', KEYS[1], 'stream')
        if known == ARGV[1] then return 0 end
        redis.call('HSET', KEYS[1], 'stream', ARGV[1])
        if not known then return 0 end
        redis.call('HSET', KEYS[1], 'applied', 0)
        redis.call('HDEL', KEYS[1], 'update')
        return 1
        ",
    )
}
