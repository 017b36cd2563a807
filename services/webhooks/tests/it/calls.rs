use std::collections::BTreeSet;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use troupe_testkit::receiver::{Answer, Receiver, Request};

use crate::world::{SECRET, World, called};

/// Checks a signature as a receiver does: from what came, and the secret alone.
#[track_caller]
fn check_signature(request: &Request) {
    let key = BASE64_STANDARD.decode(SECRET.strip_prefix("whsec_").unwrap()).unwrap();
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).unwrap();
    let (id, timestamp) = (&request.headers["webhook-id"], &request.headers["webhook-timestamp"]);
    mac.update(&[format!("{id}.{timestamp}.").as_bytes(), &request.body].concat());
    let signature = request.headers["webhook-signature"].strip_prefix("v1,").unwrap();
    mac.verify_slice(&BASE64_STANDARD.decode(signature).unwrap()).unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_goes_over_tls_and_is_signed() {
    let mut world = World::new().await;
    let receiver = Receiver::encrypted(&[Answer::Status(204)]).await;
    let url = format!("https://localhost:{}/hooks?from=troupe", receiver.port);
    world.add("crm", url, receiver.certificate.as_deref());
    let instance = world.start();
    let call = world.call("crm", 1).await;
    let request = receiver.wait(1).await.remove(0);
    assert_eq!(request.line, "POST /hooks?from=troupe HTTP/1.1");
    let host = format!("localhost:{}", receiver.port);
    for (name, value) in [
        ("host", host.as_str()),
        ("content-type", "application/json"),
        ("webhook-id", &call.id()),
        ("idempotency-key", &call.id()),
    ] {
        assert_eq!(request.headers[name], value, "{name}");
    }
    check_signature(&request);
    let body: Value = serde_json::from_slice(&request.body).unwrap();
    assert_eq!((&body["type"], &body["data"]["send"]), (&json!("rule.fired"), &json!({"number": "1"})));
    world.settled("crm").await;
    instance.stop().await;
    assert_eq!(receiver.got().len(), 1, "what was taken is not sent again");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_is_not_taken_comes_again_and_can_be_told() {
    let mut world = World::new().await;
    let receiver =
        Receiver::new(&[Answer::Status(500), Answer::Status(404), Answer::Endless, Answer::Status(500)])
            .await;
    world.add("crm", format!("http://127.0.0.1:{}", receiver.port), None);
    let instance = world.start();
    let call = world.call_later("crm", 1, 100).await;
    world.settled("crm").await;
    let events = world.events().await;
    assert_eq!(events.len(), 1, "it is told once: {events:#?}");
    assert_eq!((events[0].chat, events[0].person), (Some(call.chat), Some(call.person)));
    assert_eq!(events[0].id, format!("{}!called", call.key));
    let requests = receiver.got();
    assert_eq!(requests.len(), 3, "{requests:#?}");
    for request in &requests {
        check_signature(request);
        assert_eq!((&request.body, &request.headers["webhook-id"]), (&requests[0].body, &call.id()));
    }
    instance.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn statistics_are_told_what_took_how_many_tries() {
    let mut world = World::new().await;
    let receiver =
        Receiver::new(&[Answer::Status(500), Answer::Status(503), Answer::Status(200), Answer::Status(200)])
            .await;
    world.add("crm", format!("http://127.0.0.1:{}", receiver.port), None);
    let instance = world.start();
    world.call("crm", 1).await;
    world.settled("crm").await;
    world.call("crm", 2).await;
    world.settled("crm").await;
    instance.stop().await;
    let told: Vec<_> = world.events().await.into_iter().map(|event| event.body).collect();
    assert_eq!(told, [called("crm", "delivered", 3), called("crm", "delivered", 1)]);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_one_instance_was_killed_over_another_one_does() {
    let mut world = World::new().await;
    let receiver = Receiver::new(&[Answer::Never, Answer::Status(200)]).await;
    world.add("crm", format!("http://127.0.0.1:{}", receiver.port), None);
    let first = world.start();
    world.call("crm", 1).await;
    receiver.wait(1).await;
    first.kill();
    let second = world.start();
    let requests = receiver.wait(2).await;
    assert_eq!(requests[0].body, requests[1].body);
    world.settled("crm").await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_that_never_answers_holds_up_no_other() {
    let mut world = World::new().await;
    let (slow, quick) = (Receiver::new(&[Answer::Never]).await, Receiver::new(&[Answer::Status(200)]).await);
    world.config.calls.timeout = std::time::Duration::from_hours(1);
    world.add("slow", format!("http://127.0.0.1:{}", slow.port), None);
    world.add("quick", format!("http://127.0.0.1:{}", quick.port), None);
    for number in 1..=20 {
        world.call("slow", number).await;
    }
    let instance = world.start();
    slow.wait(world.config.calls.at_a_time.into()).await;
    for number in 101..=120 {
        world.call("quick", number).await;
    }
    let requests = quick.wait(20).await;
    let ids: BTreeSet<&str> = requests.iter().map(|request| request.headers["webhook-id"].as_str()).collect();
    assert_eq!(ids.len(), 20);
    world.settled("quick").await;
    assert_eq!(slow.got().len(), usize::from(world.config.calls.at_a_time), "the rest waits");
    instance.kill();
}
