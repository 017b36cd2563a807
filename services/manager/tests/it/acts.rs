use reqwest::Client;
use serde_json::{Value, json};
use tokio::time::{Duration, timeout};
use troupe_protocol::EventBody;

use crate::world::{TOKEN, World, answer};

const LIBRARY: &str = "entries: [{id: hi, phrases: [hi], answers: [hello]}]";

/// The acts that were told as events, in their order: who, what, to what, which version came of it.
async fn acts(world: &World, count: usize) -> Vec<(u64, String, String, String, Option<u32>)> {
    let partitions: Vec<_> = world.bus.partitions().all().collect();
    let mut events = world.bus.events_from(&partitions, 1).await.expect("events can be had");
    let mut acts = Vec::new();
    while acts.len() < count {
        let next = timeout(Duration::from_secs(20), events.next()).await.expect("the event comes in time");
        let event = next.expect("the bus is open").expect("it is an event").payload;
        let EventBody::OperatorActed { operator, act, object, version } = event.body else { continue };
        acts.push((event.bot.get(), operator, act, object, version));
    }
    acts
}

#[tokio::test]
async fn every_change_is_told_with_who_made_it_and_what_came_of_it() {
    let world = World::new().await.with_logins().await;
    let as_olga = async |text: &str| {
        let request = Client::new().put(format!("{}/v1/libraries/talk", world.url)).bearer_auth(TOKEN);
        answer(request.header("troupe-operator", "olga").body(text.to_owned())).await
    };
    as_olga(LIBRARY).await.ok();
    as_olga(LIBRARY).await.ok();
    as_olga("entries: 5").await.refused(422);
    as_olga(&LIBRARY.replace("hello", "good day")).await.ok();
    world.put_bytes("/v1/media/prices", b"a,b").await.ok();
    let bot = world.post("/v1/bots", &json!({"name": "clara", "token": "right"})).await.ok()["id"].clone();
    world.put(&format!("/v1/bots/{bot}/settings"), &json!({"direct_library": "talk"})).await.ok();
    for what in ["start", "stop", "restart"] {
        world.post(&format!("/v1/bots/{bot}/{what}"), &Value::Null).await.ok();
    }
    world.call(reqwest::Method::DELETE, &format!("/v1/bots/{bot}"), None).await.ok();
    let act = |bot, operator: &str, act: &str, object: &str, version| {
        (bot, operator.to_owned(), act.to_owned(), object.to_owned(), version)
    };
    let mut expected = vec![
        act(0, "olga", "content.put", "library/talk", Some(1)),
        act(0, "olga", "content.put", "library/talk", Some(2)),
        act(0, "", "media.put", "media/prices", None),
    ];
    let of_bot = [
        "bot.register",
        "bot.signed_in",
        "bot.settings",
        "bot.start",
        "bot.stop",
        "bot.restart",
        "bot.delete",
    ];
    expected.extend(of_bot.map(|what| act(1, "", what, "bot/1", None)));
    assert_eq!(acts(&world, expected.len()).await, expected, "what changes nothing is no act");
}

#[tokio::test]
async fn an_operator_with_no_fitting_name_is_refused() {
    let world = World::new().await;
    let request = Client::new().put(format!("{}/v1/libraries/talk", world.url)).bearer_auth(TOKEN);
    let request = request.header("troupe-operator", "o".repeat(65)).body(LIBRARY);
    let (_, message) = answer(request).await.refused(400);
    assert!(message.contains("troupe-operator"), "{message}");
    world.get("/v1/libraries/talk").await.refused(404);
}
