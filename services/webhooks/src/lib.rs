//! webhooks tells programs outside what rules and scenarios want them told.
//!
//! Content names a target; where that is and how calls to it are signed stands in this service's settings alone, so that
//! no author can have anything else called. The responder commits a call together with the decision and publishes it from
//! its outbox; here it is made until the receiver takes it, with longer and longer pauses, and in the end becomes a dead
//! letter. So a call is made at least once and may be made twice: its `webhook-id` and `idempotency-key`, which stay the
//! same, tell a repeated one. Calls are in no order.
//!
//! Each target has a consumer and a task of its own: one that is slow or away holds up no other, and no bot. Any number of
//! instances run side by side, and keep nothing.

mod address;
mod calling;
pub mod config;
mod courier;
mod message;
pub mod metrics;
mod strays;
mod target;
mod telling;

use std::{collections::BTreeSet, sync::Arc};

use anyhow::{Context as _, bail};
use tokio::{task::JoinSet, time::timeout};
use tokio_util::sync::CancellationToken;
use troupe_bus::Bus;
use troupe_protocol::ContentName;
use troupe_service::{Clock, health::Health, metric};

use crate::{config::Config, courier::Courier, target::Target};

/// Makes calls until `stop`.
///
/// # Errors
/// If the configuration cannot be used, or a target's task ends by itself.
pub async fn run(
    config: Config,
    bus: Bus,
    clock: Arc<dyn Clock>,
    health: &Health,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    config.check()?;
    metric::announce(metrics::ALL);
    let targets = config.targets.iter().map(|(name, target)| Target::new(name, target));
    let targets = targets.collect::<anyhow::Result<Vec<_>>>().context("cannot use a target")?;
    let _watcher = bus.tell_health(health);
    let known: BTreeSet<ContentName> = targets.iter().map(|target| target.name.clone()).collect();
    let mut tasks = JoinSet::new();
    let calls = config.calls;
    tracing::info!(targets = targets.len(), "calling");
    for target in targets {
        let (bus, clock, stop) = (bus.clone(), Arc::clone(&clock), stop.clone());
        tasks.spawn(Arc::new(Courier { bus, clock, calls, target, stop }).run());
    }
    tasks.spawn(strays::look_after(bus.clone(), clock, known, calls.give_up_after, stop.clone()));
    tokio::select! {
        // First: tasks end when they are told to stop, and that is not by themselves.
        biased;
        () = stop.cancelled() => {}
        ended = tasks.join_next() => {
            stop.cancel();
            match ended {
                Some(Err(error)) => return Err(error).context("a target's task ended badly"),
                Some(Ok(())) | None => bail!("a target's task ended by itself"),
            }
        }
    }
    let all_done = async { while tasks.join_next().await.is_some() {} };
    if timeout(config.shutdown_grace, all_done).await.is_err() {
        tracing::warn!("the grace period is over: calls that are under way are made again");
    }
    bus.close().await;
    Ok(())
}
