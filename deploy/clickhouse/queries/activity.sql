-- What was received, sent and reached, and how many people wrote, by period of the viewer's time zone. Counts are made for
-- each quarter of an hour first: to find the period of an event takes longer than to count it.
WITH (at) -> multiIf(
    {every:String} = 'hour', toUnixTimestamp(toStartOfHour(at, {zone:String})),
    {every:String} = 'day', toUnixTimestamp(toStartOfDay(at, {zone:String})),
    {every:String} = 'week', toUInt32(toMonday(at, {zone:String})),
    {every:String} = 'month', toUInt32(toStartOfMonth(at, {zone:String})),
    0) AS begin_of
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
        begin_of(quarter) AS begin,
        *
    FROM
    (
        SELECT
            quarter,
            sumIf(times, kind = 'message_received' AND chat_kind = 'group') AS group_received,
            sumIf(times, kind = 'message_sent' AND chat_kind = 'group') AS group_sent,
            sumIf(times, kind = 'message_received' AND chat_kind = 'direct') AS direct_received,
            sumIf(times, kind = 'message_sent' AND chat_kind = 'direct') AS direct_sent,
            sumIf(times, kind = 'message_received') AS received,
            sumIf(times, kind = 'message_sent') AS sent,
            sumIf(times, kind = 'replied') AS answered,
            sumIf(times, kind = 'silent') AS silent,
            sumIf(times, kind = 'delivery_failed') AS failed,
            sumIf(times, kind = 'scenario_started') AS scenarios_started,
            sumIf(times, kind = 'scenario_ended') AS scenarios_ended,
            sumIf(times, goal) AS goals
        FROM by_quarter(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64})
        WHERE kind IN ('message_received', 'message_sent', 'replied', 'silent', 'delivery_failed', 'scenario_started', 'scenario_ended', 'goal_reached')
        GROUP BY quarter
    )
) AS counts
LEFT JOIN
(
    SELECT begin, uniqExact(person) AS active_people
    FROM
    (
        -- Of a day of UTC, the periods that somebody wrote in: where one ends in it, the other begins.
        SELECT
            person,
            begin_of(wrote_first) AS one,
            begin_of(wrote_last) AS other,
            arrayJoin(if(one = other, [one], [one, other])) AS begin
        FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64})
        WHERE {every:String} != 'hour' AND wrote > 0 AND person != 0
        UNION ALL
        SELECT person, 0 AS one, 0 AS other, begin_of(time) AS begin
        FROM counted
        WHERE {every:String} = 'hour' AND wrote AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    )
    GROUP BY begin
) AS people ON people.begin = counts.begin
GROUP BY counts.begin AS begin
ORDER BY begin
