//! stats writes what happened into ClickHouse, each event once, in batches.
//!
//! Any number of instances run side by side; each owns some partitions and reads their events in order. Where to go on
//! is kept by ClickHouse itself, noted beside the rows after a batch and all that views make of it is stored. So whoever
//! takes over, after whatever crash, reads that number and misses nothing. What is stored twice all the same, because an
//! insert was still under way when its writer died, or because an event was told twice, has the same id, and the view
//! `events` shows it once.
//!
//! One of them also counts days that are over beforehand, so that reports of long times need not.
//!
//! Writing has three stages, each at another batch: rows are packed as their events are read, the batch before is being
//! stored, and of the one before that it is being noted what it reached. A batch is stored only when the one before it is,
//! and the position is noted in the same order, at most one batch behind: what dies in between is written again.
//!
//! While ClickHouse is away nothing is read beyond two batches: events wait in their stream.

mod batch;
mod cluster;
pub mod config;
mod database;
pub mod metrics;
mod packed;
mod reading;
mod retention;
mod rollups;
mod row;
mod schema;
mod sql;
mod writer;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use anyhow::Context as _;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use troupe_bus::{
    Bus,
    ownership::{self, Change, Lease, Ownership},
};
use troupe_service::{Clock, health::Health, metric};
use troupe_types::Partition;

pub use crate::schema::statements;
use crate::{config::Config, database::Database, writer::Writer};

/// Changes of ownership that follow each other so closely are taken as one: each makes writing begin anew.
const SETTLE: Duration = Duration::from_millis(100);

/// Runs stats until `stop`, as `instance`: brings ClickHouse's tables to what this version needs, then writes.
///
/// # Errors
/// If the configuration cannot be used, ClickHouse refuses a migration, or the bus is closed.
pub async fn run(
    config: Config,
    bus: Bus,
    clock: Arc<dyn Clock>,
    instance: &str,
    health: &Health,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    config.check()?;
    metric::announce(metrics::ALL);
    let (reachable, ownership_ready) = (health.dependency("clickhouse"), health.dependency("ownership"));
    let _watcher = bus.tell_health(health);
    let pseudonyms = config.pseudonyms.pseudonyms().map_err(anyhow::Error::msg)?;
    match stop.run_until_cancelled(bus.agree_on(&pseudonyms, &config.pseudonyms.instead_of)).await {
        Some(agreed) => agreed?,
        None => return Ok(()),
    }
    let database =
        Database::new(&config.clickhouse).context("cannot use TLS to ClickHouse: see clickhouse.ca_file")?;
    match stop.run_until_cancelled(schema::prepare(&database, &bus, instance)).await {
        Some(prepared) => prepared.context("cannot prepare ClickHouse")?,
        None => return Ok(()),
    }
    if let Some(set) = stop.run_until_cancelled(retention::set(&database, config.events.keep_for)).await {
        set.context("cannot set how long events are kept")?;
    }
    reachable.set(true);
    let mut ownership =
        ownership::join(&bus, "stats", instance, stop.clone()).context("cannot announce this instance")?;
    ownership_ready.set(true);
    let Config { batch, texts, .. } = config;
    let writer = Writer { bus, database, clock, batch, texts, pseudonyms, reachable };
    let grace_over = async {
        stop.cancelled().await;
        sleep(config.shutdown_grace).await;
    };
    tokio::select! {
        ended = follow(&writer, &mut ownership) => ended,
        () = grace_over => {
            tracing::warn!("the grace period is over: leases run out by themselves");
            Ok(())
        }
    }
}

/// Writes what this instance owns, and begins anew with each change of that.
async fn follow(writer: &Writer, ownership: &mut Ownership) -> anyhow::Result<()> {
    let mut owned: BTreeMap<Partition, Lease> = BTreeMap::new();
    loop {
        let Some(change) = next_change(writer, &owned, ownership).await? else { return Ok(()) };
        let mut revoked = Vec::new();
        apply(change, &mut owned, &mut revoked);
        while let Ok(Some(change)) = timeout(SETTLE, ownership.next()).await {
            apply(change, &mut owned, &mut revoked);
        }
        for partition in revoked {
            ownership.released(partition);
        }
        metrics::partitions(owned.len());
    }
}

fn apply(change: Change, owned: &mut BTreeMap<Partition, Lease>, revoked: &mut Vec<Partition>) {
    match change {
        Change::Acquired(partition, lease) => _ = owned.insert(partition, lease),
        Change::Revoke(partition) => {
            owned.remove(&partition);
            revoked.push(partition);
        }
    }
}

/// Writes until there is a change of ownership, and returns it when nothing is being written any more.
async fn next_change(
    writer: &Writer,
    owned: &BTreeMap<Partition, Lease>,
    ownership: &mut Ownership,
) -> anyhow::Result<Option<Change>> {
    if owned.is_empty() {
        return Ok(ownership.next().await);
    }
    let stop = CancellationToken::new();
    let mut writing = std::pin::pin!(writer.run(owned, &stop));
    let change = tokio::select! {
        biased;
        change = ownership.next() => change,
        never = rollups::keep(&writer.database), if owned.contains_key(&rollups::LEADER) => match never {},
        ended = &mut writing => {
            // A lease was lost: which one is told next.
            ended?;
            return Ok(ownership.next().await);
        }
    };
    stop.cancel();
    writing.await?;
    Ok(change)
}
