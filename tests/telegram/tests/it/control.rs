//! The control API over HTTP.

use reqwest::{Client, Method, StatusCode};
use serde_json::{Value, json};
use troupe_telegram::Emulator;

use crate::client::{emulator, signed_in};

struct Api(String);

impl Api {
    fn of(emulator: &Emulator) -> Self {
        Self(emulator.control_url())
    }

    async fn call(&self, method: Method, path: &str, body: Value) -> (StatusCode, Value) {
        let mut request = Client::new().request(method, format!("{}{path}", self.0));
        if !body.is_null() {
            request = request.json(&body);
        }
        let response = request.send().await.unwrap();
        (response.status(), response.json().await.unwrap())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, body) = self.call(Method::GET, path, Value::Null).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let (status, answer) = self.call(Method::POST, path, body).await;
        assert!(status.is_success(), "{path}: {answer}");
        answer
    }

    /// The status and the sentence of a refusal.
    async fn refused(&self, method: Method, path: &str, body: Value) -> (u16, String) {
        let (status, answer) = self.call(method, path, body).await;
        (status.as_u16(), answer["error"].as_str().expect("errors have a sentence").to_owned())
    }
}

#[tokio::test]
async fn people_and_groups_are_created_and_speak() {
    let emulator = emulator().await;
    let api = Api::of(&emulator);
    assert_eq!(api.get("/health").await, json!({"status": "ok"}));
    let info = api.get("/info").await;
    assert_eq!(info["mtproto"], emulator.mtproto_address().to_string());
    assert_eq!(
        (&info["dc"], info["rsa_public_key"].as_str()),
        (&json!(2), Some(&*emulator.rsa_public_pem()))
    );

    let anna = api
        .post("/accounts", json!({"first_name": "Anna", "phone": "+1 555 0100", "username": "anna_k"}))
        .await;
    assert_eq!((&anna["id"], &anna["phone"]), (&json!(700_000_001), &json!("+15550100")));
    let bot = api.post("/accounts", json!({"first_name": "Bot", "bot": true})).await;
    assert!(bot["bot_token"].as_str().unwrap().starts_with("700000002:"));
    assert_eq!(api.get("/accounts").await.as_array().unwrap().len(), 2);

    let body = json!({"title": "Friends", "kind": "super", "members": [700_000_001]});
    let friends = api.post("/groups", body).await;
    assert_eq!(friends["id"], json!(-1_001_500_000_001_i64));
    let grown = api.post("/groups/-1001500000001/members", json!({"user": 700_000_002})).await;
    assert_eq!(grown["members"], json!([700_000_001, 700_000_002]));

    let said = json!({"from": 700_000_001, "to": {"group": -1_001_500_000_001_i64}, "text": "hi"});
    let first = api.post("/messages", said).await;
    assert_eq!((&first["sequence"], &first["group"]), (&json!(1), &friends["id"]));
    let body = json!({
        "from": 700_000_001, "to": {"user": 700_000_002}, "text": "see", "document": {
            "bytes": 10, "mime": "text/plain", "name": "a.txt"}
    });
    assert_eq!(api.post("/messages", body).await["media"]["name"], "a.txt");
    api.post("/messages/1/edit", json!({"text": "hello"})).await;
    let (status, deleted) = api.call(Method::DELETE, "/messages/1", Value::Null).await;
    assert_eq!(
        (status, &deleted["deleted"], &deleted["text"]),
        (StatusCode::OK, &json!(true), &json!("hello"))
    );

    let page = api.get("/ledger?after=1").await;
    assert_eq!((&page["last"], page["messages"].as_array().unwrap().len()), (&json!(2), 1));
    let page = api.get("/ledger?between=700000002,700000001&limit=5&wait_ms=1").await;
    assert_eq!(page["messages"][0]["text"], "see");
}

#[tokio::test]
async fn what_is_wrong_is_said_in_a_sentence() {
    let emulator = emulator().await;
    let api = Api::of(&emulator);
    api.post("/accounts", json!({"first_name": "Anna", "username": "anna_k"})).await;
    api.post("/accounts", json!({"first_name": "Boris"})).await;
    let (user, post) = (700_000_001, Method::POST);
    for (method, path, body, status, words) in [
        (post.clone(), "/accounts", json!({"first_name": " "}), 400, "first_name"),
        (post.clone(), "/accounts", json!({"first_name": "X", "phone": "12"}), 400, "phone number"),
        (post.clone(), "/accounts", json!({"first_name": "X", "username": "ANNA_K"}), 409, "taken"),
        (post.clone(), "/accounts", json!({"first_name": "X", "usrname": "x"}), 422, "usrname"),
        (Method::GET, "/accounts/700000001/code", Value::Null, 404, "auth.sendCode"),
        (Method::GET, "/accounts/5/code", Value::Null, 404, "no account 5"),
        (post.clone(), "/groups", json!({"title": "T", "kind": "basic", "members": []}), 400, "members"),
        (post.clone(), "/groups", json!({"title": "T", "kind": "huge", "members": [user]}), 422, "huge"),
        (
            post.clone(),
            "/messages",
            json!({"from": user, "to": {"user": 5}, "text": "x"}),
            404,
            "no account 5",
        ),
        (post.clone(), "/messages", json!({"from": user, "to": {"user": user}, "text": ""}), 400, "empty"),
        (post.clone(), "/messages/9/edit", json!({"text": "x"}), 404, "no message 9"),
        (Method::DELETE, "/faults/9", Value::Null, 404, "no fault 9"),
        (post.clone(), "/keys", json!({"account": user, "key": "AAAA"}), 400, "256"),
        (post.clone(), "/keys", json!({"account": user, "key": "?"}), 400, "base64"),
        (Method::GET, "/ledger?between=1", Value::Null, 400, "two user ids"),
        (Method::GET, "/ledger?afer=1", Value::Null, 400, "afer"),
        (Method::GET, "/nowhere", Value::Null, 404, "openapi.json"),
        (Method::PUT, "/messages", json!({}), 405, "openapi.json"),
    ] {
        let (got, sentence) = api.refused(method.clone(), path, body).await;
        assert_eq!(got, status, "{method} {path}: {sentence}");
        assert!(sentence.contains(words), "{method} {path}: {sentence}");
    }
    assert_eq!(api.get("/accounts").await.as_array().unwrap().len(), 2);
    assert_eq!(api.get("/ledger").await["last"], 0);
}

#[tokio::test]
async fn faults_connections_and_calls_are_told_of() {
    let emulator = emulator().await;
    let api = Api::of(&emulator);
    let id = api.post("/accounts", json!({"first_name": "Anna"})).await["id"].as_i64().unwrap();
    let body = json!({"account": id, "method": "users.getUsers", "kind": "error", "code": 500, "name": "OOPS", "count": 1});
    assert_eq!(api.post("/faults", body).await, json!({"id": 1}));
    let a = signed_in(&emulator, id).await;
    assert!(a.client.get_me().await.is_err());
    a.client.get_me().await.unwrap();
    let faults = api.get("/faults").await;
    assert_eq!(
        (&faults[0]["fired"], &faults[0]["left"], &faults[0]["kind"]),
        (&json!(1), &json!(0), &json!("error"))
    );
    let (status, _) = api.call(Method::DELETE, "/faults/1", Value::Null).await;
    assert_eq!(status, StatusCode::OK);

    let calls = api.get(&format!("/calls?account={id}&method=users.getusers")).await;
    assert_eq!(calls, json!([{"account": id, "method": "users.getUsers", "count": 2}]));
    let sessions = api.get("/sessions").await;
    assert_eq!((&sessions[0]["account"], &sessions[0]["closed_ms"]), (&json!(id), &Value::Null));
    assert_eq!(api.get("/overlaps").await, json!([]));
    assert_eq!(api.post("/connections/kill", json!({"account": id})).await, json!({"count": 1}));
    assert_eq!(api.post("/pushes/mute", json!({"account": id, "muted": true})).await, json!({"count": 1}));
    assert_eq!(api.post("/keys/revoke", json!({"account": id})).await, json!({"count": 1}));
    assert_eq!(api.get("/activity").await, json!([]));
}

#[tokio::test]
async fn settings_are_read_and_changed() {
    let emulator = emulator().await;
    let api = Api::of(&emulator);
    assert_eq!(api.get("/settings").await["short_updates"], false);
    let (status, body) = api.call(Method::PUT, "/settings", json!({"short_updates": true})).await;
    assert_eq!(
        (status, &body["short_updates"], &body["difference_slice"]),
        (StatusCode::OK, &json!(true), &json!(100))
    );
    assert_eq!(api.get("/settings").await["short_updates"], true);
    let (status, _) = api.refused(Method::PUT, "/settings", json!({"shrt": true})).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn the_description_names_every_path() {
    let emulator = emulator().await;
    let description = Api::of(&emulator).get("/openapi.json").await;
    let paths = description["paths"].as_object().unwrap();
    for path in [
        "/health",
        "/info",
        "/accounts",
        "/accounts/{id}/code",
        "/groups",
        "/groups/{id}",
        "/groups/{id}/members",
        "/messages",
        "/messages/{sequence}",
        "/messages/{sequence}/edit",
        "/ledger",
        "/activity",
        "/faults",
        "/faults/{id}",
        "/connections/kill",
        "/pushes/mute",
        "/keys",
        "/keys/revoke",
        "/keys/forget",
        "/sessions",
        "/overlaps",
        "/calls",
        "/settings",
    ] {
        assert!(paths.contains_key(path), "{path} is not described");
    }
}
