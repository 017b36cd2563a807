//! A person is exported and erased, and every store is looked through for what is left.

use std::{collections::BTreeMap, fs, path::Path};

use async_nats::jetstream::{self, consumer::pull};
use futures::{StreamExt as _, TryStreamExt as _};
use reqwest::Method;
use serde_json::{Value, json};
use troupe_dev::stack::Options;

use crate::world::{World, wait_for};

/// What nobody else would say.
const PLANTED: &str = "Zanzibarquokka";

impl World {
    async fn person(&self, method: Method, person: i64, query: &str) -> Value {
        let url = format!("{}/v1/people/{person}{query}", self.endpoints.services["manager"].url);
        let request = reqwest::Client::new().request(method, url).bearer_auth(&self.endpoints.manager_token);
        let answer = request.send().await.expect("the manager answers");
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap_or_default());
        answer.json().await.expect("it answers in JSON")
    }

    /// The one number that a query finds.
    async fn number(&self, query: &str) -> u64 {
        let rows = self.rows(&format!("SELECT toUInt64({query}) AS number")).await;
        rows[0]["number"].as_u64().expect("it is a number")
    }

    /// Everything that is stored anywhere, as text, by where it is.
    async fn everything(&self) -> BTreeMap<String, String> {
        let mut all = self.redis().await;
        all.extend(self.nats().await);
        all.extend(self.clickhouse().await);
        for folder in ["media", "logs"] {
            let files = files(&self.data.path().join(folder));
            all.extend(files.into_iter().filter(|(name, _)| !name.ends_with("telegram.log")));
        }
        all
    }

    /// Whether every update is decided on, every answer sent, and every event written.
    async fn is_quiet(&self) -> bool {
        let all = self.nats().await;
        let count = |place: &str, text: &str| {
            all.iter().filter(|(of, all)| of.starts_with(place) && all.contains(text)).count() as u64
        };
        let decided = "(SELECT count() FROM events WHERE kind IN ('replied', 'silent'))";
        let sent = "(SELECT count() FROM events WHERE kind = 'message_sent')";
        self.number(decided).await == count("nats UPDATES", "update.")
            && self.number(sent).await == count("nats ACTIONS", "\"type\":\"reply\"")
            && self.number("(SELECT uniqExact(seq) FROM events_told)").await == count("nats EVENTS", "")
    }

    async fn redis(&self) -> BTreeMap<String, String> {
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

    async fn nats(&self) -> BTreeMap<String, String> {
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

    /// Every table: its rows as text, with the ids in sets of people written out.
    async fn clickhouse(&self) -> BTreeMap<String, String> {
        let tables =
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine NOT LIKE '%View'";
        let mut all = BTreeMap::new();
        for table in self.rows(tables).await {
            let table = table["name"].as_str().expect("it has a name");
            let columns = self
                .rows(&format!(
                    "SELECT name, type FROM system.columns WHERE database = currentDatabase() AND table = '{table}'"
                ))
                .await;
            let shown: Vec<String> = columns
                .iter()
                .map(|column| {
                    let name = column["name"].as_str().expect("it has a name");
                    match column["type"].as_str().expect("it has a type") {
                        "AggregateFunction(uniqExact, Int64)" => format!(
                            "arrayMap(id -> reinterpretAsInt64(unhex(id)), extractAll(right(hex(CAST({name} AS String)), \
                             toInt64(16 * finalizeAggregation({name}))), '.{{16}}')) AS shown_{name}"
                        ),
                        kind if kind.starts_with("AggregateFunction") => {
                            format!("hex(CAST({name} AS String)) AS shown_{name}")
                        }
                        _ => name.to_owned(),
                    }
                })
                .collect();
            let rows = self.rows(&format!("SELECT {} FROM {table}", shown.join(", "))).await;
            for (number, row) in rows.iter().enumerate() {
                all.insert(format!("clickhouse {table} {number}"), row.to_string());
            }
        }
        let changes = self.rows("SELECT command FROM system.mutations").await;
        all.insert("clickhouse mutations".to_owned(), json!(changes).to_string());
        all
    }

    /// Where the text, or the number standing alone, is stored.
    async fn found(&self, text: &str, number: i64) -> Vec<String> {
        let number = number.to_string();
        let tells = |all: &str| {
            all.contains(text)
                || all.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits == number)
        };
        let all = self.everything().await;
        all.into_iter().filter(|(_, all)| tells(all)).map(|(place, all)| format!("{place}: {all}")).collect()
    }
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

/// What was counted of messages and scenarios.
const COUNTED: &str = "SELECT sum(received + sent + edited + deleted + failed + replied + silent + scenarios_started \
    + scenarios_ended + goals) FROM activity_by_day";
const CHATS: &str = "SELECT uniqExact(bot, chat) FROM activity_by_day WHERE chat_kind = 'direct'";
const PEOPLE: &str = "SELECT sum(active) FROM people_by_day WHERE bot = BOT";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_tells_of_a_person_who_was_erased_and_nobody_else_is_forgotten() {
    let mut world = World::new(Options::default()).await;
    let clara = world.scene.bots["clara"];
    let (felix, mila) = (world.scene.people["felix"], world.scene.people["mila"]);
    let mut first = 0;
    for (number, person) in [felix, mila].into_iter().enumerate() {
        let sequence = world.write(person, clara.account, "hi").await;
        first = if number == 0 { sequence } else { first };
    }
    world.said_by(clara.account, first, 4).await;
    let named = world.write(felix, clara.account, PLANTED).await;
    world.write(mila, clara.account, "Mila").await;
    world.said_by(clara.account, named, 2).await;
    let group =
        json!({"from": felix, "to": {"group": world.scene.group}, "text": format!("{PLANTED} again")});
    world.tell("/messages", &group).await;
    // Everything has come to its end: what is with the broker is written, and nothing more comes.
    let people = PEOPLE.replace("BOT", &clara.id.to_string());
    let numbers = [COUNTED, CHATS, &people].map(|query| format!("({query})"));
    let received =
        format!("(SELECT count() FROM events WHERE person = {felix} AND kind IN ('silent', 'replied'))");
    // Clara and the other bots of the group each decide on what was said there.
    let bots = world.scene.bots.len() as u64;
    wait_for(async || (world.number(&received).await >= 2 + bots).then_some(())).await;
    wait_for(async || world.is_quiet().await.then_some(())).await;
    let mut before = Vec::new();
    for number in &numbers {
        before.push(world.number(number).await);
    }
    assert_eq!(before[1..], [2, 2], "direct chats and people");

    let places = world.found(PLANTED, felix).await;
    for store in [
        "redis {p",
        "nats UPDATES",
        "nats ACTIONS",
        "nats EVENTS",
        "clickhouse events_told",
        "clickhouse count",
    ] {
        assert!(places.iter().any(|place| place.starts_with(store)), "{store}: {places:#?}");
    }
    // The text itself, in what is told and in what is counted.
    for store in ["nats EVENTS", "clickhouse events_told"] {
        let tells = |place: &&String| place.starts_with(store) && place.contains(PLANTED);
        assert!(places.iter().any(|place| tells(&place)), "{store}: {places:#?}");
    }
    let export = world.person(Method::GET, felix, "").await;
    assert_eq!(export["complete"], true, "{export:#}");
    assert!(export["bots"].to_string().contains(PLANTED), "{export:#}");
    assert!(export["events"].as_array().is_some_and(|events| events.len() > 10), "{export:#}");
    let acquaintances = export["acquaintances"].to_string();
    assert!(acquaintances.contains(&format!(r#""bot":{},"#, clara.id)), "{export:#}");
    let of_mila = world.person(Method::GET, mila, "").await;

    let receipt = world.person(Method::DELETE, felix, "").await;
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    for store in ["redis", "nats", "ingress", "clickhouse"] {
        let found = receipt["found"].as_array().expect("it tells what was found");
        assert!(found.iter().any(|finding| finding["store"] == store), "{store}: {receipt:#}");
    }
    assert_eq!(world.found(PLANTED, felix).await, Vec::<String>::new());
    for (number, before) in numbers.iter().zip(before) {
        assert_eq!(world.number(number).await, before, "{number}");
    }
    let again = world.person(Method::DELETE, felix, "").await;
    assert_eq!((&again["complete"], &again["found"]), (&json!(true), &json!([])), "{again:#}");
    let still = world.person(Method::GET, mila, "").await;
    assert_eq!((&still["bots"], &still["events"]), (&of_mila["bots"], &of_mila["events"]));

    // Who writes again is somebody new; the conversation of the other one goes on.
    let anew = world.write(felix, clara.account, "hi").await;
    let said = world.said_by(clara.account, anew, 2).await;
    assert!(said[1]["text"].as_str().is_some_and(|text| text.contains("What may I call you?")), "{said:#?}");
    let on = world.write(mila, clara.account, "for myself").await;
    world.said_by(clara.account, on, 1).await;
    world.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_outlives_erasure_without_the_id() {
    let mut world = World::new(Options::default()).await;
    let clara = world.scene.bots["clara"];
    let (felix, mila) = (world.scene.people["felix"], world.scene.people["mila"]);
    let first = world.write(felix, clara.account, "stop").await;
    world.said_by(clara.account, first, 1).await;
    let told = format!("(SELECT count() FROM events WHERE person = {felix} AND kind = 'message_sent')");
    wait_for(async || (world.number(&told).await == 1).then_some(())).await;
    let query = format!("?bot={}", clara.id);
    let receipt = world.person(Method::DELETE, felix, &query).await;
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    assert_eq!(world.found(PLANTED, felix).await, Vec::<String>::new());
    let after = world.write(felix, clara.account, "hi again").await;
    let silent = format!(
        "(SELECT count() FROM events WHERE person = {felix} AND kind = 'silent' AND reason = 'opted_out')"
    );
    wait_for(async || (world.number(&silent).await == 1).then_some(())).await;
    let heard = world.write(mila, clara.account, "hi").await;
    world.said_by(clara.account, heard, 1).await;
    let page = world.look(&format!("/ledger?after={after}&limit=1000")).await;
    let to_felix = page["messages"].as_array().expect("there are messages").iter();
    let to_felix: Vec<_> =
        to_felix.filter(|message| message["from"] == clara.account && message["to"] == felix).collect();
    assert!(to_felix.is_empty(), "{to_felix:#?}");
    assert_eq!(
        world.redis().await.values().filter(|text| text.contains(&felix.to_string())).count(),
        1,
        "the position"
    );
    world.stack.stop().await;
}
