use std::time::Duration;

use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, Error, NatsConfig};
use troupe_protocol::{Schedule, Stream, Subject};
use troupe_service::{Clock as _, SystemClock};
use troupe_types::Partition;

use crate::{BOT, config, connect, publish, server, soon, trace, update};

const PARTITION: Partition = Partition::new(1);

#[tokio::test]
async fn the_same_id_is_stored_once() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let subject = Subject::Update(PARTITION, BOT);
    let first = bus.publish(subject, "a", &update(1), &trace()).await.unwrap();
    let again = bus.publish(subject, "a", &update(1), &trace()).await.unwrap();
    let other = bus.publish(subject, "b", &update(2), &trace()).await.unwrap();
    assert_eq!((first.duplicate, again.duplicate, other.duplicate), (false, true, false));
    assert_eq!((again.sequence, other.sequence), (first.sequence, first.sequence + 1));
    assert_eq!(bus.last_sequence(Stream::Updates).await.unwrap(), other.sequence);
}

#[tokio::test]
async fn publishing_waits_for_a_broker_that_is_away() {
    let mut nats = server().await;
    let bus = connect(&nats).await;
    let never = CancellationToken::new();
    nats.kill();
    let update = update(1);
    let subject = Subject::Update(PARTITION, BOT);
    let trace = trace();
    let publishing = bus.publish_until(subject, "a", &update, &trace, &never);
    let restart = async {
        let mut connected = bus.connected();
        connected.wait_for(|connected| !connected).await.unwrap();
        nats.restart().await.unwrap();
    };
    let (published, ()) = soon(async { tokio::join!(publishing, restart) }).await;
    published.unwrap();
    assert_eq!(bus.last_sequence(Stream::Updates).await.unwrap(), 1);
}

#[tokio::test]
async fn publishing_stops_when_told_to() {
    let mut nats = server().await;
    let bus = connect(&nats).await;
    nats.kill();
    let stop = CancellationToken::new();
    stop.cancel();
    let subject = Subject::Update(PARTITION, BOT);
    let error = soon(bus.publish_until(subject, "a", &update(1), &trace(), &stop)).await.unwrap_err();
    assert!(matches!(error, Error::Stopped { .. }), "{error}");
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused_for_good() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let never = CancellationToken::new();
    let subject = Subject::Update(PARTITION, BOT);
    let large = "x".repeat(2 << 20);
    let error = soon(bus.publish_until(subject, "a", &large, &trace(), &never)).await.unwrap_err();
    assert!(matches!(error, Error::TooLarge { .. }), "{error}");
    assert_eq!(publish(&bus, PARTITION, [1]).await, [1], "the connection still works");
}

#[tokio::test]
async fn a_message_waits_until_it_is_due_and_a_newer_one_takes_its_place() {
    let nats = server().await;
    // Shorter than the wait: a message that waits is not taken by the age limit.
    let bus = Bus::connect(&NatsConfig { retention: Duration::from_secs(1), ..config(&nats) }).await.unwrap();
    let partition = Partition::of(BOT, bus.partitions());
    let mut deliveries = soon(bus.updates(partition, 0)).await.unwrap();
    let waits = |message: i32, seconds: u64| {
        let update = update(message);
        let due = SystemClock.now() + Duration::from_secs(seconds);
        let subject = Subject::Timer(partition, BOT, update.sender.id).to_string();
        let target = Subject::Update(partition, BOT).to_string();
        let (id, payload) = (format!("timer {message}"), serde_json::to_vec(&update).unwrap());
        let (bus, schedule) = (bus.clone(), Schedule { due, target });
        async move {
            let trace = trace();
            bus.publish_stored(&subject, &id, payload.into(), &trace, Some(&schedule)).await.unwrap();
        }
    };
    waits(1, 3600).await;
    waits(2, 2).await;
    let began = SystemClock.now();
    let delivery = soon(deliveries.next()).await.unwrap();
    assert_eq!(delivery.payload, update(2));
    assert_eq!(delivery.trace, trace());
    assert!(SystemClock.now().since(began) > Duration::from_secs(1), "it did not come at once");
    delivery.ack().await;
    // What is long over comes at once.
    waits(3, 0).await;
    assert_eq!(soon(deliveries.next()).await.unwrap().payload, update(3));
}
