//! A person is erased from tables of every form that what is counted may have.

use reqwest::Method;
use serde_json::{Value, json};
use troupe_dev::servers::{ClickHouse, Options};
use troupe_protocol::PseudonymsConfig;
use troupe_types::UserId;

use crate::{
    statistics::{prepare, tell},
    world::World,
};

const PERSON: i64 = 23_456_789;

/// What counts a day beforehand.
const ROLLUPS: [&str; 2] = [
    include_str!("../../../../deploy/clickhouse/rollups/contact_days.sql"),
    include_str!("../../../../deploy/clickhouse/rollups/answer_days.sql"),
];

/// A row for each event, sorted by its chat; people by day, who are the key; lists; and what was said.
const TABLES: [&str; 4] = [
    "CREATE TABLE rows_told (bot UInt64, chat Int64, event UInt64, person Nullable(Int64)) \
     ENGINE = ReplacingMergeTree ORDER BY (bot, chat, event)",
    "CREATE TABLE people_seen (day Date, bot UInt64, person Int64) ENGINE = ReplacingMergeTree ORDER BY (day, bot, person)",
    "CREATE TABLE lists (bot UInt64, day Date, people Array(Int64)) ENGINE = MergeTree ORDER BY (bot, day)",
    "CREATE TABLE said (bot UInt64, update String, person Nullable(Int64), text String) \
     ENGINE = MergeTree ORDER BY (bot, update)",
];

pub async fn ask(clickhouse: &ClickHouse, query: &str) -> String {
    let url = format!("{}/?database=troupe", clickhouse.url());
    let answer = reqwest::Client::new().post(url).body(query.to_owned()).send().await;
    answer.expect("ClickHouse answers").text().await.expect("it answers in text").trim_end().to_owned()
}

#[tokio::test]
async fn whatever_form_a_table_has_nobody_takes_the_persons_place_and_counts_stay() {
    let clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    for table in TABLES {
        tell(&clickhouse, table).await;
    }
    let person = PERSON;
    for rows in [
        format!(
            "rows_told VALUES (1, {person}, 1, {person}), (1, {person}, 2, NULL), (1, -5, 3, {person}), (1, -5, 4, 42)"
        ),
        format!("rows_told VALUES (2, {person}, 1, {person})"),
        format!("people_seen VALUES (1, 1, {person}), (1, 1, 42), (2, 1, {person})"),
        format!(
            "lists SELECT 1, toDate(number % 2), groupUniqArray(toInt64(if(number < 2, {person}, number))) FROM numbers(900) GROUP BY 1, 2"
        ),
        format!(
            "said VALUES (1, '1/{person}/5/new', {person}, 'my secret'), (1, '1/42/{person}/new', 42, 'hi')"
        ),
    ] {
        tell(&clickhouse, &format!("INSERT INTO {rows}")).await;
    }
    let counts = "SELECT (SELECT (uniqExact(bot, chat, event), uniqExact(bot, chat), uniqExact(person)) FROM rows_told FINAL), \
        (SELECT (count(), uniqExact(person)) FROM people_seen FINAL), (SELECT (arrayUniq(groupArrayArray(people)), sum(length(people))) FROM lists), \
        (SELECT (count(), uniqExact(update)) FROM said)";
    let before = ask(&clickhouse, counts).await;
    let world = World::with_clickhouse(&clickhouse.url()).await;

    let receipt = world.call(Method::DELETE, &format!("/v1/people/{person}"), None).await.ok();
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    let what = |finding: &Value| finding["what"].as_str().map(str::to_owned);
    let found: Vec<_> = receipt["found"].as_array().expect("it is a list").iter().filter_map(what).collect();
    assert_eq!(found, ["rows of lists", "rows of people_seen", "rows of rows_told", "rows of said"]);
    assert_eq!(ask(&clickhouse, counts).await, before);
    let left = format!(
        "SELECT (SELECT countIf(person = {person} OR chat = {person}) FROM rows_told), \
         (SELECT countIf(person = {person}) FROM people_seen), \
         (SELECT countIf(has(people, {person})) FROM lists), \
         (SELECT countIf(person = {person} OR update LIKE '1/{person}/%' OR text = 'my secret') FROM said)"
    );
    assert_eq!(ask(&clickhouse, &left).await, "0\t0\t0\t0");
    assert_eq!(ask(&clickhouse, "SELECT text FROM said WHERE person = 42").await, "hi");
    assert_eq!(ask(&clickhouse, "SELECT count() FROM system.tables WHERE name LIKE 'erasure_%'").await, "0");
    let again = world.call(Method::DELETE, &format!("/v1/people/{person}"), None).await.ok();
    assert_eq!((&again["complete"], &again["found"]), (&json!(true), &json!([])), "{again:#}");
}

#[tokio::test]
async fn who_wrote_for_months_is_erased_from_every_day_and_from_what_was_counted_of_it() {
    let clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    let told = format!(
        "INSERT INTO events_told (id, kind, time, bot, chat, chat_kind, person, source, source_name, seq, written) \
         SELECT concat('1/', toString(who), '/', toString(number), '/new!', toString(place)), ['message_received', 'replied'][1 + place], \
         now() - INTERVAL number DAY, 1, who, 'direct', who, 'entry', 'small-talk', 9, now64(3) \
         FROM numbers(110) ARRAY JOIN [{PERSON}, 7] AS who ARRAY JOIN [0, 1] AS place SETTINGS max_partitions_per_insert_block = 0"
    );
    tell(&clickhouse, &told).await;
    for sql in ROLLUPS {
        for (rollup, ago) in [(1, 100), (2, 50)] {
            let sql = sql.replace("{day:Date}", &format!("(today() - {ago})"));
            tell(&clickhouse, &sql.replace("{rollup:UInt64}", &rollup.to_string())).await;
        }
    }
    let left = format!(
        "SELECT (SELECT countIf(person = {PERSON} OR chat = {PERSON}) FROM happened), \
         (SELECT countIf(person = {PERSON} OR chat = {PERSON}) FROM contact_days), \
         (SELECT countIf(person = {PERSON}) FROM first_contacts), \
         (SELECT countIf(has(people, {PERSON})) FROM answer_days)"
    );
    assert_eq!(ask(&clickhouse, &left).await, "220\t2\t1\t2");
    let counts = "SELECT (SELECT (count(), uniqExact(person), uniqExact(toDate(time), person)) FROM counted WHERE kind != 'person_erased'), \
                  (SELECT (count(), sum(wrote), uniqExact(person)) FROM contact_days), (SELECT arrayUniq(groupArrayArray(people)) FROM answer_days), \
                  (SELECT uniqExact(person) FROM first_contacts)";
    let before = ask(&clickhouse, counts).await;
    let world = World::with_clickhouse(&clickhouse.url()).await;
    let receipt = world.call(Method::DELETE, &format!("/v1/people/{PERSON}"), None).await.ok();
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    assert_eq!(ask(&clickhouse, &left).await, "0\t0\t0\t0");
    assert_eq!(ask(&clickhouse, counts).await, before);
}

#[tokio::test]
async fn a_store_that_is_away_is_named_and_does_not_stop_the_others() {
    let clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    let event = format!(
        "INSERT INTO events_told (id, kind, bot, chat, person, seq, written) \
         VALUES ('x', 'opted_out', 1, {PERSON}, {PERSON}, 9, now64(3))"
    );
    tell(&clickhouse, &event).await;
    let world = World::with_clickhouse(&clickhouse.url()).await.with_logins().await;
    world.post("/v1/bots", &json!({"name": "clara", "token": "right"})).await.ok();
    // There is no Redis where the manager looks.
    let receipt = world.call(Method::DELETE, &format!("/v1/people/{PERSON}"), None).await.ok();
    assert_eq!(receipt["complete"], false, "{receipt:#}");
    let failed = receipt["failed"].as_array().expect("it is a list");
    assert!(failed.iter().any(|failure| failure["store"] == "redis" && failure["bot"] == 1), "{receipt:#}");
    assert_eq!(
        ask(&clickhouse, "SELECT groupArray(kind), max(seq) FROM events_told").await,
        "['person_erased']\t9"
    );
}

#[tokio::test]
async fn who_stands_under_a_pseudonym_is_found_reported_on_and_erased_by_the_number_on_telegram() {
    const KEY: &str = "a key that nobody guesses, of some length";
    let clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    let pseudonyms = PseudonymsConfig::with_key(KEY).pseudonyms().expect("the key will do");
    let known_as = pseudonyms.person(UserId::new(PERSON)).get();
    // The first row is of the time before there were pseudonyms.
    let rows = [PERSON, known_as, known_as + 1].map(|person| {
        format!("('1/{person}/5/new!0', 'message_received', now64(3), 1, {person}, 'direct', {person}, 9)")
    });
    let columns = "id, kind, time, bot, chat, chat_kind, person, seq";
    tell(&clickhouse, &format!("INSERT INTO events_told ({columns}) VALUES {}", rows.join(", "))).await;
    let world = World::with_pseudonyms(&clickhouse.url(), KEY).await;

    for number in [PERSON, known_as] {
        let report = world.get(&format!("/v1/reports/people?person={number}")).await.ok();
        assert_eq!(
            (report["rows"].as_array().map(Vec::len), &report["rows"][0][0]),
            (Some(1), &json!(known_as))
        );
        let counts = world.get(&format!("/v1/statistics?chat={number}")).await.ok();
        assert_eq!(counts["total"]["received"], 1, "{counts}");
    }
    let export = world.get(&format!("/v1/people/{PERSON}")).await.ok();
    assert_eq!(export["events"].as_array().map(Vec::len), Some(2), "{export:#}");
    let receipt = world.call(Method::DELETE, &format!("/v1/people/{PERSON}"), None).await.ok();
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    let left = "SELECT groupArray(person) FROM events_told WHERE kind = 'message_received'";
    assert_eq!(ask(&clickhouse, left).await, format!("[{}]", known_as + 1));
    let count = "SELECT uniqExact(chat), sum(received) FROM activity_by_day WHERE chat_kind = 'direct'";
    assert_eq!(ask(&clickhouse, count).await, "3\t3");
}
