-- Days that are over, counted beforehand ("rolled up"): what people ask of all bots together would otherwise count millions
-- of rows for each answer.
--
-- stats rolls a day up when it has been over for an hour (`services/stats/src/rollups.rs`, `rollups/*.sql`): each time under
-- a number of its own, which is a partition of the tables here. What is written later for a day that was over is noted in
-- `late` after it is stored, and the day is counted from its rows until it is rolled up again. So whatever is asked is
-- exact at any moment, and who reads never sees a half of anything.
DROP VIEW IF EXISTS counted_filled;

DROP TABLE IF EXISTS counted_told;

CREATE TABLE IF NOT EXISTS late
(
    day Date,
    batch String COMMENT 'the token of the insert that brought it'
)
ENGINE = MergeTree
ORDER BY day
COMMENT 'what was written for days that were over, and the days after these';

CREATE TABLE IF NOT EXISTS rollups
(
    day Date,
    rollup UInt64 COMMENT 'the number under which its rows are in the tables of rollups',
    seen UInt64 COMMENT 'how many rows of `late` the day had when it began',
    noted DateTime64(3, 'UTC') DEFAULT now64(3)
)
ENGINE = ReplacingMergeTree(noted)
ORDER BY day
COMMENT 'the last rollup of each day';

-- Days whose rollup can be read. What is asked may have looked at tables somewhat before it looks here, so a rollup counts
-- when it is a few seconds old.
CREATE VIEW IF NOT EXISTS rolled_up AS
SELECT day, argMax(number, at) AS rollup
FROM
(
    SELECT day, rollup AS number, seen AS saw, noted AS at, 0 AS told FROM rollups
    UNION ALL
    SELECT day, 0 AS number, 0 AS saw, toDateTime64(0, 3, 'UTC') AS at, 1 AS told FROM late
)
GROUP BY day
HAVING rollup != 0 AND argMax(saw, at) = sum(told) AND max(at) < now() - INTERVAL 10 SECOND;

CREATE TABLE IF NOT EXISTS quarters
(
    rollup UInt64,
    quarter DateTime('UTC') COMMENT 'begin of the quarter of an hour' CODEC(Delta, ZSTD(1)),
    kind LowCardinality(String),
    what LowCardinality(String),
    chat_kind LowCardinality(String),
    times UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY rollup
ORDER BY (kind, what, chat_kind, quarter)
COMMENT 'what happened to all bots together in each quarter of an hour; read `by_quarter`';

CREATE TABLE IF NOT EXISTS bot_days
(
    rollup UInt64,
    bot UInt64 CODEC(T64, ZSTD(1)),
    kind LowCardinality(String),
    what LowCardinality(String),
    chat_kind LowCardinality(String),
    times UInt64 CODEC(T64, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY rollup
ORDER BY (kind, what, chat_kind, bot)
COMMENT 'what happened to each bot on a day; read `by_bot`';

CREATE TABLE IF NOT EXISTS person_days
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
    last UInt16 COMMENT 'the minute of the day of the last of these' CODEC(T64, LZ4)
)
ENGINE = MergeTree
PARTITION BY rollup
ORDER BY (chat_kind, bot, chat, person)
COMMENT 'what happened between a bot and a person in a chat on a day; read `by_person`';

CREATE TABLE IF NOT EXISTS answer_days
(
    rollup UInt64,
    what LowCardinality(String),
    name LowCardinality(String),
    entry LowCardinality(String),
    variation Int32 CODEC(T64, ZSTD(1)),
    hits UInt64 CODEC(T64, ZSTD(1)),
    replied_to UInt64 CODEC(T64, ZSTD(1)),
    led_to_goal UInt64 CODEC(T64, ZSTD(1)),
    people AggregateFunction(uniqExact, Int64) COMMENT 'who was answered' CODEC(ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY rollup
ORDER BY (what, name, entry, variation)
COMMENT 'what answered on the day before, for all bots together, and what came of it within a day';

-- The days that lie within a time, with their rollups. `from` and `to` are milliseconds since 1970 here and below.
CREATE VIEW IF NOT EXISTS rolled_up_within AS
SELECT day, rollup FROM rolled_up
WHERE toUnixTimestamp(toDateTime(day, 'UTC')) * 1000 >= {from:Int64}
    AND (toUnixTimestamp(toDateTime(day, 'UTC')) + 86400) * 1000 <= {to:Int64};

-- What can be asked of any time: days that are rolled up from their rollups, the rest from the rows of `counted`. A `bot` or
-- a `chat` of 0 means all.
CREATE VIEW IF NOT EXISTS by_quarter AS
WITH
    (
        SELECT (groupArray(day), groupArray(rollup)) FROM rolled_up_within(from = {from:Int64}, to = {to:Int64})
        WHERE {bot:UInt64} = 0 AND {chat:Int64} = 0
    ) AS over
SELECT quarter, chat_kind, kind, what, kind = 'goal_reached' OR (kind = 'scenario_ended' AND what = 'goal') AS goal, times FROM quarters
WHERE rollup IN (SELECT arrayJoin(over.2))
UNION ALL
SELECT toDateTime(intDiv(toUnixTimestamp64Milli(time), 900000) * 900, 'UTC') AS quarter, chat_kind, kind, what, goal, 1 AS times
FROM counted
WHERE bot > 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    AND toDate(time) NOT IN (SELECT arrayJoin(over.1));

CREATE VIEW IF NOT EXISTS by_bot AS
WITH
    (
        SELECT (groupArray(day), groupArray(rollup)) FROM rolled_up_within(from = {from:Int64}, to = {to:Int64})
        WHERE {chat:Int64} = 0
    ) AS over
SELECT bot, chat_kind, kind, what, kind = 'goal_reached' OR (kind = 'scenario_ended' AND what = 'goal') AS goal, times FROM bot_days
WHERE rollup IN (SELECT arrayJoin(over.2)) AND ({bot:UInt64} = 0 OR bot = {bot:UInt64})
UNION ALL
SELECT bot, chat_kind, kind, what, goal, 1 AS times FROM counted
WHERE bot > 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    AND toDate(time) NOT IN (SELECT arrayJoin(over.1));

CREATE VIEW IF NOT EXISTS by_person AS
WITH
    (
        SELECT (groupArray(day), groupArray(rollup)) FROM rolled_up_within(from = {from:Int64}, to = {to:Int64})
    ) AS over
SELECT bot, chat_kind, chat, person, received, wrote, sent, failed, answered, silent, scenarios_started, scenarios_ended, goals, others,
    toDateTime(day, 'UTC') + first * 60 AS first, toDateTime(day, 'UTC') + last * 60 AS last
FROM person_days
WHERE rollup IN (SELECT arrayJoin(over.2)) AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
UNION ALL
SELECT bot, chat_kind, chat, person, kind = 'message_received' AS received, wrote, kind = 'message_sent' AS sent,
    kind = 'delivery_failed' AS failed, kind = 'replied' AS answered, kind = 'silent' AS silent,
    kind = 'scenario_started' AS scenarios_started, kind = 'scenario_ended' AS scenarios_ended, goal AS goals,
    kind != 'silent' AND what != 'own_bot' AS others, toDateTime(time, 'UTC') AS first, first AS last
FROM counted
WHERE bot > 0 AND ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND ({chat:Int64} = 0 OR chat = {chat:Int64})
    AND time >= fromUnixTimestamp64Milli({from:Int64}) AND time < fromUnixTimestamp64Milli({to:Int64})
    AND toDate(time) NOT IN (SELECT arrayJoin(over.1));

-- No position is read from a row that is a month old.
ALTER TABLE events_told
    MODIFY COLUMN seq TTL toDateTime(written) + INTERVAL 30 DAY;
