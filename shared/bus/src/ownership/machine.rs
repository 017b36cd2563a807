//! What one instance does about the leases of its service. Pure: it is told what happened and what time it is, and
//! says what to do.
//!
//! The rules that keep a partition from having two owners:
//! - a lease is a key that the broker removes a TTL after it was last written. Whoever holds it counts from when it
//!   *sent* its last successful write, and gives up after 3/5 of the TTL;
//! - every write names the revision that it replaces, so of two writers one is refused;
//! - a write whose outcome is not known is looked up, never assumed;
//! - a key that ran out, rather than being given back, is left alone for half a TTL more: the broker's clock may have
//!   jumped.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use troupe_types::{Partition, PartitionCount};

use super::{assignment, lease::Moment};

/// The times that the rules are made of.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timing {
    /// How long after its last write the broker removes a key.
    pub(crate) ttl: Duration,
    /// How long an owner may take to let go before its lease is no longer renewed.
    pub(crate) grace: Duration,
}

impl Timing {
    /// How long after sending its last successful write a holder still holds.
    pub(crate) fn hold(self) -> Duration {
        self.ttl * 3 / 5
    }

    /// How often a lease is renewed.
    pub(crate) fn renew(self) -> Duration {
        self.ttl / 3
    }

    /// How soon a failed renewal is tried again.
    pub(crate) fn retry(self) -> Duration {
        self.ttl / 15
    }

    /// How long a key that ran out is left alone.
    pub(crate) fn settle(self) -> Duration {
        self.ttl / 2
    }
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Command {
    /// Write the lease over `revision`, and tell [`Machine::acquired`].
    Acquire { partition: Partition, revision: u64 },
    /// Write the lease over `revision`, and tell [`Machine::renewed`].
    Renew { partition: Partition, revision: u64 },
    /// Read the lease, and tell [`Machine::looked`].
    Look { partition: Partition },
    /// Remove the lease at `revision`, and tell [`Machine::removed`].
    Remove { partition: Partition, revision: u64 },
    /// The partition is ours until `deadline`.
    Begin { partition: Partition, epoch: u64, deadline: Moment },
    /// It stays ours until `deadline`.
    Extend { partition: Partition, deadline: Moment },
    /// Ask the owner to let go.
    Revoke { partition: Partition },
    /// It is no longer ours.
    Lose { partition: Partition },
}

/// What came of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was done and has this revision.
    Written(u64),
    /// It was not done: the key is at another revision.
    Refused,
    /// It was done, or not, or will be yet.
    Unknown,
}

/// What is known of a lease's key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Key {
    /// Nobody has it: it never was there, or was given back.
    Free,
    /// Nobody has it any longer: it ran out.
    Expired,
    /// This instance has it.
    Taken(String),
}

#[derive(Debug, Clone)]
struct Sight {
    key: Key,
    revision: u64,
    since: Moment,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Phase {
    /// Not ours.
    Idle,
    /// A write to take it was sent then, over that revision.
    Acquiring { sent: Moment, over: u64 },
    /// It is not known what came of that write; the key is being read.
    Asking { sent: Moment },
    /// Ours.
    Held(Hold),
    /// It was ours and ran out; the owner has not said yet that it let go.
    Lost,
    /// The key is being removed.
    Removing,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Hold {
    revision: u64,
    /// When the last successful write was sent.
    good: Moment,
    /// When the renewal that is under way was sent.
    renewing: Option<Moment>,
    /// The key is being read.
    looking: bool,
    /// When to renew next.
    due: Moment,
    /// When the owner was asked to let go.
    revoked: Option<Moment>,
    /// The owner has let go.
    released: bool,
}

#[derive(Debug, Clone)]
struct Slot {
    sight: Sight,
    phase: Phase,
}

/// The leases of a service as one instance sees them.
#[derive(Debug, Clone)]
pub(crate) struct Machine {
    me: String,
    timing: Timing,
    members: BTreeSet<String>,
    /// Everything that there is has been seen at least once.
    current: bool,
    leaving: bool,
    slots: BTreeMap<Partition, Slot>,
}

impl Machine {
    pub(crate) fn new(me: &str, count: PartitionCount, timing: Timing) -> Self {
        let sight = Sight { key: Key::Free, revision: 0, since: Moment::ZERO };
        let slot = Slot { sight, phase: Phase::Idle };
        Self {
            me: me.to_owned(),
            timing,
            members: BTreeSet::from([me.to_owned()]),
            current: false,
            leaving: false,
            slots: count.all().map(|partition| (partition, slot.clone())).collect(),
        }
    }

    /// A member is there.
    pub(crate) fn member_came(&mut self, member: &str) {
        self.members.insert(member.to_owned());
    }

    /// A member is gone. We are always there, whatever others think.
    pub(crate) fn member_went(&mut self, member: &str) {
        if member != self.me {
            self.members.remove(member);
        }
    }

    /// Everything that there is has been seen.
    pub(crate) fn is_current(&mut self) {
        self.current = true;
    }

    /// Takes nothing any more and lets go of everything.
    pub(crate) fn leave(&mut self) {
        self.leaving = true;
    }

    /// Whether everything has been let go of, after [`Machine::leave`].
    pub(crate) fn has_left(&self) -> bool {
        self.leaving && self.slots.values().all(|slot| slot.phase == Phase::Idle)
    }

    /// The key of a lease was seen. Revision 0: it is gone without a trace.
    pub(crate) fn saw(&mut self, now: Moment, partition: Partition, key: Key, revision: u64) {
        let Some(slot) = self.slots.get_mut(&partition) else { return };
        // What is seen may be older than what is known from our own writes.
        if revision == 0 || revision > slot.sight.revision {
            slot.sight = Sight { key, revision, since: now };
        }
    }

    /// The owner has let go of a partition.
    pub(crate) fn released(&mut self, partition: Partition) {
        let Some(slot) = self.slots.get_mut(&partition) else { return };
        match &mut slot.phase {
            Phase::Held(hold) => hold.released = true,
            Phase::Lost => slot.phase = Phase::Idle,
            Phase::Idle | Phase::Acquiring { .. } | Phase::Asking { .. } | Phase::Removing => {}
        }
    }

    /// Tells what came of [`Command::Acquire`].
    pub(crate) fn acquired(&mut self, now: Moment, partition: Partition, outcome: Outcome) -> Vec<Command> {
        let wanted = self.wants(partition);
        let Some(slot) = self.slots.get_mut(&partition) else { return Vec::new() };
        let Phase::Acquiring { sent, over } = slot.phase else { return Vec::new() };
        match outcome {
            Outcome::Written(revision) => {
                begin(slot, partition, revision, sent, now, self.timing, wanted, &self.me)
            }
            Outcome::Refused if slot.sight.revision != over => {
                // Something newer was seen meanwhile; it tells what to do.
                slot.phase = Phase::Idle;
                Vec::new()
            }
            Outcome::Refused | Outcome::Unknown => {
                slot.phase = Phase::Asking { sent };
                vec![Command::Look { partition }]
            }
        }
    }

    /// Tells what came of [`Command::Renew`].
    pub(crate) fn renewed(&mut self, now: Moment, partition: Partition, outcome: Outcome) -> Vec<Command> {
        let Some(slot) = self.slots.get_mut(&partition) else { return Vec::new() };
        let Phase::Held(hold) = &mut slot.phase else { return Vec::new() };
        let Some(sent) = hold.renewing.take() else { return Vec::new() };
        match outcome {
            Outcome::Written(revision) => {
                hold.revision = revision;
                hold.good = sent;
                hold.due = sent + self.timing.renew();
                vec![Command::Extend { partition, deadline: sent + self.timing.hold() }]
            }
            Outcome::Refused => {
                // An earlier renewal whose outcome was not known may have been done after all.
                hold.looking = true;
                vec![Command::Look { partition }]
            }
            Outcome::Unknown => {
                hold.due = now + self.timing.retry();
                Vec::new()
            }
        }
    }

    /// Tells what came of [`Command::Look`]; `None`: it could not be read.
    pub(crate) fn looked(
        &mut self,
        now: Moment,
        partition: Partition,
        found: Option<(Key, u64)>,
    ) -> Vec<Command> {
        let wanted = self.wants(partition);
        if let Some((key, revision)) = &found {
            self.saw(now, partition, key.clone(), *revision);
        }
        let Some(slot) = self.slots.get_mut(&partition) else { return Vec::new() };
        match (&mut slot.phase, found) {
            (Phase::Asking { sent }, Some((Key::Taken(owner), revision))) if owner == self.me => {
                let sent = *sent;
                begin(slot, partition, revision, sent, now, self.timing, wanted, &self.me)
            }
            // If the write is done later, it is seen then.
            (Phase::Asking { .. }, _) => {
                slot.phase = Phase::Idle;
                Vec::new()
            }
            (Phase::Held(hold), Some((Key::Taken(owner), revision))) if owner == self.me => {
                hold.looking = false;
                hold.revision = revision;
                hold.due = now;
                Vec::new()
            }
            (Phase::Held(hold), None) => {
                hold.looking = false;
                hold.due = now + self.timing.retry();
                Vec::new()
            }
            (Phase::Held(_), Some(_)) => lose(slot, partition),
            (Phase::Idle | Phase::Acquiring { .. } | Phase::Lost | Phase::Removing, _) => Vec::new(),
        }
    }

    /// Tells what came of [`Command::Remove`].
    pub(crate) fn removed(&mut self, now: Moment, partition: Partition, outcome: Outcome) {
        if let Outcome::Written(revision) = outcome {
            self.saw(now, partition, Key::Free, revision);
        }
        // If it was not done, the key runs out by itself.
        let Some(slot) = self.slots.get_mut(&partition) else { return };
        if slot.phase == Phase::Removing {
            slot.phase = Phase::Idle;
        }
    }

    /// Says what there is to do now.
    pub(crate) fn tick(&mut self, now: Moment) -> Vec<Command> {
        let mut commands = Vec::new();
        let partitions: Vec<Partition> = self.slots.keys().copied().collect();
        for partition in partitions {
            let wanted = self.wants(partition);
            let (timing, me) = (self.timing, self.me.as_str());
            let Some(slot) = self.slots.get_mut(&partition) else { continue };
            match &mut slot.phase {
                Phase::Idle if wanted => {
                    let open = match &slot.sight.key {
                        Key::Free => true,
                        Key::Expired => now >= slot.sight.since + timing.settle(),
                        // A write of ours was done after it had been given up.
                        Key::Taken(owner) => owner == me,
                    };
                    if open {
                        let revision = slot.sight.revision;
                        slot.phase = Phase::Acquiring { sent: now, over: revision };
                        commands.push(Command::Acquire { partition, revision });
                    }
                }
                Phase::Held(hold) => {
                    if now >= hold.good + timing.hold() {
                        commands.extend(lose(slot, partition));
                        continue;
                    }
                    if !wanted && hold.revoked.is_none() && !hold.released {
                        hold.revoked = Some(now);
                        commands.push(Command::Revoke { partition });
                    }
                    if hold.renewing.is_some() || hold.looking {
                        continue;
                    }
                    let overdue = hold.revoked.is_some_and(|revoked| now >= revoked + timing.grace);
                    if hold.released {
                        let revision = hold.revision;
                        slot.phase = Phase::Removing;
                        commands.push(Command::Remove { partition, revision });
                    } else if now >= hold.due && !overdue {
                        hold.renewing = Some(now);
                        commands.push(Command::Renew { partition, revision: hold.revision });
                    }
                }
                Phase::Idle
                | Phase::Acquiring { .. }
                | Phase::Asking { .. }
                | Phase::Lost
                | Phase::Removing => {}
            }
        }
        commands
    }

    fn wants(&self, partition: Partition) -> bool {
        self.current
            && !self.leaving
            && assignment::owner(partition, &self.members).is_some_and(|owner| owner == self.me)
    }
}

/// The write that was sent at `sent` was done: the partition is ours, unless that took too long or it is not wanted
/// any more.
#[expect(
    clippy::too_many_arguments,
    reason = "a step of the machine, split off because it is taken in two places"
)]
fn begin(
    slot: &mut Slot,
    partition: Partition,
    revision: u64,
    sent: Moment,
    now: Moment,
    timing: Timing,
    wanted: bool,
    me: &str,
) -> Vec<Command> {
    if revision > slot.sight.revision {
        slot.sight = Sight { key: Key::Taken(me.to_owned()), revision, since: now };
    }
    let deadline = sent + timing.hold();
    if now >= deadline || !wanted {
        slot.phase = Phase::Removing;
        return vec![Command::Remove { partition, revision }];
    }
    slot.phase = Phase::Held(Hold {
        revision,
        good: sent,
        renewing: None,
        looking: false,
        due: sent + timing.renew(),
        revoked: None,
        released: false,
    });
    vec![Command::Begin { partition, epoch: revision, deadline }]
}

/// The partition is no longer ours. If its owner has let go already, nobody has to be told.
fn lose(slot: &mut Slot, partition: Partition) -> Vec<Command> {
    let (released, revoked) = match &slot.phase {
        Phase::Held(hold) => (hold.released, hold.revoked.is_some()),
        _ => return Vec::new(),
    };
    slot.phase = if released { Phase::Idle } else { Phase::Lost };
    let mut commands = vec![Command::Lose { partition }];
    if !released && !revoked {
        commands.push(Command::Revoke { partition });
    }
    commands
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_holder_gives_up_well_before_its_key_expires_and_the_next_one_waits_until_well_after() {
        for seconds in [2, 3, 15, 3600] {
            let ttl = Duration::from_secs(seconds);
            let timing = Timing { ttl, grace: Duration::ZERO };
            assert!(timing.hold() <= ttl * 2 / 3);
            assert!(timing.settle() >= ttl / 2);
            // A renewal may be lost, and even the one after it, before the lease is.
            assert!(timing.renew() + 2 * timing.retry() < timing.hold());
        }
    }
}
