use reqwest::Method;
use serde_json::{Value, json};
use troupe_protocol::{BotRecord, BotStatus, Bucket, SessionState};
use troupe_types::Timestamp;

use crate::world::World;

async fn registered(world: &World) -> Value {
    world.post("/v1/bots", &json!({"name": "clara", "token": "right"})).await.ok()["id"].clone()
}

#[tokio::test]
async fn an_unknown_bot_is_not_found_by_any_route() {
    let world = World::new().await.with_logins().await;
    for (method, path) in [
        (Method::GET, "/v1/bots/9"),
        (Method::DELETE, "/v1/bots/9"),
        (Method::GET, "/v1/bots/9/settings"),
        (Method::GET, "/v1/bots/9/status"),
        (Method::POST, "/v1/bots/9/start"),
        (Method::POST, "/v1/bots/9/stop"),
        (Method::POST, "/v1/bots/9/restart"),
    ] {
        let (error, message) = world.call(method, path, None).await.refused(404);
        assert_eq!(error, "not_found");
        assert!(message.contains("bot 9"), "{path}: {message}");
    }
    let (_, message) = world.post("/v1/bots/9/code", &json!({"code": "right"})).await.refused(404);
    assert!(message.contains("bot 9"));
    world.get("/v1/bots/nine").await.refused(400);
}

#[tokio::test]
async fn settings_name_documents_that_exist() {
    let world = World::new().await.with_logins().await;
    let id = registered(&world).await;
    let path = format!("/v1/bots/{id}/settings");
    let wanted = json!({"group_library": "answers", "groups": {"only": [-1_001_000_000_001_i64]}});
    let (_, message) = world.put(&path, &wanted).await.refused(400);
    assert!(message.contains("answers"), "{message}");
    world
        .put_text("/v1/libraries/answers", "entries: [{id: hi, phrases: [hi], answers: [hello]}]")
        .await
        .ok();
    let set = world.put(&path, &wanted).await.ok();
    assert_eq!((&set["group_library"], &set["groups"]), (&wanted["group_library"], &wanted["groups"]));
    assert_eq!(world.get(&path).await.ok(), set);
    for wrong in [
        json!({"group_library": "NO NAME"}),
        json!({"groups": {"only": [5]}}),
        json!({"scenarios": [{"name": "x", "weight": 0}]}),
        json!({"scenarios": [{"name": "x"}, {"name": "x"}]}),
        json!({"colour": "red"}),
    ] {
        world.put(&path, &wrong).await.refused(400);
    }
    assert_eq!(world.get(&path).await.ok(), set, "nothing of what was refused is stored");
}

#[tokio::test]
async fn control_changes_what_is_wanted_and_can_wait_for_it() {
    let world = World::new().await.with_logins().await;
    let id = registered(&world).await;
    // Nobody has connected it yet, so there is nothing to wait for.
    let stopped = world.post(&format!("/v1/bots/{id}/stop?wait=1m"), &json!({})).await.ok();
    assert_eq!(stopped["desired"], "stopped");
    assert_eq!(world.get(&format!("/v1/bots/{id}/status")).await.ok(), Value::Null);
    let restarted = world.post(&format!("/v1/bots/{id}/restart"), &json!({})).await.ok();
    assert_eq!(restarted["desired"], "running");
    let (bots, statuses) = (world.bus.bucket(Bucket::Bots), world.bus.bucket(Bucket::Status));
    let record = bots.get::<BotRecord>(&format!("bot.{id}")).await.unwrap().unwrap().value;
    assert_eq!(record.generation, 1, "a restart is a new generation");
    // Nobody connects it: the wait ends with what there is to say.
    let (error, message) =
        world.post(&format!("/v1/bots/{id}/start?wait=100ms"), &json!({})).await.refused(503);
    assert_eq!(error, "unavailable");
    assert!(message.contains("never connected"), "{message}");
    // Now somebody does.
    let status = BotStatus {
        state: SessionState::Online,
        detail: None,
        since: Timestamp::default(),
        instance: "test".to_owned(),
        generation: 1,
    };
    statuses.put(&id.to_string(), &status).await.unwrap();
    let started = world.post(&format!("/v1/bots/{id}/start?wait=5s"), &json!({})).await.ok();
    assert_eq!(started["status"]["state"], "online");
    assert_eq!(world.get(&format!("/v1/bots/{id}/status")).await.ok()["state"], "online");
    assert_eq!(world.get("/v1/bots").await.ok()["bots"], json!([started]));
    world.post(&format!("/v1/bots/{id}/start?wait=soon"), &json!({})).await.refused(400);
    assert_eq!(world.call(Method::DELETE, &format!("/v1/bots/{id}"), None).await.status, 204);
    assert_eq!(world.get("/v1/bots").await.ok()["bots"], json!([]));
    registered(&world).await;
}

#[tokio::test]
async fn a_bot_that_has_not_signed_in_cannot_be_started() {
    let world = World::new().await.with_logins().await;
    let id = world.post("/v1/bots", &json!({"name": "clara", "phone": "+1"})).await.ok()["id"].clone();
    let (_, message) = world.post(&format!("/v1/bots/{id}/start"), &json!({})).await.refused(409);
    assert!(message.contains("signed in"), "{message}");
}
