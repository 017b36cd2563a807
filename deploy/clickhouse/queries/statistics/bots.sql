-- Counts of each bot.
SELECT
    counts.bot AS owner,
    toInt64(0) AS place,
    '' AS place_kind,
    received,
    sent,
    failed,
    writers.people AS people,
    scenarios_started,
    scenarios_ended,
    goals,
    replies,
    silences
FROM
(
    SELECT
        bot,
        sumIf(times, kind = 'message_received') AS received,
        sumIf(times, kind = 'message_sent') AS sent,
        sumIf(times, kind = 'delivery_failed') AS failed,
        sumIf(times, kind = 'scenario_started') AS scenarios_started,
        sumIf(times, kind = 'scenario_ended') AS scenarios_ended,
        sumIf(times, goal) AS goals,
        arraySort(groupArrayIf((toString(what), times), kind = 'replied')) AS replies,
        arraySort(groupArrayIf((toString(what), times), kind = 'silent')) AS silences
    FROM
    (
        SELECT bot, kind, what, any(by_bot.goal) AS goal, sum(by_bot.times) AS times
        FROM by_bot(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64}) AS by_bot
        WHERE kind IN ('message_received', 'message_sent', 'replied', 'silent', 'delivery_failed', 'scenario_started', 'scenario_ended', 'goal_reached')
        GROUP BY bot, kind, what
    )
    GROUP BY bot
) AS counts
LEFT JOIN
(
    SELECT bot, count() AS people
    FROM
    (
        SELECT bot, person
        FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64})
        WHERE wrote > 0 AND person != 0
        GROUP BY bot, person
    )
    GROUP BY bot
) AS writers ON writers.bot = counts.bot
ORDER BY owner
