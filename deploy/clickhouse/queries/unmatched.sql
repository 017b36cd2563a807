-- Texts that nothing but a fallback answered, with case, order of words and punctuation left aside: the thousand most
-- frequent. What is alike beyond that is put together by whoever asks. All bots know a message of a supergroup by the same
-- number: where several are, it is one message, and is answered if one of them answered it.
WITH
    -- Nothing is to be read of the time before the first text.
    (SELECT minOrNull(time) FROM texts WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND time >= fromUnixTimestamp64Milli({from:Int64})) AS since,
    -- Supergroups that several bots are in, which takes looking at what others did.
    (
        SELECT groupArray(chat) FROM
        (
            SELECT chat FROM texts
            WHERE chat < -1000000000000 AND ({chat:Int64} = 0 OR chat = {chat:Int64})
                AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
            GROUP BY chat
            HAVING min(bot) != max(bot)
        )
    ) AS shared,
    missing AS
    (
        SELECT bot, chat, intDiv(event, 256) AS message, missed FROM happened
        WHERE kind IN ('silent', 'replied') AND missed != 0 AND bot IN (SELECT bot FROM texts) AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= since AND time < fromUnixTimestamp64Milli({to:Int64})
    )
SELECT
    arrayStringConcat(arraySort(arrayDistinct(extractAll(lowerUTF8(text), '[\\p{L}\\p{N}]+'))), ' ') AS words,
    sum(times) AS messages,
    uniqExactArray(who) AS people,
    argMax(text, (times, text)) AS example
FROM
(
    SELECT text, count() AS times, groupUniqArrayIf(person, person != 0) AS who
    FROM texts FINAL
    WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
        AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
        AND (bot, update) IN
        (
            SELECT bot, missed FROM missing WHERE empty(shared) OR chat NOT IN (SELECT arrayJoin(shared))
            UNION ALL
            SELECT min(bot), argMin(missed, bot) FROM missing
            WHERE notEmpty(shared) AND chat IN (SELECT arrayJoin(shared)) AND (chat, message) NOT IN
                (
                    SELECT chat, intDiv(event, 256) FROM happened
                    WHERE notEmpty(shared) AND chat IN (SELECT arrayJoin(shared)) AND kind = 'replied' AND missed = 0
                        AND time >= since AND time < fromUnixTimestamp64Milli({to:Int64})
                )
            GROUP BY chat, message
        )
    GROUP BY text
)
GROUP BY words
ORDER BY messages DESC, words
LIMIT 1000
