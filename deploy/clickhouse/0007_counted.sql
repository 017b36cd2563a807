-- One row for each event that is counted, instead of a set for each quarter of an hour and chat: nearly every set had one
-- event in it, and reading sets takes ten times as long as counting rows. Every report and board is made from it, since
-- rows lie by kind, day and bot: what a question does not concern is not read.
--
-- An event that is told again on the same day is the same row. What is told again on another day is not counted again:
-- only what ingress tells by its own clock may be, and for no longer than the broker keeps actions (`nats.retention`,
-- three days).
--
-- `event` names an event within its kind, bot and chat. Nearly all are named by their message and a number, which takes a
-- third of what a hash takes. Events of one update lie in their order.
CREATE TABLE IF NOT EXISTS counted_told
(
    kind LowCardinality(String) COMMENT 'as in events',
    what LowCardinality(String) COMMENT 'the kind closer: source of replied and message_sent; reason of silent, delivery_failed, handed_over, handed_back; own_bot of message_received; valid or invalid; goal or no_goal; session; method; act',
    time DateTime64(3, 'UTC') COMMENT 'when it happened' CODEC(T64('bit'), ZSTD(1)),
    bot UInt64 CODEC(T64, ZSTD(1)),
    chat Int64 COMMENT '0 without a chat' CODEC(Delta, ZSTD(1)),
    chat_kind LowCardinality(String) COMMENT 'direct or group; empty without a chat',
    person Int64 COMMENT '0 without a person' CODEC(Delta, ZSTD(1)),
    name LowCardinality(String) COMMENT 'the trigger group or library that answered, the scenario, the goal, the variable, the operator',
    entry LowCardinality(String) COMMENT 'the entry of a library, the step, what the operator acted on',
    variation Int32 COMMENT 'which variation of an answer or which reminder, from 0; -1 without' CODEC(T64, ZSTD(1)),
    version UInt32 COMMENT 'of the content; 0 where it is not told' CODEC(T64, ZSTD(1)),
    figure UInt64 COMMENT 'reply_ms of message_sent, decide_us of replied and silent, wait_s of flood_wait, bytes of file_stored' CODEC(T64('bit'), ZSTD(1)),
    missed UInt64 COMMENT 'hash of the update for which nothing was found, else 0' CODEC(ZSTD(1)),
    event UInt64 COMMENT 'which of its kind in its chat; in the order of messages where it comes of one' CODEC(T64('bit'), ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
PRIMARY KEY (kind, toDate(time), bot)
ORDER BY (kind, toDate(time), bot, chat, event)
-- A month that nothing is written to any more becomes one part, which is counted without looking for repetitions.
SETTINGS non_replicated_deduplication_window = 1000, min_age_to_force_merge_seconds = 3600, min_age_to_force_merge_on_partition_only = 1
COMMENT 'what happened, for counting; read `counted`';

DROP VIEW IF EXISTS counts_by_day_filled;

DROP VIEW IF EXISTS counts_filled;

DROP VIEW IF EXISTS funnel_by_day_filled;

DROP VIEW IF EXISTS answers_by_day_filled;

DROP VIEW IF EXISTS pace_by_hour_filled;

CREATE MATERIALIZED VIEW IF NOT EXISTS counted_filled TO counted_told AS
WITH
    kind = 'replied' AS answers,
    scenario != '' AS scenic,
    (kind = 'silent' AND reason = 'no_match') OR (kind = 'replied' AND source = 'fallback') AS unanswerable,
    -- The key of the update where the row does not tell it, since its id begins with it.
    if(update = '', extract(id, '^[^#!]+'), update) AS cause,
    -- The message with the number of its action or event; otherwise what comes before the number of an event, and that.
    extractGroups(id, '^(?:[0-9]+/-?[0-9]+/([0-9]{1,10})/new(?:#([0-9]{1,2})!sent|!([0-9]{1,2}))|(.*)!([0-9]{1,2}))$') AS named
SELECT
    events_told.kind AS kind,
    multiIf(
        kind IN ('replied', 'message_sent'), toString(source),
        kind IN ('silent', 'delivery_failed', 'handed_over', 'handed_back'), toString(reason),
        kind = 'message_received', if(own_bot, 'own_bot', ''),
        kind = 'step_answered', if(ifNull(valid, false), 'valid', 'invalid'),
        kind = 'scenario_ended', if(ifNull(goal, false), 'goal', 'no_goal'),
        kind = 'session', toString(session),
        kind = 'flood_wait', toString(method),
        kind = 'operator_acted', toString(act),
        '') AS what,
    events_told.time AS time,
    events_told.bot AS bot,
    ifNull(events_told.chat, 0) AS chat,
    events_told.chat_kind AS chat_kind,
    ifNull(events_told.person, 0) AS person,
    multiIf(answers, toString(source_name), scenic, toString(scenario), kind = 'goal_reached', toString(goal_name),
        kind = 'operator_acted', toString(operator), toString(variable)) AS name,
    multiIf(answers, toString(source_entry), kind = 'operator_acted', act_on, toString(step)) AS entry,
    ifNull(toInt32(if(answers, source_variation, reminder)), -1) AS variation,
    ifNull(multiIf(answers, source_version, scenic, scenario_version, act_version), 0) AS version,
    multiIf(
        kind = 'message_sent', ifNull(reply_ms, 0),
        kind = 'flood_wait', ifNull(toUInt64(wait_s), 0),
        kind = 'file_stored', ifNull(bytes, 0),
        ifNull(decide_us, 0)) AS figure,
    if(unanswerable, cityHash64(cause), 0) AS missed,
    multiIf(
        empty(named), bitOr(cityHash64(id), 9223372036854775808),
        named[1] = '', bitOr(bitShiftLeft(cityHash64(named[4]), 8), 9223372036854775808) + toUInt64OrZero(named[5]),
        toUInt64OrZero(named[1]) * 256 + if(named[2] = '', toUInt64OrZero(named[3]), 128 + toUInt64OrZero(named[2]))) AS event
FROM events_told
WHERE kind NOT IN ('message_sent', 'delivery_failed', 'file_stored', 'bot_blocked')
    OR (kind, bot, chat, event) NOT IN
    (
        SELECT kind, bot, chat, event FROM counted_told
        WHERE kind IN ('message_sent', 'delivery_failed', 'file_stored', 'bot_blocked') AND time >= now() - INTERVAL 4 DAY
    );

-- Texts of messages received, for as long as they are kept.
CREATE TABLE IF NOT EXISTS texts
(
    bot UInt64 CODEC(T64, ZSTD(1)),
    chat Int64 COMMENT '0 without a chat' CODEC(Delta, ZSTD(1)),
    person Int64 COMMENT '0 without a person' CODEC(Delta, ZSTD(1)),
    time DateTime64(3, 'UTC') COMMENT 'when it was written' CODEC(T64('bit'), ZSTD(1)),
    update UInt64 COMMENT 'hash of the key of the update' CODEC(NONE),
    text String CODEC(ZSTD(3)),
    text_until DateTime('UTC') COMMENT 'until when it is kept' CODEC(T64, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(time)
ORDER BY (bot, toDate(time), chat, update)
TTL text_until
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'what people wrote, where the installation says so';

CREATE MATERIALIZED VIEW IF NOT EXISTS texts_filled TO texts AS
SELECT
    events_told.bot AS bot,
    ifNull(events_told.chat, 0) AS chat,
    ifNull(events_told.person, 0) AS person,
    events_told.time AS time,
    cityHash64(if(events_told.update = '', extract(id, '^[^#!]+'), events_told.update)) AS update,
    events_told.text AS text,
    events_told.text_until AS text_until
FROM events_told
WHERE kind = 'message_received' AND text != '';

-- In which weeks of UTC each person wrote, from when until when: a week of another time zone begins in one of these and
-- ends in the next, so these say exactly in which of its weeks somebody wrote.
CREATE TABLE IF NOT EXISTS writers_by_week
(
    bot UInt64 CODEC(T64, ZSTD(1)),
    chat Int64 COMMENT '0 without a chat' CODEC(Delta, ZSTD(1)),
    person Int64 CODEC(Delta, ZSTD(1)),
    week Date COMMENT 'its Monday' CODEC(T64, ZSTD(1)),
    first SimpleAggregateFunction(min, DateTime('UTC')) COMMENT 'the quarter of an hour in which the person first wrote in it' CODEC(T64, ZSTD(1)),
    last SimpleAggregateFunction(max, DateTime('UTC')) COMMENT 'the quarter of an hour in which the person last wrote in it' CODEC(T64, ZSTD(1))
)
ENGINE = AggregatingMergeTree
PARTITION BY toYear(week)
ORDER BY (bot, person, chat, week)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'who wrote in which week';

CREATE MATERIALIZED VIEW IF NOT EXISTS writers_by_week_filled TO writers_by_week AS
SELECT
    events_told.bot AS bot,
    ifNull(events_told.chat, 0) AS chat,
    assumeNotNull(events_told.person) AS person,
    toMonday(time) AS week,
    toDateTime(toStartOfFifteenMinutes(min(time)), 'UTC') AS first,
    toDateTime(toStartOfFifteenMinutes(max(time)), 'UTC') AS last
FROM events_told
WHERE kind = 'message_received' AND NOT own_bot AND events_told.person IS NOT NULL
GROUP BY bot, chat, person, week;

-- Each event once. Rows that are the same one are of one month.
CREATE VIEW IF NOT EXISTS counted AS
SELECT * FROM counted_told FINAL
SETTINGS do_not_merge_across_partitions_select_final = 1;

-- Events from before.
INSERT INTO events_told SELECT * FROM events_told FINAL SETTINGS do_not_merge_across_partitions_select_final = 0;

-- Plain numbers by period of UTC, bot and chat. A period of another time zone is put together from `counted`. `people` are
-- those who wrote; they must not be added up over chats or periods, see `people_by_…`.
CREATE OR REPLACE VIEW activity_by_hour AS
SELECT
    toStartOfHour(time) AS hour,
    bot,
    chat,
    chat_kind,
    countIf(kind = 'message_received') AS received,
    countIf(kind = 'message_sent') AS sent,
    countIf(kind = 'message_edited') AS edited,
    countIf(kind = 'message_deleted') AS deleted,
    countIf(kind = 'delivery_failed') AS failed,
    countIf(kind = 'replied') AS replied,
    countIf(kind = 'silent') AS silent,
    countIf(kind = 'scenario_started') AS scenarios_started,
    countIf(kind = 'scenario_ended') AS scenarios_ended,
    countIf((kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    uniqExactIf(person, kind = 'message_received' AND what != 'own_bot' AND person != 0) AS people
FROM counted
GROUP BY hour, bot, chat, chat_kind;

CREATE OR REPLACE VIEW activity_by_day AS
SELECT
    toDate(time) AS day,
    bot,
    chat,
    chat_kind,
    countIf(kind = 'message_received') AS received,
    countIf(kind = 'message_sent') AS sent,
    countIf(kind = 'message_edited') AS edited,
    countIf(kind = 'message_deleted') AS deleted,
    countIf(kind = 'delivery_failed') AS failed,
    countIf(kind = 'replied') AS replied,
    countIf(kind = 'silent') AS silent,
    countIf(kind = 'scenario_started') AS scenarios_started,
    countIf(kind = 'scenario_ended') AS scenarios_ended,
    countIf((kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    uniqExactIf(person, kind = 'message_received' AND what != 'own_bot' AND person != 0) AS people
FROM counted
GROUP BY day, bot, chat, chat_kind;

CREATE OR REPLACE VIEW activity_by_week AS
SELECT
    toMonday(time) AS week,
    bot,
    chat,
    chat_kind,
    countIf(kind = 'message_received') AS received,
    countIf(kind = 'message_sent') AS sent,
    countIf(kind = 'message_edited') AS edited,
    countIf(kind = 'message_deleted') AS deleted,
    countIf(kind = 'delivery_failed') AS failed,
    countIf(kind = 'replied') AS replied,
    countIf(kind = 'silent') AS silent,
    countIf(kind = 'scenario_started') AS scenarios_started,
    countIf(kind = 'scenario_ended') AS scenarios_ended,
    countIf((kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    uniqExactIf(person, kind = 'message_received' AND what != 'own_bot' AND person != 0) AS people
FROM counted
GROUP BY week, bot, chat, chat_kind;

CREATE OR REPLACE VIEW activity_by_month AS
SELECT
    toStartOfMonth(time) AS month,
    bot,
    chat,
    chat_kind,
    countIf(kind = 'message_received') AS received,
    countIf(kind = 'message_sent') AS sent,
    countIf(kind = 'message_edited') AS edited,
    countIf(kind = 'message_deleted') AS deleted,
    countIf(kind = 'delivery_failed') AS failed,
    countIf(kind = 'replied') AS replied,
    countIf(kind = 'silent') AS silent,
    countIf(kind = 'scenario_started') AS scenarios_started,
    countIf(kind = 'scenario_ended') AS scenarios_ended,
    countIf((kind = 'scenario_ended' AND what = 'goal') OR kind = 'goal_reached') AS goals,
    uniqExactIf(person, kind = 'message_received' AND what != 'own_bot' AND person != 0) AS people
FROM counted
GROUP BY month, bot, chat, chat_kind;

CREATE OR REPLACE VIEW people_by_day AS
SELECT
    toDate(time) AS day,
    bot,
    uniqExact(person) AS active,
    uniqExactIf(person, chat_kind = 'direct') AS active_direct,
    uniqExactIf(person, chat_kind = 'group') AS active_group
FROM counted
WHERE kind = 'message_received' AND what != 'own_bot' AND person != 0
GROUP BY day, bot;

CREATE OR REPLACE VIEW people_by_week AS
SELECT
    toMonday(time) AS week,
    bot,
    uniqExact(person) AS active,
    uniqExactIf(person, chat_kind = 'direct') AS active_direct,
    uniqExactIf(person, chat_kind = 'group') AS active_group
FROM counted
WHERE kind = 'message_received' AND what != 'own_bot' AND person != 0
GROUP BY week, bot;

CREATE OR REPLACE VIEW people_by_month AS
SELECT
    toStartOfMonth(time) AS month,
    bot,
    uniqExact(person) AS active,
    uniqExactIf(person, chat_kind = 'direct') AS active_direct,
    uniqExactIf(person, chat_kind = 'group') AS active_group
FROM counted
WHERE kind = 'message_received' AND what != 'own_bot' AND person != 0
GROUP BY month, bot;

DROP TABLE IF EXISTS counts_by_day;

DROP TABLE IF EXISTS counts;

DROP TABLE IF EXISTS funnel_by_day;

DROP TABLE IF EXISTS answers_by_day;

DROP TABLE IF EXISTS pace_by_hour;
