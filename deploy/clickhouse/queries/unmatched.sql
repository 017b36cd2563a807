-- Texts that nothing but a fallback answered, with case, order of words and punctuation left aside: the thousand most
-- frequent. What is alike beyond that is put together by whoever asks.
SELECT
    arrayStringConcat(arraySort(arrayDistinct(extractAll(lowerUTF8(text), '[\\p{L}\\p{N}]+'))), ' ') AS words,
    count() AS messages,
    uniqExact(person) AS people,
    topK(1)(text)[1] AS example
FROM events
WHERE kind = 'message_received' AND text != '' AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    AND (bot, update) IN
    (
        SELECT bot, update FROM events
        WHERE (kind = 'silent' AND reason = 'no_match' OR kind = 'replied' AND source = 'fallback') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    )
GROUP BY words
ORDER BY messages DESC, words
LIMIT 1000
