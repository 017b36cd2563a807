-- Counts of each bot. People are put together before they are counted, which takes a third of the time that counting them
-- apart does.
SELECT
    counts.bot AS bot,
    received,
    sent,
    people.active_people AS active_people,
    answered,
    silent,
    failed,
    scenarios_started,
    scenarios_ended,
    goals
FROM
(
    SELECT
        bot,
        sumIf(times, kind = 'message_received') AS received,
        sumIf(times, kind = 'message_sent') AS sent,
        sumIf(times, kind = 'replied') AS answered,
        sumIf(times, kind = 'silent') AS silent,
        sumIf(times, kind = 'delivery_failed') AS failed,
        sumIf(times, kind = 'scenario_started') AS scenarios_started,
        sumIf(times, kind = 'scenario_ended') AS scenarios_ended,
        sumIf(times, goal) AS goals
    FROM by_bot(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64})
    WHERE kind IN ('message_received', 'message_sent', 'replied', 'silent', 'delivery_failed', 'scenario_started', 'scenario_ended', 'goal_reached')
    GROUP BY bot
) AS counts
LEFT JOIN
(
    SELECT bot, count() AS active_people
    FROM
    (
        SELECT bot, person
        FROM by_person(bot = {bot:UInt64}, chat = {chat:Int64}, from = {from:Int64}, to = {to:Int64})
        WHERE wrote > 0 AND person != 0
        GROUP BY bot, person
    )
    GROUP BY bot
) AS people ON people.bot = counts.bot
ORDER BY bot
