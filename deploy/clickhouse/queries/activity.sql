-- What was received, sent and reached, and how many people wrote, by period of the viewer's time zone.
SELECT
    multiIf(
        {every:String} = 'hour', formatDateTime(toStartOfHour(slot, {zone:String}), '%Y-%m-%d %H:%i %z', {zone:String}),
        {every:String} = 'day', formatDateTime(slot, '%Y-%m-%d', {zone:String}),
        {every:String} = 'week', toString(toMonday(slot, {zone:String})),
        {every:String} = 'month', formatDateTime(slot, '%Y-%m', {zone:String}),
        'all') AS period,
    uniqExactMergeIf(events, kind = 'message_received' AND chat_kind = 'group') AS group_received,
    uniqExactMergeIf(events, kind = 'message_sent' AND chat_kind = 'group') AS group_sent,
    uniqExactMergeIf(events, kind = 'message_received' AND chat_kind = 'direct') AS direct_received,
    uniqExactMergeIf(events, kind = 'message_sent' AND chat_kind = 'direct') AS direct_sent,
    uniqExactMergeIf(events, kind = 'message_received') AS received,
    uniqExactMergeIf(events, kind = 'message_sent') AS sent,
    uniqExactMergeIf(people, kind = 'message_received') AS active_people,
    uniqExactMergeIf(events, kind = 'replied') AS answered,
    uniqExactMergeIf(events, kind = 'silent') AS silent,
    uniqExactMergeIf(events, kind = 'delivery_failed') AS failed,
    uniqExactMergeIf(events, kind = 'scenario_started') AS scenarios_started,
    uniqExactMergeIf(events, kind = 'scenario_ended') AS scenarios_ended,
    uniqExactMergeIf(events, (kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals
FROM counts
WHERE
    ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND slot >= fromUnixTimestamp64Milli({from:Int64}) AND slot < fromUnixTimestamp64Milli({to:Int64})
GROUP BY period
ORDER BY min(slot)
