-- What content under trial would have answered, where that is something else than what answered. Which variation of an
-- answer it would have been makes no difference. What was decided has a time of its own, shortly before or after. Only
-- events of bots that have content under trial are read.
SELECT
    content,
    version,
    answered,
    instead,
    count() AS messages,
    uniqExact(who) AS people
FROM
(
    SELECT bot, update, person AS who, act_on AS content, ifNull(act_version, 0) AS version,
        if(source = '', concat('silent: ', toString(reason)), arrayStringConcat(arrayFilter(word -> word != '', [toString(source), toString(source_name), toString(source_entry)]), ' / ')) AS instead
    FROM events
    WHERE kind = 'shadow_decided' AND bot IN (SELECT DISTINCT bot FROM counted WHERE kind = 'shadow_decided' AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64}))
        AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
) AS shadow
INNER JOIN
(
    SELECT bot, update,
        if(source = '', concat('silent: ', toString(reason)), arrayStringConcat(arrayFilter(word -> word != '', [toString(source), toString(source_name), toString(source_entry)]), ' / ')) AS answered
    FROM events
    WHERE kind IN ('replied', 'silent') AND bot IN (SELECT DISTINCT bot FROM counted WHERE kind = 'shadow_decided' AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64}))
        AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) - INTERVAL 1 HOUR AND time < fromUnixTimestamp64Milli({to:Int64}) + INTERVAL 1 HOUR
) AS decided
USING (bot, update)
WHERE answered != instead
GROUP BY content, version, answered, instead
ORDER BY messages DESC, content, version, answered, instead
LIMIT 1000
