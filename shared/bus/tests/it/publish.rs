use tokio_util::sync::CancellationToken;
use troupe_bus::Error;
use troupe_protocol::{Stream, Subject};
use troupe_types::Partition;

use crate::{BOT, connect, publish, server, soon, trace, update};

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
