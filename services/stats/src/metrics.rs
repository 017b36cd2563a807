//! The metrics of stats: names, units and labels.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

/// Counts what one insert wrote, and notes how long it took with all its tries.
pub fn inserted(rows: usize, bytes: usize, took: Duration) {
    counter!("troupe_stats_rows_written_total").increment(rows as u64);
    counter!("troupe_stats_inserts_total").increment(1);
    counter!("troupe_stats_insert_bytes_total").increment(bytes as u64);
    histogram!("troupe_stats_insert_seconds").record(took.as_secs_f64());
}

/// Counts tries to write that failed.
pub fn insert_failed() {
    counter!("troupe_stats_insert_failures_total").increment(1);
}

/// Notes how many events are in the stream and not yet read.
pub fn behind(events: u64) {
    #[expect(clippy::cast_precision_loss, reason = "nobody counts a backlog beyond 2^52")]
    gauge!("troupe_stats_events_behind").set(events as f64);
}

/// Notes how many partitions this instance writes.
pub fn partitions(count: usize) {
    gauge!("troupe_stats_partitions").set(u32::try_from(count).unwrap_or(u32::MAX));
}
