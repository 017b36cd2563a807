use std::collections::BTreeMap;

use clickhouse::Row;
use serde::Deserialize;
use troupe_dev::servers::{Nats, Options};
use troupe_protocol::{Event, EventBody, Source};
use troupe_types::{ActionKey, BotId, ChatId, MessageId, Timestamp, UpdateKey, UpdateKind, UserId};

use crate::world::{TRACE, World, nats_config};

/// What happened: message `number` came to some bot in some chat, and was answered or not.
fn happened(number: i32) -> Vec<Event> {
    let bot = BotId::new(u64::try_from(number % 16 + 1).expect("it is positive"));
    let chat = if number % 3 == 0 {
        ChatId::new(-1_000_000_000_001)
    } else {
        ChatId::new(100 + i64::from(number % 7))
    };
    let person = UserId::new(100 + i64::from(number % 7));
    let message = MessageId::new(number);
    let update = UpdateKey { bot, chat, message, kind: UpdateKind::New };
    let action = ActionKey { update, number: 0 };
    let source =
        Source::Entry { library: "small-talk".into(), entry: "hello".into(), variation: 0, version: None };
    let bodies = if number % 4 == 0 {
        vec![
            EventBody::MessageReceived { message, media: None, own_bot: false, text: None },
            EventBody::Silent { reason: "no_match".into(), decide_us: 50 },
        ]
    } else {
        vec![
            EventBody::MessageReceived { message, media: None, own_bot: false, text: None },
            EventBody::Replied { source: source.clone(), decide_us: 100 },
            EventBody::MessageSent { message, action, source, reply_ms: 700, media: None },
        ]
    };
    let time = Timestamp::from_seconds(1_700_000_000 + i64::from(number));
    let event = |(place, body)| Event {
        id: format!("{update}!{place}"),
        bot,
        chat: Some(chat),
        person: Some(person),
        update: Some(update),
        time,
        body,
    };
    bodies.into_iter().enumerate().map(event).collect()
}

pub fn events(numbers: std::ops::Range<i32>) -> Vec<Event> {
    numbers.flat_map(happened).collect()
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, Row)]
pub struct Counted {
    kind: String,
    bot: u64,
    chat: i64,
    count: u64,
}

/// The counts that there are to be.
pub fn expected(events: &[Event]) -> Vec<Counted> {
    let mut counts = BTreeMap::<_, u64>::new();
    for event in events {
        let kind =
            serde_json::to_value(&event.body).expect("it is plain data")["type"].to_string().replace('"', "");
        *counts.entry((kind, event.bot.get(), event.chat.expect("each has one").get())).or_default() += 1;
    }
    counts.into_iter().map(|((kind, bot, chat), count)| Counted { kind, bot, chat, count }).collect()
}

pub async fn counted(world: &World) -> Vec<Counted> {
    let sql = "SELECT toString(kind) AS kind, bot, assumeNotNull(chat) AS chat, count() AS count
               FROM events GROUP BY kind, bot, chat ORDER BY kind, bot, chat";
    world.database().query(sql).fetch_all::<Counted>().await.expect("ClickHouse answers")
}

pub const TOLD: &str = "SELECT count() FROM events_told";
pub const ONCE: &str = "SELECT count() FROM events";

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_events_are_counted_exactly_whoever_dies() {
    let mut world = World::new().await;
    world.batch.rows_max = 200;
    let all = events(0..3637);
    assert!(all.len() > 10_000, "{}", all.len());
    let again: Vec<Event> = all.iter().step_by(3).cloned().collect();

    let first = world.stats("first").await;
    world.tell(&all[..6000], "once").await;
    world.until(TOLD, 1000).await;
    first.kill().await;
    let written = world.number(TOLD).await;
    let second = world.stats("second").await;
    // It has to wait until the leases of the dead one have run out; then it is in the middle of writing.
    world.tell(&again, "twice").await;
    world.until(TOLD, written + 1).await;
    world.clickhouse.kill();
    world.tell(&all[6000..], "once").await;
    world.clickhouse.restart().await.expect("ClickHouse starts again");
    let all_count = u64::try_from(all.len()).unwrap();
    world.until(ONCE, all_count).await;
    second.kill().await;
    let third = world.stats("third").await;
    // Everything that was told has been read when the last one has: it is a new one.
    let last = events(4000..4001);
    world.tell(&last, "once").await;
    world.until(ONCE, all_count + u64::try_from(last.len()).unwrap()).await;
    third.stop().await;

    let happened: Vec<Event> = all.into_iter().chain(last).collect();
    assert_eq!(counted(&world).await, expected(&happened));
}

#[tokio::test(flavor = "multi_thread")]
async fn two_side_by_side_write_each_event_once_while_the_one_joins_and_the_other_leaves() {
    let world = World::new().await;
    let all = events(0..900);
    let count = |events: &[Event]| u64::try_from(events.len()).unwrap();
    let one = world.stats("one").await;
    world.keep_every_row().await;
    world.tell(&all[..800], "once").await;
    let two = world.stats("two").await;
    world.tell(&all[800..1600], "once").await;
    world.until(TOLD, 1600).await;
    one.stop().await;
    world.tell(&all[1600..], "once").await;
    world.until(TOLD, count(&all)).await;
    two.stop().await;
    assert_eq!(counted(&world).await, expected(&all));
    // Nobody died, so not even a row was written twice.
    assert_eq!(world.number(TOLD).await, count(&all));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_stream_is_read_from_its_beginning() {
    let mut world = World::new().await;
    let stats = world.stats("before").await;
    world.tell(&events(0..50), "once").await;
    world.until(ONCE, u64::try_from(events(0..50).len()).unwrap()).await;
    stats.stop().await;
    // The broker lost everything: numbers begin with 1 again. By the time that somebody reads them they are beyond those
    // that ClickHouse has, so the numbers alone do not show it.
    world.nats = Nats::start(&Options::default()).await.unwrap();
    world.bus = troupe_bus::Bus::connect(&nats_config(&world.nats)).await.unwrap();
    world.tell(&events(50..150), "once").await;
    let stats = world.stats("after").await;
    world.until(ONCE, u64::try_from(events(0..150).len()).unwrap()).await;
    stats.stop().await;
    assert_eq!(counted(&world).await, expected(&events(0..150)));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_say_what_the_event_said_and_in_which_trace() {
    #[derive(Debug, PartialEq, Deserialize, Row)]
    struct Sent {
        id: String,
        millis: i64,
        chat_kind: String,
        person: Option<i64>,
        update: String,
        action: String,
        message: Option<i32>,
        source: String,
        source_name: String,
        source_entry: String,
        source_variation: Option<u16>,
        source_version: Option<u32>,
        reply_ms: Option<u64>,
        trace_id: String,
    }
    let world = World::new().await;
    let stats = world.stats("one").await;
    world.tell(&events(1..2), "once").await;
    world.until(ONCE, 3).await;
    stats.stop().await;
    let sql = "SELECT id, toUnixTimestamp64Milli(time) AS millis, chat_kind, person, update, action, message, source,
               source_name, source_entry, source_variation, source_version, reply_ms, trace_id
               FROM events WHERE kind = 'message_sent'";
    let sent = world.database().query(sql).fetch_one::<Sent>().await.unwrap();
    let expected = Sent {
        id: "2/101/1/new!2".into(),
        millis: 1_700_000_001_000,
        chat_kind: "direct".into(),
        person: Some(101),
        update: "2/101/1/new".into(),
        action: "2/101/1/new#0".into(),
        message: Some(1),
        source: "entry".into(),
        source_name: "small-talk".into(),
        source_entry: "hello".into(),
        source_variation: Some(0),
        source_version: None,
        reply_ms: Some(700),
        trace_id: TRACE.into(),
    };
    assert_eq!(sent, expected);
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_whose_counts_are_missing_are_written_again_by_the_next_writer() {
    const RECEIVED: &str = "SELECT sum(received) FROM activity_by_day";
    const FILLED: &str =
        "SELECT name FROM system.tables WHERE database = 'counts' AND engine LIKE '%MergeTree'
                          AND name NOT IN ('events_told', 'migrations')";
    let world = World::new().await;
    let first = world.stats("first").await;
    let all = events(0..60);
    world.tell(&all, "once").await;
    world.until(RECEIVED, 60).await;
    first.stop().await;
    // An insert stores its rows first and goes on to the views. This is what is left if ClickHouse dies in between, and the
    // writer before it could write again: rows, and neither counts nor a note that there are any.
    let filled: Vec<String> = world.database().query(FILLED).fetch_all().await.unwrap();
    for table in filled {
        world.database().query(&format!("TRUNCATE TABLE {table}")).execute().await.unwrap();
    }
    assert_eq!((world.number(ONCE).await, world.number(RECEIVED).await), (all.len() as u64, 0));
    let second = world.stats("second").await;
    world.until(RECEIVED, 60).await;
    second.stop().await;
    assert_eq!(world.number(RECEIVED).await, 60);
    assert_eq!(counted(&world).await, expected(&all));
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_have_had_their_time_are_not_written_again() {
    let world = World::new().await;
    let first = world.stats("first").await;
    let all = events(0..20);
    world.tell(&all, "once").await;
    world.until(ONCE, u64::try_from(all.len()).unwrap()).await;
    first.stop().await;
    world.database().query("TRUNCATE TABLE events_told").execute().await.unwrap();
    let second = world.stats("second").await;
    let later = events(20..40);
    world.tell(&later, "once").await;
    world.until(ONCE, u64::try_from(later.len()).unwrap()).await;
    second.stop().await;
    assert_eq!(counted(&world).await, expected(&later));
}
