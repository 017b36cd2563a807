use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use futures::{StreamExt, future::BoxFuture, stream::FuturesUnordered};
use serde::{Deserialize, Serialize};
use tokio::{
    sync::mpsc,
    task::JoinHandle,
    time::{MissedTickBehavior, interval},
};
use tokio_util::sync::CancellationToken;
use troupe_protocol::Bucket;
use troupe_types::Partition;

use super::{
    lease::{Fence, Lease, Moment, now},
    machine::{Command, Key, Machine, Outcome, Timing},
};
use crate::{Bus, Error, Records, records::Raw, watch::RawChange};

/// What an owner is told.
#[derive(Debug, Clone)]
pub enum Change {
    /// The partition is this instance's, for as long as the lease is valid.
    Acquired(Partition, Lease),
    /// Let go of the partition, then say so: [`Ownership::released`]. The lease stays valid meanwhile, for a while.
    Revoke(Partition),
}

/// This instance's share of the partitions. If it is dropped, its leases are lost in a moment, but others have to wait
/// until they run out: cancel `stop` and let go of everything to leave in good order.
#[derive(Debug)]
pub struct Ownership {
    changes: mpsc::UnboundedReceiver<Change>,
    releaser: Releaser,
    task: JoinHandle<()>,
}

/// Tells that a partition was let go of; for the tasks that own one each.
#[derive(Debug, Clone)]
pub struct Releaser {
    release: mpsc::UnboundedSender<Partition>,
}

impl Releaser {
    /// This instance has let go of `partition`: somebody else may have it at once.
    pub fn released(&self, partition: Partition) {
        // Nobody listens when the ownership is gone; then the lease runs out.
        let _ = self.release.send(partition);
    }
}

impl Ownership {
    /// Waits for the next change; `None` when everything was let go of after `stop`. Nothing is lost if it is dropped
    /// half-way.
    ///
    /// After [`Change::Revoke`] let go of the partition and call [`Ownership::released`]. If `Lease::lost` is
    /// cancelled there is no time left to do it in good order, but it still has to be said.
    pub async fn next(&mut self) -> Option<Change> {
        self.changes.recv().await
    }

    /// This instance has let go of `partition`: somebody else may have it at once.
    pub fn released(&self, partition: Partition) {
        self.releaser.released(partition);
    }

    /// The same, for the tasks that own a partition each.
    pub fn releaser(&self) -> Releaser {
        self.releaser.clone()
    }
}

impl Drop for Ownership {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// What is kept under the keys of members and leases.
#[derive(Debug, Serialize, Deserialize)]
struct Holder {
    instance: String,
}

/// Joins the instances of `service` under the name of `instance`, which no other one may have. Leaves when `stop` is
/// cancelled.
///
/// # Errors
/// If the thread that guards leases cannot be started. A broker that is away is waited for.
pub fn join(bus: &Bus, service: &str, instance: &str, stop: CancellationToken) -> Result<Ownership, Error> {
    let fence =
        Fence::start().map_err(|source| Error::Setup { what: "leases".to_owned(), source: source.into() })?;
    let timing = Timing { ttl: bus.config().lease_ttl, grace: bus.config().release_grace };
    let (tell, changes) = mpsc::unbounded_channel();
    let (release, released) = mpsc::unbounded_channel();
    let shell = Shell {
        keys: Keys { service: service.to_owned(), ttl: timing.ttl.as_secs() },
        records: bus.bucket(Bucket::Owners),
        instance: instance.to_owned(),
        machine: Machine::new(instance, bus.partitions(), timing),
        timing,
        fence,
        leases: BTreeMap::new(),
        tell,
        under_way: FuturesUnordered::new(),
    };
    let task = tokio::spawn(shell.run(released, stop));
    Ok(Ownership { changes, releaser: Releaser { release }, task })
}

/// The instances of `service` that are alive, as far as the broker knows: one that was killed is listed until its key
/// expires.
///
/// # Errors
/// If the broker does not answer.
pub async fn members(bus: &Bus, service: &str) -> Result<Vec<String>, Error> {
    let keys = Keys { service: service.to_owned(), ttl: bus.config().lease_ttl.as_secs() };
    let prefix = keys.members();
    let members = bus.bucket(Bucket::Owners).keys(&prefix).await?;
    Ok(members.iter().filter_map(|key| key.strip_prefix(&prefix)).map(str::to_owned).collect())
}

/// The instance of `service` that holds the lease on `partition`, as far as the broker knows: one that was killed holds it
/// until its key expires.
///
/// # Errors
/// If the broker does not answer.
pub async fn owner(bus: &Bus, service: &str, partition: Partition) -> Result<Option<String>, Error> {
    let keys = Keys { service: service.to_owned(), ttl: bus.config().lease_ttl.as_secs() };
    let found = bus.bucket(Bucket::Owners).get::<Holder>(&keys.lease(partition)).await?;
    Ok(found.map(|entry| entry.value.instance))
}

/// As [`owner`], of all partitions that have one.
///
/// # Errors
/// If the broker does not answer.
pub async fn owners(bus: &Bus, service: &str) -> Result<BTreeMap<Partition, String>, Error> {
    let keys = Keys { service: service.to_owned(), ttl: bus.config().lease_ttl.as_secs() };
    let prefix = keys.leases();
    let leases = bus.bucket(Bucket::Owners).all::<Holder>(&prefix).await?;
    let partition = |key: String| key.strip_prefix(&prefix)?.parse().ok();
    Ok(leases.into_iter().filter_map(|(key, holder)| Some((partition(key)?, holder.instance))).collect())
}

/// The names and the lifetime of keys.
#[derive(Debug, Clone)]
struct Keys {
    service: String,
    ttl: u64,
}

/// How long it stays visible that a key was given back.
const MARKER_SECONDS: u64 = 60;

impl Keys {
    fn members(&self) -> String {
        format!("member.{}.", self.service)
    }

    fn member(&self, instance: &str) -> String {
        format!("{}{instance}", self.members())
    }

    fn leases(&self) -> String {
        format!("lease.{}.", self.service)
    }

    fn lease(&self, partition: Partition) -> String {
        format!("{}{partition}", self.leases())
    }
}

/// What came of a command.
#[derive(Debug)]
enum Done {
    Acquired(Partition, Outcome),
    Renewed(Partition, Outcome),
    Looked(Partition, Option<(Key, u64)>),
    Removed(Partition, Outcome),
}

/// Carries out what the machine says.
struct Shell {
    keys: Keys,
    records: Records,
    instance: String,
    machine: Machine,
    timing: Timing,
    fence: Fence,
    leases: BTreeMap<Partition, Lease>,
    tell: mpsc::UnboundedSender<Change>,
    under_way: FuturesUnordered<BoxFuture<'static, Done>>,
}

impl Shell {
    async fn run(mut self, mut released: mpsc::UnboundedReceiver<Partition>, stop: CancellationToken) {
        // It ends when this is dropped, which is also when the ownership is.
        let announced = CancellationToken::new();
        let _withdraw = announced.clone().drop_guard();
        let announcing = tokio::spawn(announced.clone().run_until_cancelled_owned(announce(
            self.records.clone(),
            self.keys.clone(),
            self.instance.clone(),
            self.timing,
        )));
        let mut members = self.records.watch_raw(&self.keys.members());
        let mut leases = self.records.watch_raw(&self.keys.leases());
        let mut listed = (false, false);
        let mut ticks = interval((self.timing.ttl / 30).min(Duration::from_millis(500)));
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                biased;
                Some(partition) = released.recv() => self.machine.released(partition),
                Some(done) = self.under_way.next() => self.done(done),
                Some(change) = members.next() => listed.0 |= self.saw_member(change),
                Some(change) = leases.next() => listed.1 |= self.saw_lease(change),
                () = stop.cancelled() => {
                    self.machine.leave();
                    // First of all: the others can take each partition as soon as it is let go of.
                    announced.cancel();
                    let _ = announcing.await;
                    withdraw(self.records.clone(), self.keys.member(&self.instance)).await;
                    break;
                }
                _ = ticks.tick() => {}
            }
            if listed == (true, true) {
                self.machine.is_current();
            }
            self.tick();
        }
        self.tick();
        while !self.machine.has_left() {
            tokio::select! {
                biased;
                Some(partition) = released.recv() => self.machine.released(partition),
                Some(done) = self.under_way.next() => self.done(done),
                _ = ticks.tick() => {}
            }
            self.tick();
        }
        tracing::info!(service = self.keys.service, instance = self.instance, "left");
    }

    /// Returns whether all members have been listed.
    fn saw_member(&mut self, change: RawChange) -> bool {
        let prefix = self.keys.members();
        match change {
            RawChange::Put { key, .. } => {
                if let Some(member) = key.strip_prefix(&prefix) {
                    tracing::debug!(service = self.keys.service, member, "an instance is there");
                    self.machine.member_came(member);
                }
                false
            }
            RawChange::Deleted { key, .. } => {
                if let Some(member) = key.strip_prefix(&prefix) {
                    tracing::debug!(service = self.keys.service, member, "an instance is gone");
                    self.machine.member_went(member);
                }
                false
            }
            RawChange::Current => true,
        }
    }

    /// Returns whether all leases have been listed.
    fn saw_lease(&mut self, change: RawChange) -> bool {
        let prefix = self.keys.leases();
        let partition = |key: &str| key.strip_prefix(&prefix)?.parse().ok();
        match change {
            RawChange::Put { key, revision, value } => {
                if let Some(partition) = partition(&key) {
                    self.machine.saw(now(), partition, taken(&value), revision);
                }
                false
            }
            RawChange::Deleted { key, revision, expired } => {
                if let Some(partition) = partition(&key) {
                    let key = if expired { Key::Expired } else { Key::Free };
                    self.machine.saw(now(), partition, key, revision);
                }
                false
            }
            RawChange::Current => true,
        }
    }

    fn done(&mut self, done: Done) {
        let now = now();
        let commands = match done {
            Done::Acquired(partition, outcome) => self.machine.acquired(now, partition, outcome),
            Done::Renewed(partition, outcome) => self.machine.renewed(now, partition, outcome),
            Done::Looked(partition, found) => self.machine.looked(now, partition, found),
            Done::Removed(partition, outcome) => {
                self.machine.removed(now, partition, outcome);
                Vec::new()
            }
        };
        self.carry_out(commands);
    }

    fn tick(&mut self) {
        let commands = self.machine.tick(now());
        self.carry_out(commands);
    }

    fn carry_out(&mut self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Acquire { partition, revision } => {
                    let write = self.write(partition, revision);
                    self.under_way.push(Box::pin(async move { Done::Acquired(partition, write.await) }));
                }
                Command::Renew { partition, revision } => {
                    let write = self.write(partition, revision);
                    self.under_way.push(Box::pin(async move { Done::Renewed(partition, write.await) }));
                }
                Command::Look { partition } => {
                    let (records, key) = (self.records.clone(), self.keys.lease(partition));
                    self.under_way.push(Box::pin(async move {
                        let found = match records.raw(&key).await {
                            Ok(None) => Some((Key::Expired, 0)),
                            Ok(Some(Raw { revision, value: None })) => Some((Key::Expired, revision)),
                            Ok(Some(Raw { revision, value: Some(value) })) => Some((taken(&value), revision)),
                            Err(_) => None,
                        };
                        Done::Looked(partition, found)
                    }));
                }
                Command::Remove { partition, revision } => {
                    if let Some(lease) = self.leases.remove(&partition) {
                        // Whoever still has a clone of it must not believe in it.
                        lease.extend(Moment::ZERO);
                    }
                    let (records, key) = (self.records.clone(), self.keys.lease(partition));
                    self.under_way.push(Box::pin(async move {
                        let removed = records.remove(&key, Some(revision), MARKER_SECONDS).await;
                        Done::Removed(partition, outcome(&removed))
                    }));
                }
                Command::Begin { partition, epoch, deadline } => {
                    tracing::info!(service = self.keys.service, %partition, epoch, "acquired");
                    let lease = Lease::new(epoch, deadline);
                    self.fence.watch(lease.clone());
                    self.leases.insert(partition, lease.clone());
                    let _ = self.tell.send(Change::Acquired(partition, lease));
                }
                Command::Extend { partition, deadline } => {
                    if let Some(lease) = self.leases.get(&partition) {
                        lease.extend(deadline);
                    }
                }
                Command::Revoke { partition } => {
                    let _ = self.tell.send(Change::Revoke(partition));
                }
                Command::Lose { partition } => {
                    tracing::error!(service = self.keys.service, %partition, "lost a lease");
                    if let Some(lease) = self.leases.remove(&partition) {
                        lease.lost.cancel();
                    }
                }
            }
        }
    }

    fn write(&self, partition: Partition, revision: u64) -> impl Future<Output = Outcome> + use<> {
        let (records, key, ttl) = (self.records.clone(), self.keys.lease(partition), self.keys.ttl);
        let value = holder(&self.instance);
        async move { outcome(&records.write(&key, value, Some(revision), Some(ttl)).await) }
    }
}

/// Removes the member's key.
async fn withdraw(records: Records, key: String) {
    if let Err(error) = records.remove(&key, None, MARKER_SECONDS).await {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "others will notice later that this one left"
        );
    }
}

/// Keeps the member's key alive.
async fn announce(records: Records, keys: Keys, instance: String, timing: Timing) {
    let key = keys.member(&instance);
    loop {
        let written = records.write(&key, holder(&instance), None, Some(keys.ttl)).await;
        let pause = match written {
            Ok(_) => timing.renew(),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot announce this instance");
                timing.retry()
            }
        };
        tokio::time::sleep(pause).await;
    }
}

fn holder(instance: &str) -> Bytes {
    let holder = Holder { instance: instance.to_owned() };
    serde_json::to_vec(&holder).expect("a text can be written as JSON").into()
}

fn taken(value: &[u8]) -> Key {
    // What cannot be read is somebody's, and not ours.
    Key::Taken(serde_json::from_slice::<Holder>(value).map(|holder| holder.instance).unwrap_or_default())
}

fn outcome(written: &Result<u64, Error>) -> Outcome {
    match written {
        Ok(revision) => Outcome::Written(*revision),
        Err(Error::Conflict { .. }) => Outcome::Refused,
        Err(_) => Outcome::Unknown,
    }
}
