//! A table that keeps every row, and an erasure that is broken off while rows are written anew, or deleted.

use std::time::Duration;

use reqwest::Method;
use troupe_dev::servers::{ClickHouse, Options};
use troupe_protocol::PSEUDONYMS;

use crate::{
    erasure::ask,
    statistics::{prepare, tell},
    world::World,
};

/// The first row is nobody's.
async fn days(clickhouse: &ClickHouse, person: i64) {
    tell(
        clickhouse,
        "CREATE TABLE days (bot UInt64, chat Int64, person Int64, received UInt32, last Nullable(Int32)) \
         ENGINE = MergeTree ORDER BY (bot, chat, person)",
    )
    .await;
    let rows = format!(
        "(1, 0, 0, 7, NULL), (1, {person}, {person}, 3, NULL), (1, -5, {person}, 4, 1), (1, -5, 42, 5, 1)"
    );
    tell(clickhouse, &format!("INSERT INTO days VALUES {rows}")).await;
}

const COUNTS: &str =
    "SELECT count(), sum(received), uniqExact(person), uniqExact(bot, chat), countIf(person = 0) FROM days";

#[tokio::test]
async fn what_was_written_anew_before_the_break_is_not_written_twice() {
    let clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    let (person, nobody) = (23_456_789, PSEUDONYMS.start + 5);
    days(&clickhouse, person).await;
    let before = ask(&clickhouse, COUNTS).await;
    for statement in [
        format!(
            "CREATE TABLE erasure_1 ENGINE = MergeTree ORDER BY tuple() AS \
             SELECT toInt64({person}) AS person, toInt64({nobody}) AS nobody, toUInt64(0) AS bot"
        ),
        format!("INSERT INTO days VALUES (1, {nobody}, {nobody}, 3, NULL)"),
    ] {
        tell(&clickhouse, &statement).await;
    }
    let world = World::with_clickhouse(&clickhouse.url()).await;
    let receipt = world.call(Method::DELETE, &format!("/v1/people/{person}"), None).await.ok();
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    assert_eq!(ask(&clickhouse, COUNTS).await, before);
    let numbers = ask(&clickhouse, "SELECT arraySort(groupUniqArray(person)) FROM days").await;
    assert_eq!(numbers, format!("[0,42,{nobody}]"));
}

#[tokio::test]
async fn an_engine_that_is_killed_over_a_change_goes_on_with_the_rows_of_the_person_alone() {
    let mut clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    let person = 23_456_789;
    days(&clickhouse, person).await;
    let before = ask(&clickhouse, COUNTS).await;
    let world = World::with_clickhouse(&clickhouse.url()).await;
    // Changes wait, until it is started again.
    tell(&clickhouse, "SYSTEM STOP MERGES days").await;
    let path = format!("/v1/people/{person}");
    let kill = async {
        let waiting = "SELECT count() FROM system.mutations WHERE NOT is_done AND table = 'days'";
        while ask(&clickhouse, waiting).await == "0" {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        clickhouse.kill();
        clickhouse.restart().await.expect("it starts again");
    };
    let (receipt, ()) = tokio::join!(world.call(Method::DELETE, &path, None), kill);
    assert_eq!(receipt.ok()["complete"], false, "it was broken off");
    let receipt = world.call(Method::DELETE, &path, None).await.ok();
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    assert_eq!(ask(&clickhouse, COUNTS).await, before);
    assert_eq!(ask(&clickhouse, &format!("SELECT countIf(person = {person}) FROM days")).await, "0");
}
