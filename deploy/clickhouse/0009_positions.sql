-- Up to where all of a troupe partition is written: its rows, and what views make of them.
--
-- An insert stores its rows first and goes on to one view after the other. If ClickHouse dies in between and the writer
-- with it, max(seq) of the rows is beyond what the views have. So the writer notes here what an insert reached after it
-- has come to its end, and whoever takes over goes on from what is both noted and in `events_told`. What was under way
-- is written again, which changes no count: it has the same ids.
CREATE TABLE IF NOT EXISTS positions
(
    stream DateTime64(3, 'UTC') COMMENT 'when the stream EVENTS was created: numbers begin anew with a new one',
    partition UInt16 COMMENT 'troupe''s partition',
    seq UInt64 COMMENT 'all up to this number is written'
)
ENGINE = ReplacingMergeTree(seq)
ORDER BY (stream, partition)
COMMENT 'up to where all of a partition is written';

INSERT INTO positions SELECT stream, partition, max(seq) FROM events_told GROUP BY stream, partition;
