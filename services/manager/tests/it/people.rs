use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::{Duration, timeout};
use troupe_protocol::UpdateBody;
use troupe_types::{BotId, ChatId, Partition, UserId};

use crate::world::World;

#[tokio::test]
async fn a_conversation_is_given_back_in_order_with_what_the_person_writes() {
    let world = World::new().await.with_logins().await;
    let id = world.post("/v1/bots", &json!({"name": "clara", "token": "right"})).await.ok()["id"].clone();
    let answer = world.call(Method::POST, &format!("/v1/bots/{id}/people/1001/hand-back"), None).await;
    assert_eq!((answer.status.as_u16(), answer.body), (202, Value::Null));
    let bot = BotId::new(id.as_u64().expect("it is a number"));
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
}
