use std::sync::{
    Arc,
    atomic::{AtomicI32, Ordering},
};

use tokio::sync::mpsc;
use troupe_responder::{Faults, Point};

use crate::world::{World, soon};

/// Stands still at `point` of the update with this message id, and tells so.
fn stand_still(point: Point, message: i32) -> (Faults, mpsc::UnboundedReceiver<()>) {
    let (tell, told) = mpsc::unbounded_channel();
    let faults = Faults::new(move |at, update| {
        let here = at == point && update.message.get() == message;
        if here {
            let _ = tell.send(());
        }
        here
    });
    (faults, told)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_dies_anywhere_loses_and_doubles_nothing() {
    let world = World::with_bots(1).await;
    let mut chats = Vec::new();
    for (person, point) in (11..).zip(Point::ALL) {
        for message in 1..=4 {
            world.say(1, person, message).await;
        }
        chats.push((1, person));
        let (faults, mut stands) = stand_still(point, 2);
        let dying = world.responder(faults);
        soon(stands.recv()).await.unwrap();
        dying.kill();
        let next = world.responder(Faults::default());
        world.check(&chats, 4).await;
        next.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_responder_that_dies_beside_another_one_loses_and_doubles_nothing() {
    let chats = [(1, 11), (2, 11)];
    for point in [Point::Committed, Point::FirstPublished, Point::Removed] {
        let (faults, mut stands) = stand_still(point, 3);
        let world = World::with_bots(2).await;
        let (dying, other) = (world.responder(faults.clone()), world.responder(faults));
        for message in 1..=6 {
            for (bot, person) in chats {
                world.say(bot, person, message).await;
            }
        }
        // Either of them may have it; the one that does is gone, and so is the other, in the middle of something else.
        soon(stands.recv()).await.unwrap();
        dying.kill();
        other.kill();
        let next = world.responder(Faults::default());
        world.check(&chats, 6).await;
        next.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_that_ends_the_process_each_time_becomes_a_dead_letter() {
    let world = World::with_bots(1).await;
    for message in 1..=3 {
        world.say(1, 11, message).await;
    }
    let runs = Arc::new(AtomicI32::new(0));
    while world.dead_letters().await.is_empty() {
        runs.fetch_add(1, Ordering::SeqCst);
        let (faults, mut stands) = stand_still(Point::Decided, 2);
        let dying = world.responder(faults);
        soon(async {
            tokio::select! {
                _ = stands.recv() => {}
                () = world.settled() => {}
            }
        })
        .await;
        dying.kill();
    }
    // Two tries are allowed beside the first one; the fourth responder gives it up.
    assert_eq!(runs.load(Ordering::SeqCst), 4);
    let letter = world.dead_letters().await.remove(0);
    assert!(letter.reason.contains("never finished"), "{}", letter.reason);
    let next = world.responder(Faults::default());
    world.settled().await;
    let said = world.said().await;
    let expected = [(1, "question 1".to_owned()), (3, "question 2".to_owned())];
    assert_eq!(said[&(1, 11)], expected, "the others are answered, as if the poison had never been");
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_update_is_put_aside_once_and_not_taken_for_a_loss() {
    let world = World::with_bots(1).await;
    world.say(1, 11, 1).await;
    let context = async_nats::jetstream::new(async_nats::connect(world.nats.url()).await.unwrap());
    let subject = format!("update.{}.1", world.partition(1));
    context.publish(subject, "no update".into()).await.unwrap().await.unwrap();
    for _ in 0..2 {
        // The second one finds that the broker and the store agree on how far they are.
        let responder = world.responder(Faults::default());
        world.settled().await;
        responder.stop().await;
    }
    assert_eq!(world.dead_letters().await.len(), 1);
    assert_eq!(world.said().await[&(1, 11)], [(1, "question 1".to_owned())]);
    let store = troupe_store::Store::connect(&world.config.redis, world.bus.key()).await.unwrap();
    let position = store.position(world.partition(1)).await.unwrap();
    assert_eq!((position.applied, position.update), (2, None));
}
