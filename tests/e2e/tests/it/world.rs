//! All of troupe with the demo's bots and people, for one test.

use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use troupe_dev::{
    demo::{self, play::Scene},
    running::Endpoints,
    stack::{Options, Stack},
};

/// How long anything may take before a test gives up on it.
pub const PATIENCE: Duration = Duration::from_mins(1);

/// Everything, running, with the demo's stage set.
pub struct World {
    pub stack: Stack,
    pub endpoints: Endpoints,
    pub scene: Scene,
    /// The folder of all data and logs.
    pub data: TempDir,
    http: reqwest::Client,
}

impl World {
    pub async fn new(options: Options) -> Self {
        let data = tempfile::tempdir().expect("a folder can be made");
        let options = Options { data: Some(data.path().to_owned()), ..options };
        let mut stack = Stack::start(&options).await.expect("everything starts");
        let mut endpoints = stack.endpoints();
        let scene = demo::set_stage(&mut endpoints).await.expect("the stage is set");
        Self { stack, endpoints, scene, data, http: reqwest::Client::new() }
    }

    /// Asks the emulator's control API for something.
    pub async fn look(&self, path: &str) -> Value {
        let url = format!("{}{path}", self.stack.telegram.control_url());
        let answer = self.http.get(url).send().await.expect("the emulator answers");
        answer.json().await.expect("it answers in JSON")
    }

    /// Has the emulator's control API do something.
    pub async fn tell(&self, path: &str, body: &Value) -> Value {
        let url = format!("{}{path}", self.stack.telegram.control_url());
        let answer = self.http.post(url).json(body).send().await.expect("the emulator answers");
        assert!(answer.status().is_success(), "{path}: {}", answer.text().await.unwrap_or_default());
        answer.json().await.expect("it answers in JSON")
    }

    /// Has a person write to a bot, by both accounts' ids. Returns the message's number in the ledger.
    pub async fn write(&self, from: i64, to: i64, text: &str) -> u64 {
        let posted = self.tell("/messages", &json!({"from": from, "to": {"user": to}, "text": text})).await;
        posted["sequence"].as_u64().expect("it has a number")
    }

    /// What `from` has said since the ledger's number `after`, once there are `count` of them.
    pub async fn said_by(&self, from: i64, after: u64, count: usize) -> Vec<Value> {
        let said = async {
            loop {
                let page = self.look(&format!("/ledger?after={after}&limit=1000")).await;
                let messages = page["messages"].as_array().cloned().unwrap_or_default();
                let own: Vec<Value> =
                    messages.into_iter().filter(|message| message["from"] == from).collect();
                if own.len() >= count {
                    return own;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(PATIENCE, said).await.expect("it is said in time")
    }

    /// Rows of a query to ClickHouse, as JSON objects.
    pub async fn rows(&self, query: &str) -> Vec<Value> {
        let url = format!(
            "{}/?database={}&output_format_json_quote_64bit_integers=0",
            self.stack.clickhouse.url(),
            self.endpoints.clickhouse_database
        );
        let text = self.ask(&url, format!("{query} FORMAT JSONEachRow")).await;
        text.lines().map(|line| serde_json::from_str(line).expect("each line is an object")).collect()
    }

    /// Has ClickHouse do something.
    pub async fn execute(&self, sql: &str) {
        let database = &self.endpoints.clickhouse_database;
        let url = format!("{}/?database={database}", self.stack.clickhouse.url());
        self.ask(&url, sql.to_owned()).await;
    }

    async fn ask(&self, url: &str, sql: String) -> String {
        let answer = self.http.post(url).body(sql).send().await.expect("ClickHouse answers");
        let ok = answer.status().is_success();
        let text = answer.text().await.expect("it answers in text");
        assert!(ok, "{text}");
        text
    }
}

/// Looks again and again until there is something.
pub async fn wait_for<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let wait = async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::time::timeout(PATIENCE, wait).await.expect("it is there in time")
}
