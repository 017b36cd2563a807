-- Counts by quarter of an hour and by day, made as events are written.
--
-- An event may be told twice, and a batch may be stored twice under another cut, so nothing here is a sum over inserts:
-- each count is the set of its events (8 bytes of hash each), and what is told again is in the set already. Tables
-- also drop a repeated insert by its token, so that reply times are not weighed twice.
--
-- A quarter of an hour, because every time zone of today is a whole number of them from UTC: hours, days, weeks and
-- months of any of them can be put together exactly.
--
-- Partitions are years: an insert may touch a hundred at most, and the time an event tells may be anything.
CREATE TABLE IF NOT EXISTS counts
(
    bot UInt64 CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT 'as in events',
    what LowCardinality(String) COMMENT 'the kind closer: source of replied and message_sent; reason of silent, delivery_failed, handed_over; own_bot of message_received; valid or invalid; goal or no_goal; session; method; act',
    slot DateTime('UTC') COMMENT 'begin of the quarter of an hour' CODEC(DoubleDelta, ZSTD(1)),
    chat Int64 COMMENT '0 without a chat' CODEC(ZSTD(1)),
    chat_kind LowCardinality(String) COMMENT 'direct or group; empty without a chat',
    events AggregateFunction(uniqExact, UInt64) COMMENT 'which happened: uniqExactMerge(events) is how many' CODEC(ZSTD(1)),
    people AggregateFunction(uniqExact, Int64) COMMENT 'to whom; without our own bots, and not for replied, silent and message_sent, whose people are those of message_received' CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(slot)
ORDER BY (bot, kind, what, slot, chat, chat_kind)
TTL slot + INTERVAL 400 DAY
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'how often what happened, by quarter of an hour and chat';

CREATE MATERIALIZED VIEW IF NOT EXISTS counts_filled TO counts AS
SELECT
    bot,
    kind,
    multiIf(
        kind IN ('replied', 'message_sent'), toString(source),
        kind IN ('silent', 'delivery_failed', 'handed_over'), toString(reason),
        kind = 'message_received', if(own_bot, 'own_bot', ''),
        kind = 'step_answered', if(ifNull(valid, false), 'valid', 'invalid'),
        kind = 'scenario_ended', if(ifNull(goal, false), 'goal', 'no_goal'),
        kind = 'session', toString(session),
        kind = 'flood_wait', toString(method),
        kind = 'operator_acted', toString(act),
        '') AS what,
    toDateTime(toStartOfFifteenMinutes(time), 'UTC') AS slot,
    ifNull(chat, 0) AS chat,
    chat_kind,
    uniqExactState(cityHash64(id)) AS events,
    uniqExactStateIf(assumeNotNull(person), person IS NOT NULL AND NOT own_bot AND kind NOT IN ('replied', 'silent', 'message_sent')) AS people
FROM events_told
GROUP BY bot, kind, what, slot, chat, chat_kind;

CREATE TABLE IF NOT EXISTS counts_by_day
(
    bot UInt64 CODEC(ZSTD(1)),
    kind LowCardinality(String) COMMENT 'as in counts',
    what LowCardinality(String) COMMENT 'as in counts',
    day Date COMMENT 'in UTC' CODEC(DoubleDelta, ZSTD(1)),
    chat Int64 COMMENT '0 without a chat' CODEC(ZSTD(1)),
    chat_kind LowCardinality(String) COMMENT 'direct or group; empty without a chat',
    events AggregateFunction(uniqExact, UInt64) COMMENT 'as in counts' CODEC(ZSTD(1)),
    people AggregateFunction(uniqExact, Int64) COMMENT 'as in counts' CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(day)
ORDER BY (bot, kind, what, day, chat, chat_kind)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'how often what happened, by day of UTC and chat; kept when counts is not any more';

CREATE MATERIALIZED VIEW IF NOT EXISTS counts_by_day_filled TO counts_by_day AS
SELECT
    bot,
    kind,
    what,
    toDate(slot) AS day,
    chat,
    chat_kind,
    uniqExactMergeState(events) AS events,
    uniqExactMergeState(people) AS people
FROM counts
GROUP BY bot, kind, what, day, chat, chat_kind;

CREATE TABLE IF NOT EXISTS funnel_by_day
(
    bot UInt64 CODEC(ZSTD(1)),
    scenario LowCardinality(String) COMMENT 'the arm of a comparison is a scenario in a version',
    version UInt32 CODEC(ZSTD(1)),
    step LowCardinality(String) COMMENT 'empty for what concerns the whole scenario',
    kind LowCardinality(String) COMMENT 'scenario_assigned, scenario_started, step_reached, step_answered, step_reminded, step_expired, scenario_ended',
    what LowCardinality(String) COMMENT 'valid or invalid; goal or no_goal',
    day Date COMMENT 'in UTC' CODEC(DoubleDelta, ZSTD(1)),
    events AggregateFunction(uniqExact, UInt64) COMMENT 'how often' CODEC(ZSTD(1)),
    people AggregateFunction(uniqExact, Int64) COMMENT 'how many people' CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(day)
ORDER BY (bot, scenario, version, step, kind, what, day)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'the way of people through scenarios';

CREATE MATERIALIZED VIEW IF NOT EXISTS funnel_by_day_filled TO funnel_by_day AS
SELECT
    bot,
    scenario,
    ifNull(scenario_version, 0) AS version,
    step,
    kind,
    multiIf(
        kind = 'step_answered', if(ifNull(valid, false), 'valid', 'invalid'),
        kind = 'scenario_ended', if(ifNull(goal, false), 'goal', 'no_goal'),
        '') AS what,
    toDate(time) AS day,
    uniqExactState(cityHash64(id)) AS events,
    uniqExactStateIf(assumeNotNull(person), person IS NOT NULL) AS people
FROM events_told
WHERE scenario != ''
GROUP BY bot, scenario, version, step, kind, what, day;

CREATE TABLE IF NOT EXISTS answers_by_day
(
    bot UInt64 CODEC(ZSTD(1)),
    source LowCardinality(String) COMMENT 'guard, trigger_group, fail_message, step, entry, fallback',
    name LowCardinality(String) COMMENT 'the trigger group, the scenario or the library',
    entry LowCardinality(String) COMMENT 'the entry of a library or the step of a scenario',
    variation Int32 COMMENT 'which variation of an answer, from 0; -1 without',
    version UInt32 COMMENT 'of the content; 0 where it is not told' CODEC(ZSTD(1)),
    chat_kind LowCardinality(String),
    day Date COMMENT 'in UTC' CODEC(DoubleDelta, ZSTD(1)),
    hits AggregateFunction(uniqExact, UInt64) COMMENT 'updates that it answered' CODEC(ZSTD(1)),
    people AggregateFunction(uniqExact, Int64) COMMENT 'people whom it answered' CODEC(ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(day)
ORDER BY (bot, source, name, entry, variation, version, chat_kind, day)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'what answered how often';

CREATE MATERIALIZED VIEW IF NOT EXISTS answers_by_day_filled TO answers_by_day AS
SELECT
    bot,
    source,
    source_name AS name,
    source_entry AS entry,
    ifNull(toInt32(source_variation), -1) AS variation,
    ifNull(source_version, 0) AS version,
    chat_kind,
    toDate(time) AS day,
    uniqExactState(cityHash64(id)) AS hits,
    uniqExactStateIf(assumeNotNull(person), person IS NOT NULL) AS people
FROM events_told
WHERE kind = 'replied'
GROUP BY bot, source, name, entry, variation, version, chat_kind, day;

CREATE TABLE IF NOT EXISTS pace_by_hour
(
    bot UInt64 CODEC(ZSTD(1)),
    chat_kind LowCardinality(String),
    hour DateTime('UTC') CODEC(DoubleDelta, ZSTD(1)),
    reply_ms AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), UInt64) COMMENT 'from an update to Telegram confirming the reply' CODEC(ZSTD(1)),
    decide_us AggregateFunction(quantilesTDigest(0.5, 0.9, 0.95, 0.99), UInt64) COMMENT 'from an update to its decision' CODEC(ZSTD(1)),
    waited_s SimpleAggregateFunction(max, UInt64) COMMENT 'the longest wait that Telegram asked for' CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(hour)
ORDER BY (bot, chat_kind, hour)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'how quick it was; the figures are close, not exact';

CREATE MATERIALIZED VIEW IF NOT EXISTS pace_by_hour_filled TO pace_by_hour AS
SELECT
    bot,
    chat_kind,
    toDateTime(toStartOfHour(time), 'UTC') AS hour,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(assumeNotNull(reply_ms), reply_ms IS NOT NULL) AS reply_ms,
    quantilesTDigestStateIf(0.5, 0.9, 0.95, 0.99)(assumeNotNull(decide_us), decide_us IS NOT NULL) AS decide_us,
    max(toUInt64(ifNull(wait_s, 0))) AS waited_s
FROM events_told
WHERE kind IN ('message_sent', 'replied', 'silent', 'flood_wait')
GROUP BY bot, chat_kind, hour;

-- Events from before these tables are told once more, so that they are counted too. A row that is there already is
-- replaced by itself.
INSERT INTO events_told SELECT * FROM events_told;
