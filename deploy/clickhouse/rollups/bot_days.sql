-- A day of each bot.
INSERT INTO bot_days (rollup, bot, kind, what, chat_kind, times)
SELECT {rollup:UInt64}, bot, kind, what, chat_kind, count()
FROM counted
WHERE bot > 0 AND toDate(time) = {day:Date}
GROUP BY bot, kind, what, chat_kind
