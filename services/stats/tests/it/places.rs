use troupe_protocol::{Event, EventBody};
use troupe_types::{BotId, MessageId, Partition, PartitionCount, Timestamp};

use crate::world::World;

/// Messages to one bot.
fn messages(bot: BotId, numbers: std::ops::Range<i32>) -> Vec<Event> {
    let message = |number| Event {
        id: format!("{bot}/{number}"),
        bot,
        chat: None,
        person: None,
        update: None,
        time: Timestamp::from_seconds(1_700_000_000),
        body: EventBody::MessageEdited { message: MessageId::new(number) },
    };
    numbers.map(message).collect()
}

/// A bot that lives in `partition`.
fn bot_in(partition: Partition, count: PartitionCount) -> BotId {
    (1..1000)
        .map(BotId::new)
        .find(|bot| Partition::of(*bot, count) == partition)
        .expect("some bot lives there")
}

const TOLD: &str = "SELECT count() FROM events_told";

#[tokio::test(flavor = "multi_thread")]
async fn partitions_far_apart_are_each_read_from_their_own_place() {
    let mut world = World::new().await;
    world.batch.rows_max = 5000;
    let count = world.bus.partitions();
    let [busy, rare, idle] = [0, 1, 2].map(|number| bot_in(Partition::new(number), count));
    let stats = world.stats("one").await;
    world.keep_every_row().await;
    // The rare one's position stays behind by more than what a reader may read in vain; the idle one has none.
    world.tell(&messages(rare, 0..1), "once").await;
    world.until(TOLD, 1).await;
    world.tell(&messages(busy, 0..10_100), "once").await;
    world.until(TOLD, 10_101).await;
    stats.stop().await;
    for (bot, numbers) in [(idle, 0..3), (rare, 1..3), (busy, 10_100..10_110)] {
        world.tell(&messages(bot, numbers), "once").await;
    }
    let stats = world.stats("two").await;
    world.until(TOLD, 10_116).await;
    stats.stop().await;
    assert_eq!(world.number(TOLD).await, 10_116, "none is written twice");
    assert_eq!(world.number("SELECT count() FROM events").await, 10_116);
}
