-- A day of all bots together, by quarter of an hour.
INSERT INTO quarters (rollup, quarter, kind, what, chat_kind, times)
SELECT {rollup:UInt64}, toStartOfFifteenMinutes(time) AS quarter, kind, what, chat_kind, count()
FROM counted
WHERE bot > 0 AND toDate(time) = {day:Date}
GROUP BY quarter, kind, what, chat_kind
