//! How long events are kept.

use std::time::Duration;

use tokio::time::sleep;

use crate::database::{Database, Error};

/// How long the statement may take: what is over its time is deleted in the background, but the table has to be free.
const STATEMENT_MAX: Duration = Duration::from_mins(5);

/// How long a database that does not answer is left alone.
const AGAIN: Duration = Duration::from_secs(1);

/// Has ClickHouse delete events when they were written longer ago than `keep_for`; zero keeps them for good. Waits while
/// it is away.
///
/// # Errors
/// If ClickHouse refuses it.
pub(crate) async fn set(database: &Database, keep_for: Duration) -> Result<(), Error> {
    loop {
        match try_to_set(database, keep_for).await {
            Err(error) if !error.is_refusal() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "waiting for ClickHouse");
                sleep(AGAIN).await;
            }
            done => return done,
        }
    }
}

async fn try_to_set(database: &Database, keep_for: Duration) -> Result<(), Error> {
    let engine = database.query(
        "SELECT engine_full FROM system.tables WHERE database = currentDatabase() AND name = 'events_told'",
    );
    let engine = database.rows::<String>("read how long events are kept", engine).await?.concat();
    let wanted = format!("TTL toDateTime(written) + toIntervalSecond({})", keep_for.as_secs());
    let statement = match (keep_for.is_zero(), engine.contains(" TTL ")) {
        (true, false) => return Ok(()),
        (true, true) => "ALTER TABLE events_told REMOVE TTL".to_owned(),
        // Setting it again would have ClickHouse look through every row again.
        (false, _) if engine.contains(&wanted) => return Ok(()),
        (false, _) => format!("ALTER TABLE events_told MODIFY {wanted}"),
    };
    database.execute("set how long events are kept", &statement, STATEMENT_MAX).await?;
    tracing::info!(?keep_for, "set how long events are kept");
    Ok(())
}
