//! Events go when their time is over, and what was counted of them stays.

use std::time::Duration;

use crate::{counts::events, schema::MIGRATIONS, world::World};

const TOLD: &str = "SELECT count() FROM events_told";
const RECEIVED: &str = "SELECT sum(received) FROM activity_by_day";
const LIMITED: &str = "SELECT count() FROM system.tables WHERE database = 'counts' AND name = 'events_told' \
    AND position(engine_full, ' TTL ') > 0";

#[tokio::test(flavor = "multi_thread")]
async fn events_go_after_the_time_that_is_set_and_counts_stay() {
    let mut world = World::new().await;
    world.events.keep_for = Duration::from_hours(24 * 30);
    let stats = world.stats("one").await;
    world.until("SELECT count() FROM migrations", MIGRATIONS).await;
    let told = events(0..2);
    world.tell(&told, "once").await;
    world.until(TOLD, told.len() as u64).await;
    stats.stop().await;
    assert_eq!(world.number(LIMITED).await, 1);
    for days in [29, 31] {
        let old = format!(
            "INSERT INTO events_told (id, kind, time, bot, chat, chat_kind, written) SELECT 'old/{days}', 'message_received', \
             now64(3), 1, 5, 'direct', now64(3) - INTERVAL {days} DAY"
        );
        world.database().query(&old).execute().await.unwrap();
    }
    let received = world.number(RECEIVED).await;
    assert_eq!(received, 4);
    world.database().query("OPTIMIZE TABLE events_told FINAL").execute().await.unwrap();
    assert_eq!(world.number("SELECT count() FROM events_told WHERE id = 'old/31'").await, 0);
    assert_eq!(world.number(TOLD).await, told.len() as u64 + 1);
    assert_eq!(world.number(RECEIVED).await, received);

    world.events.keep_for = Duration::ZERO;
    let stats = world.stats("two").await;
    let more = events(2..3);
    world.tell(&more, "once").await;
    world.until(TOLD, (told.len() + 1 + more.len()) as u64).await;
    stats.stop().await;
    assert_eq!(world.number(LIMITED).await, 0, "all are kept again");
}
