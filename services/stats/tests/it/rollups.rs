//! Days that are counted beforehand: nobody who asks can tell.

use std::{fs, path::Path};

use troupe_protocol::{Event, EventBody};
use troupe_types::{BotId, ChatId, MessageId, Timestamp, UserId};

use crate::{counted::happened, schema::MIGRATIONS, world::World};

/// Days of `happened` that are over: it begins on the first of March and goes on for 3,000 times ten minutes.
const DAYS: u64 = 21;
/// The 8th of March 2026.
const EIGHTH: i64 = 1_772_928_000_000;
const HOUR: i64 = 3_600_000;
const DAY: i64 = 24 * HOUR;

/// Who asks for what: `bot`, `chat`, `person`, from when until when, the period and the time zone.
const ASKED: [(u64, i64, i64, i64, i64, &str, &str); 7] = [
    (0, 0, 0, 0, EIGHTH + 90 * DAY, "day", "UTC"),
    (0, 0, 0, EIGHTH, EIGHTH + 7 * DAY, "day", "UTC"),
    (0, 0, 0, EIGHTH - 5 * HOUR - HOUR / 2, EIGHTH + 6 * DAY + HOUR / 4, "week", "Asia/Kolkata"),
    (0, 0, 0, EIGHTH + HOUR, EIGHTH + 20 * HOUR, "hour", "Europe/Berlin"),
    (2, 0, 0, EIGHTH - 3 * DAY, EIGHTH + 3 * DAY + HOUR, "month", "America/New_York"),
    (1, -1001, 0, EIGHTH - 3 * DAY - HOUR, EIGHTH + 3 * DAY, "all", "UTC"),
    (0, 0, 107, EIGHTH - 3 * DAY, EIGHTH + 3 * DAY, "day", "UTC"),
];

/// All that every report and `/v1/statistics` answer, with what was asked.
async fn answers(world: &World) -> Vec<(String, String)> {
    let queries = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/clickhouse/queries"));
    let mut answers = Vec::new();
    for folder in [queries.to_owned(), queries.join("statistics")] {
        for entry in fs::read_dir(folder).expect("the queries are there") {
            let path = entry.expect("it can be read").path();
            if !path.is_file() {
                continue;
            }
            let sql = fs::read_to_string(&path).expect("it can be read");
            for asked @ (bot, chat, person, from, to, every, zone) in ASKED {
                let query = world
                    .database()
                    .query(&sql)
                    .param("bot", bot)
                    .param("chat", chat)
                    .param("person", person);
                let query =
                    query.param("from", from).param("to", to).param("every", every).param("zone", zone);
                let mut answer =
                    query.param("scenario", "").fetch_bytes("JSONEachRow").expect("it can be asked");
                let answer =
                    answer.collect().await.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
                answers.push((
                    format!("{} of {asked:?}", path.display()),
                    String::from_utf8(answer.to_vec()).expect("it is a text"),
                ));
            }
        }
    }
    answers
}

fn message(number: i32, time: i64) -> Event {
    Event {
        id: format!("2/107/{number}/new!0"),
        bot: BotId::new(2),
        chat: Some(ChatId::new(107)),
        person: Some(UserId::new(107)),
        update: None,
        time: Timestamp::from_millis(time),
        body: EventBody::MessageReceived {
            message: MessageId::new(number),
            media: None,
            own_bot: false,
            text: None,
        },
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_asks_is_answered_the_same_with_and_without_days_counted_beforehand() {
    let world = World::new().await;
    let stats = world.stats("one").await;
    world.until("SELECT count() FROM migrations FINAL", MIGRATIONS).await;
    stats.stop().await;
    world.database().query_raw(&happened("1")).execute().await.expect("ClickHouse takes them");
    let expected = answers(&world).await;
    let told = expected.iter().filter(|(_, answer)| !answer.is_empty()).count();
    assert!(told > expected.len() / 2, "{told} of {}", expected.len());

    let stats = world.stats("two").await;
    world.until("SELECT count() FROM rolled_up", DAYS).await;
    compare(&expected, &answers(&world).await);

    // What comes late is counted at once, and the days that it concerns are rolled up once more: also those after it, since
    // which somebody has written for longer.
    let first = world.number("SELECT rollup FROM rolled_up WHERE day = '2026-03-09'").await;
    world.tell(&[message(90_001, EIGHTH - 16 * DAY), message(90_002, EIGHTH + DAY + 2 * HOUR)], "late").await;
    world.until("SELECT count() FROM counted WHERE person = 107 AND event = 90002 * 256", 1).await;
    world.until("SELECT count() FROM late", 2).await;
    let late = answers(&world).await;
    assert_ne!(expected, late);
    world
        .until(&format!("SELECT count() FROM rolled_up WHERE day = '2026-03-09' AND rollup != {first}"), 1)
        .await;
    world.until("SELECT count() FROM rolled_up", DAYS + 1).await;
    compare(&late, &answers(&world).await);
    world.until(&format!("SELECT count() FROM contact_days WHERE rollup = {first}"), 0).await;
    stats.stop().await;

    world.database().query("TRUNCATE TABLE rollups").execute().await.unwrap();
    compare(&late, &answers(&world).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_that_cannot_be_counted_beforehand_does_not_keep_others_from_it() {
    let world = World::new().await;
    let stats = world.stats("one").await;
    world.until("SELECT count() FROM migrations FINAL", MIGRATIONS).await;
    let refuse = "ALTER TABLE contact_days ADD CONSTRAINT spoilt CHECK day != '2026-03-09'";
    world.database().query(refuse).execute().await.expect("ClickHouse takes it");
    world.database().query_raw(&happened("1")).execute().await.expect("ClickHouse takes them");
    world.until("SELECT count() FROM rolled_up", DAYS - 1).await;
    world.until("SELECT count() FROM rolled_up WHERE day = '2026-03-09'", 0).await;
    world.database().query("ALTER TABLE contact_days DROP CONSTRAINT spoilt").execute().await.unwrap();
    world.until("SELECT count() FROM rolled_up", DAYS).await;
    stats.stop().await;
}

fn compare(expected: &[(String, String)], found: &[(String, String)]) {
    for ((asked, expected), (_, found)) in expected.iter().zip(found) {
        assert_eq!(expected, found, "{asked}");
    }
}
