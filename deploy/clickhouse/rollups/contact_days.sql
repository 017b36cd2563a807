-- A day of each person in each chat of each bot, and since when each has written to any.
INSERT INTO contact_days
    (rollup, bot, chat_kind, chat, person, received, wrote, sent, failed, answered, silent, scenarios_started, scenarios_ended, goals,
    others, day, first, last, wrote_first, wrote_last, since)
SELECT
    {rollup:UInt64},
    contacts.*,
    writers.since
FROM
(
    SELECT
        bot,
        chat_kind,
        chat,
        person,
        countIf(kind = 'message_received'),
        countIf(counted.wrote),
        countIf(kind = 'message_sent'),
        countIf(kind = 'delivery_failed'),
        countIf(kind = 'replied'),
        countIf(kind = 'silent'),
        countIf(kind = 'scenario_started'),
        countIf(kind = 'scenario_ended'),
        countIf(goal),
        countIf(kind != 'silent' AND what != 'own_bot'),
        {day:Date},
        minIf(toHour(time) * 60 + toMinute(time), kind != 'silent' AND what != 'own_bot'),
        maxIf(toHour(time) * 60 + toMinute(time), kind != 'silent' AND what != 'own_bot'),
        minIf(toHour(time) * 60 + toMinute(time), counted.wrote),
        maxIf(toHour(time) * 60 + toMinute(time), counted.wrote)
    FROM counted
    WHERE bot > 0 AND toDate(time) = {day:Date}
    GROUP BY bot, chat_kind, chat, person
) AS contacts
LEFT JOIN
(
    SELECT person, min(first) AS since
    FROM first_contacts
    WHERE person IN (SELECT person FROM counted WHERE counted.wrote AND bot > 0 AND toDate(time) = {day:Date})
    GROUP BY person
) AS writers ON writers.person = contacts.person
