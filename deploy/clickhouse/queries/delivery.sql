-- How quickly messages went out, what could not be sent, and how long Telegram asked to wait, by period.
SELECT
    multiIf(
        {every:String} = 'hour', formatDateTime(toStartOfHour(time, {zone:String}), '%Y-%m-%d %H:%i %z', {zone:String}),
        {every:String} = 'day', formatDateTime(time, '%Y-%m-%d', {zone:String}),
        {every:String} = 'week', toString(toMonday(time, {zone:String})),
        {every:String} = 'month', formatDateTime(time, '%Y-%m', {zone:String}),
        'all') AS period,
    countIf(kind = 'message_sent') AS sent,
    countIf(kind = 'delivery_failed') AS failed,
    countIf(kind = 'flood_wait') AS flood_waits,
    sumIf(ifNull(wait_s, 0), kind = 'flood_wait') AS flood_seconds,
    quantileExactIf(0.5)(ifNull(reply_ms, 0), kind = 'message_sent') AS reply_ms_median,
    quantileExactIf(0.95)(ifNull(reply_ms, 0), kind = 'message_sent') AS reply_ms_p95,
    quantileExactIf(0.99)(ifNull(reply_ms, 0), kind = 'message_sent') AS reply_ms_p99
FROM events
WHERE kind IN ('message_sent', 'delivery_failed', 'flood_wait') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
GROUP BY period
ORDER BY min(time)
