//! What Redis keeps of a person.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use troupe_bus::Bus;
use troupe_engine::State;
use troupe_store::{Erasure, Pending, Store};
use troupe_types::{BotId, Partition, Timestamp, UserId};

use super::{Finding, whose::concerns};

/// How long a responder may take to publish what it had decided before the erasure.
const SETTLES_WITHIN: Duration = Duration::from_secs(10);

/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(50);

/// Where a bot's state is kept.
pub struct Memory<'a> {
    pub bus: &'a Bus,
    pub store: &'a Store,
    pub bot: BotId,
}

impl Memory<'_> {
    fn partition(&self) -> Partition {
        Partition::of(self.bot, self.bus.partitions())
    }

    /// The states of the person and of the direct chat, as they are stored.
    pub async fn read(&self, person: UserId) -> anyhow::Result<(Value, Value)> {
        let read = |document: Option<Vec<u8>>| match document {
            Some(document) => serde_json::from_slice(&document).context("a stored state is no JSON"),
            None => Ok(Value::Null),
        };
        let remembered = self.store.remembered(self.partition(), self.bot, person).await?;
        Ok((read(remembered.person)?, read(remembered.chat)?))
    }

    /// Erases the person, and waits until nothing comes any more of what was decided before.
    pub async fn erase(&self, person: UserId, at: Timestamp) -> anyhow::Result<Vec<Finding>> {
        let Self { bus, store, bot } = *self;
        let partition = self.partition();
        let erased = loop {
            let remembered = store.remembered(partition, bot, person).await?;
            let state = State::load(None, None, remembered.person.as_deref())?;
            let before = bus.last_sequence(troupe_protocol::Stream::Updates).await?;
            let opted_out = state.person.opted_out;
            let erasure = Erasure { partition, bot, person, at, before, opted_out };
            if let Some(erased) = store.erase(&erasure, remembered.person.as_deref()).await? {
                break erased;
            }
        };
        let waiting = store.outbox(partition).await?;
        let is_theirs = |pending: &&Pending| concerns(&pending.entry.payload, person);
        let places: Vec<&str> =
            waiting.iter().filter(is_theirs).map(|pending| pending.place.as_str()).collect();
        let unpublished = places.len() as u64;
        store.published(partition, places).await?;
        self.settle().await?;
        let removed = |what: &'static str, count| Finding {
            store: "redis",
            what: what.into(),
            bot: Some(bot.get()),
            found: count,
            removed: count,
        };
        Ok(vec![
            removed("states of the person", erased.person),
            removed("states of the direct chat", erased.chat),
            removed("keys of updates applied lately", erased.seen),
            removed("messages to be published", unpublished),
        ])
    }

    /// Waits until the update that was in work has been acknowledged: what came of it is with the broker then.
    async fn settle(&self) -> anyhow::Result<()> {
        let applied = self.store.position(self.partition()).await?.applied;
        let deadline = Instant::now() + SETTLES_WITHIN;
        while !self.bus.is_update_settled(self.partition(), applied).await? {
            ensure!(
                Instant::now() < deadline,
                "an update is still in work, and what comes of it may tell of the person: does the responder run?"
            );
            sleep(LOOK).await;
        }
        Ok(())
    }
}
