use crate::world::World;

/// How many migrations there are.
pub const MIGRATIONS: u64 = 14;
const NOTES: &str = "SELECT count() FROM migrations";
const PREPARED: &str = "SELECT count() FROM system.tables WHERE database = 'counts' AND name = 'events'";

#[tokio::test(flavor = "multi_thread")]
async fn of_two_that_start_at_once_one_applies_each_migration() {
    let world = World::new().await;
    let (one, two) = tokio::join!(world.stats("one"), world.stats("two"));
    world.until(NOTES, MIGRATIONS).await;
    one.stop().await;
    two.stop().await;
    assert_eq!(world.number(NOTES).await, MIGRATIONS);
    assert_eq!(world.number(PREPARED).await, 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_migration_can_be_applied_again() {
    let world = World::new().await;
    let one = world.stats("one").await;
    world.until(NOTES, MIGRATIONS).await;
    one.stop().await;
    // As if each had been applied by somebody who died before it was noted.
    world.database().query("TRUNCATE TABLE migrations").execute().await.unwrap();
    let two = world.stats("two").await;
    world.until(NOTES, MIGRATIONS).await;
    two.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_migration_that_was_changed_afterwards_is_refused_by_name() {
    let world = World::new().await;
    let one = world.stats("one").await;
    world.until(NOTES, MIGRATIONS).await;
    one.stop().await;
    let forged = "INSERT INTO migrations (version, name, checksum) SELECT 1, '0001_events_told', 'another'";
    world.database().query(forged).execute().await.unwrap();
    let error = world.stats("two").await.ended().await.unwrap_err();
    let error = format!("{error:#}");
    assert!(error.contains("0001_events_told was changed"), "{error}");
}

#[tokio::test(flavor = "multi_thread")]
async fn clickhouse_that_is_away_is_waited_for() {
    let mut world = World::new().await;
    world.clickhouse.kill();
    let one = world.stats("one").await;
    world.clickhouse.restart().await.unwrap();
    world.until(NOTES, MIGRATIONS).await;
    one.stop().await;
}
