-- Who was answered, as a list instead of a set: many lists are put together in two thirds of the time, and take less on disk.
-- Every day is rolled up again.
DROP TABLE IF EXISTS answer_days;

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
    people Array(Int64) COMMENT 'who was answered, each once' CODEC(Delta, ZSTD(1))
)
ENGINE = MergeTree
PARTITION BY rollup
ORDER BY (what, name, entry, variation)
COMMENT 'what answered on the day before, for all bots together, and what came of it within a day';

TRUNCATE TABLE rollups;
