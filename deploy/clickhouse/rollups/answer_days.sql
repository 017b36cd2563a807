-- What answered on the day before, for all bots together, and whether the person wrote again, or came to a goal, within a day,
-- which is known now. What was told at the same time lies in the order of its update. People are put together by hashes of
-- what they are known by, which takes a third of the time.
INSERT INTO answer_days (rollup, what, name, entry, variation, hits, replied_to, led_to_goal, people)
WITH
    86400000 * 256 AS a_day,
    replies AS
    (
        SELECT cityHash64(bot, chat, person) AS whose, person, what, name, entry, variation, toUnixTimestamp64Milli(time) * 256 + event % 256 AS at
        FROM counted
        WHERE kind = 'replied' AND person != 0 AND toDate(time) = {day:Date} - 1
    ),
    messages AS
    (
        SELECT cityHash64(bot, chat, person) AS whose, toUnixTimestamp64Milli(time) * 256 AS at
        FROM counted
        WHERE wrote AND toDate(time) IN ({day:Date} - 1, {day:Date})
    ),
    goals AS
    (
        SELECT cityHash64(bot, chat, person) AS whose, toUnixTimestamp64Milli(time) * 256 + event % 256 AS at
        FROM counted
        WHERE goal AND person != 0 AND toDate(time) IN ({day:Date} - 1, {day:Date})
    )
SELECT
    {rollup:UInt64},
    what,
    name,
    entry,
    variation,
    count(),
    countIf(messages.at > 0 AND messages.at <= replies.at + a_day),
    countIf(goals.at > 0 AND goals.at <= replies.at + a_day),
    arraySort(groupUniqArray(replies.person))
FROM replies
ASOF LEFT JOIN messages ON messages.whose = replies.whose AND messages.at > replies.at
ASOF LEFT JOIN goals ON goals.whose = replies.whose AND goals.at > replies.at
GROUP BY what, name, entry, variation
