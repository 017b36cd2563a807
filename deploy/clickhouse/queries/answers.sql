-- What answered how often, and how often the person wrote again, or came to a goal, within a day. What was told at the same
-- time lies in the order of its update. Names and people are put together by their hashes, which takes a third of the time.
WITH
    (
        -- The rollup of a day has the answers of the day before.
        SELECT (groupArray(day - 1), groupArray(rollup))
        FROM rolled_up_within(from = {from:Int64} + 86400000, to = {to:Int64} + 86400000)
        WHERE {bot:UInt64} = 0 AND {chat:Int64} = 0 AND {person:Int64} = 0
    ) AS over,
    -- Days that follow one whose answers are to be looked at are looked at, too.
    arrayIntersect(over.1, arrayMap(day -> day + 1, over.1)) AS spared,
    86400000 * 256 AS a_day,
    replies AS
    (
        SELECT cityHash64(bot, chat, person) AS whose, person, what, name, entry, variation, toUnixTimestamp64Milli(time) * 256 + event % 256 AS at
        FROM counted
        WHERE kind = 'replied' AND person != 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
            AND toDate(time) NOT IN (SELECT arrayJoin(over.1))
    ),
    messages AS
    (
        SELECT cityHash64(bot, chat, person) AS whose, toUnixTimestamp64Milli(time) * 256 AS at
        FROM counted
        WHERE wrote AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64}) + INTERVAL 1 DAY
            AND toDate(time) NOT IN (SELECT arrayJoin(spared))
    ),
    goals AS
    (
        SELECT cityHash64(bot, chat, person) AS whose, toUnixTimestamp64Milli(time) * 256 + event % 256 AS at
        FROM counted
        WHERE goal AND person != 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND ({person:Int64} = 0 OR person = {person:Int64}) AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64}) + INTERVAL 1 DAY
            AND toDate(time) NOT IN (SELECT arrayJoin(spared))
    )
SELECT
    toString(any(answers.what)) AS source,
    toString(any(answers.name)) AS name,
    toString(any(answers.entry)) AS entry,
    variation,
    sum(answers.hits) AS hits,
    arrayUniq(groupArrayArray(answers.people)) AS people,
    round(sum(answers.replied_to) / hits, 4) AS replied_to,
    round(sum(answers.led_to_goal) / hits, 4) AS led_to_goal
FROM
(
    SELECT what, name, entry, variation, hits, replied_to, led_to_goal, people
    FROM answer_days
    WHERE rollup IN (SELECT arrayJoin(over.2))
    UNION ALL
    SELECT
        any(replies.what) AS what,
        any(replies.name) AS name,
        any(replies.entry) AS entry,
        replies.variation AS variation,
        count() AS hits,
        countIf(messages.at > 0 AND messages.at <= replies.at + a_day) AS replied_to,
        countIf(goals.at > 0 AND goals.at <= replies.at + a_day) AS led_to_goal,
        groupArray(replies.person) AS people
    FROM replies
    ASOF LEFT JOIN messages ON messages.whose = replies.whose AND messages.at > replies.at
    ASOF LEFT JOIN goals ON goals.whose = replies.whose AND goals.at > replies.at
    GROUP BY cityHash64(replies.what), cityHash64(replies.name), cityHash64(replies.entry), replies.variation
) AS answers
GROUP BY cityHash64(answers.what), cityHash64(answers.name), cityHash64(answers.entry), answers.variation AS variation
ORDER BY hits DESC, source, name, entry, variation
LIMIT 1000
