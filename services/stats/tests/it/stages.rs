//! The stages of writing: what is stored is noted while the next batch is being stored.

use clickhouse::Row;
use serde::Deserialize;

use crate::{
    counts::{ONCE, TOLD, counted, events, expected},
    world::World,
};

const RECEIVED: &str = "SELECT sum(received) FROM activity_by_day";
const NOTED: &str = "SELECT max(seq) FROM positions";

/// The numbers of rows that were stored together, in the order in which they were.
#[derive(Debug, Deserialize, Row)]
struct Part {
    first: u64,
    last: u64,
}

const PARTS: &str = "SELECT min(seq) AS first, max(seq) AS last FROM events_told
                     GROUP BY _part ORDER BY toUInt64(splitByChar('_', _part)[2])";

async fn run(world: &World, sql: &str) {
    world.database().query(sql).execute().await.expect("ClickHouse does it");
}

/// Waits until ClickHouse has refused a few times to write to a table that is away.
async fn refused(world: &World) {
    world.until("SELECT sum(value) FROM system.errors WHERE name = 'UNKNOWN_TABLE'", 4).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_stored_and_not_noted_is_written_again_and_counted_once() {
    let mut world = World::new().await;
    world.batch.rows_max = 50;
    let all = events(0..400);
    let count = u64::try_from(all.len()).unwrap();
    let first = world.stats("first").await;
    world.keep_every_row().await;
    world.tell(&all[..20], "once").await;
    world.until(NOTED, 20).await;
    run(&world, "RENAME TABLE positions TO away").await;
    world.tell(&all[20..600], "once").await;
    // One batch waits for its note, and the one behind it is stored meanwhile; none is begun after these.
    refused(&world).await;
    let stored = world.number(TOLD).await;
    assert!((21..=20 + 2 * 50).contains(&stored), "{stored}");
    first.kill().await;
    run(&world, "RENAME TABLE away TO positions").await;
    assert_eq!(world.number(NOTED).await, 20);
    let second = world.stats("second").await;
    world.tell(&all[600..], "once").await;
    world.until(NOTED, count).await;
    second.stop().await;
    let again = world.number(TOLD).await - count;
    assert!(again <= 2 * 50, "only what was not noted is written again: {again}");
    assert_eq!(counted(&world).await, expected(&all));
    assert_eq!(world.number(RECEIVED).await, 400);
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_stored_in_their_order_and_once_however_often_the_first_is_refused() {
    let mut world = World::new().await;
    world.batch.rows_max = 50;
    let all = events(0..200);
    let count = u64::try_from(all.len()).unwrap();
    let stats = world.stats("one").await;
    world.tell(&all[..20], "once").await;
    world.until(NOTED, 20).await;
    run(&world, "DETACH TABLE events_told").await;
    world.tell(&all[20..], "once").await;
    refused(&world).await;
    assert_eq!(world.number(NOTED).await, 20);
    run(&world, "ATTACH TABLE events_told").await;
    world.keep_every_row().await;
    world.until(NOTED, count).await;
    stats.stop().await;
    assert_eq!((world.number(TOLD).await, world.number(ONCE).await), (count, count));
    assert_eq!(counted(&world).await, expected(&all));
    let parts: Vec<Part> = world.database().query(PARTS).fetch_all().await.expect("ClickHouse answers");
    assert!(parts.len() > 1, "{parts:?}");
    assert!(parts.is_sorted_by(|one, next| one.last < next.first), "{parts:?}");
}
