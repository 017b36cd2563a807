-- How quickly messages went out, what could not be sent, and how long Telegram asked to wait, by period.
SELECT
    multiIf(
        {every:String} = 'hour', formatDateTime(fromUnixTimestamp(begin), '%Y-%m-%d %H:%i %z', {zone:String}),
        {every:String} = 'day', formatDateTime(fromUnixTimestamp(begin), '%Y-%m-%d', {zone:String}),
        {every:String} = 'week', toString(toDate(begin)),
        {every:String} = 'month', formatDateTime(toDate(begin), '%Y-%m'),
        'all') AS period,
    sent,
    failed,
    flood_waits,
    flood_seconds,
    reply_ms[1] AS reply_ms_median,
    reply_ms[2] AS reply_ms_p95,
    reply_ms[3] AS reply_ms_p99
FROM
(
    SELECT
        multiIf(
            {every:String} = 'hour', toUnixTimestamp(toStartOfHour(time, {zone:String})),
            {every:String} = 'day', toUnixTimestamp(toStartOfDay(time, {zone:String})),
            {every:String} = 'week', toUInt32(toMonday(time, {zone:String})),
            {every:String} = 'month', toUInt32(toStartOfMonth(time, {zone:String})),
            0) AS begin,
        countIf(kind = 'message_sent') AS sent,
        countIf(kind = 'delivery_failed') AS failed,
        countIf(kind = 'flood_wait') AS flood_waits,
        sumIf(figure, kind = 'flood_wait') AS flood_seconds,
        quantilesExactIf(0.5, 0.95, 0.99)(figure, kind = 'message_sent') AS reply_ms
    FROM counted
    WHERE kind IN ('message_sent', 'delivery_failed', 'flood_wait') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
        AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    GROUP BY begin
)
ORDER BY begin
