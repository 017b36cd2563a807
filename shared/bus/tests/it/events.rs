use troupe_bus::Error;
use troupe_protocol::{Stream, Subject};
use troupe_types::Partition;

use crate::{BOT, connect, event, server, soon, trace};

#[tokio::test]
async fn events_of_the_asked_partitions_come_in_order_from_the_asked_place() {
    let nats = server().await;
    let bus = connect(&nats).await;
    for (number, partition) in [0, 1, 2, 1, 2, 0].into_iter().enumerate() {
        let id = format!("e{}", number + 1);
        let subject = Subject::Event(Partition::new(partition), BOT);
        bus.publish(subject, &id, &event(&id), &trace()).await.unwrap();
    }
    let partitions = [Partition::new(1), Partition::new(2)];
    let mut reader = bus.events_from(&partitions, 3).await.unwrap();
    let mut read = Vec::new();
    for _ in 0..3 {
        let stored = soon(reader.next()).await.unwrap().unwrap();
        assert_eq!(stored.trace, trace());
        read.push((stored.payload.id, stored.sequence, stored.partition.number(), stored.pending));
    }
    assert_eq!(read, [("e3".into(), 3, 2, 2), ("e4".into(), 4, 1, 1), ("e5".into(), 5, 2, 0)]);
}

#[tokio::test]
async fn reading_goes_on_after_the_broker_was_killed() {
    let mut nats = server().await;
    let bus = connect(&nats).await;
    let partition = Partition::new(1);
    let mut reader = bus.events_from(&[partition], 1).await.unwrap();
    for round in 1..=3_u64 {
        let id = format!("e{round}");
        bus.publish(Subject::Event(partition, BOT), &id, &event(&id), &trace()).await.unwrap();
        let stored = soon(reader.next()).await.unwrap().unwrap();
        assert_eq!((stored.payload.id, stored.sequence), (id, round));
        let mut connected = bus.connected();
        nats.kill();
        soon(connected.wait_for(|connected| !connected)).await.unwrap();
        nats.restart().await.unwrap();
        soon(connected.wait_for(|connected| *connected)).await.unwrap();
    }
}

#[tokio::test]
async fn an_event_that_cannot_be_decoded_is_skipped_and_buried() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let partition = Partition::new(1);
    let subject = Subject::Event(partition, BOT);
    bus.publish(subject, "bad", "no event", &trace()).await.unwrap();
    bus.publish(subject, "good", &event("good"), &trace()).await.unwrap();
    let mut reader = bus.events_from(&[partition], 1).await.unwrap();
    assert_eq!(soon(reader.next()).await.unwrap().unwrap().payload.id, "good");
    while bus.last_sequence(Stream::Dead).await.unwrap() == 0 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn what_has_come_already_needs_no_waiting() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let partition = Partition::new(1);
    let subject = Subject::Event(partition, BOT);
    for id in ["e1", "e2", "e3"] {
        bus.publish(subject, id, &event(id), &trace()).await.unwrap();
    }
    bus.publish(subject, "bad", "no event", &trace()).await.unwrap();
    bus.publish(subject, "e5", &event("e5"), &trace()).await.unwrap();
    let mut reader = bus.events_from(&[partition], 1).await.unwrap();
    assert!(reader.received().is_none(), "nothing was asked for");
    let mut read = vec![soon(reader.next()).await.unwrap().unwrap().sequence];
    while read.len() < 4 {
        match reader.received() {
            Some(stored) => read.push(stored.unwrap().sequence),
            None => tokio::task::yield_now().await,
        }
    }
    assert_eq!(read, [1, 2, 3, 5]);
    assert!(reader.received().is_none());
}

#[tokio::test]
async fn a_place_behind_the_end_means_that_the_broker_lost_events() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let partition = Partition::new(1);
    bus.events_from(&[partition], 0).await.unwrap();
    bus.events_from(&[partition], 1).await.unwrap();
    let error = bus.events_from(&[partition], 9).await.err().unwrap();
    assert!(matches!(error, Error::Rewound { read: 8, last: 0, .. }), "{error}");
}
