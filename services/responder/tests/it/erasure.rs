//! Who was erased is not brought back by what is told again.

use std::time::Duration;

use troupe_protocol::{Stream, TraceContext};
use troupe_responder::Faults;
use troupe_store::{Erasure, Remembered, Store};
use troupe_types::{BotId, UserId};

use crate::world::{World, update};

#[tokio::test(flavor = "multi_thread")]
async fn an_update_of_before_an_erasure_is_left_out_and_a_later_one_begins_anew() {
    let world = World::with_bots(1).await;
    let responder = world.responder(Faults::default());
    world.say(1, 11, 1).await;
    world.settled().await;
    let store = Store::connect(&world.config.redis, world.bus.key()).await.unwrap();
    let (partition, bot, person) = (world.partition(1), BotId::new(1), UserId::new(11));
    let remembered = async || store.remembered(partition, bot, person).await.unwrap();
    let read = remembered().await;
    assert!(read.person.is_some());
    let late = update(1, 11, 2);
    let before = world.bus.last_sequence(Stream::Updates).await.unwrap();
    let at = late.time + Duration::from_secs(1);
    let erasure = Erasure { partition, bot, person, at, before, opted_out: None };
    store.erase(&erasure, read.person.as_deref()).await.unwrap().unwrap();
    let said = world.actions().await.len();

    // Telegram tells a message of that time only now.
    world.publish(&late, &TraceContext::default()).await;
    world.settled().await;
    assert_eq!(world.actions().await.len(), said);
    assert_eq!(remembered().await, Remembered::default());

    let mut new = update(1, 11, 3);
    new.time = at;
    world.publish(&new, &TraceContext::default()).await;
    world.settled().await;
    assert!(world.actions().await.len() > said);
    assert!(remembered().await.person.is_some());
    assert!(world.dead_letters().await.is_empty());
    responder.stop().await;
}
