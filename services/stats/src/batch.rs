//! Events that are written together.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use clickhouse::Row;
use serde::Serialize;
use sha2::{Digest, Sha256};
use tokio::time::Instant;
use troupe_protocol::TraceContext;
use troupe_types::Timestamp;

use crate::{config::BatchConfig, row::EventRow};

/// Rows that make one insert: one block in one partition of the table, stored whole or not at all.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    rows: Vec<EventRow>,
    traces: Vec<TraceContext>,
    bytes: usize,
    since: Option<Instant>,
}

/// Up to where a partition is written, as the table `positions` has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Row, Serialize)]
pub(crate) struct Reached {
    /// In milliseconds.
    stream: i64,
    partition: u16,
    seq: u64,
}

/// A day that was over when something was written of which its rollup would have to tell, as the table `late` has it.
#[derive(Debug, Clone, PartialEq, Eq, Row, Serialize)]
pub(crate) struct Late {
    /// In days since 1970.
    day: u16,
    /// The token of the batch.
    batch: String,
}

/// A day, in milliseconds.
const DAY_MS: i64 = 86_400_000;

impl Batch {
    /// Adds a row, and the trace that its event was told in.
    pub(crate) fn push(&mut self, row: EventRow, trace: TraceContext) {
        self.since.get_or_insert_with(Instant::now);
        self.bytes += row.size();
        self.rows.push(row);
        self.traces.push(trace);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    pub(crate) fn rows(&self) -> &[EventRow] {
        &self.rows
    }

    pub(crate) fn traces(&self) -> &[TraceContext] {
        &self.traces
    }

    /// Whether no more fit.
    pub(crate) fn is_full(&self, config: &BatchConfig) -> bool {
        self.rows.len() >= config.rows_max || self.bytes >= config.bytes_max
    }

    /// When the first row has waited long enough for others; `None` while there is none.
    pub(crate) fn due(&self, config: &BatchConfig) -> Option<Instant> {
        Some(self.since? + config.wait_max)
    }

    /// Makes it ready to be written: all rows are told to be written `now`, so that they share a partition of the table.
    pub(crate) fn seal(&mut self, now: Timestamp) {
        for row in &mut self.rows {
            row.written = now.as_millis();
        }
    }

    /// Up to where each partition is written once this is.
    pub(crate) fn reached(&self) -> Vec<Reached> {
        let mut reached = BTreeMap::<(i64, u16), u64>::new();
        for row in &self.rows {
            let seq = reached.entry((row.stream, row.partition)).or_default();
            *seq = row.seq.max(*seq);
        }
        let reached = reached.into_iter();
        reached.map(|((stream, partition), seq)| Reached { stream, partition, seq }).collect()
    }

    /// The days that were over at `now` and of which a rollup may lack these rows: the days on which they happened, and the
    /// ones after, whose rollups tell what followed the answers of the day before.
    pub(crate) fn late(&self, now: Timestamp, token: &str) -> Vec<Late> {
        let today = now.as_millis().div_euclid(DAY_MS);
        let days = self.rows.iter().map(|row| row.time.div_euclid(DAY_MS)).flat_map(|day| [day, day + 1]);
        let days: BTreeSet<i64> = days.filter(|day| *day < today).collect();
        let days = days.into_iter().filter_map(|day| u16::try_from(day).ok());
        days.map(|day| Late { day, batch: token.to_owned() }).collect()
    }

    /// What a repeated insert of the same rows is recognised by.
    ///
    /// The range of numbers is for people. The hash is what tells apart two batches with the same ends: another instance
    /// with other partitions may cut one, and ClickHouse would drop its rows without a word.
    pub(crate) fn token(&self) -> String {
        let mut hash = Sha256::new();
        for row in &self.rows {
            hash.update(row.stream.to_be_bytes());
            hash.update(row.seq.to_be_bytes());
        }
        let ends = self.rows.first().zip(self.rows.last());
        let (first, last) = ends.map_or((0, 0), |(first, last)| (first.seq, last.seq));
        format!("events-{first}-{last}-{}", hex(&hash.finalize()[..16]))
    }
}

/// Bytes as hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
        text
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn batch(sequences: &[u64]) -> Batch {
        let mut batch = Batch::default();
        for &seq in sequences {
            batch.push(EventRow { seq, ..EventRow::default() }, TraceContext::default());
        }
        batch
    }

    #[test]
    fn the_token_is_the_same_for_the_same_rows_alone() {
        let token = batch(&[3, 4, 9]).token();
        assert!(token.starts_with("events-3-9-"), "{token}");
        let mut again = batch(&[3, 4, 9]);
        again.seal(Timestamp::from_millis(77));
        assert_eq!(token, again.token());
        assert_ne!(token, batch(&[3, 5, 9]).token());
        assert_ne!(token, batch(&[3, 9]).token());
    }

    #[test]
    fn it_reaches_the_last_of_each_partition() {
        let mut batch = Batch::default();
        for (stream, partition, seq) in [(1, 0, 3), (1, 7, 9), (1, 0, 5), (2, 0, 1)] {
            let row = EventRow { partition, seq, stream, ..EventRow::default() };
            batch.push(row, TraceContext::default());
        }
        let reached = |stream, partition, seq| Reached { stream, partition, seq };
        assert_eq!(batch.reached(), [reached(1, 0, 5), reached(1, 7, 9), reached(2, 0, 1)]);
    }

    #[test]
    fn what_happened_on_a_day_that_is_over_concerns_that_day_and_the_one_after() {
        let mut batch = Batch::default();
        for time in [10 * DAY_MS, 9 * DAY_MS, 8 * DAY_MS - 1, 7 * DAY_MS, -2 * DAY_MS] {
            batch.push(EventRow { time, ..EventRow::default() }, TraceContext::default());
        }
        let late = batch.late(Timestamp::from_millis(10 * DAY_MS + 5), "t");
        assert_eq!(late.iter().map(|late| late.day).collect::<Vec<_>>(), [7, 8, 9]);
        assert!(late.iter().all(|late| late.batch == "t"));
        assert!(batch.late(Timestamp::from_millis(7 * DAY_MS), "t").is_empty());
    }

    #[test]
    fn rows_and_bytes_fill_it() {
        let config = BatchConfig { rows_max: 2, bytes_max: 1 << 20, wait_max: Duration::from_secs(1) };
        assert!(!batch(&[1]).is_full(&config));
        assert!(batch(&[1, 2]).is_full(&config));
        let config = BatchConfig { rows_max: 100, bytes_max: size_of::<EventRow>(), ..config };
        assert!(batch(&[1]).is_full(&config));
        assert!(Batch::default().due(&config).is_none());
    }
}
