//! Many instances on a simulated broker with everything that can go wrong, from one seed: writes that are late, lost,
//! or done without anybody knowing; watches that lag; instances that freeze, die, come and leave; owners that are
//! slow to let go; a broker whose clock jumps ahead. The machine must never let two of them hold a partition, and must share all of them out when the
//! trouble is over.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    time::Duration,
};

use proptest::prelude::*;
use troupe_types::{Partition, PartitionCount};

use super::{
    assignment,
    lease::Moment,
    machine::{Command, Key, Machine, Outcome, Timing},
};

const STEP: Duration = Duration::from_millis(20);
const TTL: Duration = Duration::from_secs(3);
const PARTITIONS: PartitionCount = PartitionCount::new(6).expect("6 is not zero");

/// Chance from a seed: xorshift64*.
struct Dice(u64);

impl Dice {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % end
    }

    fn one_in(&mut self, count: u64) -> bool {
        self.below(count) == 0
    }

    fn millis(&mut self, end: u64) -> Duration {
        Duration::from_millis(self.below(end))
    }
}

/// A lease's key at the broker.
#[derive(Clone)]
struct Stored {
    key: Key,
    revision: u64,
    until: Moment,
}

/// The broker: keys that expire, and a log that watches follow.
#[derive(Default)]
struct Broker {
    /// How far the broker's clock has jumped ahead, and when it did so last.
    ahead: Duration,
    jumped: Moment,
    keys: BTreeMap<Partition, Stored>,
    revision: u64,
    log: Vec<(Partition, Key, u64)>,
}

impl Broker {
    fn write(&mut self, now: Moment, partition: Partition, key: Key, over: u64) -> Option<u64> {
        if self.keys.get(&partition).map_or(0, |stored| stored.revision) != over {
            return None;
        }
        Some(self.put(now, partition, key))
    }

    fn put(&mut self, now: Moment, partition: Partition, key: Key) -> u64 {
        self.revision += 1;
        let stored = Stored { key: key.clone(), revision: self.revision, until: now + self.ahead + TTL };
        self.keys.insert(partition, stored);
        self.log.push((partition, key, self.revision));
        self.revision
    }

    fn expire(&mut self, now: Moment) {
        let gone: Vec<Partition> = self
            .keys
            .iter()
            .filter(|(_, stored)| matches!(stored.key, Key::Taken(_)) && now + self.ahead >= stored.until)
            .map(|(partition, _)| *partition)
            .collect();
        for partition in gone {
            self.put(now, partition, Key::Expired);
        }
    }
}

/// Something on its way to the broker.
struct Letter {
    arrives: Moment,
    from: usize,
    /// The sender has given up waiting for the answer.
    orphan: bool,
    command: Command,
}

/// An answer on its way to an instance.
enum Answer {
    Acquired(Partition, Outcome),
    Renewed(Partition, Outcome),
    Looked(Partition, Option<(Key, u64)>),
    Removed(Partition, Outcome),
}

/// What the user of one instance believes.
struct Owned {
    deadline: Moment,
    /// When it will have let go, once it was asked to.
    lets_go: Option<Moment>,
}

struct Instance {
    name: String,
    machine: Machine,
    alive: bool,
    frozen_until: Moment,
    seen: usize,
    answers: VecDeque<(Moment, Answer)>,
    owned: BTreeMap<Partition, Owned>,
    left: bool,
}

struct World {
    now: Moment,
    dice: Dice,
    broker: Broker,
    letters: Vec<Letter>,
    instances: Vec<Instance>,
    trouble: bool,
}

impl World {
    fn new(seed: u64) -> Self {
        Self {
            now: Duration::from_secs(1000),
            dice: Dice(seed | 1),
            broker: Broker::default(),
            letters: Vec::new(),
            instances: Vec::new(),
            trouble: true,
        }
    }

    fn start_one(&mut self) {
        let name = format!("i{}", self.instances.len());
        let timing = Timing { ttl: TTL, grace: Duration::from_secs(2) };
        let machine = Machine::new(&name, PARTITIONS, timing);
        self.instances.push(Instance {
            name,
            machine,
            alive: true,
            frozen_until: Moment::ZERO,
            seen: 0,
            answers: VecDeque::new(),
            owned: BTreeMap::new(),
            left: false,
        });
    }

    fn step(&mut self) {
        self.now += STEP;
        self.broker.expire(self.now);
        if self.trouble {
            self.misfortune();
        }
        self.deliver();
        let members: BTreeSet<String> = self
            .instances
            .iter()
            .filter(|instance| instance.alive && !instance.left)
            .map(|instance| instance.name.clone())
            .collect();
        for index in 0..self.instances.len() {
            self.run(index, &members);
        }
        self.check();
    }

    fn misfortune(&mut self) {
        let alive = self.instances.iter().filter(|instance| instance.alive).count();
        if self.dice.one_in(200) && self.instances.len() < 8 {
            self.start_one();
        }
        let index = usize::try_from(self.dice.below(self.instances.len() as u64)).unwrap();
        if self.now > self.broker.jumped + TTL * 2 && self.dice.one_in(400) {
            self.broker.ahead += TTL * 4 / 5;
            self.broker.jumped = self.now;
        }
        match self.dice.below(600) {
            0 if alive > 1 => self.instances[index].alive = false,
            1 if alive > 1 => self.instances[index].machine.leave(),
            2 | 3 => self.instances[index].frozen_until = self.now + self.dice.millis(8000),
            _ => {}
        }
    }

    /// The broker takes what has arrived, and answers.
    fn deliver(&mut self) {
        let (arrived, rest): (Vec<_>, Vec<_>) =
            std::mem::take(&mut self.letters).into_iter().partition(|letter| letter.arrives <= self.now);
        self.letters = rest;
        for Letter { from, command, orphan, .. } in arrived {
            let me = Key::Taken(self.instances[from].name.clone());
            let now = self.now;
            let outcome = |written: Option<u64>| written.map_or(Outcome::Refused, Outcome::Written);
            let answer = match command {
                Command::Acquire { partition, revision } => {
                    Answer::Acquired(partition, outcome(self.broker.write(now, partition, me, revision)))
                }
                Command::Renew { partition, revision } => {
                    Answer::Renewed(partition, outcome(self.broker.write(now, partition, me, revision)))
                }
                Command::Remove { partition, revision } => {
                    let written = self.broker.write(now, partition, Key::Free, revision);
                    Answer::Removed(partition, outcome(written))
                }
                Command::Look { partition } => {
                    let found = self.broker.keys.get(&partition);
                    let found =
                        found.map_or((Key::Expired, 0), |stored| (stored.key.clone(), stored.revision));
                    Answer::Looked(partition, Some(found))
                }
                _ => unreachable!("only these go to the broker"),
            };
            if !orphan {
                let delay = self.dice.millis(100);
                self.instances[from].answers.push_back((self.now + delay, answer));
            }
        }
    }

    fn run(&mut self, index: usize, members: &BTreeSet<String>) {
        let instance = &mut self.instances[index];
        if !instance.alive || instance.left || self.now < instance.frozen_until {
            return;
        }
        let mut commands = Vec::new();
        // Members are seen late, each by itself.
        if self.dice.one_in(3) {
            for other in 0..8 {
                let other = format!("i{other}");
                if members.contains(&other) {
                    instance.machine.member_came(&other);
                } else {
                    instance.machine.member_went(&other);
                }
            }
        }
        while instance.seen < self.broker.log.len() && !self.dice.one_in(4) {
            let (partition, key, revision) = self.broker.log[instance.seen].clone();
            instance.machine.saw(self.now, partition, key, revision);
            instance.seen += 1;
        }
        if instance.seen == self.broker.log.len() {
            instance.machine.is_current();
        }
        let mut waiting = VecDeque::new();
        while let Some((arrives, answer)) = instance.answers.pop_front() {
            if arrives > self.now {
                waiting.push_back((arrives, answer));
                continue;
            }
            let now = self.now;
            commands.extend(match answer {
                Answer::Acquired(partition, outcome) => instance.machine.acquired(now, partition, outcome),
                Answer::Renewed(partition, outcome) => instance.machine.renewed(now, partition, outcome),
                Answer::Looked(partition, found) => instance.machine.looked(now, partition, found),
                Answer::Removed(partition, outcome) => {
                    instance.machine.removed(now, partition, outcome);
                    Vec::new()
                }
            });
        }
        instance.answers = waiting;
        let let_go: Vec<Partition> = instance
            .owned
            .iter()
            .filter(|(_, owned)| owned.lets_go.is_some_and(|at| self.now >= at))
            .map(|(partition, _)| *partition)
            .collect();
        for partition in let_go {
            instance.owned.remove(&partition);
            instance.machine.released(partition);
        }
        commands.extend(instance.machine.tick(self.now));
        instance.left = instance.machine.has_left();
        for command in commands {
            self.carry_out(index, command);
        }
    }

    fn carry_out(&mut self, index: usize, command: Command) {
        let instance = &mut self.instances[index];
        match command {
            Command::Begin { partition, deadline, .. } => {
                let before = instance.owned.insert(partition, Owned { deadline, lets_go: None });
                assert!(before.is_none(), "acquired before the last owner let go");
            }
            Command::Extend { partition, deadline } => {
                if let Some(owned) = instance.owned.get_mut(&partition) {
                    owned.deadline = deadline;
                }
            }
            Command::Revoke { partition } => {
                // Some owners never let go in good order.
                let patience = if self.trouble && self.dice.one_in(10) { 20_000 } else { 500 };
                let at = self.now + self.dice.millis(patience);
                if let Some(owned) = instance.owned.get_mut(&partition) {
                    owned.lets_go.get_or_insert(at);
                }
            }
            Command::Lose { partition } => {
                if let Some(owned) = instance.owned.get_mut(&partition) {
                    owned.deadline = Moment::ZERO;
                }
            }
            Command::Acquire { .. }
            | Command::Renew { .. }
            | Command::Look { .. }
            | Command::Remove { .. } => {
                self.send(index, command);
            }
        }
    }

    fn send(&mut self, from: usize, command: Command) {
        let lost = self.trouble && self.dice.one_in(8);
        let delay = self.dice.millis(if self.trouble { 150 } else { 30 });
        if !lost {
            self.letters.push(Letter { arrives: self.now + delay, from, orphan: false, command });
            return;
        }
        // The sender gives up waiting. The broker gets it never, in time, or much later.
        let answer = match &command {
            Command::Acquire { partition, .. } => Answer::Acquired(*partition, Outcome::Unknown),
            Command::Renew { partition, .. } => Answer::Renewed(*partition, Outcome::Unknown),
            Command::Remove { partition, .. } => Answer::Removed(*partition, Outcome::Unknown),
            Command::Look { partition } => Answer::Looked(*partition, None),
            _ => unreachable!("only these go to the broker"),
        };
        self.instances[from].answers.push_back((self.now + Duration::from_millis(400), answer));
        if !self.dice.one_in(3) {
            let arrives = self.now + self.dice.millis(6000);
            self.letters.push(Letter { arrives, from, orphan: true, command });
        }
    }

    /// No partition has two owners who may believe in it. A dead one counts until its time is up: what it sent may
    /// still be under way.
    fn check(&self) {
        for partition in PARTITIONS.all() {
            let owners: Vec<&str> = self
                .instances
                .iter()
                .filter(|instance| {
                    instance.owned.get(&partition).is_some_and(|owned| self.now < owned.deadline)
                })
                .map(|instance| instance.name.as_str())
                .collect();
            assert!(owners.len() <= 1, "partition {partition} has the owners {owners:?} at {:?}", self.now);
        }
    }

    /// Whether each partition is with the one who should have it.
    fn is_shared_out(&self) -> bool {
        let members: BTreeSet<String> = self
            .instances
            .iter()
            .filter(|instance| instance.alive && !instance.left)
            .map(|instance| instance.name.clone())
            .collect();
        PARTITIONS.all().all(|partition| {
            let should = assignment::owner(partition, &members);
            self.instances.iter().any(|instance| {
                Some(instance.name.as_str()) == should
                    && instance.owned.get(&partition).is_some_and(|owned| self.now < owned.deadline)
            })
        })
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn never_two_owners_and_in_the_end_everything_is_owned(seed: u64) {
        let mut world = World::new(seed);
        world.start_one();
        world.start_one();
        for _ in 0..3000 {
            world.step();
        }
        world.trouble = false;
        let steps = (0..2000).take_while(|_| { world.step(); !world.is_shared_out() }).count();
        let alive = world.instances.iter().any(|instance| instance.alive && !instance.left);
        prop_assert!(!alive || steps < 2000, "not shared out after 40 s of peace");
    }
}
