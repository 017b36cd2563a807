use std::time::Duration;

use troupe_bus::{Bus, Change, Error, NatsConfig, Records};
use troupe_protocol::Bucket;

use crate::{config, connect, server, soon};

async fn entry(records: &Records, key: &str) -> Option<(String, u64)> {
    records.get::<String>(key).await.unwrap().map(|entry| (entry.value, entry.revision))
}

#[tokio::test]
async fn records_are_written_by_compare_and_set() {
    let nats = server().await;
    let records = connect(&nats).await.bucket(Bucket::Bots);
    assert_eq!(entry(&records, "a").await, None);
    let first = records.create("a", "1").await.unwrap();
    assert!(matches!(records.create("a", "2").await, Err(Error::Exists { .. })));
    let second = records.update("a", "2", first).await.unwrap();
    assert!(matches!(records.update("a", "3", first).await, Err(Error::Conflict { .. })));
    assert_eq!(entry(&records, "a").await, Some(("2".into(), second)));
    let third = records.put("a", "4").await.unwrap();
    assert!(third > second && second > first);
    records.delete("a").await.unwrap();
    assert_eq!(entry(&records, "a").await, None);
    records.create("a", "5").await.unwrap();
    assert_eq!(entry(&records, "a").await.unwrap().0, "5");
}

#[tokio::test]
async fn of_many_who_create_the_same_one_succeeds() {
    let nats = server().await;
    let bus = connect(&nats).await;
    for round in 0..2 {
        let creates = (0..8).map(|number| {
            let records = bus.bucket(Bucket::Bots);
            async move { records.create("a", &number).await }
        });
        let outcomes = futures::future::join_all(creates).await;
        assert_eq!(
            outcomes.iter().filter(|outcome| outcome.is_ok()).count(),
            1,
            "round {round}: {outcomes:?}"
        );
        bus.bucket(Bucket::Bots).delete("a").await.unwrap();
    }
}

#[tokio::test]
async fn keys_are_listed_by_prefix() {
    let nats = server().await;
    let records = connect(&nats).await.bucket(Bucket::Content);
    assert_eq!(records.keys("").await.unwrap(), Vec::<String>::new());
    for key in ["b.2", "b.1", "c.1", "b.3", "last"] {
        records.put(key, &1).await.unwrap();
    }
    records.delete("b.3").await.unwrap();
    assert_eq!(soon(records.keys("b.")).await.unwrap(), ["b.1", "b.2"]);
    assert_eq!(soon(records.keys("")).await.unwrap(), ["b.1", "b.2", "c.1", "last"]);
    assert!(matches!(records.put("no key", &1).await, Err(Error::Key { .. })));
}

fn told(change: Option<Change<i32>>) -> String {
    match change.unwrap() {
        Change::Put { key, value, .. } => format!("{key}={value}"),
        Change::Unreadable { key, .. } => format!("{key}?"),
        Change::Deleted { key } => format!("-{key}"),
        Change::Current => "current".into(),
    }
}

#[tokio::test]
async fn a_watch_tells_what_is_there_and_then_what_changes_even_over_a_restart() {
    let mut nats = server().await;
    let bus = connect(&nats).await;
    let records = bus.bucket(Bucket::Bots);
    records.put("x.a", &1).await.unwrap();
    records.put("x.b", &2).await.unwrap();
    records.put("y.c", &3).await.unwrap();
    let mut watch = records.watch::<i32>("x.");
    for expected in ["x.a=1", "x.b=2", "current"] {
        assert_eq!(told(soon(watch.next()).await), expected);
    }
    records.put("x.a", &4).await.unwrap();
    assert_eq!(told(soon(watch.next()).await), "x.a=4");
    records.put("x.b", "text").await.unwrap();
    assert_eq!(told(soon(watch.next()).await), "x.b?");
    records.delete("x.b").await.unwrap();
    assert_eq!(told(soon(watch.next()).await), "-x.b");
    records.put("x.d", &5).await.unwrap();
    assert_eq!(told(soon(watch.next()).await), "x.d=5");
    let mut connected = bus.connected();
    nats.kill();
    soon(connected.wait_for(|connected| !connected)).await.unwrap();
    nats.restart().await.unwrap();
    soon(connected.wait_for(|connected| *connected)).await.unwrap();
    records.delete("x.a").await.unwrap();
    records.put("x.e", &6).await.unwrap();
    for expected in ["-x.a", "x.e=6"] {
        assert_eq!(told(soon(watch.next()).await), expected);
    }
}

#[tokio::test]
async fn a_single_key_can_be_watched() {
    let nats = server().await;
    let records = connect(&nats).await.bucket(Bucket::Bots);
    let mut watch = records.watch::<i32>("last");
    assert_eq!(told(soon(watch.next()).await), "current");
    records.put("other", &1).await.unwrap();
    records.put("last", &2).await.unwrap();
    assert_eq!(told(soon(watch.next()).await), "last=2");
}

#[tokio::test]
async fn a_watch_waits_for_a_broker_that_does_not_answer_when_it_begins() {
    let mut nats = server().await;
    let bus =
        Bus::connect(&NatsConfig { timeout: Duration::from_millis(200), ..config(&nats) }).await.unwrap();
    let records = bus.bucket(Bucket::Bots);
    records.put("x.a", &1).await.unwrap();
    nats.process().pause();
    assert!(matches!(records.keys("").await, Err(Error::Read { .. })), "who wants an answer now is told");
    let mut watch = records.watch::<i32>("x.");
    // Long enough for what it asks first to be lost; and it is looked at again and again, as those do who wait for more.
    for _ in 0..20 {
        let told = tokio::time::timeout(Duration::from_millis(30), watch.next()).await;
        assert!(told.is_err(), "a broker that stands still tells nothing");
    }
    nats.process().resume();
    let mut told_of = async || loop {
        // No try is made for as long as this.
        if let Ok(change) = tokio::time::timeout(Duration::from_millis(1), watch.next()).await {
            return told(change);
        }
    };
    for expected in ["x.a=1", "current"] {
        assert_eq!(soon(told_of()).await, expected);
    }
}

#[tokio::test]
async fn nothing_stays_with_the_broker_of_what_was_listed_or_watched() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let records = bus.bucket(Bucket::Bots);
    records.put("a", &1).await.unwrap();
    let context = async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let stream = context.get_stream(format!("KV_{}", Bucket::Bots.name())).await.unwrap();
    let readers = async || stream.get_info().await.unwrap().state.consumer_count;
    assert_eq!(records.keys("").await.unwrap(), ["a"]);
    let mut watch = records.watch::<i32>("");
    assert_eq!(told(soon(watch.next()).await), "a=1");
    assert!(readers().await >= 1, "who watches is known to the broker");
    drop(watch);
    soon(async {
        while readers().await > 0 {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
}
