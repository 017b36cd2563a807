-- What answered how often, and how often the person wrote again, or came to a goal, within a day. The order is that in
-- which events were told: Telegram's clock counts whole seconds only.
SELECT
    by AS source,
    name,
    entry,
    variation,
    count() AS hits,
    uniqExact(who) AS people,
    round(countIf(next_message <= at + 86400000 AND next_message > 0) / hits, 4) AS replied_to,
    round(countIf(next_goal <= at + 86400000 AND next_goal > 0) / hits, 4) AS led_to_goal
FROM
(
    SELECT
        kind,
        assumeNotNull(person) AS who,
        toString(source) AS by,
        toString(source_name) AS name,
        toString(source_entry) AS entry,
        ifNull(toInt32(source_variation), -1) AS variation,
        toUnixTimestamp64Milli(time) AS at,
        minIf(toUnixTimestamp64Milli(time), kind = 'message_received') OVER later AS next_message,
        minIf(toUnixTimestamp64Milli(time), (kind = 'scenario_ended' AND ifNull(goal, false)) OR kind = 'goal_reached') OVER later AS next_goal
    FROM events
    WHERE person IS NOT NULL AND NOT own_bot AND kind IN ('replied', 'message_received', 'scenario_ended', 'goal_reached') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    WINDOW later AS (PARTITION BY bot, chat, person ORDER BY stream, seq ROWS BETWEEN 1 FOLLOWING AND UNBOUNDED FOLLOWING)
)
WHERE kind = 'replied'
GROUP BY source, name, entry, variation
ORDER BY hits DESC, source, name, entry, variation
LIMIT 1000
