use reqwest::{Client, Method};
use serde_json::json;

use crate::world::{World, answer};

#[tokio::test]
async fn nothing_is_told_without_the_token() {
    let world = World::new().await;
    let client = Client::new();
    for path in ["/v1/bots", "/v1/rules/x", "/v1/statistics", "/nothing"] {
        let request = client.get(format!("{}{path}", world.url));
        let (error, message) = answer(request).await.refused(401);
        assert_eq!(error, "unauthorized");
        assert!(message.contains("Bearer"), "{message}");
        let wrong = client.get(format!("{}{path}", world.url)).bearer_auth("a wrong token");
        assert_eq!(answer(wrong).await.status, 401);
    }
    let description = answer(client.get(format!("{}/openapi.json", world.url))).await.ok();
    for path in ["/v1/bots", "/v1/bots/{id}/code", "/v1/libraries/{name}", "/v1/statistics"] {
        assert!(description["paths"][path].is_object(), "{path} is not described");
    }
}

#[tokio::test]
async fn a_bot_is_registered_by_phone_code_and_password() {
    let world = World::new().await.with_logins().await;
    let begun = world.post("/v1/bots", &json!({"name": "clara", "phone": "+15550001"})).await;
    assert_eq!(begun.status, 201);
    let begun = begun.ok();
    assert_eq!((&begun["name"], &begun["next"]), (&json!("clara"), &json!("code")));
    let id = &begun["id"];
    let (error, _) = world.post(&format!("/v1/bots/{id}/code"), &json!({"code": "wrong"})).await.refused(422);
    assert_eq!(error, "code");
    let next = world.post(&format!("/v1/bots/{id}/code"), &json!({"code": "password please"})).await.ok();
    assert_eq!((&next["next"], &next["hint"]), (&json!("password"), &json!("a horse")));
    let done = world.post(&format!("/v1/bots/{id}/password"), &json!({"password": "right"})).await.ok();
    assert_eq!(done["next"], "done");
    assert_eq!((&done["bot"]["identity"]["user"], &done["bot"]["desired"]), (&json!(701), &json!("running")));
    let bots = world.get("/v1/bots").await.ok();
    assert_eq!(bots["bots"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn what_is_refused_leaves_nothing_behind() {
    let world = World::new().await.with_logins().await;
    let cases = [
        (json!({"name": "a", "phone": "+0"}), 422, "phone"),
        (json!({"name": "a", "token": "wrong"}), 422, "token"),
        (json!({"name": "a"}), 400, "bad_request"),
        (json!({"name": "a", "phone": "+1", "token": "right"}), 400, "bad_request"),
        (json!({"name": "not a name", "phone": "+1"}), 400, "bad_request"),
        (json!({"name": "a", "phone": "+1", "colour": "red"}), 400, "bad_request"),
        (json!("nonsense"), 400, "bad_request"),
    ];
    for (body, status, kind) in cases {
        let (error, message) = world.post("/v1/bots", &body).await.refused(status);
        assert_eq!(error, kind, "{body}: {message}");
        assert!(!message.is_empty());
    }
    assert_eq!(world.get("/v1/bots").await.ok()["bots"], json!([]));
    // The name is free again.
    assert_eq!(world.post("/v1/bots", &json!({"name": "a", "token": "right"})).await.ok()["next"], "done");
    let (error, message) = world.post("/v1/bots", &json!({"name": "a", "token": "right"})).await.refused(409);
    assert_eq!(error, "conflict");
    assert!(message.contains("\"a\""), "{message}");
    // The same account as another bot would answer everything twice.
    let (_, message) = world.post("/v1/bots", &json!({"name": "b", "token": "right"})).await.refused(409);
    assert!(message.contains("bot"), "{message}");
    assert_eq!(world.get("/v1/bots").await.ok()["bots"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn guessing_a_code_ends_after_a_few_tries() {
    let world = World::new().await.with_logins().await;
    let id = world.post("/v1/bots", &json!({"name": "clara", "phone": "+1"})).await.ok()["id"].clone();
    let path = format!("/v1/bots/{id}/code");
    for _ in 0..5 {
        world.post(&path, &json!({"code": "wrong"})).await.refused(422);
    }
    let (error, _) = world.post(&path, &json!({"code": "right"})).await.refused(409);
    assert_eq!(error, "not_expected");
}

#[tokio::test]
async fn without_ingress_the_answer_says_so() {
    let world = World::new().await;
    let (error, message) =
        world.post("/v1/bots", &json!({"name": "clara", "phone": "+1"})).await.refused(503);
    assert_eq!(error, "unavailable");
    assert!(message.contains("ingress"), "{message}");
    assert_eq!(world.call(Method::GET, "/v1/bots", None).await.ok()["bots"], json!([]));
}
