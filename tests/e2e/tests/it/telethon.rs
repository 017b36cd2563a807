//! A stock client that nobody here wrote, over three transports.

use std::process::Stdio;

use serde_json::{Value, json};
use tokio::process::Command;
use troupe_dev::{stack::Options, tools::Tools};

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn a_person_with_telethon_is_answered_in_private_and_in_the_group() {
    let python = tokio::task::spawn_blocking(|| Tools::default().telethon_python())
        .await
        .expect("getting Telethon does not panic")
        .expect("Telethon is there");
    let world = World::new(Options::default()).await;
    for transport in ["full", "abridged", "obfuscated"] {
        let account = world
            .tell("/accounts", &json!({"first_name": "Tess", "username": format!("tess_{transport}")}))
            .await;
        world.tell(&format!("/groups/{}/members", world.scene.group), &json!({"user": account["id"]})).await;
        let task = json!({
            "address": world.stack.telegram.address(),
            "key_file": world.stack.telegram.key_file(),
            "control_url": world.stack.telegram.control_url(),
            "account": account["id"],
            "phone": account["phone"],
            "transport": transport,
            "lines": [
                {"to": "clara_of_harbour", "text": "hello", "answers": 2},
                {"to": "clara_of_harbour", "text": "Tess", "answers": 1},
                {"to": "harbour_boris_bot", "text": "What are the fees?", "answers": 1},
                {"to": world.scene.group, "text": "What are the fees?", "answers": 1},
            ],
        });
        let answers = talk(&python, &task).await;
        let said: Vec<Vec<&str>> = answers
            .iter()
            .map(|texts| texts.as_array().into_iter().flatten().filter_map(Value::as_str).collect())
            .collect();
        // The scenario: its greeting, its first question, and the next one with the name that was given.
        assert!(said[0][0].contains("Clara") && said[0][1].contains("call you"), "{transport}: {said:?}");
        assert!(said[1][0].contains("Tess"), "{transport}: {said:?}");
        // The libraries: any of an entry's variations, in the person's language.
        for answer in [said[2][0], said[3][0]] {
            assert!(answer.to_lowercase().contains("fee"), "{transport}: {said:?}");
        }
    }
}

async fn talk(python: &std::path::Path, task: &Value) -> Vec<Value> {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/telethon/person.py");
    let output = Command::new(python)
        .args([script, &task.to_string()])
        .stdin(Stdio::null())
        .output()
        .await
        .expect("Python runs");
    let (said, complained) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{}: {complained}", task["transport"]);
    let answer: Value = serde_json::from_str(&said).expect("the script prints JSON");
    answer["answers"].as_array().cloned().expect("the script prints the answers")
}
