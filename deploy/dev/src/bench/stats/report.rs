//! What was measured, as a table for people, beside what it should be.

use std::{collections::BTreeMap, fmt};

use serde::Serialize;

use super::{history::Storage, queries::Timed, writer::Written};
use crate::bench::Target;

/// What stats writes in a second, of what the engine takes.
const WRITER_SHARE_MIN: f64 = 0.8;
/// The memory of stats, in bytes.
const MEMORY_MAX: u64 = 200_000_000;
/// How long a report or a panel may take.
const ANSWER_MAX_MS: f64 = 200.0;
/// What an event may take on disk.
const BYTES_MAX: f64 = 40.0;

/// What was measured.
#[derive(Debug, Clone, Default, Serialize)]
pub struct Report {
    /// The machine's load averages of 1, 5 and 15 minutes before and after: what else ran.
    pub load: Vec<String>,
    /// Writing a backlog.
    pub written: Option<Written>,
    /// What the history takes on disk.
    pub storage: Option<Storage>,
    /// What reports ask.
    pub reports: Vec<Timed>,
    /// What boards ask.
    pub panels: Vec<Timed>,
}

impl Report {
    /// What should be, of what was measured.
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        let mut add = |wanted: String, measured: String, met| targets.push(Target { wanted, measured, met });
        if let Some(written) = &self.written {
            let share = written.rows_per_second / written.engine_rows_per_second;
            add(
                format!("the writer takes at least {WRITER_SHARE_MIN} of the engine's rows per second"),
                format!("{share:.2}"),
                share >= WRITER_SHARE_MIN,
            );
            add(
                format!("the writer takes under {} MB", MEMORY_MAX / 1_000_000),
                format!("{:.1} MB", float(written.memory_max) / 1e6),
                written.memory_max < MEMORY_MAX,
            );
        }
        if let Some(storage) = &self.storage {
            add(
                format!("an event takes under {BYTES_MAX} bytes on disk"),
                format!("{:.1}", storage.per_event()),
                storage.per_event() < BYTES_MAX,
            );
        }
        for (what, timed) in [("reports", &self.reports), ("panels", &self.panels)] {
            for (scope, timed) in by_scope(timed) {
                let quick = timed.iter().filter(|timed| timed.is_quick()).count();
                add(
                    format!("{what}, {scope}: p95 under {ANSWER_MAX_MS} ms"),
                    format!("{quick} of {}", timed.len()),
                    quick == timed.len(),
                );
            }
        }
        targets
    }
}

impl Timed {
    fn is_quick(&self) -> bool {
        self.p95_ms < ANSWER_MAX_MS
    }
}

/// A count as a number to reckon with.
#[expect(clippy::cast_precision_loss, reason = "rows, bytes and milliseconds are far fewer than 2^52")]
pub(super) fn float(count: u64) -> f64 {
    count as f64
}

fn by_scope(timed: &[Timed]) -> BTreeMap<&str, Vec<&Timed>> {
    let mut scopes = BTreeMap::<_, Vec<_>>::new();
    for timed in timed {
        scopes.entry(timed.scope).or_default().push(timed);
    }
    scopes
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(written) = &self.written {
            writeln!(f, "\n{} events in inserts of {}", written.rows, written.rows_per_insert)?;
            writeln!(f, "{:>10.0} rows/s  stats", written.rows_per_second)?;
            writeln!(f, "{:>10.0} rows/s  the engine, from one client", written.engine_rows_per_second)?;
        }
        if let Some(storage) = &self.storage {
            writeln!(f, "\n{:22} {:>10} {:>12} {:>12}", "table", "rows", "bytes", "for an event")?;
            for size in &storage.tables {
                let per_event = float(size.bytes) / float(storage.events);
                writeln!(f, "{:22} {:>10} {:>12} {per_event:>12.1}", size.table, size.rows, size.bytes)?;
            }
        }
        for (what, timed) in [("report", &self.reports), ("panel", &self.panels)] {
            if !timed.is_empty() {
                writeln!(f, "\n{what:58} {:18} {:>8} {:>8} {:>8}", "of", "p50 ms", "p95 ms", "cpu ms")?;
            }
            for timed in timed {
                let mark = if timed.is_quick() { "" } else { "  slow" };
                let Timed { name, scope, p50_ms, p95_ms, processor_ms, times: _ } = timed;
                writeln!(f, "{name:58} {scope:18} {p50_ms:>8.0} {p95_ms:>8.0} {processor_ms:>8.0}{mark}")?;
            }
        }
        writeln!(f, "\nload averages: {}", self.load.join(", then "))?;
        for Target { wanted, measured, met } in self.targets() {
            writeln!(f, "{} {wanted}: {measured}", if met { "met    " } else { "NOT MET" })?;
        }
        Ok(())
    }
}
