//! ingress keeps the MTProto sessions: it publishes what happens to its bots, and carries out what they decide to do.
//!
//! Any number of instances run side by side. Each owns some partitions and connects the sessions of the bots that live in
//! them; two connections with one session's key would make Telegram revoke it, so an instance connects a session only
//! while it holds its partition's lease, and lets go of it before the lease ends.

mod account;
mod acting;
mod aside;
mod attaching;
mod backoff;
pub mod config;
mod files;
mod logins;
mod media;
pub mod metrics;
mod outgoing;
mod partition;
mod people;
mod registry;
mod report;
mod sessions;
mod telegram;
mod vault;

use std::{collections::BTreeMap, sync::Arc};

use anyhow::Context as _;
use tokio::{
    sync::{mpsc, watch},
    time::sleep,
};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};
use troupe_bus::{
    Bus, Requests,
    ownership::{self, Lease, Ownership, Releaser},
};
use troupe_protocol::Stream;
use troupe_service::{Clock, health::Health, metric};
use troupe_types::Partition;

use crate::{
    account::Shared, config::Config, files::Files, media::MediaStore, report::Reporter, sessions::Sessions,
    telegram::Telegram, vault::Vault,
};

/// Runs ingress until `stop`, as `instance`.
///
/// # Errors
/// If the configuration cannot be used, or the bus lacks what ingress needs.
pub async fn run(
    config: Config,
    bus: Bus,
    clock: Arc<dyn Clock>,
    instance: &str,
    health: &Health,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    metric::announce(metrics::ALL);
    let (registry_ready, ownership_ready) = (health.dependency("registry"), health.dependency("ownership"));
    // What is told on the way down still has to go out, so telling ends later than everything else.
    let telling = CancellationToken::new();
    let shared = Arc::new(Shared {
        telegram: Telegram::new(&config.telegram, instance)?,
        sessions: Sessions::open(&bus, Vault::new(&config.vault)?),
        reporter: Reporter::new(&bus, clock, instance, telling.clone()),
        pace: config.pace.clone(),
        files: Files::new(&bus),
        media: MediaStore::new(config.media.clone()),
        action_heartbeat: config.nats.ack_wait / 3,
        actions_window: config.nats.actions_window,
    });
    let (records, registry) = watch::channel(None);
    let mut follower = {
        let (bus, stop) = (bus.clone(), stop.clone());
        AbortOnDropHandle::new(tokio::spawn(async move {
            registry::follow(&bus, records, registry_ready, stop).await;
        }))
    };
    let _watchers = [bus.tell_health(health), observe_lag(&bus), sweep_files(&shared)];
    let Some(people) = stop.run_until_cancelled(people::serve(&bus)).await else { return Ok(()) };
    let mut ownership =
        ownership::join(&bus, "ingress", instance, stop.clone()).context("cannot announce this instance")?;
    ownership_ready.set(true);
    let instance = instance.to_owned();
    let mut partitions = Partitions { shared, registry, instance, people, owned: BTreeMap::new() };
    let grace_over = async {
        stop.cancelled().await;
        sleep(config.shutdown_grace).await;
    };
    // Without the registry nothing would ever be connected, though the leases were held.
    let follower_broke = async {
        match (&mut follower).await.context("the registry's follower ended badly") {
            Ok(()) if stop.is_cancelled() => std::future::pending().await,
            Ok(()) => anyhow::anyhow!("the bus was closed"),
            Err(error) => error,
        }
    };
    tokio::select! {
        () = partitions.follow(&mut ownership) => {}
        error = follower_broke => return Err(error),
        () = grace_over => tracing::warn!("the grace period is over: what is left is cut off, its leases run out"),
    }
    telling.cancel();
    Ok(())
}

/// Removes stored files when their time is over.
fn sweep_files(shared: &Arc<Shared>) -> AbortOnDropHandle<()> {
    let shared = Arc::clone(shared);
    AbortOnDropHandle::new(tokio::spawn(async move {
        shared.media.sweep_each_hour(shared.reporter.clock()).await;
    }))
}

/// Tells Prometheus how many actions wait.
fn observe_lag(bus: &Bus) -> AbortOnDropHandle<()> {
    let bus = bus.clone();
    AbortOnDropHandle::new(tokio::spawn(async move { bus.observe_lag(Stream::Actions).await }))
}

/// The partitions that this instance owns.
struct Partitions {
    shared: Arc<Shared>,
    registry: watch::Receiver<Option<registry::Registry>>,
    instance: String,
    /// What is asked of every instance about a person.
    people: Requests,
    owned: BTreeMap<Partition, Owned>,
}

struct Owned {
    stop: CancellationToken,
    asks: mpsc::Sender<people::Ask>,
    task: AbortOnDropHandle<()>,
}

impl Partitions {
    /// Starts what is acquired and stops what is revoked, until everything was let go of.
    async fn follow(&mut self, ownership: &mut Ownership) {
        loop {
            tokio::select! {
                change = ownership.next() => match change {
                    Some(ownership::Change::Acquired(partition, lease)) => self.start(partition, &lease),
                    Some(ownership::Change::Revoke(partition)) => self.stop(partition, ownership.releaser()),
                    None => return,
                },
                Some(request) = self.people.next() => {
                    let asks = |(partition, owned): (&Partition, &Owned)| (*partition, owned.asks.clone());
                    let owned = self.owned.iter().map(asks).collect();
                    let (instance, media) = (self.instance.clone(), self.shared.media.clone());
                    tokio::spawn(people::answer(request, instance, media, owned));
                }
            }
        }
    }

    fn start(&mut self, partition: Partition, lease: &Lease) {
        let stop = CancellationToken::new();
        let (shared, registry, token, lost) =
            (Arc::clone(&self.shared), self.registry.clone(), stop.clone(), lease.lost.clone());
        let (asks, asked) = mpsc::channel(1);
        let task = tokio::spawn(async move {
            tokio::select! {
                biased;
                // Dropping the partition closes its connections at once, while nobody else may open theirs yet.
                () = lost.cancelled() => tracing::warn!(%partition, "a lease could not be renewed: sessions are cut off"),
                () = partition::run(shared, partition, registry, asked, token) => {}
            }
        });
        self.owned.insert(partition, Owned { stop, asks, task: AbortOnDropHandle::new(task) });
    }

    /// Lets go of a partition in the background, so that others go on meanwhile.
    fn stop(&mut self, partition: Partition, releaser: Releaser) {
        match self.owned.remove(&partition) {
            Some(owned) => {
                owned.stop.cancel();
                tokio::spawn(async move {
                    let _ = owned.task.await;
                    releaser.released(partition);
                });
            }
            None => releaser.released(partition),
        }
    }
}
