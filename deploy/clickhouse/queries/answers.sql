-- What answered how often, and how often the person wrote again, or came to a goal, within a day. What was told at the same
-- time lies in the order of its update.
WITH
    86400000 * 256 AS a_day,
    replies AS
    (
        SELECT bot, chat, person, what, name, entry, variation, toUnixTimestamp64Milli(time) * 256 + event % 256 AS at
        FROM counted
        WHERE kind = 'replied' AND person != 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    ),
    messages AS
    (
        SELECT bot, chat, person, toUnixTimestamp64Milli(time) * 256 AS at
        FROM counted
        WHERE kind = 'message_received' AND what != 'own_bot' AND person != 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    ),
    goals AS
    (
        SELECT bot, chat, person, toUnixTimestamp64Milli(time) * 256 + event % 256 AS at
        FROM counted
        WHERE kind IN ('scenario_ended', 'goal_reached') AND (kind = 'goal_reached' OR what = 'goal') AND person != 0
            AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    )
SELECT
    toString(replies.what) AS source,
    toString(replies.name) AS name,
    toString(replies.entry) AS entry,
    replies.variation AS variation,
    count() AS hits,
    uniqExact(replies.person) AS people,
    round(countIf(messages.at > 0 AND messages.at <= replies.at + a_day) / hits, 4) AS replied_to,
    round(countIf(goals.at > 0 AND goals.at <= replies.at + a_day) / hits, 4) AS led_to_goal
FROM replies
ASOF LEFT JOIN messages ON messages.bot = replies.bot AND messages.chat = replies.chat AND messages.person = replies.person AND messages.at > replies.at
ASOF LEFT JOIN goals ON goals.bot = replies.bot AND goals.chat = replies.chat AND goals.person = replies.person AND goals.at > replies.at
GROUP BY source, name, entry, variation
ORDER BY hits DESC, source, name, entry, variation
LIMIT 1000
