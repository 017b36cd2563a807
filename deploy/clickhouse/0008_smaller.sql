-- Less on disk. Rows are sorted by what they are known by, so times and numbers of one column do not follow each other:
-- cutting off the bits that all have in common does more than differences.
ALTER TABLE events_told
    MODIFY COLUMN time CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN written CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN message CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN seq CODEC(T64('bit'), ZSTD(1)),
    MODIFY COLUMN decide_us CODEC(ZSTD(1)),
    MODIFY COLUMN reply_ms CODEC(ZSTD(1)),
    MODIFY COLUMN wait_s CODEC(ZSTD(1)),
    MODIFY COLUMN bytes CODEC(ZSTD(1)),
    MODIFY COLUMN chat CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN person CODEC(Delta, ZSTD(1)),
    MODIFY COLUMN source_version CODEC(T64, ZSTD(1)),
    MODIFY COLUMN scenario_version CODEC(T64, ZSTD(1)),
    MODIFY COLUMN act_version CODEC(T64, ZSTD(1)),
    MODIFY COLUMN source_variation CODEC(T64, ZSTD(1));

-- Trace ids cannot be packed, and are a third of all. No trace is looked up after a month.
ALTER TABLE events_told
    MODIFY COLUMN trace_id TTL toDateTime(written) + INTERVAL 30 DAY;

-- A month that nothing is written to any more becomes one part, and its trace ids go.
ALTER TABLE events_told
    MODIFY SETTING min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1, merge_with_ttl_timeout = 3600;

-- What an id begins with is not stored again.
ALTER TABLE events_told
    MODIFY COLUMN update COMMENT 'key of the update that led to it; empty where the id begins with it',
    MODIFY COLUMN action COMMENT 'key of the action that it came of; empty where the id begins with it';

CREATE OR REPLACE VIEW events AS
SELECT * REPLACE (
    if(update = '' AND position(id, '!') > 0, extract(id, '^[^#!]+'), update) AS update,
    if(action = '' AND position(id, '#') > 0, extract(id, '^[^!]+'), action) AS action)
FROM events_told FINAL
SETTINGS do_not_merge_across_partitions_select_final = 0;
