use std::time::Duration;

use futures::FutureExt;
use troupe_bus::{Bus, Deliveries, NatsConfig};
use troupe_protocol::{DeadLetter, Stream, Subject, Update};
use troupe_types::Partition;

use crate::{BOT, config, connect, publish, server, soon, trace};

const PARTITION: Partition = Partition::new(1);

/// The message ids of the next `count` updates, each acknowledged.
async fn take(deliveries: &mut Deliveries<Update>, count: usize) -> Vec<i32> {
    let mut taken = Vec::new();
    while taken.len() < count {
        let delivery = soon(deliveries.next()).await.unwrap();
        taken.push(delivery.payload.key.message.get());
        delivery.ack().await;
    }
    taken
}

/// Reads the dead letters through a consumer of the test's own.
async fn dead_letters(url: &str, count: usize) -> Vec<DeadLetter> {
    use futures::StreamExt;
    let client = async_nats::connect(url).await.unwrap();
    let context = async_nats::jetstream::new(client);
    let stream = context.get_stream(Stream::Dead.name()).await.unwrap();
    let consumer =
        stream.create_consumer(async_nats::jetstream::consumer::pull::Config::default()).await.unwrap();
    let messages = soon(consumer.messages()).await.unwrap();
    soon(
        messages
            .take(count)
            .map(|message| serde_json::from_slice(&message.unwrap().payload).unwrap())
            .collect(),
    )
    .await
}

#[tokio::test]
async fn updates_come_in_order_with_trace_place_and_subject() {
    let nats = server().await;
    let bus = connect(&nats).await;
    publish(&bus, Partition::new(0), [99]).await;
    let sequences = publish(&bus, PARTITION, [1, 2]).await;
    let mut deliveries = bus.updates(PARTITION, 0).await.unwrap();
    let first = soon(deliveries.next()).await.unwrap();
    assert_eq!(first.payload, crate::update(1));
    assert_eq!((first.sequence, first.attempt, first.pending), (sequences[0], 1, 1));
    assert_eq!(first.trace, trace());
    assert_eq!(first.subject, "update.1.7");
    first.ack().await;
    assert_eq!(take(&mut deliveries, 1).await, [2]);
}

#[tokio::test]
async fn the_next_update_comes_only_after_the_one_before_is_acknowledged() {
    let nats = server().await;
    let (one, other) = (connect(&nats).await, connect(&nats).await);
    publish(&one, PARTITION, 1..=20).await;
    let mut one = one.updates(PARTITION, 0).await.unwrap();
    let mut other = other.updates(PARTITION, 0).await.unwrap();
    // Whoever of the two gets one, the order stays.
    let mut taken = Vec::new();
    while taken.len() < 20 {
        let either = async {
            tokio::select! {
                delivery = one.next() => delivery,
                delivery = other.next() => delivery,
            }
        };
        let delivery = soon(Box::pin(either)).await.unwrap();
        taken.push(delivery.payload.key.message.get());
        delivery.ack().await;
    }
    assert_eq!(taken, (1..=20).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_queue_is_never_waited_beside() {
    let nats = server().await;
    let bus = connect(&nats).await;
    publish(&bus, PARTITION, 1..=1000).await;
    let mut deliveries = bus.updates(PARTITION, 0).await.unwrap();
    // If a request were lost, the next update would come after longer than a test waits.
    assert_eq!(take(&mut deliveries, 1000).await, (1..=1000).collect::<Vec<_>>());
}

#[tokio::test]
async fn what_is_not_acknowledged_comes_again_and_what_is_worked_on_does_not() {
    let nats = server().await;
    let bus = connect(&nats).await;
    publish(&bus, PARTITION, [1, 2]).await;
    let mut deliveries = bus.updates(PARTITION, 0).await.unwrap();
    drop(soon(deliveries.next()).await);
    let again = soon(deliveries.next()).await.unwrap();
    assert_eq!((again.payload.key.message.get(), again.attempt), (1, 2));
    // Work for longer than the broker waits, as seen by what the broker then counts as an attempt.
    again.during(tokio::time::sleep(config(&nats).ack_wait * 2)).await;
    again.ack().await;
    let next = soon(deliveries.next()).await.unwrap();
    assert_eq!((next.payload.key.message.get(), next.attempt), (2, 1));
    next.retry_after(Duration::from_millis(10)).await;
    let next = soon(deliveries.next()).await.unwrap();
    assert_eq!((next.payload.key.message.get(), next.attempt), (2, 2));
}

#[tokio::test]
async fn what_was_received_but_not_handled_is_given_back_at_once() {
    let nats = server().await;
    let bus = Bus::connect(&NatsConfig { ack_wait: Duration::from_hours(1), ..config(&nats) }).await.unwrap();
    publish(&bus, PARTITION, [1]).await;
    let mut first = bus.updates(PARTITION, 0).await.unwrap();
    // Asks, and does not look at the answer.
    assert!(first.next().now_or_never().is_none());
    let context = async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let stream = context.get_stream(Stream::Updates.name()).await.unwrap();
    soon(async {
        while stream.consumer_info("responder-1").await.unwrap().num_ack_pending == 0 {
            tokio::task::yield_now().await;
        }
        // The answer is on its way or here; a round trip later it is here.
        bus.updates_acknowledged(PARTITION).await.unwrap();
    })
    .await;
    first.close().await;
    let mut second = bus.updates(PARTITION, 0).await.unwrap();
    assert_eq!(take(&mut second, 1).await, [1]);
    soon(async { while bus.updates_acknowledged(PARTITION).await.unwrap() == 0 {} }).await;
}

#[tokio::test]
async fn what_cannot_be_decoded_becomes_a_dead_letter_and_holds_up_nobody() {
    let nats = server().await;
    let bus = connect(&nats).await;
    bus.publish(Subject::Update(PARTITION, BOT), "bad", &serde_json::json!({"no": "update"}), &trace())
        .await
        .unwrap();
    publish(&bus, PARTITION, [1]).await;
    let mut deliveries = bus.updates(PARTITION, 0).await.unwrap();
    assert_eq!(take(&mut deliveries, 1).await, [1]);
    let letters = dead_letters(&nats.url(), 1).await;
    assert_eq!((letters[0].stream, letters[0].sequence), (Stream::Updates, 1));
    assert_eq!(letters[0].subject, "update.1.7");
    assert_eq!(letters[0].payload, r#"{"no":"update"}"#);
    assert!(letters[0].reason.contains("decoded"), "{}", letters[0].reason);
}

#[tokio::test]
async fn what_a_newer_troupe_wrote_becomes_a_dead_letter() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let context = async_nats::jetstream::new(async_nats::connect(nats.url()).await.unwrap());
    let mut headers = async_nats::HeaderMap::new();
    headers.insert("Troupe-Version", "2");
    let payload = serde_json::to_vec(&crate::update(1)).unwrap();
    let stored = context.publish_with_headers("update.1.7", headers, payload.into()).await.unwrap();
    stored.await.unwrap();
    publish(&bus, PARTITION, [2]).await;
    let mut deliveries = bus.updates(PARTITION, 0).await.unwrap();
    assert_eq!(take(&mut deliveries, 1).await, [2]);
    assert!(dead_letters(&nats.url(), 1).await[0].reason.contains("newer"));
}

#[tokio::test]
async fn a_buried_message_does_not_come_again() {
    let nats = server().await;
    let bus = connect(&nats).await;
    publish(&bus, PARTITION, [1, 2]).await;
    let mut deliveries = bus.updates(PARTITION, 0).await.unwrap();
    let poisoned = soon(deliveries.next()).await.unwrap();
    poisoned.bury("poison").await;
    poisoned.end().await;
    assert_eq!(take(&mut deliveries, 1).await, [2]);
    let letters = dead_letters(&nats.url(), 1).await;
    assert_eq!((letters[0].reason.as_str(), letters[0].service.as_str()), ("poison", "responder"));
}

#[tokio::test]
async fn nobody_keeps_a_letter_of_what_was_removed_while_it_was_in_work() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let sequences = publish(&bus, PARTITION, [1]).await;
    let mut deliveries = bus.updates(PARTITION, 0).await.unwrap();
    let held = soon(deliveries.next()).await.unwrap();
    assert!(held.is_kept().await.unwrap());
    assert_eq!(bus.remove(Stream::Updates, &sequences).await.unwrap(), 1);
    assert!(!held.is_kept().await.unwrap());
    held.bury("poison").await;
    held.end().await;
    let letters = bus.sift(Stream::Dead, vec![format!("{}.>", Stream::Dead.prefix())], &|_| true).await;
    assert_eq!(letters.unwrap(), []);
}

#[tokio::test]
async fn deliveries_go_on_after_the_broker_was_killed() {
    let mut nats = server().await;
    let bus = connect(&nats).await;
    let mut deliveries = bus.updates(PARTITION, 0).await.unwrap();
    let mut next = 1;
    for _ in 0..3 {
        publish(&bus, PARTITION, next..next + 3).await;
        assert_eq!(take(&mut deliveries, 2).await, [next, next + 1]);
        let mut connected = bus.connected();
        nats.kill();
        let waiting = tokio::spawn(async move {
            let delivery = soon(deliveries.next()).await.unwrap();
            (delivery, deliveries)
        });
        soon(connected.wait_for(|connected| !connected)).await.unwrap();
        nats.restart().await.unwrap();
        soon(connected.wait_for(|connected| *connected)).await.unwrap();
        let (mut delivery, again) = waiting.await.unwrap();
        deliveries = again;
        // An acknowledgement from just before the kill may have been lost.
        while delivery.payload.key.message.get() < next + 2 {
            delivery.ack().await;
            delivery = soon(deliveries.next()).await.unwrap();
        }
        assert_eq!(delivery.payload.key.message.get(), next + 2);
        delivery.ack().await;
        next += 3;
    }
}

#[tokio::test]
async fn updates_are_handed_out_again_from_where_they_are_wanted() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let sequences = publish(&bus, PARTITION, 1..=5).await;
    let mut deliveries = bus.updates(PARTITION, 0).await.unwrap();
    assert_eq!(take(&mut deliveries, 5).await, [1, 2, 3, 4, 5]);
    while bus.updates_acknowledged(PARTITION).await.unwrap() < sequences[4] {
        tokio::task::yield_now().await;
    }
    bus.rewind_updates(PARTITION, sequences[1]).await.unwrap();
    // Whoever was reading notices and goes on with the new consumer.
    assert_eq!(take(&mut deliveries, 3).await, [3, 4, 5]);
}

#[tokio::test]
async fn actions_come_several_at_a_time() {
    use troupe_protocol::{Action, ActionBody, Source};
    let nats = server().await;
    let bus = connect(&nats).await;
    for number in 0..3 {
        let key = troupe_types::ActionKey { update: crate::update(1).key, number };
        let action = Action {
            key,
            bot: BOT,
            chat: key.update.chat,
            person: troupe_types::UserId::new(42),
            decided: troupe_types::Timestamp::default(),
            received: troupe_types::Timestamp::default(),
            source: Source::Guard,
            delay_ms: 0,
            body: ActionBody::Read { message: key.update.message },
        };
        bus.publish(Subject::Action(PARTITION, BOT), &key.to_string(), &action, &trace()).await.unwrap();
    }
    let mut deliveries = bus.actions(PARTITION).await.unwrap();
    let mut held = Vec::new();
    for number in 0..3 {
        let delivery = soon(deliveries.next()).await.unwrap();
        assert_eq!(delivery.payload.key.number, number);
        held.push(delivery);
    }
}

#[tokio::test]
async fn a_closed_bus_ends_the_waiting() {
    let nats = server().await;
    let bus = connect(&nats).await;
    let mut deliveries = bus.updates(PARTITION, 0).await.unwrap();
    let waiting = tokio::spawn(async move { deliveries.next().await.is_none() });
    bus.close().await;
    assert!(soon(waiting).await.unwrap());
}
