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

use crate::{config::BatchConfig, packed::Pack as _, row::EventRow};

/// Larger batches are a backlog being caught up with: a span for each of their events would only fill the exporter's
/// queue and push out others.
const TRACED_MAX: usize = 256;

/// Rows that make one insert: one block in one partition of the table, stored whole or not at all.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    /// Its rows, as they are sent.
    packed: Vec<u8>,
    rows: usize,
    /// What tells of its rows: the numbers of all of them.
    numbers: Sha256,
    /// The numbers of the first and the last.
    ends: Option<(u64, u64)>,
    /// When the oldest of its events happened.
    oldest: Option<Timestamp>,
    traced: Vec<Traced>,
    reached: BTreeMap<(i64, u16), u64>,
    days: BTreeSet<i64>,
    /// When it was begun: all rows tell this as the time of writing, so that they share a partition of the table.
    begun: Option<(Instant, Timestamp)>,
}

/// An event that was told in a trace.
#[derive(Debug)]
pub(crate) struct Traced {
    pub(crate) kind: &'static str,
    pub(crate) bot: u64,
    pub(crate) partition: u16,
    pub(crate) seq: u64,
    pub(crate) trace: TraceContext,
}

/// What is noted of a batch when its rows are stored.
#[derive(Debug)]
pub(crate) struct Notes {
    token: String,
    reached: BTreeMap<(i64, u16), u64>,
    /// The days on which its events happened, since 1970.
    days: BTreeSet<i64>,
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
    /// Adds a row, and the trace that its event was told in. It is `now`.
    pub(crate) fn push(&mut self, mut row: EventRow, trace: TraceContext, now: Timestamp) {
        let (_, begun) = self.begun.get_or_insert_with(|| (Instant::now(), now));
        row.written = begun.as_millis();
        row.pack(&mut self.packed);
        self.rows += 1;
        self.numbers.update(row.stream.to_be_bytes());
        self.numbers.update(row.seq.to_be_bytes());
        self.ends = Some((self.ends.map_or(row.seq, |(first, _)| first), row.seq));
        let time = Timestamp::from_millis(row.time);
        self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
        let reached = self.reached.entry((row.stream, row.partition)).or_default();
        *reached = row.seq.max(*reached);
        self.days.insert(row.time.div_euclid(DAY_MS));
        if self.rows > TRACED_MAX {
            self.traced.clear();
        } else if trace.traceparent.is_some() {
            let EventRow { kind, bot, partition, seq, .. } = row;
            self.traced.push(Traced { kind, bot, partition, seq, trace });
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// How many rows it has.
    pub(crate) fn rows(&self) -> usize {
        self.rows
    }

    /// Its rows, as they are sent.
    pub(crate) fn packed(&self) -> &[u8] {
        &self.packed
    }

    /// The numbers of its first and its last row.
    pub(crate) fn ends(&self) -> (u64, u64) {
        self.ends.unwrap_or_default()
    }

    /// When the oldest of its events happened.
    pub(crate) fn oldest(&self) -> Option<Timestamp> {
        self.oldest
    }

    /// Its events that were told in a trace, unless it is a large one.
    pub(crate) fn traced(&self) -> &[Traced] {
        &self.traced
    }

    /// Whether no more fit.
    pub(crate) fn is_full(&self, config: &BatchConfig) -> bool {
        self.rows >= config.rows_max || self.packed.len() >= config.bytes_max
    }

    /// When the first row has waited long enough for others; `None` while there is none.
    pub(crate) fn due(&self, config: &BatchConfig) -> Option<Instant> {
        let (begun, _) = self.begun?;
        Some(begun + config.wait_max)
    }

    /// What a repeated insert of the same rows is recognised by.
    ///
    /// The range of numbers is for people. The hash is what tells apart two batches with the same ends: another instance
    /// with other partitions may cut one, and ClickHouse would drop its rows without a word.
    pub(crate) fn token(&self) -> String {
        let (first, last) = self.ends();
        format!("events-{first}-{last}-{}", hex(&self.numbers.clone().finalize()[..16]))
    }

    /// What is to be noted once it is stored.
    pub(crate) fn notes(self) -> Notes {
        Notes { token: self.token(), reached: self.reached, days: self.days }
    }
}

impl Notes {
    /// Up to where each partition is written.
    pub(crate) fn reached(&self) -> Vec<Reached> {
        let reached = self.reached.iter();
        reached.map(|(&(stream, partition), &seq)| Reached { stream, partition, seq }).collect()
    }

    /// The days that were over at `now` on which any of it happened: their rollups, and those of days after them, lack it.
    pub(crate) fn late(&self, now: Timestamp) -> Vec<Late> {
        let today = now.as_millis().div_euclid(DAY_MS);
        let days = self.days.iter().filter(|day| **day < today);
        let days = days.filter_map(|day| u16::try_from(*day).ok());
        days.map(|day| Late { day, batch: self.token.clone() }).collect()
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

    const NOW: Timestamp = Timestamp::from_millis(77);

    fn of(rows: impl IntoIterator<Item = EventRow>) -> Batch {
        let mut batch = Batch::default();
        for row in rows {
            batch.push(row, TraceContext::default(), NOW);
        }
        batch
    }

    fn batch(sequences: &[u64]) -> Batch {
        of(sequences.iter().map(|&seq| EventRow { seq, ..EventRow::default() }))
    }

    #[test]
    fn the_token_is_the_same_for_the_same_rows_alone() {
        let token = batch(&[3, 4, 9]).token();
        assert!(token.starts_with("events-3-9-"), "{token}");
        let mut later = Batch::default();
        for seq in [3, 4, 9] {
            let row = EventRow { seq, ..EventRow::default() };
            later.push(row, TraceContext::default(), NOW + Duration::from_secs(5));
        }
        assert_eq!(token, later.token());
        assert_ne!(token, batch(&[3, 5, 9]).token());
        assert_ne!(token, batch(&[3, 9]).token());
    }

    #[test]
    fn all_rows_tell_the_time_when_it_was_begun() {
        let mut batch = Batch::default();
        let mut expected = Vec::new();
        for (seq, second) in [(1, 0), (2, 3), (3, 5)] {
            let row = EventRow { seq, ..EventRow::default() };
            EventRow { written: NOW.as_millis(), ..row.clone() }.pack(&mut expected);
            batch.push(row, TraceContext::default(), NOW + Duration::from_secs(second));
        }
        assert_eq!(batch.packed(), expected);
    }

    #[test]
    fn it_reaches_the_last_of_each_partition() {
        let rows = [(1, 0, 3), (1, 7, 9), (1, 0, 5), (2, 0, 1)];
        let notes = of(rows.map(|(stream, partition, seq)| EventRow {
            partition,
            seq,
            stream,
            ..EventRow::default()
        }))
        .notes();
        let reached = |stream, partition, seq| Reached { stream, partition, seq };
        assert_eq!(notes.reached(), [reached(1, 0, 5), reached(1, 7, 9), reached(2, 0, 1)]);
    }

    #[test]
    fn what_happened_on_days_that_are_over_is_late() {
        let times = [10 * DAY_MS, 9 * DAY_MS, 8 * DAY_MS - 1, 7 * DAY_MS, -2 * DAY_MS];
        let batch = of(times.map(|time| EventRow { time, ..EventRow::default() }));
        assert_eq!(batch.oldest(), Some(Timestamp::from_millis(-2 * DAY_MS)));
        let (token, notes) = (batch.token(), batch.notes());
        let late = notes.late(Timestamp::from_millis(10 * DAY_MS + 5));
        assert_eq!(late.iter().map(|late| late.day).collect::<Vec<_>>(), [7, 9]);
        assert!(late.iter().all(|late| late.batch == token));
        assert!(notes.late(Timestamp::from_millis(7 * DAY_MS)).is_empty());
    }

    #[test]
    fn only_small_batches_say_in_which_traces_they_were_told() {
        let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
        let trace = TraceContext { traceparent: Some(parent.into()), tracestate: None };
        let mut batch = batch(&[1]);
        for seq in 2..=TRACED_MAX as u64 {
            batch.push(EventRow { seq, ..EventRow::default() }, trace.clone(), NOW);
        }
        assert_eq!(batch.traced().len(), TRACED_MAX - 1);
        batch.push(EventRow::default(), trace, NOW);
        assert!(batch.traced().is_empty());
    }

    #[test]
    fn rows_and_bytes_fill_it() {
        let config = BatchConfig { rows_max: 2, bytes_max: 1 << 20, wait_max: Duration::from_secs(1) };
        assert!(!batch(&[1]).is_full(&config));
        assert!(batch(&[1, 2]).is_full(&config));
        let config = BatchConfig { rows_max: 100, bytes_max: batch(&[1]).packed().len(), ..config };
        assert!(batch(&[1]).is_full(&config));
        assert!(Batch::default().due(&config).is_none());
    }
}
