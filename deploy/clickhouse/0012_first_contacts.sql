-- When each person first wrote to each bot: whoever asks for the people of a week need not look through all weeks before.
CREATE TABLE IF NOT EXISTS first_contacts
(
    bot UInt64 CODEC(T64, ZSTD(1)),
    person Int64 CODEC(Delta, LZ4),
    first SimpleAggregateFunction(min, DateTime('UTC')) COMMENT 'the quarter of an hour in which the person first wrote' CODEC(T64, LZ4)
)
ENGINE = AggregatingMergeTree
ORDER BY (bot, person)
SETTINGS non_replicated_deduplication_window = 1000
COMMENT 'when each person first wrote to each bot';

CREATE MATERIALIZED VIEW IF NOT EXISTS first_contacts_filled TO first_contacts AS
SELECT
    events_told.bot AS bot,
    assumeNotNull(events_told.person) AS person,
    toDateTime(toStartOfFifteenMinutes(min(time)), 'UTC') AS first
FROM events_told
WHERE kind = 'message_received' AND NOT own_bot AND events_told.person IS NOT NULL
GROUP BY bot, person;

INSERT INTO first_contacts SELECT bot, person, min(first) FROM writers_by_week GROUP BY bot, person;
