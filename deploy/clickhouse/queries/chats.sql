-- Counts of each direct chat of each bot: the thousand with the most messages.
WITH most AS
(
    SELECT bot, chat FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64})
    WHERE chat_kind = 'direct'
    GROUP BY bot, chat
    ORDER BY sum(received + sent) DESC, bot, chat
    LIMIT 1000
)
SELECT
    bot,
    chat,
    sum(counts.received) AS received,
    sum(counts.sent) AS sent,
    uniqExactIf(person, wrote > 0) AS active_people,
    sum(counts.answered) AS answered,
    sum(counts.silent) AS silent,
    sum(counts.failed) AS failed,
    sum(counts.scenarios_started) AS scenarios_started,
    sum(counts.scenarios_ended) AS scenarios_ended,
    sum(counts.goals) AS goals
FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64}) AS counts
WHERE chat_kind = 'direct' AND (bot, chat) IN most
GROUP BY bot, chat
ORDER BY received + sent DESC, bot, chat
