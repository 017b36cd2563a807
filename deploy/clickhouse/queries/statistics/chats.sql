-- Counts of each chat of each bot: the thousand with the most messages.
WITH
    (
        SELECT groupArray((bot, chat)) FROM
        (
            SELECT bot, chat FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64})
            WHERE chat != 0
            GROUP BY bot, chat
            ORDER BY sum(received + sent) DESC, bot, chat
            LIMIT 1000
        )
    ) AS most
SELECT
    counts.bot AS owner,
    counts.chat AS place,
    place_kind,
    received,
    sent,
    failed,
    people,
    scenarios_started,
    scenarios_ended,
    goals,
    replies,
    silences
FROM
(
    SELECT
        bot,
        chat,
        any(toString(chat_kind)) AS place_kind,
        sum(by_person.received) AS received,
        sum(by_person.sent) AS sent,
        sum(by_person.failed) AS failed,
        uniqExactIf(person, wrote > 0) AS people,
        sum(by_person.scenarios_started) AS scenarios_started,
        sum(by_person.scenarios_ended) AS scenarios_ended,
        sum(by_person.goals) AS goals
    FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64}) AS by_person
    WHERE (bot, chat) IN (SELECT arrayJoin(most))
    GROUP BY bot, chat
) AS counts
LEFT JOIN
(
    SELECT
        bot,
        chat,
        arraySort(groupArrayIf((toString(what), times), kind = 'replied')) AS replies,
        arraySort(groupArrayIf((toString(what), times), kind = 'silent')) AS silences
    FROM
    (
        SELECT bot, chat, kind, what, count() AS times
        FROM counted
        WHERE kind IN ('replied', 'silent') AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
            AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
            AND (bot, chat) IN (SELECT arrayJoin(most))
        GROUP BY bot, chat, kind, what
    )
    GROUP BY bot, chat
) AS decided ON decided.bot = counts.bot AND decided.chat = counts.chat
ORDER BY received + sent DESC, owner, place
LIMIT 1000
