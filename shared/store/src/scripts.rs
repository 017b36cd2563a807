//! What runs inside Redis, whole or not at all. Redis does not roll back: a script reads and checks everything first
//! (a read of the wrong kind of key fails there), and writes last.

use redis::Script;

/// How many updates of a chat are remembered by their keys: a sorted set up to this size is stored compactly.
const SEEN_MAX: u32 = 128;
/// For how long they are remembered, in seconds: longer than the streams keep messages.
const SEEN_SECONDS: u32 = 8 * 24 * 60 * 60;

/// Reads what a decision needs, as it was at one moment. Keys: position, seen, then the documents. Argument: the
/// update's key in its chat.
///
/// Not a transaction: a server whose memory is full refuses those, even if they only read.
pub(crate) fn load() -> Script {
    Script::new(
        r"
        local seen = redis.call('ZSCORE', KEYS[2], ARGV[1])
        local loaded = {redis.call('HGET', KEYS[1], 'applied'), seen and 1 or 0}
        for key = 3, #KEYS do loaded[key] = redis.call('GET', KEYS[key]) end
        return loaded
        ",
    )
}

/// Commits a decision.
///
/// Keys: position, outbox, seen, then the documents. Arguments: sequence, the update's key, the same in its chat, the
/// outbox's limit, the count of outbox entries, place and value of each, then for each document `=` and the value or `-`.
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
        local size = redis.call('HLEN', KEYS[2])
        local entries = tonumber(ARGV[5])
        if size + entries > tonumber(ARGV[4]) then return {'full', size} end

        redis.call('HSET', KEYS[1], 'applied', ARGV[1], 'update', ARGV[2])
        redis.call('HDEL', KEYS[1], 'trying', 'tries')
        local argument = 6
        for _ = 1, entries do
            redis.call('HSET', KEYS[2], ARGV[argument], ARGV[argument + 1])
            argument = argument + 2
        end
        for key = 4, #KEYS do
            local value = ARGV[argument]
            if string.sub(value, 1, 1) == '=' then
                redis.call('SET', KEYS[key], string.sub(value, 2))
            else
                redis.call('DEL', KEYS[key])
            end
            argument = argument + 1
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
