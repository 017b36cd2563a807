//! Bots that are behind, because they are signed out or Telegram lets them wait. Their actions are handed out by a
//! consumer of their own, so that what waits takes no room from the other bots of the partition.

use std::{collections::BTreeMap, time::Duration};

use tokio::{sync::mpsc, task::JoinHandle};
use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, Deliveries, Delivery, Error};
use troupe_protocol::Action;
use troupe_types::{BotId, Partition};

use crate::outgoing::Outgoing;

/// The bots of one partition that are behind.
///
/// A bot that is put aside has all its actions in its own consumer, from the oldest that is not done; those that the
/// partition's consumer hands out are acknowledged unseen. On the way back both hand them out for a while, and each action
/// that comes twice is recognised.
pub struct Asides {
    bus: Bus,
    partition: Partition,
    bots: BTreeMap<BotId, Aside>,
    sender: mpsc::Sender<Delivery<Action>>,
    receiver: mpsc::Receiver<Delivery<Action>>,
}

struct Aside {
    /// Whether it is about to go back: what the partition's consumer hands out is no longer acknowledged unseen.
    returning: bool,
    stop: CancellationToken,
    reading: JoinHandle<Deliveries<Action>>,
}

impl Drop for Aside {
    fn drop(&mut self) {
        self.reading.abort();
    }
}

impl Asides {
    /// Goes on with those that whoever owned the partition before had put aside.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn open(bus: &Bus, partition: Partition) -> Result<Self, Error> {
        let (sender, receiver) = mpsc::channel(1);
        let mut asides = Self { bus: bus.clone(), partition, bots: BTreeMap::new(), sender, receiver };
        for bot in bus.bots_aside(partition).await? {
            asides.read(bot, 0).await?;
        }
        Ok(asides)
    }

    /// Whether the bot's actions come from its own consumer alone.
    pub fn contains(&self, bot: BotId) -> bool {
        self.bots.get(&bot).is_some_and(|aside| !aside.returning)
    }

    /// Puts a bot aside with all that it has not done.
    ///
    /// # Errors
    /// If the broker does not answer; everything stays as it was then.
    pub async fn put(&mut self, bot: BotId, outgoing: &Outgoing) -> Result<(), Error> {
        let pending = outgoing.all();
        let Some(first) = pending.iter().map(|pending| pending.sequence).min() else { return Ok(()) };
        match self.bots.get_mut(&bot) {
            Some(aside) => aside.returning = false,
            None => self.read(bot, first).await?,
        }
        tracing::info!(bot.id = %bot, actions = pending.len(), "a bot is behind and was put aside");
        for pending in pending.iter().filter(|pending| !pending.is_aside()) {
            pending.ack().await;
        }
        Ok(())
    }

    async fn read(&mut self, bot: BotId, from: u64) -> Result<(), Error> {
        let mut deliveries = self.bus.actions_aside(self.partition, bot, from).await?;
        let (stop, sender) = (CancellationToken::new(), self.sender.clone());
        let stopped = stop.clone();
        let reading = tokio::spawn(async move {
            while let Some(Some(delivery)) = stopped.run_until_cancelled(deliveries.next()).await {
                if let Err(unsent) = sender.send(delivery).await {
                    unsent.0.retry_after(Duration::ZERO).await;
                    break;
                }
            }
            deliveries
        });
        self.bots.insert(bot, Aside { returning: false, stop, reading });
        Ok(())
    }

    /// Waits for the next action of a bot that was put aside. Cancel-safe.
    pub async fn next(&mut self) -> Option<Delivery<Action>> {
        self.receiver.recv().await
    }

    /// Lets those go back that have nothing left to do. `idle` tells whether a bot has.
    pub async fn return_idle(&mut self, idle: impl Fn(BotId) -> bool) {
        let bots: Vec<BotId> = self.bots.keys().copied().filter(|bot| idle(*bot)).collect();
        for bot in bots {
            let Some(aside) = self.bots.get_mut(&bot) else { continue };
            // From here on the partition's consumer is listened to again, so that nothing falls between the two.
            aside.returning = true;
            match self.bus.is_aside_drained(self.partition, bot).await {
                Ok(true) => self.remove(bot).await,
                Ok(false) => {}
                Err(error) => tracing::warn!(
                    error = &error as &dyn std::error::Error, bot.id = %bot, "cannot tell whether a bot is still behind"
                ),
            }
        }
    }

    async fn remove(&mut self, bot: BotId) {
        let Some(deliveries) = self.end(bot).await else { return };
        match deliveries.remove().await {
            Ok(()) => tracing::info!(bot.id = %bot, "a bot has caught up"),
            // It comes back with the next start, and finds nothing to do.
            Err(error) => tracing::warn!(
                error = &error as &dyn std::error::Error, bot.id = %bot, "cannot remove the consumer of a bot that has caught up"
            ),
        }
    }

    async fn end(&mut self, bot: BotId) -> Option<Deliveries<Action>> {
        let mut aside = self.bots.remove(&bot)?;
        aside.stop.cancel();
        (&mut aside.reading).await.ok()
    }

    /// Gives back what was handed out and nobody has looked at.
    pub async fn close(mut self) {
        self.receiver.close();
        while let Some(delivery) = self.receiver.recv().await {
            delivery.retry_after(Duration::ZERO).await;
        }
        let bots: Vec<BotId> = self.bots.keys().copied().collect();
        for bot in bots {
            if let Some(deliveries) = self.end(bot).await {
                deliveries.close().await;
            }
        }
    }
}
