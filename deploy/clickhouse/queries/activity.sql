-- What was received, sent and reached, and how many people wrote, by period of the viewer's time zone. Counts are made for
-- each quarter of an hour first: to find the period of an event takes longer than to count it.
SELECT
    multiIf(
        {every:String} = 'hour', formatDateTime(fromUnixTimestamp(begin), '%Y-%m-%d %H:%i %z', {zone:String}),
        {every:String} = 'day', formatDateTime(fromUnixTimestamp(begin), '%Y-%m-%d', {zone:String}),
        {every:String} = 'week', toString(toDate(begin)),
        {every:String} = 'month', formatDateTime(toDate(begin), '%Y-%m'),
        'all') AS period,
    sum(counts.group_received) AS group_received,
    sum(counts.group_sent) AS group_sent,
    sum(counts.direct_received) AS direct_received,
    sum(counts.direct_sent) AS direct_sent,
    sum(counts.received) AS received,
    sum(counts.sent) AS sent,
    any(people.active_people) AS active_people,
    sum(counts.answered) AS answered,
    sum(counts.silent) AS silent,
    sum(counts.failed) AS failed,
    sum(counts.scenarios_started) AS scenarios_started,
    sum(counts.scenarios_ended) AS scenarios_ended,
    sum(counts.goals) AS goals
FROM
(
    SELECT
        multiIf(
            {every:String} = 'hour', toUnixTimestamp(toStartOfHour(fromUnixTimestamp(quarter * 900), {zone:String})),
            {every:String} = 'day', toUnixTimestamp(toStartOfDay(fromUnixTimestamp(quarter * 900), {zone:String})),
            {every:String} = 'week', toUInt32(toMonday(fromUnixTimestamp(quarter * 900), {zone:String})),
            {every:String} = 'month', toUInt32(toStartOfMonth(fromUnixTimestamp(quarter * 900), {zone:String})),
            0) AS begin,
        *
    FROM
    (
        SELECT
            toUInt32(intDiv(toUnixTimestamp64Milli(time), 900000)) AS quarter,
            countIf(kind = 'message_received' AND chat_kind = 'group') AS group_received,
            countIf(kind = 'message_sent' AND chat_kind = 'group') AS group_sent,
            countIf(kind = 'message_received' AND chat_kind = 'direct') AS direct_received,
            countIf(kind = 'message_sent' AND chat_kind = 'direct') AS direct_sent,
            countIf(kind = 'message_received') AS received,
            countIf(kind = 'message_sent') AS sent,
            countIf(kind = 'replied') AS answered,
            countIf(kind = 'silent') AS silent,
            countIf(kind = 'delivery_failed') AS failed,
            countIf(kind = 'scenario_started') AS scenarios_started,
            countIf(kind = 'scenario_ended') AS scenarios_ended,
            countIf((kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals
        FROM counted
        WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
            AND kind IN ('message_received', 'message_sent', 'replied', 'silent', 'delivery_failed', 'scenario_started', 'scenario_ended', 'goal_reached')
        GROUP BY quarter
    )
) AS counts
LEFT JOIN
(
    SELECT
        multiIf(
            {every:String} = 'hour', toUnixTimestamp(toStartOfHour(time, {zone:String})),
            {every:String} = 'day', toUnixTimestamp(toStartOfDay(time, {zone:String})),
            {every:String} = 'week', toUInt32(toMonday(time, {zone:String})),
            {every:String} = 'month', toUInt32(toStartOfMonth(time, {zone:String})),
            0) AS begin,
        uniqExact(person) AS active_people
    FROM counted
    WHERE kind = 'message_received' AND what != 'own_bot' AND person != 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
        AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    GROUP BY begin
) AS people ON people.begin = counts.begin
GROUP BY counts.begin AS begin
ORDER BY begin
