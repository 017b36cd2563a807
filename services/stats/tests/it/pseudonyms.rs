//! Where the installation says so, people stand under pseudonyms, and everything is counted as without.

use troupe_protocol::{Event, EventBody, PSEUDONYMS, PseudonymsConfig};
use troupe_types::{ChatId, UpdateKey, UserId};

use crate::{counts::events, world::World};

/// What the tests' people are called: 100 and some more, which many numbers are.
const PEOPLE: i64 = 7_123_456_000;

/// A hundred messages with what came of them, by people who have numbers that nothing else has.
fn happened() -> Vec<Event> {
    events(0..100).into_iter().map(renamed).collect()
}

fn renamed(mut event: Event) -> Event {
    let chat = |chat: ChatId| if chat.get() > 0 { ChatId::new(chat.get() + PEOPLE) } else { chat };
    let before = event.update.expect("each comes of an update");
    let update = UpdateKey { chat: chat(before.chat), ..before };
    event.id = event.id.replace(&before.to_string(), &update.to_string());
    event.update = Some(update);
    event.chat = event.chat.map(chat);
    event.person = event.person.map(|person| UserId::new(person.get() + PEOPLE));
    if let EventBody::MessageSent { action, .. } = &mut event.body {
        action.update = update;
    }
    event
}

/// The tables in which a person's number is, as it is stored or as text.
async fn tables_with(world: &World, number: i64) -> Vec<String> {
    let names = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine NOT LIKE '%View' ORDER BY name";
    let names = world.database().query(names).fetch_all::<String>().await.expect("ClickHouse answers");
    assert!(names.iter().any(|name| name == "events_told"), "{names:?}");
    let (stored, text) = (number.to_le_bytes(), number.to_string());
    let mut found = Vec::new();
    for name in names {
        let sql = format!("SELECT * FROM `{name}`");
        let mut rows = world.database().query(&sql).fetch_bytes("RowBinary").expect("it is a query");
        let rows = rows.collect().await.expect("ClickHouse answers");
        if rows.windows(8).any(|bytes| bytes == stored)
            || rows.windows(text.len()).any(|bytes| bytes == text.as_bytes())
        {
            found.push(name);
        }
    }
    found
}

const COUNTS: [&str; 6] = [
    "SELECT uniqExact(id) FROM events",
    "SELECT uniqExact(bot, chat) FROM events",
    "SELECT uniqExact(person) FROM events",
    "SELECT sum(received + sent + deleted + replied + silent) FROM activity_by_day",
    "SELECT uniqExact(bot, chat) FROM activity_by_day WHERE chat_kind = 'direct'",
    "SELECT sum(active + active_direct + active_group) FROM people_by_day",
];

#[tokio::test(flavor = "multi_thread")]
async fn no_table_has_a_persons_id_and_counts_are_as_without() {
    let (open, mut hidden) = (World::new().await, World::new().await);
    hidden.pseudonyms = PseudonymsConfig::with_key("a key that nobody guesses, of some length");
    let happened = happened();
    let people: Vec<i64> = (100..107).map(|person| PEOPLE + person).collect();
    let mut counts = Vec::new();
    for world in [&open, &hidden] {
        let stats = world.stats("one").await;
        world.tell(&happened, "once").await;
        world.until(COUNTS[0], happened.len() as u64).await;
        stats.stop().await;
        let mut all = Vec::new();
        for sql in COUNTS {
            all.push(world.number(sql).await);
        }
        counts.push(all);
    }
    assert_eq!(counts[0], counts[1]);
    assert_eq!(counts[0][2], 7, "{counts:?}");

    let pseudonyms = hidden.pseudonyms.pseudonyms().expect("the key will do");
    let told = tables_with(&open, people[0]).await;
    assert!(told.len() > 2, "the search finds what is there: {told:?}");
    for person in people {
        assert_eq!(tables_with(&hidden, person).await, Vec::<String>::new());
        let pseudonym = pseudonyms.person(UserId::new(person)).get();
        assert!(PSEUDONYMS.contains(&pseudonym));
        assert!(!tables_with(&hidden, pseudonym).await.is_empty());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_would_name_people_otherwise_writes_nothing_and_says_what_to_do() {
    let mut world = World::new().await;
    let manager = PseudonymsConfig::with_key("a key that nobody guesses, of some length");
    let manager = manager.pseudonyms().expect("the key will do");
    world.bus.agree_on(&manager, "").await.expect("nobody was there before");
    for key in ["", "another key that nobody guesses, either"] {
        world.pseudonyms = PseudonymsConfig::with_key(key);
        world.tell(&events(0..1), key).await;
        let error = world.stats("one").await.ended().await.expect_err("people have other names");
        assert!(error.to_string().starts_with("pseudonyms.key is not the installation's"), "{error}");
        let made = "SELECT count() FROM system.databases WHERE name = 'counts'";
        let made: u64 =
            world.database().with_database("default").query(made).fetch_one().await.expect("it answers");
        assert_eq!(made, 0, "nothing was prepared either");
    }
    world.pseudonyms.instead_of = manager.fingerprint();
    let stats = world.stats("one").await;
    world.until("SELECT count() FROM events", 1).await;
    stats.stop().await;
}
