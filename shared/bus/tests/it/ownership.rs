use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
    time::Duration,
};

use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use troupe_bus::{
    Bus,
    ownership::{Change, Lease, Ownership, join},
};
use troupe_dev::servers::Nats;
use troupe_types::Partition;

use crate::{connect, server, soon};

/// Who believes to own what, as all instances of a test see it; refuses a second owner.
#[derive(Clone, Default)]
struct Board {
    owners: Arc<Mutex<BTreeMap<Partition, (String, Lease)>>>,
}

impl Board {
    fn acquire(&self, partition: Partition, instance: &str, lease: &Lease) {
        let mut owners = self.owners.lock().unwrap();
        if let Some((owner, before)) = owners.insert(partition, (instance.to_owned(), lease.clone())) {
            assert!(!before.valid(), "{partition} is {owner}'s, and now {instance}'s too");
            assert!(lease.epoch > before.epoch, "epochs grow");
        }
    }

    fn release(&self, partition: Partition, instance: &str) {
        let mut owners = self.owners.lock().unwrap();
        if owners.get(&partition).is_some_and(|(owner, _)| owner == instance) {
            owners.remove(&partition);
        }
    }

    /// How many partitions `instance` owns.
    fn share(&self, instance: &str) -> usize {
        let owners = self.owners.lock().unwrap();
        owners.values().filter(|(owner, lease)| owner == instance && lease.valid()).count()
    }

    fn leases(&self, instance: &str) -> BTreeMap<Partition, Lease> {
        let owners = self.owners.lock().unwrap();
        owners
            .iter()
            .filter(|(_, (owner, _))| owner == instance)
            .map(|(partition, (_, lease))| (*partition, lease.clone()))
            .collect()
    }

    async fn until(&self, shares: &[(&str, usize)]) {
        soon(async {
            while shares.iter().any(|(instance, share)| self.share(instance) != *share) {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        })
        .await;
    }
}

/// An instance that lets go of what it is asked for.
struct Instance {
    stop: CancellationToken,
    task: JoinHandle<Ownership>,
}

async fn start(nats: &Nats, name: &'static str, board: &Board) -> Instance {
    let bus = connect(nats).await;
    start_on(&bus, name, board)
}

fn start_on(bus: &Bus, name: &'static str, board: &Board) -> Instance {
    let stop = CancellationToken::new();
    let mut ownership = join(bus, "test", name, stop.clone()).unwrap();
    let board = board.clone();
    let task = tokio::spawn(async move {
        while let Some(change) = ownership.next().await {
            match change {
                Change::Acquired(partition, lease) => board.acquire(partition, name, &lease),
                Change::Revoke(partition) => {
                    board.release(partition, name);
                    ownership.released(partition);
                }
            }
        }
        ownership
    });
    Instance { stop, task }
}

impl Instance {
    /// Dies: renews nothing, releases nothing.
    async fn die(self) {
        self.task.abort();
        let _ = self.task.await;
    }

    async fn leave(self) {
        self.stop.cancel();
        drop(soon(self.task).await.unwrap());
    }
}

// With four partitions, `a` gets partitions 0 and 2 beside `b`.
const SHARES: [(&str, usize); 2] = [("a", 2), ("b", 2)];

#[tokio::test(flavor = "multi_thread")]
async fn two_instances_share_all_partitions_and_one_inherits_from_the_dead() {
    let (nats, board) = (server().await, Board::default());
    let a = start(&nats, "a", &board).await;
    board.until(&[("a", 4)]).await;
    let b = start(&nats, "b", &board).await;
    board.until(&SHARES).await;
    let leases = board.leases("a");
    a.die().await;
    for lease in leases.values() {
        // Whoever is gone must not be believed, though its keys last longer.
        soon(lease.lost.cancelled()).await;
        assert!(!lease.valid());
    }
    board.until(&[("a", 0), ("b", 4)]).await;
    for (partition, lease) in board.leases("b") {
        if let Some(before) = leases.get(&partition) {
            assert!(lease.epoch > before.epoch);
        }
    }
    b.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn leaving_in_good_order_hands_over_at_once() {
    let nats = server().await;
    // With leases of an hour only a release can hand anything over.
    let mut config = crate::config(&nats);
    config.lease_ttl = Duration::from_hours(1);
    let bus = Bus::connect(&config).await.unwrap();
    let board = Board::default();
    let a = start_on(&bus, "a", &board);
    board.until(&[("a", 4)]).await;
    let b = start_on(&bus, "b", &board);
    // The machine looks around every half second at least; only if nothing wakes it.
    board.until(&SHARES).await;
    a.leave().await;
    board.until(&[("a", 0), ("b", 4)]).await;
    b.leave().await;
    assert_eq!(board.share("b"), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn leases_and_watches_survive_a_restart_of_the_broker() {
    let (mut nats, board) = (server().await, Board::default());
    let mut config = crate::config(&nats);
    config.lease_ttl = Duration::from_secs(20);
    let bus = Bus::connect(&config).await.unwrap();
    let (a, b) = (start_on(&bus, "a", &board), start_on(&bus, "b", &board));
    board.until(&SHARES).await;
    let epochs = |name| -> Vec<u64> { board.leases(name).values().map(|lease| lease.epoch).collect() };
    let before = (epochs("a"), epochs("b"));
    let mut connected = bus.connected();
    nats.kill();
    soon(connected.wait_for(|connected| !connected)).await.unwrap();
    nats.restart().await.unwrap();
    soon(connected.wait_for(|connected| *connected)).await.unwrap();
    // The watch still works: `b` learns that `a` left, and gets what it had.
    assert_eq!((epochs("a"), epochs("b")), before, "nobody lost a lease");
    a.leave().await;
    board.until(&[("b", 4)]).await;
    b.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_broker_a_lease_is_lost_by_the_holders_own_clock() {
    let (mut nats, board) = (server().await, Board::default());
    let a = start(&nats, "a", &board).await;
    board.until(&[("a", 4)]).await;
    let leases = board.leases("a");
    nats.kill();
    for lease in leases.values() {
        soon(lease.lost.cancelled()).await;
        assert!(!lease.valid());
    }
    nats.restart().await.unwrap();
    board.until(&[("a", 4)]).await;
    a.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_owner_that_does_not_let_go_loses_the_lease_in_the_end() {
    let nats = server().await;
    let mut config = crate::config(&nats);
    config.release_grace = Duration::from_millis(100);
    let bus = Bus::connect(&config).await.unwrap();
    let mut stubborn = join(&bus, "test", "a", CancellationToken::new()).unwrap();
    let mut leases = BTreeMap::new();
    while leases.len() < 4 {
        match soon(stubborn.next()).await.unwrap() {
            Change::Acquired(partition, lease) => _ = leases.insert(partition, lease),
            Change::Revoke(partition) => panic!("{partition} was revoked"),
        }
    }
    let board = Board::default();
    let b = start_on(&bus, "b", &board);
    board.until(&[("b", 2)]).await;
    for partition in board.leases("b").keys() {
        assert!(leases[partition].lost.is_cancelled());
    }
    assert_eq!(leases.values().filter(|lease| lease.valid()).count(), 2);
    // It lets go of everything that it was asked for, and may then leave.
    b.leave().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_do_not_disturb_each_other() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let mut ingress = join(&bus, "ingress", "a", CancellationToken::new()).unwrap();
    let mut stats = join(&bus, "stats", "a", CancellationToken::new()).unwrap();
    for _ in 0..4 {
        assert!(matches!(soon(ingress.next()).await, Some(Change::Acquired(..))));
        assert!(matches!(soon(stats.next()).await, Some(Change::Acquired(..))));
    }
}
