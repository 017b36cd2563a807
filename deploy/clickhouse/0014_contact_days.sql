-- What the rollups of days tell of people: when somebody wrote on a day, and since when they do. Who wrote in which period of a
-- time zone, and in which week they first did, is read from that, and no more from weeks that were put together apart.
--
-- Since when somebody writes can change by what comes late for any day before. So whatever comes late concerns the rollups of
-- all days from that on.
DROP VIEW IF EXISTS writers_by_week_filled;

DROP TABLE IF EXISTS writers_by_week;

DROP TABLE IF EXISTS person_days;

TRUNCATE TABLE rollups;

CREATE TABLE IF NOT EXISTS contact_days
(
    rollup UInt64,
    bot UInt64 CODEC(T64, LZ4),
    chat_kind LowCardinality(String),
    chat Int64 COMMENT '0 without a chat' CODEC(Delta, LZ4),
    person Int64 COMMENT '0 without a person' CODEC(Delta, LZ4),
    received UInt32 CODEC(T64, LZ4),
    wrote UInt32 COMMENT 'the same without what our own bots wrote' CODEC(T64, LZ4),
    sent UInt32 CODEC(T64, LZ4),
    failed UInt32 CODEC(T64, LZ4),
    answered UInt32 CODEC(T64, LZ4),
    silent UInt32 CODEC(T64, LZ4),
    scenarios_started UInt32 CODEC(T64, LZ4),
    scenarios_ended UInt32 CODEC(T64, LZ4),
    goals UInt32 CODEC(T64, LZ4),
    others UInt32 COMMENT 'events but silence and what our own bots wrote' CODEC(T64, LZ4),
    day Date,
    first UInt16 COMMENT 'the minute of the day of the first of these' CODEC(T64, LZ4),
    last UInt16 COMMENT 'the minute of the day of the last of these' CODEC(T64, LZ4),
    wrote_first UInt16 COMMENT 'the minute of the day in which the person first wrote' CODEC(T64, LZ4),
    wrote_last UInt16 COMMENT 'the minute of the day in which the person last wrote' CODEC(T64, LZ4),
    since DateTime('UTC') COMMENT 'the quarter of an hour in which the person first wrote to any bot; 1970 for who did not write on the day' CODEC(T64, LZ4)
)
ENGINE = MergeTree
PARTITION BY rollup
ORDER BY (chat_kind, bot, chat, person)
COMMENT 'what happened between a bot and a person in a chat on a day; read `by_person`';

-- Days whose rollup can be read. What is asked may have looked at tables somewhat before it looks here, so a rollup counts
-- when it is a few seconds old.
CREATE OR REPLACE VIEW rolled_up AS
WITH (SELECT (groupArray(day), groupArray(times)) FROM (SELECT day, count() AS times FROM late GROUP BY day)) AS came_late
SELECT day, rollup FROM rollups FINAL
WHERE seen = arraySum((late_day, times) -> if(late_day <= day, times, 0), came_late.1, came_late.2) AND noted < now() - INTERVAL 10 SECOND;

CREATE OR REPLACE VIEW by_person AS
WITH
    (
        SELECT (groupArray(day), groupArray(rollup)) FROM rolled_up_within(from = {from:Int64}, to = {to:Int64})
    ) AS over
SELECT bot, chat_kind, chat, person, received, wrote, sent, failed, answered, silent, scenarios_started, scenarios_ended, goals, others,
    toDateTime(day, 'UTC') + first * 60 AS first, toDateTime(day, 'UTC') + last * 60 AS last,
    toDateTime(day, 'UTC') + wrote_first * 60 AS wrote_first, toDateTime(day, 'UTC') + wrote_last * 60 AS wrote_last, since
FROM contact_days
WHERE rollup IN (SELECT arrayJoin(over.2)) AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
UNION ALL
SELECT bot, chat_kind, chat, person, kind = 'message_received' AS received, wrote, kind = 'message_sent' AS sent,
    kind = 'delivery_failed' AS failed, kind = 'replied' AS answered, kind = 'silent' AS silent,
    kind = 'scenario_started' AS scenarios_started, kind = 'scenario_ended' AS scenarios_ended, goal AS goals,
    kind != 'silent' AND what != 'own_bot' AS others, toDateTime(time, 'UTC') AS first, first AS last,
    first AS wrote_first, first AS wrote_last, toDateTime(0, 'UTC') AS since
FROM counted
WHERE bot > 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    AND toDate(time) NOT IN (SELECT arrayJoin(over.1));
