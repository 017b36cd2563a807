-- Counts of each group, as each bot sees it: the thousand with the most messages.
SELECT
    bot,
    chat,
    countIf(kind = 'message_received') AS received,
    countIf(kind = 'message_sent') AS sent,
    uniqExactIf(person, kind = 'message_received' AND what != 'own_bot' AND person != 0) AS active_people,
    countIf(kind = 'replied') AS answered,
    countIf(kind = 'silent') AS silent,
    countIf(kind = 'delivery_failed') AS failed,
    countIf(kind = 'scenario_started') AS scenarios_started,
    countIf(kind = 'scenario_ended') AS scenarios_ended,
    countIf((kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals
FROM counted
WHERE chat_kind = 'group' AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    AND kind IN ('message_received', 'message_sent', 'replied', 'silent', 'delivery_failed', 'scenario_started', 'scenario_ended', 'goal_reached')
GROUP BY bot, chat
ORDER BY received + sent DESC, bot, chat
LIMIT 1000
