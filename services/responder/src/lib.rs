//! The responder: for each update it loads what it needs, asks the engine for a decision, commits the new state and
//! the decided actions in one step, and publishes them. It keeps nothing of its own.
//!
//! Any number of instances run side by side, and all of them ask for the updates of every partition: the broker hands
//! out one update of a partition at a time, to whichever asks. Whatever dies when, an update is applied once: the
//! store refuses what was applied, and what it has to publish is kept until the broker has it.

mod backoff;
mod catalogue;
mod config;
mod convert;
mod decide;
mod error;
mod faults;
mod follow;
pub mod metrics;
mod outbox;
mod partition;

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use anyhow::{Context as _, bail};
use tokio::{sync::oneshot, task::JoinSet, time::timeout};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use troupe_bus::Bus;
use troupe_protocol::Stream;
use troupe_service::{Clock, health::Health, metric};
use troupe_store::Store;

pub use config::{Config, DecidingConfig};
pub use faults::{Faults, Point};

use crate::{follow::Known, partition::Responder};

/// How often Redis is asked whether it answers, for readiness.
const REDIS_CHECK: Duration = Duration::from_secs(2);

/// Runs the responder until `stop`.
///
/// # Errors
/// If a task that goes on for ever ends by itself.
pub async fn run(
    config: Config,
    bus: Bus,
    store: Store,
    clock: Arc<dyn Clock>,
    health: &Health,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    run_with_faults(config, bus, store, clock, health, stop, Faults::default()).await
}

/// Runs the responder, and lets it stand still where `faults` says so. For tests.
///
/// # Errors
/// As [`run`].
pub async fn run_with_faults(
    config: Config,
    bus: Bus,
    store: Store,
    clock: Arc<dyn Clock>,
    health: &Health,
    stop: CancellationToken,
    faults: Faults,
) -> anyhow::Result<()> {
    metric::announce(metrics::ALL);
    // Said before the others are there, so that it is never ready for lack of knowing what it needs.
    let content = health.dependency("content");
    let _watchers = [bus.tell_health(health), watch_redis(&store, health), observe_lag(&bus)];
    let known = Known::new();
    let (tell, current) = oneshot::channel();
    let mut follower =
        AbortOnDropHandle::new(tokio::spawn(follow::follow(bus.clone(), Arc::clone(&known), move || {
            content.set(true);
            let _ = tell.send(());
        })));
    // What is not known yet cannot be told from what does not exist.
    tokio::select! {
        biased;
        () = stop.cancelled() => return Ok(()),
        Ok(()) = current => {}
        ended = &mut follower => {
            ended.context("the content's follower ended badly")?;
            bail!("the content's follower ended by itself");
        }
    }
    let responder = Arc::new(Responder {
        bus: bus.clone(),
        store,
        clock,
        known,
        config: config.deciding,
        faults,
        given_up: Mutex::new(BTreeMap::new()),
        stop: stop.clone(),
    });
    let mut partitions = JoinSet::new();
    for partition in bus.partitions().all() {
        let responder = Arc::clone(&responder);
        partitions.spawn(async move { responder.run(partition).await });
    }
    tracing::info!(partitions = partitions.len(), "answering");
    tokio::select! {
        // First: partitions end when they are told to stop, and that is not by themselves.
        biased;
        () = stop.cancelled() => {}
        ended = partitions.join_next() => {
            stop.cancel();
            match ended {
                Some(Err(error)) => return Err(error).context("a partition's task ended badly"),
                Some(Ok(())) | None => bail!("a partition's task ended by itself"),
            }
        }
        ended = &mut follower => {
            stop.cancel();
            ended.context("the content's follower ended badly")?;
            bail!("the content's follower ended by itself");
        }
    }
    let all_done = async { while partitions.join_next().await.is_some() {} };
    if timeout(config.shutdown_grace, all_done).await.is_err() {
        tracing::warn!("the grace period is over: what is not acknowledged comes again");
    }
    bus.close().await;
    Ok(())
}

/// Tells Prometheus how many updates wait.
fn observe_lag(bus: &Bus) -> AbortOnDropHandle<()> {
    let bus = bus.clone();
    AbortOnDropHandle::new(tokio::spawn(async move { bus.observe_lag(Stream::Updates).await }))
}

/// Tells readiness whether Redis answers.
fn watch_redis(store: &Store, health: &Health) -> AbortOnDropHandle<()> {
    let (store, redis) = (store.clone(), health.dependency("redis"));
    AbortOnDropHandle::new(tokio::spawn(async move {
        loop {
            redis.set(store.is_up().await);
            tokio::time::sleep(REDIS_CHECK).await;
        }
    }))
}
