//! Days that are over, counted beforehand: `deploy/clickhouse/0011_rollups.sql` tells what for, and how they are read.
//!
//! A day's rollup is made under a number of its own and counts only once it is noted, so that it does no harm if this is
//! broken off, or if two instances do it at a time.

use std::{collections::BTreeSet, convert::Infallible, time::Duration};

use clickhouse::Row;
use serde::Deserialize;
use tokio::time::sleep;
use troupe_types::Partition;

use crate::{
    database::{Database, Error},
    metrics,
};

/// The partition whose owner rolls days up: one instance is enough.
pub(crate) const LEADER: Partition = Partition::new(0);
/// How often it is looked which days are over.
const LOOK_EVERY: Duration = Duration::from_secs(10);
/// How long counting a day may take.
const STATEMENT_MAX: Duration = Duration::from_mins(10);

/// The tables of rollups, with the statement that fills each for a day.
const TABLES: [(&str, &str); 4] = [
    ("quarters", include_str!("../../../deploy/clickhouse/rollups/quarters.sql")),
    ("bot_days", include_str!("../../../deploy/clickhouse/rollups/bot_days.sql")),
    ("contact_days", include_str!("../../../deploy/clickhouse/rollups/contact_days.sql")),
    ("answer_days", include_str!("../../../deploy/clickhouse/rollups/answer_days.sql")),
];

/// The days that lack a rollup, or of which something was written since, or of a day before: the latest first, since most is
/// asked of these. They have been over for an hour, by ClickHouse's clock.
const DUE: &str = "
    WITH (SELECT (groupArray(day), groupArray(times)) FROM (SELECT day, count() AS times FROM late GROUP BY day)) AS came_late
    SELECT toString(days.day) AS day, rand64() AS rollup,
        arraySum((late_day, times) -> if(late_day <= days.day, times, 0), came_late.1, came_late.2) AS seen
    FROM
    (
        SELECT toDate(partition) AS day FROM system.parts
        WHERE active AND database = currentDatabase() AND table = 'happened'
        GROUP BY day
    ) AS days
    LEFT JOIN (SELECT day, 1 AS made, seen AS saw FROM rollups FINAL) AS rollups ON rollups.day = days.day
    WHERE days.day <= toDate(now('UTC') - INTERVAL 1 HOUR) - 1 AND (made = 0 OR saw != seen)
    ORDER BY days.day DESC";

/// What lies in tables of rollups under numbers that are not, or no more, those of a day.
const LEFT_OVER: &str = "
    SELECT table, partition FROM system.parts
    WHERE active AND database = currentDatabase() AND table IN ?
        AND toUInt64OrZero(partition) NOT IN (SELECT rollup FROM rollups FINAL)
    GROUP BY table, partition";

/// A day that is to be rolled up.
#[derive(Debug, Deserialize, Row)]
struct Due {
    /// As ClickHouse writes it, e.g. `2026-11-21`.
    day: String,
    /// A number that no other rollup has.
    rollup: u64,
    /// How many rows `late` has of it and of days before.
    seen: u64,
}

/// A rollup in a table that nobody reads any more.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Deserialize, Row)]
struct LeftOver {
    table: String,
    partition: String,
}

/// Rolls up each day that is over, for as long as it is let.
pub(crate) async fn keep(database: &Database) -> Infallible {
    let mut left_over = BTreeSet::new();
    loop {
        match round(database, &left_over).await {
            Ok(found) => left_over = found,
            Err(error) => not_counted(&error),
        }
        sleep(LOOK_EVERY).await;
    }
}

fn not_counted(error: &Error) {
    metrics::rollup_failed();
    tracing::warn!(error = error as &dyn std::error::Error, "cannot count a day beforehand");
}

/// Rolls up what is due, and deletes what was left over the last time, too: whoever was reading it then is done. Returns
/// what is left over now.
async fn round(database: &Database, before: &BTreeSet<LeftOver>) -> Result<BTreeSet<LeftOver>, Error> {
    let due: Vec<Due> = database.rows("look which days are over", database.query(DUE)).await?;
    metrics::rollups_due(due.len());
    if !due.is_empty() {
        // What is noted in `late` was stored before, but maybe through another server.
        database.catch_up().await?;
    }
    let mut left = due.len();
    for day in &due {
        match make(database, day).await {
            Ok(()) => {
                left -= 1;
                metrics::rolled_up();
                metrics::rollups_due(left);
            }
            // A day that cannot be counted does not keep the others from it.
            Err(error) if error.is_refusal() => not_counted(&error),
            Err(error) => return Err(error),
        }
    }
    if left < due.len() {
        tracing::info!(days = due.len() - left, "counted days that are over");
    }
    let mut found = left_over(database).await?;
    if !found.is_disjoint(before) {
        // A rollup is there before it is noted: whether it is, is asked anew when this server knows all notes.
        database.catch_up().await?;
        found = left_over(database).await?;
    }
    for LeftOver { table, partition } in found.intersection(before) {
        // Every server does it if one is told.
        let sql = format!("ALTER TABLE {table} DROP PARTITION {partition}");
        database.execute("delete an old rollup", &sql, STATEMENT_MAX).await?;
    }
    Ok(found.difference(before).cloned().collect())
}

async fn left_over(database: &Database) -> Result<BTreeSet<LeftOver>, Error> {
    let query = database.query(LEFT_OVER).bind(TABLES.map(|(table, _)| table).to_vec());
    let found: Vec<LeftOver> = database.rows("look for old rollups", query).await?;
    Ok(found.into_iter().collect())
}

async fn make(database: &Database, due: &Due) -> Result<(), Error> {
    for (table, sql) in TABLES {
        let fill = database.query(sql).param("day", &due.day).param("rollup", due.rollup);
        database.run(&format!("count {} for {table}", due.day), fill, STATEMENT_MAX).await?;
    }
    let note = database
        .query("INSERT INTO rollups (day, rollup, seen) SELECT {day:Date}, {rollup:UInt64}, {seen:UInt64}")
        .param("day", &due.day)
        .param("rollup", due.rollup)
        .param("seen", due.seen);
    database.run("note a rollup", note, STATEMENT_MAX).await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_fills_the_table_of_its_name() {
        for (table, sql) in TABLES {
            assert!(
                sql.contains(&format!("INSERT INTO {table} (rollup, "))
                    || sql.contains(&format!("INSERT INTO {table}\n    (rollup, ")),
                "{table}"
            );
        }
    }
}
