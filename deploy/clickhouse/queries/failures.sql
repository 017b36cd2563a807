-- Why messages could not be sent.
SELECT
    bot,
    what AS reason,
    count() AS failed
FROM counted
WHERE kind = 'delivery_failed' AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
GROUP BY bot, what
ORDER BY failed DESC, bot, reason
