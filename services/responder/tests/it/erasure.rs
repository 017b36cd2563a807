//! Who was erased is not brought back by what is told again.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use troupe_protocol::{Stream, TraceContext};
use troupe_responder::Faults;
use troupe_store::{Erasure, Remembered, Store};
use troupe_types::{BotId, UserId};

use crate::world::{QUESTIONS, World, update};

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

/// For how many seconds a person is still remembered; -1 for good.
async fn remembered_for(world: &World, bot: u64, person: i64) -> i64 {
    let mut stream = TcpStream::connect(world.redis.addr()).await.unwrap();
    let key = format!("{{p{}}}:person:{bot}:{person}", world.partition(bot));
    stream.write_all(format!("TTL {key}\r\nQUIT\r\n").as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    answer.trim_start_matches(':').lines().next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_has_nothing_open_is_forgotten_in_time_and_who_is_in_a_scenario_is_not() {
    let mut world = World::with_bots(1).await;
    world.config.deciding.forget_after = Duration::from_hours(1);
    let responder = world.responder(Faults::default());
    world.say(1, 11, 1).await;
    world.settled().await;
    assert_eq!(remembered_for(&world, 1, 11).await, -1, "a question waits for an answer");
    for message in 2..=QUESTIONS + 1 {
        world.say(1, 11, message).await;
    }
    world.settled().await;
    let left = remembered_for(&world, 1, 11).await;
    assert!((3000..=3600).contains(&left), "{left}");
    responder.stop().await;
}
