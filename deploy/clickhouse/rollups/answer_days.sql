-- What answered on the day before, for all bots together, and whether the person wrote again, or came to a goal, within a day,
-- which is known now. What was told at the same time lies in the order of its update.
INSERT INTO answer_days (rollup, what, name, entry, variation, hits, replied_to, led_to_goal, people)
WITH
    86400000 * 256 AS a_day,
    replies AS
    (
        SELECT bot, chat, person, what, name, entry, variation, toUnixTimestamp64Milli(time) * 256 + event % 256 AS at
        FROM counted
        WHERE kind = 'replied' AND person != 0 AND toDate(time) = {day:Date} - 1
    ),
    messages AS
    (
        SELECT bot, chat, person, toUnixTimestamp64Milli(time) * 256 AS at
        FROM counted
        WHERE wrote AND toDate(time) IN ({day:Date} - 1, {day:Date})
    ),
    goals AS
    (
        SELECT bot, chat, person, toUnixTimestamp64Milli(time) * 256 + event % 256 AS at
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
    uniqExactState(replies.person)
FROM replies
ASOF LEFT JOIN messages ON messages.bot = replies.bot AND messages.chat = replies.chat AND messages.person = replies.person AND messages.at > replies.at
ASOF LEFT JOIN goals ON goals.bot = replies.bot AND goals.chat = replies.chat AND goals.person = replies.person AND goals.at > replies.at
GROUP BY what, name, entry, variation
