use serde_json::json;
use troupe_dev::servers::{ClickHouse, Options};

use crate::world::World;

/// Applies the schema as the stats service does.
pub async fn prepare(clickhouse: &ClickHouse) {
    let create = reqwest::Client::new().post(clickhouse.url()).body("CREATE DATABASE troupe");
    assert!(create.send().await.expect("ClickHouse answers").status().is_success());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/clickhouse");
    let entries = std::fs::read_dir(folder).expect("the schema is there");
    let mut files: Vec<_> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|file| file.extension().is_some_and(|ending| ending == "sql"));
    files.sort();
    for file in files {
        let sql = std::fs::read_to_string(file).expect("it can be read");
        for statement in sql.split(";\n").filter(|statement| !statement.trim().is_empty()) {
            tell(clickhouse, statement).await;
        }
    }
}

pub async fn tell(clickhouse: &ClickHouse, sql: &str) {
    let url = format!("{}/?database=troupe", clickhouse.url());
    let answer =
        reqwest::Client::new().post(url).body(sql.to_owned()).send().await.expect("ClickHouse answers");
    let ok = answer.status().is_success();
    let text = answer.text().await.expect("it answers in text");
    assert!(ok, "{text}");
}

#[tokio::test]
async fn what_happened_is_counted_once_by_bot_and_chat() {
    let clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    let rows = [
        // id, kind, bot, chat, chat_kind, person, source, reason, goal
        "('1', 'message_received', 1, 42, 'direct', 42, '', '', NULL)",
        "('1', 'message_received', 1, 42, 'direct', 42, '', '', NULL)",
        "('2', 'replied', 1, 42, 'direct', 42, 'entry', '', NULL)",
        "('3', 'message_sent', 1, 42, 'direct', 42, 'entry', '', NULL)",
        "('4', 'scenario_ended', 1, 42, 'direct', 42, '', '', true)",
        "('5', 'scenario_ended', 1, 43, 'direct', 43, '', '', false)",
        "('6', 'message_received', 2, -7, 'group', 42, '', '', NULL)",
        "('7', 'silent', 2, -7, 'group', 42, '', 'no_match', NULL)",
    ];
    let columns = "id, kind, bot, chat, chat_kind, person, source, reason, goal";
    tell(&clickhouse, &format!("INSERT INTO events_told ({columns}) VALUES {}", rows.join(", "))).await;
    let world = World::with_clickhouse(&clickhouse.url()).await;

    let all = world.get("/v1/statistics?from=ever").await.ok();
    let total = &all["total"];
    assert_eq!(
        (&total["received"], &total["sent"], &total["goals"]),
        (&json!(2), &json!(1), &json!(1)),
        "{all}"
    );
    assert_eq!((&total["scenarios_ended"], &total["people"]), (&json!(2), &json!(1)), "{all}");
    assert_eq!(all["replies"], json!([{"name": "entry", "count": 1}]));
    assert_eq!(all["silent"], json!([{"name": "no_match", "count": 1}]));
    assert_eq!(all["chats"].as_array().unwrap().len(), 3, "{all}");

    let bots = all["bots"].as_array().unwrap();
    assert_eq!((bots.len(), &bots[0]["received"], &bots[0]["goals"]), (2, &json!(1), &json!(1)), "{all}");
    assert_eq!((&bots[0]["replies"], &bots[1]["silent"]), (&json!({"entry": 1}), &json!({"no_match": 1})));

    let one = world.get("/v1/statistics?from=ever&bot=2").await.ok();
    assert_eq!((&one["total"]["received"], &one["total"]["sent"]), (&json!(1), &json!(0)));
    assert_eq!(one["chats"][0]["chat_kind"], "group");
    assert_eq!(world.get("/v1/statistics?from=ever&chat=42").await.ok()["total"]["received"], 1);
    let later = world.get("/v1/statistics?from=2100-01-01T00:00:00Z&to=2100-02-01").await.ok();
    assert_eq!((&later["total"]["received"], &later["bots"]), (&json!(0), &json!([])));
    let mut until = world.get("/v1/statistics?from=ever&to=2100-01-01T00:00:00%2B01:00").await.ok();
    assert_eq!(until["to"], "2099-12-31T23:00:00Z");
    until["to"] = all["to"].clone();
    assert_eq!(until, all);
    world.get("/v1/statistics?from=yesterday").await.refused(400);
    world.get("/v1/statistics?bot=two").await.refused(400);
    world.get("/v1/statistics?colour=red").await.refused(400);
}

#[tokio::test]
async fn without_clickhouse_the_answer_says_so() {
    let world = World::new().await;
    let (error, message) = world.get("/v1/statistics").await.refused(503);
    assert_eq!(error, "unavailable");
    assert!(message.contains("ClickHouse"), "{message}");
}
