-- A day of each person in each chat of each bot.
INSERT INTO person_days
    (rollup, bot, chat_kind, chat, person, received, wrote, sent, failed, answered, silent, scenarios_started, scenarios_ended, goals,
    others, day, first, last)
SELECT
    {rollup:UInt64},
    bot,
    chat_kind,
    chat,
    person,
    countIf(kind = 'message_received'),
    countIf(wrote),
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
    maxIf(toHour(time) * 60 + toMinute(time), kind != 'silent' AND what != 'own_bot')
FROM counted
WHERE bot > 0 AND toDate(time) = {day:Date}
GROUP BY bot, chat_kind, chat, person
