//! An erasure that breaks off between any two statements is finished by the next one, and counts nobody twice.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use axum::{
    Router,
    body::Bytes,
    extract::{RawQuery, State},
    http::StatusCode,
    response::{IntoResponse, Response},
};
use reqwest::Method;
use serde_json::json;
use tokio_util::task::AbortOnDropHandle;
use troupe_dev::servers::{ClickHouse, Options};

use crate::{
    erasure::ask,
    statistics::{prepare, tell},
    world::World,
};

/// A line to ClickHouse that lets so many statements through that change something, and none after.
struct Line {
    url: String,
    left: Arc<AtomicI64>,
    _serving: AbortOnDropHandle<()>,
}

#[derive(Clone)]
struct Through {
    clickhouse: String,
    left: Arc<AtomicI64>,
}

impl Line {
    async fn to(clickhouse: String) -> Self {
        let left = Arc::new(AtomicI64::new(i64::MAX));
        let through = Through { clickhouse, left: Arc::clone(&left) };
        let router = Router::new().fallback(pass).with_state(through);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.expect("a port is free");
        let url = format!("http://{}", listener.local_addr().expect("it has an address"));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.expect("it serves") });
        Self { url, left, _serving: AbortOnDropHandle::new(serving) }
    }

    fn cut_after(&self, statements: i64) {
        self.left.store(statements, Ordering::Relaxed);
    }
}

async fn pass(
    State(Through { clickhouse, left }): State<Through>,
    RawQuery(query): RawQuery,
    method: Method,
    body: Bytes,
) -> Response {
    let sql = String::from_utf8_lossy(&body);
    let changes = ["CREATE", "INSERT", "ALTER", "DROP"].iter().any(|word| sql.starts_with(word));
    if changes && left.fetch_sub(1, Ordering::Relaxed) <= 0 {
        return StatusCode::BAD_GATEWAY.into_response();
    }
    let url = format!("{clickhouse}/?{}", query.unwrap_or_default());
    let answer = reqwest::Client::new().request(method, url).body(body).send().await;
    let answer = answer.expect("ClickHouse answers");
    let status = answer.status();
    (status, answer.bytes().await.expect("it answers to the end")).into_response()
}

/// What may not change, whoever is erased how often: rows, people and chats of every table, and what is about nobody.
const COUNTS: &str = "SELECT (SELECT (count(), uniqExact(bot, chat), uniqExact(bot, person), countIf(chat = 0), countIf(person = 0)) \
     FROM counted WHERE kind != 'person_erased'), \
    (SELECT (count(), uniqExact(bot, chat), uniqExact(bot, person)) FROM texts FINAL), \
    (SELECT (count(), uniqExact(bot, person)) FROM first_contacts FINAL), \
    (SELECT sum(active) FROM people_by_day), (SELECT count() FROM events WHERE person = 7)";

/// What a person says to two bots directly and in a group, beside what is about nobody.
async fn say(clickhouse: &ClickHouse, person: i64) {
    let mut rows = Vec::new();
    for bot in [1, 2] {
        for (chat, kind) in [(person, "direct"), (-1_000_000_000_005, "group")] {
            for (message, kind_of_event) in [(1, "message_received"), (2, "message_received"), (3, "replied")]
            {
                rows.push(format!(
                    "('{bot}/{chat}/{person}{message}/new!0', '{kind_of_event}', now64(3), {bot}, {chat}, '{kind}', {person}, \
                     'what {person} said', now() + 9999, 3, {person})"
                ));
            }
        }
        rows.push(format!(
            "('{bot}/session/{person}', 'session', now64(3), {bot}, NULL, '', NULL, '', 0, 3, {person})"
        ));
        rows.push(format!(
            "('{bot}/7/{person}/new!0', 'message_received', now64(3), {bot}, 7, 'direct', 7, 'of another', now() + 9999, 3, {person})"
        ));
    }
    let columns = "id, kind, time, bot, chat, chat_kind, person, text, text_until, partition, seq";
    tell(clickhouse, &format!("INSERT INTO events_told ({columns}) VALUES {}", rows.join(", "))).await;
}

/// Rows that still tell of a person.
async fn left(clickhouse: &ClickHouse, person: i64) -> String {
    let tells = format!("person = {person} OR chat = {person}");
    let tables = ["events_told", "happened", "contact_days", "texts"];
    let counts = tables.map(|table| format!("(SELECT countIf({tells}) FROM {table})"));
    ask(clickhouse, &format!("SELECT {}", counts.join(" + "))).await
}

#[tokio::test]
async fn broken_off_anywhere_an_erasure_is_finished_by_the_next_and_counts_nobody_twice() {
    let clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    let line = Line::to(clickhouse.url()).await;
    let world = World::with_clickhouse(&line.url).await;
    let mut breaks = 0;
    loop {
        let person = 23_456_000 + breaks;
        say(&clickhouse, person).await;
        let before = ask(&clickhouse, COUNTS).await;
        assert_eq!(left(&clickhouse, person).await, "32", "{before}");
        let path = format!("/v1/people/{person}");
        line.cut_after(breaks);
        let receipt = world.call(Method::DELETE, &path, None).await.ok();
        line.cut_after(i64::MAX);
        let whole = receipt["complete"] == true;
        if !whole {
            assert_eq!(receipt["failed"][0]["store"], "clickhouse", "{receipt:#}");
            let receipt = world.call(Method::DELETE, &path, None).await.ok();
            assert_eq!(receipt["complete"], true, "after {breaks} statements: {receipt:#}");
        }
        assert_eq!(left(&clickhouse, person).await, "0", "after {breaks} statements");
        assert_eq!(ask(&clickhouse, COUNTS).await, before, "after {breaks} statements");
        let stands = ask(&clickhouse, "SELECT count() FROM system.tables WHERE name LIKE 'erasure_%'").await;
        assert_eq!(stands, "0", "after {breaks} statements");
        if whole {
            break;
        }
        breaks += 1;
    }
    assert!(breaks > 8, "an erasure has more than {breaks} statements");
}

#[tokio::test]
async fn what_one_bot_was_to_forget_is_finished_before_all_forget() {
    let clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    let line = Line::to(clickhouse.url()).await;
    let world = World::with_clickhouse(&line.url).await.with_logins().await;
    let id = world.post("/v1/bots", &json!({"name": "clara", "token": "right"})).await.ok()["id"].clone();
    assert_eq!(id, 1, "it is one of those that the person wrote to");
    let person = 23_456_789;
    say(&clickhouse, person).await;
    let before = ask(&clickhouse, COUNTS).await;
    // After the table that stands in and the first rows that are written anew.
    line.cut_after(2);
    let receipt = world.call(Method::DELETE, &format!("/v1/people/{person}?bot=1"), None).await.ok();
    assert_eq!(receipt["complete"], false, "{receipt:#}");
    line.cut_after(i64::MAX);
    world.call(Method::DELETE, &format!("/v1/people/{person}"), None).await.ok();
    assert_eq!(left(&clickhouse, person).await, "0");
    assert_eq!(ask(&clickhouse, COUNTS).await, before);
}
