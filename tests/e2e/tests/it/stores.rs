//! What every store holds, as text, to look for somebody in it.

use std::{collections::BTreeMap, fs, path::Path};

use async_nats::jetstream::{self, consumer::pull};
use futures::{StreamExt as _, TryStreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};

use crate::world::World;

impl World {
    /// Asks the manager for a person, or has it erase them.
    pub async fn person(&self, method: Method, person: i64, query: &str) -> Value {
        let url = format!("{}/v1/people/{person}{query}", self.endpoints.services["manager"].url);
        let request = reqwest::Client::new().request(method, url).bearer_auth(&self.endpoints.manager_token);
        let answer = request.send().await.expect("the manager answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        answer.json().await.expect("it answers in JSON")
    }

    /// The one number that a query finds.
    pub async fn number(&self, query: &str) -> u64 {
        let rows = self.rows(&format!("SELECT toUInt64({query}) AS number")).await;
        rows[0]["number"].as_u64().expect("it is a number")
    }

    /// Everything that is stored anywhere, as text, by where it is.
    pub async fn everything(&self) -> BTreeMap<String, String> {
        let mut all = self.redis().await;
        all.extend(self.nats().await);
        all.extend(self.clickhouse().await);
        for folder in ["media", "logs"] {
            let files = files(&self.data.path().join(folder));
            all.extend(files.into_iter().filter(|(name, _)| !name.ends_with("telegram.log")));
        }
        all
    }

    /// Whether every update is decided on, every answer sent, and every event written and counted: the position is noted
    /// after that.
    pub async fn is_quiet(&self) -> bool {
        let all = self.nats().await;
        let count = |place: &str, text: &str| {
            all.iter().filter(|(of, all)| of.starts_with(place) && all.contains(text)).count() as u64
        };
        let decided = "(SELECT count() FROM events WHERE kind IN ('replied', 'silent'))";
        let sent = "(SELECT count() FROM events WHERE kind = 'message_sent')";
        self.number(decided).await == count("nats UPDATES", "update.")
            && self.number(sent).await == count("nats ACTIONS", "\"type\":\"reply\"")
            && self.number("(SELECT uniqExact(seq) FROM events_told)").await == count("nats EVENTS", "")
            && self.number("(SELECT max(seq) FROM positions)").await
                == self.number("(SELECT max(seq) FROM events_told)").await
    }

    /// Every key of Redis.
    pub async fn redis(&self) -> BTreeMap<String, String> {
        let client = redis::Client::open(self.stack.redis.url()).expect("it is an address");
        let mut connection = client.get_multiplexed_async_connection().await.expect("Redis answers");
        let keys: Vec<String> =
            redis::cmd("KEYS").arg("*").query_async(&mut connection).await.expect("Redis tells its keys");
        let mut all = BTreeMap::new();
        for key in keys {
            let kind: String =
                redis::cmd("TYPE").arg(&key).query_async(&mut connection).await.expect("it has a kind");
            let mut command = match kind.as_str() {
                "string" => redis::cmd("GET"),
                "hash" => redis::cmd("HGETALL"),
                "zset" => redis::cmd("ZRANGE"),
                other => panic!("{key} is a {other}: look into it"),
            };
            command.arg(&key);
            if kind == "zset" {
                command.arg(0).arg(-1);
            }
            let value: redis::Value = command.query_async(&mut connection).await.expect("it has a value");
            all.insert(format!("redis {key}"), format!("{key} {}", readable(&value)));
        }
        all
    }

    /// Every message of every stream and bucket.
    pub async fn nats(&self) -> BTreeMap<String, String> {
        let client = async_nats::connect(self.stack.nats.url()).await.expect("NATS answers");
        let context = jetstream::new(client);
        let names: Vec<String> = context.stream_names().try_collect().await.expect("NATS tells its streams");
        assert!(names.len() > 8, "streams and buckets: {names:?}");
        let mut all = BTreeMap::new();
        for name in names {
            let mut stream = context.get_stream(&name).await.expect("it is there");
            let count = stream.info().await.expect("it tells").state.messages;
            let consumer = stream.create_consumer(pull::Config::default()).await.expect("it can be read");
            let messages = consumer.messages().await.expect("it can be read");
            let messages = messages.take(usize::try_from(count).expect("they are few"));
            let messages: Vec<_> = messages.try_collect().await.expect("they are read");
            for message in messages {
                let place =
                    format!("nats {name} {}", message.info().expect("it has a place").stream_sequence);
                let text = String::from_utf8_lossy(&message.payload).into_owned();
                all.insert(place, format!("{} {:?} {text}", message.subject, message.headers));
            }
        }
        all
    }

    /// Every table: its rows as text.
    pub async fn clickhouse(&self) -> BTreeMap<String, String> {
        let tables =
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine NOT LIKE '%View'";
        let mut all = BTreeMap::new();
        for table in self.rows(tables).await {
            let table = table["name"].as_str().expect("it has a name");
            let rows = self.rows(&format!("SELECT * FROM {table}")).await;
            for (number, row) in rows.iter().enumerate() {
                all.insert(format!("clickhouse {table} {number}"), row.to_string());
            }
        }
        let changes = self.rows("SELECT command FROM system.mutations").await;
        all.insert("clickhouse mutations".to_owned(), json!(changes).to_string());
        all
    }

    /// Where the text, or the number standing alone, is stored.
    pub async fn found(&self, text: &str, number: i64) -> Vec<String> {
        let all = self.everything().await;
        let tell = all.into_iter().filter(|(_, all)| all.contains(text) || names(all, number));
        tell.map(|(place, all)| format!("{place}: {all}")).collect()
    }
}

/// Whether a text has the number standing alone.
pub fn names(text: &str, number: i64) -> bool {
    let number = number.to_string();
    text.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits == number)
}

fn readable(value: &redis::Value) -> String {
    match value {
        redis::Value::BulkString(bytes) => String::from_utf8_lossy(bytes).into_owned(),
        redis::Value::Array(values) => values.iter().map(readable).collect::<Vec<_>>().join(" "),
        redis::Value::Map(pairs) => {
            let pair = |(key, value)| format!("{} {}", readable(key), readable(value));
            pairs.iter().map(|(key, value)| pair((key, value))).collect::<Vec<_>>().join(" ")
        }
        other => format!("{other:?}"),
    }
}

fn files(folder: &Path) -> BTreeMap<String, String> {
    let mut all = BTreeMap::new();
    for entry in fs::read_dir(folder).into_iter().flatten() {
        let path = entry.expect("a folder can be listed").path();
        if path.is_dir() {
            all.extend(files(&path));
        } else {
            let bytes = fs::read(&path).expect("a file can be read");
            let text = format!("{} {}", path.display(), String::from_utf8_lossy(&bytes));
            all.insert(format!("file {}", path.display()), text);
        }
    }
    all
}
