-- Counts of each bot.
SELECT
    bot,
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
    bot > 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND slot >= fromUnixTimestamp64Milli({from:Int64}) AND slot < fromUnixTimestamp64Milli({to:Int64})
GROUP BY bot
ORDER BY bot
