use serde_json::json;

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
