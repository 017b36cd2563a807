use futures::future::join_all;
use reqwest::{Client, Method};
use serde_json::json;
use troupe_protocol::{BotRecord, Bucket, Desired, LoginReply, Refusal, Subject};
use troupe_types::{BotId, Partition};

use crate::world::{Answer, TOKEN, World, answer};

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
    let paths = description["paths"].as_object().unwrap();
    for path in ["/v1/bots", "/v1/bots/{id}/code", "/v1/libraries/{name}", "/v1/statistics"] {
        assert!(paths.contains_key(path), "{path} is not described");
    }
    for (path, calls) in paths {
        for (method, call) in calls.as_object().unwrap() {
            assert!(call["summary"].is_string(), "{method} {path} does not say what it does");
        }
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
async fn managers_side_by_side_allow_no_more_tries_than_one() {
    let mut world = World::new().await.with_logins().await;
    let other = world.one_more().await;
    let id = world.post("/v1/bots", &json!({"name": "clara", "phone": "+1"})).await.ok()["id"].clone();
    // All at once, as who guesses would.
    let tries = (0..12).map(|number| {
        let url = if number % 2 == 0 { &world.url } else { &other };
        let request = Client::new().post(format!("{url}/v1/bots/{id}/code")).bearer_auth(TOKEN);
        answer(request.json(&json!({"code": "wrong"})))
    });
    let answers = join_all(tries).await;
    let told = |status: u16| answers.iter().filter(|answer| answer.status.as_u16() == status).count();
    assert_eq!((told(422), told(409)), (5, 7), "{answers:?}");
    let last =
        |answer: &&Answer| answer.body["message"].as_str().is_some_and(|told| told.contains("last try"));
    assert_eq!(answers.iter().filter(last).count(), 1, "{answers:?}");
    // A new login has all of its tries; what is right costs none.
    world.post(&format!("/v1/bots/{id}/login"), &json!({"phone": "+2"})).await.ok();
    for _ in 0..6 {
        world.post(&format!("/v1/bots/{id}/code"), &json!({"code": "password please"})).await.ok();
    }
    let password = Client::new().post(format!("{other}/v1/bots/{id}/password")).bearer_auth(TOKEN);
    assert_eq!(answer(password.json(&json!({"password": "right"}))).await.ok()["next"], "done");
    assert_eq!(world.bus.bucket(Bucket::Bots).keys("tries.").await.unwrap(), Vec::<String>::new());
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

#[tokio::test]
async fn a_bot_signs_in_again_and_keeps_its_settings() {
    let world = World::new().await.with_logins().await;
    let id = world.post("/v1/bots", &json!({"name": "clara", "token": "right"})).await.ok()["id"].clone();
    let settings = json!({"groups": "all"});
    world.put(&format!("/v1/bots/{id}/settings"), &settings).await.ok();
    let path = format!("/v1/bots/{id}/login");
    let (error, _) = world.post(&path, &json!({"phone": "+0"})).await.refused(422);
    assert_eq!(error, "phone");
    assert_eq!(
        world.get(&format!("/v1/bots/{id}")).await.ok()["identity"]["user"],
        702,
        "nothing has changed"
    );
    // As another account, which nobody else has.
    assert_eq!(world.post(&path, &json!({"phone": "+1"})).await.ok()["next"], "code");
    let done = world.post(&format!("/v1/bots/{id}/code"), &json!({"code": "right"})).await.ok();
    assert_eq!((&done["id"], &done["bot"]["identity"]["user"]), (&id, &json!(700)));
    assert_eq!(done["bot"]["settings"]["groups"], "all");
    // The account that it was before is free.
    let other = world.post("/v1/bots", &json!({"name": "boris", "token": "right"})).await.ok()["id"].clone();
    // As the account of another bot: it must not run with that.
    let (error, message) = world.post(&path, &json!({"token": "right"})).await.refused(409);
    assert_eq!(error, "conflict");
    assert!(message.contains(&format!("bot {other}")), "{message}");
    let bot = world.get(&format!("/v1/bots/{id}")).await.ok();
    assert_eq!((&bot["identity"], &bot["desired"]), (&json!(null), &json!("stopped")));
    world.post(&format!("/v1/bots/{id}/start"), &json!({})).await.refused(409);
    world.post("/v1/bots/99/login", &json!({"token": "right"})).await.refused(404);
    world.post(&path, &json!({})).await.refused(400);
}

#[tokio::test]
async fn after_too_many_tries_the_login_begins_again() {
    let world = World::new().await.with_logins().await;
    let id = world.post("/v1/bots", &json!({"name": "clara", "phone": "+1"})).await.ok()["id"].clone();
    let path = format!("/v1/bots/{id}/code");
    for _ in 0..5 {
        world.post(&path, &json!({"code": "wrong"})).await.refused(422);
    }
    let (_, message) = world.post(&path, &json!({"code": "right"})).await.refused(409);
    assert!(message.contains("/login"), "{message}");
    assert_eq!(
        world.post(&format!("/v1/bots/{id}/login"), &json!({"phone": "+1"})).await.ok()["next"],
        "code"
    );
    assert_eq!(world.post(&path, &json!({"code": "right"})).await.ok()["next"], "done");
}

#[tokio::test]
async fn a_bot_is_known_while_it_signs_in_and_forgotten_if_that_is_refused() {
    let world = World::new().await;
    let bots = world.bus.bucket(Bucket::Bots);
    let partition = Partition::of(BotId::new(1), world.bus.partitions());
    let mut requests = world.bus.serve(Subject::Login(partition)).await.unwrap();
    let refuse = async {
        let request = requests.next().await.unwrap();
        // Ingress signs out and forgets whatever comes of a bot that it knew and that is deleted.
        let known = bots.get::<BotRecord>("bot.1").await.unwrap().unwrap().value;
        let refused = LoginReply::Refused { refusal: Refusal::Token, message: "no".into() };
        request.respond(&refused).await.unwrap();
        known
    };
    let new = json!({"name": "clara", "token": "wrong"});
    let (known, answer) = tokio::join!(refuse, world.post("/v1/bots", &new));
    assert_eq!((known.name.as_str(), known.desired), ("clara", Desired::Stopped));
    answer.refused(422);
    let keys = bots.keys("").await.unwrap();
    assert_eq!(keys, ["deleted.1", "last"], "its name is free, and ingress is told to forget it");
}

#[tokio::test]
async fn a_name_whose_bot_never_came_to_be_is_free() {
    let world = World::new().await.with_logins().await;
    // Whoever registered bot 77 died before it was stored.
    world.bus.bucket(Bucket::Bots).create("name.clara", &77_u64).await.unwrap();
    let id = world.post("/v1/bots", &json!({"name": "clara", "token": "right"})).await.ok()["id"].clone();
    assert_eq!(world.get(&format!("/v1/bots/{id}")).await.ok()["name"], "clara");
}

#[tokio::test]
async fn no_answer_quotes_a_secret() {
    let world = World::new().await.with_logins().await;
    let id = world.post("/v1/bots", &json!({"name": "clara", "phone": "+1"})).await.ok()["id"].clone();
    for (path, body) in [
        (format!("/v1/bots/{id}/code"), json!({"code": 24_680})),
        (format!("/v1/bots/{id}/password"), json!({"password": {"text": "24680"}})),
        (format!("/v1/bots/{id}/login"), json!({"token": [24_680]})),
        ("/v1/bots".to_owned(), json!({"name": "boris", "phone": 24_680})),
    ] {
        let answer = world.post(&path, &body).await;
        assert_eq!(answer.status, 400, "{answer:?}");
        assert!(!answer.body.to_string().contains("24680"), "{answer:?}");
    }
}
