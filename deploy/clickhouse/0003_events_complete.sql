-- What further kinds of events tell, and what makes reading them quick.
ALTER TABLE events_told
    ADD COLUMN IF NOT EXISTS goal_name LowCardinality(String) DEFAULT '' COMMENT 'the goal that a rule counted' AFTER goal,
    ADD COLUMN IF NOT EXISTS reminder Nullable(UInt16) DEFAULT NULL COMMENT 'which reminder of the step, from 0' AFTER goal_name,
    ADD COLUMN IF NOT EXISTS operator LowCardinality(String) DEFAULT '' COMMENT 'the operator who acted' AFTER session,
    ADD COLUMN IF NOT EXISTS act LowCardinality(String) DEFAULT '' COMMENT 'what the operator did' AFTER operator,
    ADD COLUMN IF NOT EXISTS act_on String DEFAULT '' COMMENT 'what it was done to, e.g. scenario/welcome' CODEC(ZSTD(3)) AFTER act,
    ADD COLUMN IF NOT EXISTS act_version Nullable(UInt32) DEFAULT NULL COMMENT 'the version that came of it' AFTER act_on,
    ADD COLUMN IF NOT EXISTS text_until DateTime('UTC') DEFAULT toDateTime(0, 'UTC') COMMENT 'until when the text is kept' CODEC(DoubleDelta, ZSTD(1)) AFTER own_bot,
    ADD COLUMN IF NOT EXISTS text String DEFAULT '' COMMENT 'the text of a message received, where the installation keeps texts: it goes when its time is over, the rest of its row stays' CODEC(ZSTD(3)) TTL text_until AFTER own_bot;

-- Rows are sorted by what they are known by. These let a query of some hours, a chat or a person pass over the rest.
ALTER TABLE events_told
    ADD INDEX IF NOT EXISTS times time TYPE minmax GRANULARITY 1,
    ADD INDEX IF NOT EXISTS chats chat TYPE set(64) GRANULARITY 1,
    ADD INDEX IF NOT EXISTS people person TYPE bloom_filter GRANULARITY 2;

-- The position of each troupe partition, kept in every part beside its rows, so that it is always theirs: a table of its
-- own would be written before or after them. Without it each start would read the whole table.
ALTER TABLE events_told
    MODIFY SETTING deduplicate_merge_projection_mode = 'rebuild';

ALTER TABLE events_told
    ADD PROJECTION IF NOT EXISTS positions (SELECT stream, partition, max(seq) GROUP BY stream, partition);

ALTER TABLE events_told
    MATERIALIZE PROJECTION positions;

-- Each event once, with the new columns.
CREATE OR REPLACE VIEW events AS
SELECT * FROM events_told FINAL
SETTINGS do_not_merge_across_partitions_select_final = 0;

-- The message log: what came and went, with what became of it. A message that Telegram itself told of is named by its chat and id.
CREATE OR REPLACE VIEW messages AS
SELECT time, bot, chat, chat_kind, message, kind = 'message_sent' AS outgoing, person, own_bot, media, text,
    source, source_name, source_entry, source_variation, source_version, reply_ms, update, action, trace_id
FROM events
WHERE kind IN ('message_received', 'message_sent');
