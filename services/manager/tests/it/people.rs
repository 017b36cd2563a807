use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Duration, timeout};
use troupe_dev::servers::{Options, Redis};
use troupe_protocol::UpdateBody;
use troupe_store::{Commit, Document, RedisConfig, Store};
use troupe_types::{BotId, ChatId, MessageId, Partition, UpdateKey, UpdateKind, UserId};

use crate::world::World;

/// Has a bot remember this of a person.
async fn remember(world: &World, redis: &Redis, bot: BotId, person: UserId, state: &Value) {
    let partition = Partition::of(bot, world.bus.partitions());
    let key =
        UpdateKey { bot, chat: ChatId::direct(person), message: MessageId::new(1), kind: UpdateKind::New };
    let commit = Commit {
        partition,
        sequence: person.get().unsigned_abs(),
        update: key,
        person,
        erased: None,
        writes: vec![(Document::Person(bot, person), Some(state.to_string().into_bytes()))],
        keep_for: None,
        outbox: Vec::new(),
    };
    let store = Store::connect(&RedisConfig::at(redis.url()), world.bus.key()).await.expect("Redis answers");
    store.commit(&commit).await.expect("it is stored");
}

#[tokio::test]
async fn a_conversation_is_given_back_in_order_with_what_the_person_writes() {
    let redis = Redis::start(&Options::default()).await.expect("Redis starts");
    let world = World::with_redis(&redis.url()).await.with_logins().await;
    let id = world.post("/v1/bots", &json!({"name": "clara", "token": "right"})).await.ok()["id"].clone();
    let bot = BotId::new(id.as_u64().expect("it is a number"));
    let handed_over = json!({"v": 1, "handed_over": {"since": 1, "until": 2_000_000_000_000_i64}});
    remember(&world, &redis, bot, UserId::new(1001), &handed_over).await;
    remember(&world, &redis, bot, UserId::new(1002), &json!({"v": 1, "first_seen": 1})).await;
    let hand_back = async |person: i64| {
        let path = format!("/v1/bots/{id}/people/{person}/hand-back");
        world.call(Method::POST, &path, None).await
    };
    let (error, message) = hand_back(1002).await.refused(409);
    assert!(error == "conflict" && message.contains("nobody has taken over"), "{message}");
    let (_, message) = hand_back(1003).await.refused(404);
    assert!(message.contains("knows no person 1003"), "{message}");
    let answer = hand_back(1001).await;
    assert_eq!((answer.status.as_u16(), answer.body), (202, Value::Null));
    // Where ingress publishes what the person writes: one stream, and one consumer that reads it in order.
    let partition = Partition::of(bot, world.bus.partitions());
    let mut updates = world.bus.updates(partition, 0).await.expect("updates can be had");
    let next = timeout(Duration::from_secs(20), updates.next()).await.expect("the update comes in time");
    let update = &next.expect("the bus is open").payload;
    assert_eq!((update.bot, update.sender.id), (bot, UserId::new(1001)));
    assert_eq!((update.chat.id, &update.body), (ChatId::direct(UserId::new(1001)), &UpdateBody::HandedBack));
    assert!(update.key.to_string().starts_with("1/1001/0/handed_back-"), "{}", update.key);
    assert_eq!(update.time, update.received);
}

#[tokio::test]
async fn a_group_or_nobody_is_not_taken_for_a_person() {
    let world = World::new().await.with_logins().await;
    let (_, message) = world.post("/v1/bots/9/people/1001/hand-back", &Value::Null).await.refused(404);
    assert!(message.contains("bot 9"), "{message}");
    let id = world.post("/v1/bots", &json!({"name": "clara", "token": "right"})).await.ok()["id"].clone();
    for nobody in ["0", "-500"] {
        let path = format!("/v1/bots/{id}/people/{nobody}/hand-back");
        let (_, message) = world.post(&path, &Value::Null).await.refused(400);
        assert!(message.contains(nobody), "{message}");
        for method in [Method::GET, Method::DELETE] {
            let (_, message) = world.call(method, &format!("/v1/people/{nobody}"), None).await.refused(400);
            assert!(message.contains(nobody), "{message}");
        }
    }
    world.post(&format!("/v1/bots/{id}/people/ann/hand-back"), &Value::Null).await.refused(400);
    // There is no Redis where the manager looks.
    let (_, message) =
        world.post(&format!("/v1/bots/{id}/people/1001/hand-back"), &Value::Null).await.refused(503);
    assert!(message.contains("Redis"), "{message}");
}
