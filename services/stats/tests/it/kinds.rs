//! Every kind of event, on its way through the bus and the writer into the engine, and what reports make of it.

use std::{collections::BTreeSet, fs, path::Path, time::Duration};

use clickhouse::Row;
use serde::Deserialize;
use troupe_protocol::{Event, EventBody, Source};
use troupe_service::{Clock as _, SystemClock};
use troupe_stats::config::TextsConfig;
use troupe_types::{BotId, ChatId, MessageId, UpdateKey, UpdateKind, UserId};

use crate::world::World;

const UNMATCHED: &str = include_str!("../../../../deploy/clickhouse/queries/unmatched.sql");
const PEOPLE: &str = include_str!("../../../../deploy/clickhouse/queries/people.sql");

/// One event of each kind: the messages that all versions to come have to read.
fn of_every_kind() -> Vec<Event> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/protocol/tests/golden/v1");
    let files =
        fs::read_dir(folder).expect("the folder is there").map(|file| file.expect("it is listed").path());
    let is_event = |file: &std::path::PathBuf| {
        file.file_name().is_some_and(|name| name.to_string_lossy().starts_with("event_"))
    };
    let read = |file: std::path::PathBuf| {
        let text = fs::read_to_string(&file).expect("it can be read");
        let event: Event = serde_json::from_str(&text).expect("it is an event");
        Event { id: file.display().to_string(), ..event }
    };
    files.filter(is_event).map(read).collect()
}

fn kind(body: &EventBody) -> String {
    serde_json::to_value(body).expect("it is plain data")["type"].as_str().expect("it has one").to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_kind_of_event_comes_to_a_row_of_its_kind() {
    #[derive(Debug, PartialEq, Deserialize, Row)]
    struct Told {
        operator: String,
        act: String,
        act_on: String,
        act_version: Option<u32>,
    }
    let world = World::new().await;
    let stats = world.stats("one").await;
    let events = of_every_kind();
    world.tell(&events, "once").await;
    world.until("SELECT count() FROM events", u64::try_from(events.len()).unwrap()).await;
    stats.stop().await;
    let told: BTreeSet<String> = events.iter().map(|event| kind(&event.body)).collect();
    assert!(told.len() > 20, "{told:?}");
    let kinds: Vec<String> = world
        .database()
        .query("SELECT DISTINCT toString(kind) FROM events")
        .fetch_all()
        .await
        .expect("ClickHouse answers");
    assert_eq!(kinds.into_iter().collect::<BTreeSet<_>>(), told);
    let act = "SELECT toString(operator) AS operator, toString(act) AS act, act_on, act_version FROM events
               WHERE kind = 'operator_acted'";
    let told_act: Told = world.database().query(act).fetch_one().await.expect("ClickHouse answers");
    let expected = Told {
        operator: "olga".into(),
        act: "content.put".into(),
        act_on: "scenario/welcome".into(),
        act_version: Some(4),
    };
    assert_eq!(told_act, expected);
    assert_eq!(world.number("SELECT count() FROM events WHERE goal_name = 'kyc'").await, 1);
    let reminded = "SELECT toUInt64(assumeNotNull(reminder)) FROM events WHERE kind = 'step_reminded'";
    assert_eq!(world.number(reminded).await, 1, "the second, from 0");
    let called = "SELECT count() FROM events \
        WHERE kind = 'webhook_called' AND variable = 'crm' AND reason = 'delivered' AND reminder = 2";
    assert_eq!(world.number(called).await, 1);
    assert_eq!(
        world.number("SELECT count() FROM events WHERE text != ''").await,
        0,
        "no texts unless wanted"
    );
}

/// What comes of a message that only a fallback answers, to a person who has blocked the bot.
fn unanswered() -> Vec<Event> {
    let (bot, person, message) = (BotId::new(1), UserId::new(101), MessageId::new(5));
    let chat = ChatId::direct(person);
    let update = UpdateKey { bot, chat, message, kind: UpdateKind::New };
    let fallback = Source::Fallback { library: "talk".into(), variation: 0, version: Some(3) };
    let text = Some("Where is my refund?".to_owned());
    let bodies = [
        EventBody::MessageReceived { message, media: None, own_bot: false, text },
        EventBody::Replied { source: fallback, decide_us: 50 },
        EventBody::BotBlocked,
    ];
    let event = |(place, body)| Event {
        id: format!("{update}!{place}"),
        bot,
        chat: Some(chat),
        person: Some(person),
        update: Some(update),
        time: SystemClock.now(),
        body,
    };
    bodies.into_iter().enumerate().map(event).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn texts_are_kept_where_wanted_and_reported_as_unmatched() {
    #[derive(Debug, PartialEq, Deserialize, Row)]
    struct Unmatched {
        words: String,
        messages: u64,
        people: u64,
        example: String,
    }
    #[derive(Debug, PartialEq, Deserialize, Row)]
    struct Person {
        person: i64,
        blocked: u8,
    }
    let mut world = World::new().await;
    world.texts = TextsConfig { keep_for: Duration::from_hours(1) };
    let stats = world.stats("one").await;
    world.tell(&unanswered(), "once").await;
    world.until("SELECT count() FROM events", 3).await;
    stats.stop().await;
    let report = |sql: &str| {
        let query =
            world.database().query(sql).param("bot", 0_u64).param("chat", 0_i64).param("person", 0_i64);
        query.param("from", 0_i64).param("to", 4_000_000_000_000_i64).param("zone", "UTC")
    };
    let found: Vec<Unmatched> = report(UNMATCHED).fetch_all().await.expect("ClickHouse answers");
    let expected = Unmatched {
        words: "is my refund where".into(),
        messages: 1,
        people: 1,
        example: "Where is my refund?".into(),
    };
    assert_eq!(found, [expected]);
    let people =
        format!("SELECT assumeNotNull(person) AS person, toUInt8(blocked) AS blocked FROM ({PEOPLE})");
    let people: Vec<Person> = report(&people).fetch_all().await.expect("ClickHouse answers");
    assert_eq!(people, [Person { person: 101, blocked: 1 }]);
    let kept = "SELECT toUInt64(dateDiff('second', time, text_until)) FROM events WHERE text != ''";
    assert!((3599..=3600).contains(&world.number(kept).await));
    assert_eq!(
        world
            .number("SELECT toUInt64(assumeNotNull(source_version)) FROM events WHERE kind = 'replied'")
            .await,
        3
    );
}
