//! The table that everything is counted from.

use std::{fs, path::PathBuf};

use sha2::{Digest as _, Sha256};
use troupe_protocol::{Event, EventBody, Source};
use troupe_types::{ActionKey, BotId, ChatId, MessageId, Timestamp, UpdateKey, UpdateKind, UserId};

use crate::{schema::MIGRATIONS, world::World};

/// That a reply to what was received at `received` went out at `time`.
fn sent(number: i32, received: Timestamp, time: Timestamp) -> Event {
    let reply_ms = u64::try_from(time.as_millis() - received.as_millis()).expect("it comes after");
    let (bot, chat, message) = (BotId::new(7), ChatId::new(42), MessageId::new(number));
    let update = UpdateKey { bot, chat, message, kind: UpdateKind::New };
    let action = ActionKey { update, number: 0 };
    Event {
        id: format!("{action}!sent"),
        bot,
        chat: Some(chat),
        person: Some(UserId::new(42)),
        update: Some(update),
        time,
        body: EventBody::MessageSent { message, action, source: Source::Guard, reply_ms, media: None },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_told_again_at_another_time_or_on_another_day_is_counted_once() {
    let world = World::new().await;
    let stats = world.stats("one").await;
    world.until("SELECT count() FROM migrations", MIGRATIONS).await;
    let hour = 3_600_000;
    let now = world.number("SELECT toUInt64(toUnixTimestamp64Milli(now64(3)))").await;
    // The last midnight of UTC; what is told is told up to two days before it.
    let midnight = i64::try_from(now).expect("it is a time") / (24 * hour) * 24 * hour;
    let at = |hours: i64| Timestamp::from_millis(midnight + hours * hour);
    // Each was received an hour before it was first told, and the second time is told of the same receiving.
    let once = |number, first| sent(number, at(first - 1), at(first));
    world.tell(&[once(1, -3), once(2, -1), once(3, -40), once(4, -2)], "once").await;
    world.until("SELECT count() FROM counted", 4).await;
    // An hour later, after midnight, and the day after the next.
    let again = [sent(1, at(-4), at(-2)), sent(2, at(-2), at(1)), sent(3, at(-41), at(2)), once(5, 1)];
    world.tell(&again, "again").await;
    world.until("SELECT count() FROM events", 5).await;
    world.until("SELECT count() FROM counted WHERE event = 5 * 256 + 128", 1).await;
    stats.stop().await;
    assert_eq!(world.number("SELECT count() FROM counted").await, 5);
    assert_eq!(world.number("SELECT sum(sent) FROM activity_by_day").await, 5);
    let restored = "SELECT count() FROM events WHERE update = '7/42/2/new' AND action = '7/42/2/new#0'";
    assert_eq!(world.number(restored).await, 1, "keys that are not stored again are shown");
}

fn folder() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/clickhouse"))
}

/// Makes the tables as they were after `count` migrations.
async fn as_after(world: &World, count: u64) {
    let server = world.database().with_database("default");
    let run = async |sql: &str| world.database().query_raw(sql).execute().await.expect(sql);
    server.query_raw("CREATE DATABASE counts").execute().await.expect("it can be made");
    run("CREATE TABLE migrations (version UInt32, name String, checksum String, applied DateTime64(3, 'UTC') DEFAULT now64(3))
         ENGINE = ReplacingMergeTree ORDER BY version").await;
    let files = fs::read_dir(folder()).expect("the migrations are there");
    let mut files: Vec<PathBuf> = files.map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|path| path.extension().is_some_and(|extension| extension == "sql"));
    files.sort();
    for (version, path) in (1..=count).zip(files) {
        let sql = fs::read_to_string(&path).expect("it can be read");
        let lines = sql.lines().filter(|line| !line.trim_start().starts_with("--"));
        for statement in lines.collect::<Vec<_>>().join("\n").split(";\n") {
            run(statement.trim_end_matches(';')).await;
        }
        let name = path.file_stem().expect("it has a name").to_string_lossy().into_owned();
        let checksum: String =
            Sha256::digest(&sql).iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"));
        run(&format!(
            "INSERT INTO migrations (version, name, checksum) VALUES ({version}, '{name}', '{checksum}')"
        ))
        .await;
    }
}

/// Three weeks of three bots: messages with what came of them, scenarios, and an act of an operator. `of` of them.
pub fn happened(of: &str) -> String {
    format!(
        "INSERT INTO events_told (id, kind, time, bot, chat, chat_kind, person, own_bot, source, reason, scenario, goal, act, seq)
         SELECT concat(toString(bot), '/', toString(chat), '/', toString(number), '/new', kind = 'message_sent' ? '#0!sent' : concat('!', toString(place))),
             kind, toDateTime64('2026-03-01 00:07:00', 3, 'UTC') + INTERVAL number * 10 MINUTE, bot, chat, if(chat < 0, 'group', 'direct'), person,
             number % 11 = 0, 'entry', 'no_match', if(startsWith(kind, 'scenario'), 'welcome', ''), number % 2, 'changed', number
         FROM (SELECT number, 1 + number % 3 AS bot, 100 + number % 17 AS person, if(number % 4 = 0, -1001, person) AS chat,
             ['message_received', number % 5 = 0 ? 'silent' : 'replied', number % 5 = 1 ? 'delivery_failed' : 'message_sent',
              number % 7 = 0 ? 'scenario_ended' : 'scenario_started', number % 9 = 0 ? 'goal_reached' : 'message_edited'] AS kinds
             FROM numbers(3000) WHERE {of})
         ARRAY JOIN kinds AS kind, arrayEnumerate(kinds) AS place"
    )
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_with_events_comes_over_with_its_counts() {
    comes_over(6).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_installation_with_counts_by_month_comes_over_with_them() {
    comes_over(9).await;
}

/// Compares what is counted before and after an installation with `count` migrations comes to this version.
async fn comes_over(count: u64) {
    let world = World::new().await;
    as_after(&world, count).await;
    // Some were told twice, in inserts that were cut otherwise.
    for of in ["number < 2000", "number >= 2000", "number % 3 = 0"] {
        world.database().query_raw(&happened(of)).execute().await.expect("ClickHouse takes them");
    }
    let views = [
        "activity_by_hour",
        "activity_by_day",
        "activity_by_week",
        "activity_by_month",
        "people_by_day",
        "people_by_week",
        "people_by_month",
    ];
    let mut before = Vec::new();
    for view in views {
        before.push(shown(&world, view).await);
    }
    assert!(before.iter().all(|shown| shown.len() > 10), "{before:?}");
    let stats = world.stats("one").await;
    world.until("SELECT count() FROM migrations FINAL", MIGRATIONS).await;
    stats.stop().await;
    for (view, before) in views.iter().zip(before) {
        assert_eq!(shown(&world, view).await, before, "{view}");
    }
    let gone = "SELECT count() FROM system.tables WHERE database = 'counts' AND name IN ('counts', 'counts_by_day', 'counts_filled', 'counted_told', 'counted_filled')";
    assert_eq!(world.number(gone).await, 0);
}

/// All that a view shows.
async fn shown(world: &World, view: &str) -> String {
    let sql = format!("SELECT toString(groupArray(tuple(*))) FROM (SELECT * FROM {view} ORDER BY ALL)");
    world.database().query_raw(&sql).fetch_one().await.expect("ClickHouse answers")
}
