use reqwest::Method;
use serde_json::{Value, json};
use tokio_util::sync::CancellationToken;
use troupe_bus::ownership::{self, Change};
use troupe_protocol::{BotRecord, BotStatus, Bucket, SessionState};
use troupe_types::{BotId, Partition, Timestamp};

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
        json!({"scenarios": [{"name": "x", "weight": 1_000_001}]}),
        json!({"zone": "Europe/Berlin"}),
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
    // Now somebody does, who owns its partition.
    let bot = BotId::new(id.as_u64().expect("it is a number"));
    let (partition, leaving) = (Partition::of(bot, world.bus.partitions()), CancellationToken::new());
    let mut ownership = ownership::join(&world.bus, "ingress", "test", leaving.clone()).unwrap();
    while !matches!(ownership.next().await, Some(Change::Acquired(acquired, _)) if acquired == partition) {}
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
    let of_bot = format!("/v1/bots/{id}/status");
    assert_eq!(world.get(&of_bot).await.ok()["state"], "online");
    assert_eq!(world.get("/v1/bots").await.ok()["bots"], json!([started]));
    // It leaves, and nobody comes after it.
    leaving.cancel();
    while let Some(change) = ownership.next().await {
        if let Change::Revoke(partition) = change {
            ownership.released(partition);
        }
    }
    let gone = world.get(&of_bot).await.ok();
    assert_eq!(gone["state"], "no_ingress");
    assert_eq!(gone["detail"], "no ingress is there for it; the last one was test");
    assert_eq!(world.get("/v1/bots").await.ok()["bots"][0]["status"], gone);
    let (_, message) = world.post(&format!("/v1/bots/{id}/start?wait=100ms"), &json!({})).await.refused(503);
    assert!(message.contains("without an ingress"), "{message}");
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

#[tokio::test]
async fn the_scenarios_that_documents_name_have_to_be_the_bots() {
    let world = World::new().await.with_logins().await;
    let id = registered(&world).await;
    let path = format!("/v1/bots/{id}/settings");
    let scenario = "steps: {done: {end: goal, say: Bye.}}";
    let starting = "groups:\n- {name: a, where: direct, when: [], react: [{start_scenario: advice}]}\n";
    let calling = "steps:\n  a: {call: advice, next: b}\n  b: {end: goal}\n";
    for name in ["welcome", "advice"] {
        world.put_text(&format!("/v1/scenarios/{name}"), scenario).await.ok();
    }
    world.put_text("/v1/rules/plain", "groups: []").await.ok();
    // Nobody speaks from it yet.
    world.put_text("/v1/rules/starting", starting).await.ok();

    let settings = |rules: &str, scenarios: &[(&str, u32)]| {
        let scenarios: Vec<_> =
            scenarios.iter().map(|(name, weight)| json!({"name": name, "weight": weight})).collect();
        json!({"rules": rules, "scenarios": scenarios, "zone": "+03:00"})
    };
    let (_, message) = world.put(&path, &settings("starting", &[("welcome", 1)])).await.refused(400);
    assert!(message.contains("rules starting names the scenario \"advice\" in line 2"), "{message}");
    let (_, message) = world.put(&path, &settings("plain", &[("advice", 0)])).await.refused(400);
    assert!(message.contains("all have weight 0"), "{message}");
    // What only rules start has no weight.
    let set = world.put(&path, &settings("starting", &[("advice", 0)])).await.ok();
    assert_eq!((&set["zone"], &set["scenarios"][0]["weight"]), (&json!("+03:00"), &json!(0)));

    world.put(&path, &settings("plain", &[("welcome", 1)])).await.ok();
    for (document, text, place) in [
        ("/v1/rules/plain", starting, "/groups/0/react/0/start_scenario"),
        ("/v1/scenarios/welcome", calling, "/steps/a/call"),
    ] {
        let answer = world.put_text(document, text).await;
        assert_eq!(answer.body["faults"][0]["field"], place, "{:?}", answer.body);
        let reason = answer.body["faults"][0]["reason"].as_str().unwrap_or_default().to_owned();
        assert!(reason.contains("has no scenario \"advice\""), "{reason}");
        answer.refused(422);
    }
    world.put(&path, &settings("plain", &[("welcome", 1), ("advice", 0)])).await.ok();
    world.put_text("/v1/rules/plain", starting).await.ok();
    world.put_text("/v1/scenarios/welcome", calling).await.ok();
}
