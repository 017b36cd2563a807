//! A history of events, made by ClickHouse itself, and what it takes on disk.

use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::sleep;

use super::{database::Database, report::float, world::World};
use crate::Error;

/// How many events come of one turn, about.
const PER_TURN: u64 = 3;
/// How long after each other turns are, in milliseconds: a day has 300,000 events.
const TURN_MS: u64 = 864;
/// How long traces are kept.
const TRACES_MS: u64 = 30 * 86_400_000;
/// How many turns are made at a time; it bounds the memory that ClickHouse needs.
const SLICE: u64 = 100_000;

/// What the history takes on disk once it is put together.
#[derive(Debug, Clone, Serialize)]
pub struct Storage {
    /// How many events there are.
    pub events: u64,
    /// Bytes of each table.
    pub tables: Vec<Size>,
}

/// The size of a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Size {
    /// Its name.
    pub table: String,
    /// Bytes on disk.
    pub bytes: u64,
    /// Its rows.
    pub rows: u64,
}

impl Storage {
    /// Bytes on disk for each event, with all that is counted of it.
    pub fn per_event(&self) -> f64 {
        float(self.tables.iter().map(|size| size.bytes).sum()) / float(self.events)
    }
}

/// When the history ends, in milliseconds since 1970.
#[derive(Debug, Clone, Copy)]
pub(super) struct End(pub(super) i64);

/// Whether there is no history yet.
pub(super) async fn is_empty(database: &Database) -> Result<bool, Error> {
    Ok(database.number("SELECT count() FROM events_told").await? == 0)
}

/// When the history ends.
pub(super) async fn end(database: &Database) -> Result<End, Error> {
    let end = database.number("SELECT toUnixTimestamp64Milli(max(time)) + 1 FROM counted").await?;
    Ok(End(i64::try_from(end).unwrap_or(i64::MAX)))
}

/// Makes a history of about `events` that ends at the last noon of UTC, of visits of `longest_visit` messages and less.
pub(super) async fn make(database: &Database, events: u64, longest_visit: u64) -> Result<(), Error> {
    let noon =
        "SELECT toUnixTimestamp(toStartOfDay(now('UTC') - INTERVAL 12 HOUR) + INTERVAL 12 HOUR) * 1000";
    let end = database.number(noon).await?;
    let turns = events / PER_TURN;
    let begin = end.saturating_sub(turns * TURN_MS);
    for first in (0..turns).step_by(usize::try_from(SLICE).expect("it is small")) {
        let parameters = [
            ("begin", begin.to_string()),
            // Older traces are forgotten.
            ("traces", end.saturating_sub(TRACES_MS).to_string()),
            ("turn_ms", TURN_MS.to_string()),
            ("longest", longest_visit.to_string()),
            ("first", first.to_string()),
            ("count", SLICE.min(turns - first).to_string()),
        ];
        let parameters = parameters.map(|(name, value)| (name.to_owned(), value));
        database.ask(include_str!("events.sql"), &parameters).await?;
        println!("{:>10} of {turns} turns", (first + SLICE).min(turns));
    }
    Ok(())
}

/// Does what is done by itself once days are over: ClickHouse makes one part of each an hour later, and stats rolls them up.
/// The last day is taken for the one that goes on, whenever this is: it is counted from its rows.
pub(super) async fn settle(world: &World, database: &Database) -> Result<(), Error> {
    #[derive(Deserialize)]
    struct Day {
        partition: String,
    }
    let days = format!(
        "SELECT partition_id AS partition FROM system.parts WHERE active AND database = '{}' AND table = 'happened' \
         AND toDate(partition) < today() GROUP BY partition_id HAVING count() > 1 ORDER BY partition_id",
        database.name()
    );
    for Day { partition } in database.rows(&days).await? {
        database.ask(&format!("OPTIMIZE TABLE happened PARTITION ID '{partition}' FINAL"), &[]).await?;
    }
    let over = "SELECT uniqExact(toDate(partition)) FROM system.parts WHERE active AND database = currentDatabase() \
                AND table = 'happened' AND toDate(partition) <= toDate(now('UTC') - INTERVAL 1 HOUR) - 1";
    let over = database.number(over).await?;
    let left_over = "SELECT count() FROM system.parts WHERE active AND database = currentDatabase() AND table = 'contact_days' \
                     AND toUInt64OrZero(partition) NOT IN (SELECT rollup FROM rollups FINAL)";
    let mut stats = world.stats(database.name()).await?;
    let mut said = None;
    loop {
        let done = database.number("SELECT count() FROM rolled_up").await?;
        if said != Some(done) {
            println!("{done:>10} of {over} days");
            said = Some(done);
        }
        if done == over && database.number(left_over).await? == 0 {
            break;
        }
        if let Some(status) = stats.process().ended() {
            return Err(Error::new("count the days that are over", format!("stats ended ({status})")));
        }
        sleep(Duration::from_secs(1)).await;
    }
    stats.stop().await;
    let last = "INSERT INTO late SELECT day, 'it goes on' FROM (SELECT max(day) AS day FROM rolled_up) \
                WHERE day IN (SELECT toDate(max(time)) FROM happened)";
    database.ask(last, &[]).await?;
    Ok(())
}

/// Waits until what is put together in the background is, and looks how large it has become.
pub(super) async fn storage(database: &Database) -> Result<Storage, Error> {
    database.quiet().await?;
    let sizes = format!(
        "SELECT table, sum(bytes_on_disk) AS bytes, sum(rows) AS rows FROM system.parts \
         WHERE active AND database = '{}' GROUP BY table ORDER BY bytes DESC",
        database.name()
    );
    let events = database.number("SELECT count() FROM events_told").await?;
    Ok(Storage { events, tables: database.rows(&sizes).await? })
}
