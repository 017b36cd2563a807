//! The metrics of stats: names, units and labels.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use troupe_service::metric::Metric;

const ROWS_WRITTEN: Metric = Metric::counter("troupe_stats_rows_written_total", "Rows written.", &[]);
const INSERTS: Metric = Metric::counter("troupe_stats_inserts_total", "Batches written.", &[]);
const INSERT_BYTES: Metric = Metric::counter(
    "troupe_stats_insert_bytes_total",
    "Size of the rows written, before they are compressed.",
    &[],
);
const INSERT_ROWS: Metric = Metric::histogram("troupe_stats_insert_rows", "Rows of a batch.", &[]);
const INSERT_DURATION: Metric = Metric::histogram(
    "troupe_stats_insert_duration_seconds",
    "Time that writing a batch took, with all its tries.",
    &[],
);
const INSERT_FAILURES: Metric =
    Metric::counter("troupe_stats_insert_failures_total", "Tries to write that failed.", &[]);
const WRITE_DELAY: Metric = Metric::histogram(
    "troupe_stats_write_delay_seconds",
    "Age of the oldest event of a batch when it was written.",
    &[],
);
const WRITTEN: Metric = Metric::gauge(
    "troupe_stats_last_write_timestamp_seconds",
    "When the last batch was written, in seconds since 1970.",
    &[],
);
const BEHIND: Metric = Metric::gauge(
    "troupe_stats_waiting_events",
    "Events in the stream that were not read yet, when one was last read.",
    &[],
);
const PARTITIONS: Metric =
    Metric::gauge("troupe_stats_owned_partitions", "Partitions that this instance writes.", &[]);

const ROLLUPS: Metric =
    Metric::counter("troupe_stats_rollups_total", "Days that were counted beforehand.", &[]);
const ROLLUPS_DUE: Metric = Metric::gauge(
    "troupe_stats_due_rollups",
    "Days that are over and not yet counted beforehand; what is asked of them takes longer.",
    &[],
);
const ROLLUP_FAILURES: Metric =
    Metric::counter("troupe_stats_rollup_failures_total", "Tries to count days beforehand that failed.", &[]);

/// All of them.
pub const ALL: &[Metric] = &[
    ROWS_WRITTEN,
    INSERTS,
    INSERT_BYTES,
    INSERT_ROWS,
    INSERT_DURATION,
    INSERT_FAILURES,
    WRITE_DELAY,
    WRITTEN,
    BEHIND,
    PARTITIONS,
    ROLLUPS,
    ROLLUPS_DUE,
    ROLLUP_FAILURES,
];

/// A batch that was written.
pub(crate) struct Inserted {
    /// How many rows.
    pub(crate) rows: usize,
    /// Their size before they are compressed.
    pub(crate) bytes: usize,
    /// How long writing took, with all its tries.
    pub(crate) took: Duration,
    /// How old its oldest event was then.
    pub(crate) delay: Duration,
    /// When, in milliseconds since 1970.
    pub(crate) at_ms: i64,
}

/// Counts what one insert wrote.
#[expect(clippy::cast_precision_loss, reason = "batches and times are far below 2^52")]
pub(crate) fn inserted(batch: &Inserted) {
    counter!(ROWS_WRITTEN.name).increment(batch.rows as u64);
    counter!(INSERTS.name).increment(1);
    counter!(INSERT_BYTES.name).increment(batch.bytes as u64);
    histogram!(INSERT_ROWS.name).record(batch.rows as f64);
    histogram!(INSERT_DURATION.name).record(batch.took.as_secs_f64());
    histogram!(WRITE_DELAY.name).record(batch.delay.as_secs_f64());
    gauge!(WRITTEN.name).set(batch.at_ms as f64 / 1000.0);
}

/// Counts tries to write that failed.
pub(crate) fn insert_failed() {
    counter!(INSERT_FAILURES.name).increment(1);
}

/// Notes how many events are in the stream and not yet read.
#[expect(clippy::cast_precision_loss, reason = "nobody counts a backlog beyond 2^52")]
pub(crate) fn behind(events: u64) {
    gauge!(BEHIND.name).set(events as f64);
}

/// Notes how many partitions this instance writes.
pub(crate) fn partitions(count: usize) {
    gauge!(PARTITIONS.name).set(u32::try_from(count).unwrap_or(u32::MAX));
}

/// Counts a day that was counted beforehand.
pub(crate) fn rolled_up() {
    counter!(ROLLUPS.name).increment(1);
}

/// Notes how many days are to be counted beforehand.
pub(crate) fn rollups_due(days: usize) {
    gauge!(ROLLUPS_DUE.name).set(u32::try_from(days).unwrap_or(u32::MAX));
}

/// Counts tries to count days beforehand that failed.
pub(crate) fn rollup_failed() {
    counter!(ROLLUP_FAILURES.name).increment(1);
}
