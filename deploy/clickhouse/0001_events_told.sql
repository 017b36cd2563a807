-- Every event as often as it was told. Counts are made from the view `events`, which shows each once.
--
-- The same happening may be told twice, after a crash of whoever told it, and then has the same `id`:
-- ReplacingMergeTree keeps one row of each (bot, kind, id), the one that was written last.
--
-- The partition is the month of writing, not of happening. All rows of one insert share it, whatever times they tell,
-- so an insert is one block in one partition: it is stored whole or not at all, and repeating it is recognised by its
-- token. That makes max(seq) of a troupe partition the position up to which all of it is stored. It also keeps a
-- wrong clock from making thousands of partitions.
--
-- Whoever deletes rows, by TTL or on a person's request, leaves the newest row of each troupe partition: it is the position.
CREATE TABLE IF NOT EXISTS events_told
(
    -- What happened, to whom.
    id String COMMENT 'the same for the same happening' CODEC(ZSTD(3)),
    kind LowCardinality(String) COMMENT 'message_received, message_sent, replied, silent, …',
    time DateTime64(3, 'UTC') COMMENT 'when it happened: Telegram''s clock for messages received, the teller''s for the rest' CODEC(DoubleDelta, ZSTD(1)),
    bot UInt64 CODEC(ZSTD(1)),
    chat Nullable(Int64) COMMENT 'in the numbering of Telegram''s Bot API' CODEC(ZSTD(1)),
    chat_kind LowCardinality(String) COMMENT 'direct or group; empty without a chat',
    person Nullable(Int64) COMMENT 'the person''s Telegram id' CODEC(ZSTD(1)),
    update String COMMENT 'key of the update that led to it' CODEC(ZSTD(3)),
    action String COMMENT 'key of the action that it came of' CODEC(ZSTD(3)),

    -- Messages.
    message Nullable(Int32) COMMENT 'the message''s id in its chat' CODEC(ZSTD(1)),
    media LowCardinality(String) COMMENT 'what was attached: photo, document, other',
    own_bot Bool COMMENT 'one of our own bots wrote it',

    -- What decided it.
    source LowCardinality(String) COMMENT 'guard, trigger_group, fail_message, step, entry, fallback',
    source_name LowCardinality(String) COMMENT 'the trigger group, the scenario or the library',
    source_entry LowCardinality(String) COMMENT 'the entry of a library or the step of a scenario',
    source_variation Nullable(UInt16) COMMENT 'which variation of an answer, from 0',
    source_version Nullable(UInt32) COMMENT 'the version of a scenario',
    reason LowCardinality(String) COMMENT 'why it stayed silent or was not delivered',

    -- Scenarios and variables.
    scenario LowCardinality(String),
    scenario_version Nullable(UInt32),
    step LowCardinality(String),
    valid Nullable(Bool) COMMENT 'whether the step accepted the answer',
    goal Nullable(Bool) COMMENT 'whether this end is the goal',
    variable LowCardinality(String) COMMENT 'the variable that was set or removed',

    -- Figures.
    decide_us Nullable(UInt64) COMMENT 'microseconds from ingress knowing of the update to the decision being committed' CODEC(T64, ZSTD(1)),
    reply_ms Nullable(UInt64) COMMENT 'milliseconds from ingress knowing of the update to Telegram confirming the reply' CODEC(T64, ZSTD(1)),
    bytes Nullable(UInt64) COMMENT 'size of a stored file' CODEC(T64, ZSTD(1)),
    wait_s Nullable(UInt32) COMMENT 'seconds that Telegram asked to wait' CODEC(T64, ZSTD(1)),
    method LowCardinality(String) COMMENT 'the Telegram method that has to wait',
    session LowCardinality(String) COMMENT 'the new state of the bot''s session',

    -- Where it comes from.
    trace_id String COMMENT '32 hexadecimal digits; empty outside a trace' CODEC(ZSTD(1)),
    partition UInt16 COMMENT 'troupe''s partition, which the bot lives in' CODEC(ZSTD(1)),
    seq UInt64 COMMENT 'its number in the stream EVENTS' CODEC(Delta, ZSTD(1)),
    stream DateTime64(3, 'UTC') COMMENT 'when that stream was created: numbers begin anew with a new one' CODEC(ZSTD(1)),
    written DateTime64(3, 'UTC') COMMENT 'when its batch was written, by the clock of stats' CODEC(DoubleDelta, ZSTD(1))
)
ENGINE = ReplacingMergeTree
PARTITION BY toYYYYMM(written)
ORDER BY (bot, kind, id)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'every event as often as it was told; read `events`';
