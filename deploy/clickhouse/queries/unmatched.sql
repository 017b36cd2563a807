-- Texts that nothing but a fallback answered, with case, order of words and punctuation left aside: the thousand most
-- frequent. What is alike beyond that is put together by whoever asks.
SELECT
    arrayStringConcat(arraySort(arrayDistinct(extractAll(lowerUTF8(text), '[\\p{L}\\p{N}]+'))), ' ') AS words,
    count() AS messages,
    uniqExactIf(person, person != 0) AS people,
    topK(1)(text)[1] AS example
FROM texts FINAL
WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    AND (bot, update) IN
    (
        SELECT bot, missed FROM counted
        WHERE kind IN ('silent', 'replied') AND missed != 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    )
GROUP BY words
ORDER BY messages DESC, words
LIMIT 1000
