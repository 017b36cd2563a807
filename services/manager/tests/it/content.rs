use futures::future::join_all;
use reqwest::Method;
use serde_json::json;
use troupe_protocol::{Bucket, ContentDocument, ContentKind};
use troupe_types::Timestamp;

use crate::world::World;

const LIBRARY: &str = "# Ours.\nentries:\n  - id: hello\n    phrases: [hello]\n    answers: [Hi!]\n";

#[tokio::test]
async fn a_document_comes_back_as_it_was_written_and_each_change_is_a_version() {
    let world = World::new().await;
    let stored = world.put_text("/v1/libraries/support", LIBRARY).await.ok();
    assert_eq!(stored, json!({"name": "support", "version": 1}));
    assert_eq!(
        world.put_text("/v1/libraries/support", LIBRARY).await.ok()["version"],
        1,
        "nothing has changed"
    );
    let changed = LIBRARY.replace("Hi!", "Hello!");
    assert_eq!(world.put_text("/v1/libraries/support", &changed).await.ok()["version"], 2);
    assert_eq!(world.get("/v1/libraries/support").await.ok()["text"], json!(changed));
    assert_eq!(world.get("/v1/libraries/support?version=1").await.ok()["text"], json!(LIBRARY));
    let list = world.get("/v1/libraries").await.ok();
    assert_eq!(list["documents"], json!([{"name": "support", "version": 2}]));
    world.get("/v1/libraries/other").await.refused(404);
    world.get("/v1/libraries/support?version=3").await.refused(404);
    world.put_text("/v1/libraries/NO", LIBRARY).await.refused(400);
    assert_eq!(world.get("/v1/rules").await.ok()["documents"], json!([]), "kinds do not mix");
}

#[tokio::test]
async fn a_document_with_faults_is_refused_with_every_place_and_nothing_is_stored() {
    let world = World::new().await;
    let cases = [
        ("/v1/rules/kyc", "{\"triggers\": "),
        (
            "/v1/rules/kyc",
            r#"{"triggers": {"a": {"privateTrigger": true, "triggers": [
            {"triggerType": "Telepathy", "modifier": 0, "data": "x"},
            {"triggerType": "Text", "modifier": 0, "data": "("}]}}}"#,
        ),
        ("/v1/libraries/kyc", "entries: 5"),
        ("/v1/scenarios/kyc", "steps: {}"),
    ];
    for (path, text) in cases {
        let answer = world.put_text(path, text).await;
        assert_eq!(answer.status, 422, "{text}: {answer:?}");
        let faults = answer.body["faults"].as_array().expect("a refusal lists the faults").clone();
        assert!(!faults.is_empty(), "{text}");
        for fault in &faults {
            assert!(fault["line"].as_u64().is_some_and(|line| line > 0), "{fault}");
            assert!(fault["reason"].as_str().is_some_and(|reason| !reason.is_empty()), "{fault}");
        }
        if text.contains("Telepathy") {
            assert!(faults.len() >= 2, "every fault is told, not just the first: {faults:?}");
        }
        world.get(path).await.refused(404);
    }
}

#[tokio::test]
async fn documents_put_at_the_same_moment_all_become_versions_that_never_change() {
    let world = World::new().await;
    // Somebody stored the first version and died before it counted.
    let left = ContentDocument {
        kind: ContentKind::Library,
        name: "support".parse().unwrap(),
        version: 1,
        created: Timestamp::default(),
        text: LIBRARY.to_owned(),
        parts: None,
    };
    world.bus.bucket(Bucket::Content).create("library.support.1", &left).await.unwrap();
    let texts: Vec<String> = (0..5).map(|number| LIBRARY.replace("Hi!", &format!("Hi {number}!"))).collect();
    let world = &world;
    let put = |text: &String| {
        let text = text.clone();
        async move { world.put_text("/v1/libraries/support", &text).await.ok()["version"].as_u64().unwrap() }
    };
    let versions = join_all(texts.iter().map(put)).await;
    for (text, version) in texts.iter().zip(&versions) {
        let path = format!("/v1/libraries/support?version={version}");
        assert_eq!(world.get(&path).await.ok()["text"], json!(text), "{versions:?}");
    }
    assert_eq!(world.get("/v1/libraries/support?version=1").await.ok()["text"], json!(LIBRARY));
    let listed = world.get("/v1/libraries/support/versions").await.ok();
    let listed: Vec<u64> =
        listed["versions"].as_array().unwrap().iter().map(|one| one["version"].as_u64().unwrap()).collect();
    assert_eq!(listed, [6, 5, 4, 3, 2, 1]);
    world.get("/v1/libraries/other/versions").await.refused(404);
}

#[tokio::test]
async fn what_is_no_document_is_refused_in_the_one_shape() {
    let world = World::new().await;
    let (error, message) = world.put_text("/v1/rules/kyc", &"x".repeat(18 << 20)).await.refused(413);
    assert_eq!(error, "too_large");
    assert!(message.contains("MiB"), "{message}");
    assert_eq!(world.call(Method::PATCH, "/v1/rules/kyc", None).await.refused(405).0, "method");
    assert_eq!(world.get("/v1/nothing").await.refused(404).0, "not_found");
}

#[tokio::test]
async fn a_library_of_ten_thousand_entries_can_be_put() {
    let world = World::new().await;
    let entry = |number: usize| {
        format!(
            "  - id: e{number}\n    phrases: [what is thing {number}, что такое {number}]\n    answers: [\"{}\"]\n",
            "Это она. ".repeat(25)
        )
    };
    let library = format!("entries:\n{}", (0..10_000).map(entry).collect::<String>());
    assert!(library.len() > 4 << 20, "larger than NATS takes in one message: {}", library.len());
    assert_eq!(world.put_text("/v1/libraries/large", &library).await.ok()["version"], 1);
    assert_eq!(
        world.put_text("/v1/libraries/large", &library).await.ok()["version"],
        1,
        "nothing has changed"
    );
    assert_eq!(world.get("/v1/libraries/large").await.ok()["text"], json!(library));
}
