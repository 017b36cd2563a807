//! All that is known while a demo runs: what was said, and what our services told.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard},
    time::Duration,
};

use futures::{Stream, StreamExt};
use tokio::sync::Notify;
use troupe_protocol::{Event, EventBody, Source};
use troupe_types::UpdateKey;

use super::{
    control::Control,
    judge::Decided,
    ledger::{Bot, Posted, random_id, random_ids},
};
use crate::Error;

/// How long one question for news of the ledger may take.
const WAIT_MS: u64 = 20_000;

/// What is known, and a bell that rings when there is more.
#[derive(Debug)]
pub struct Board {
    bots: Vec<Bot>,
    known: Mutex<Known>,
    news: Notify,
}

/// What is known.
#[derive(Debug, Default)]
pub struct Known {
    /// The whole ledger.
    pub ledger: Vec<Posted>,
    /// All events.
    pub events: Vec<Event>,
    decisions: HashMap<UpdateKey, Decided>,
    /// Which update a message of a bot's answers, by the message's random id.
    answers: HashMap<i64, UpdateKey>,
    /// How many messages answered an update.
    answered: HashMap<UpdateKey, usize>,
    /// What made a message of a bot's, by the message's random id.
    sources: HashMap<i64, Source>,
}

impl Known {
    /// What was decided on an update.
    pub fn decision(&self, key: &UpdateKey) -> Option<&Decided> {
        self.decisions.get(key)
    }

    /// The update that a bot's message answers.
    pub fn answers(&self, posted: &Posted) -> Option<UpdateKey> {
        self.answers.get(&posted.random_id).copied()
    }

    /// In how many messages an update was answered.
    pub fn answered(&self, key: &UpdateKey) -> usize {
        self.answered.get(key).copied().unwrap_or(0)
    }

    /// What made a bot's message.
    pub fn source(&self, posted: &Posted) -> Option<&Source> {
        self.sources.get(&posted.random_id)
    }

    /// The message that an update tells of.
    pub fn message(&self, key: &UpdateKey, bots: &[Bot]) -> Option<&Posted> {
        let bot = bots.iter().find(|bot| bot.id == key.bot)?;
        self.ledger.iter().find(|posted| posted.key(*bot) == Some(*key))
    }

    fn add_posted(&mut self, posted: Posted, bots: &[Bot]) {
        for key in bots.iter().filter_map(|bot| posted.key(*bot)) {
            self.answers.extend(random_ids(key).map(|id| (id, key)));
        }
        // An answer comes after what it answers.
        if let Some(key) = self.answers(&posted) {
            *self.answered.entry(key).or_default() += 1;
        }
        self.ledger.push(posted);
    }

    fn add_event(&mut self, event: Event) {
        if let EventBody::MessageSent { action, source, .. } = &event.body {
            self.sources.insert(random_id(*action), source.clone());
        }
        if let Some(key) = event.update {
            match &event.body {
                EventBody::Replied { source, .. } => {
                    self.decisions.insert(key, Decided::Replied(source.clone()));
                }
                EventBody::Silent { reason, .. } => {
                    self.decisions.insert(key, Decided::Silent(reason.clone()));
                }
                _ => {}
            }
        }
        self.events.push(event);
    }
}

impl Board {
    /// An empty one, for these bots.
    pub fn new(bots: impl IntoIterator<Item = Bot>) -> Self {
        Self { bots: bots.into_iter().collect(), known: Mutex::default(), news: Notify::new() }
    }

    /// The bots.
    pub fn bots(&self) -> &[Bot] {
        &self.bots
    }

    /// What is known now.
    pub fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().expect("nobody panics while holding it")
    }

    /// Notes all that happens, until it is dropped. Neither a broker nor an emulator that is away for a while ends it.
    ///
    /// # Errors
    /// The events have ended, or the emulator is gone for good.
    pub async fn follow(&self, control: &Control, events: impl Stream<Item = Event> + Unpin) -> Error {
        tokio::select! {
            error = self.follow_ledger(control) => error,
            () = self.follow_events(events) => Error::new("read events", "the stream of events has ended"),
        }
    }

    async fn follow_ledger(&self, control: &Control) -> Error {
        loop {
            let last = self.known().ledger.last().map_or(0, |posted| posted.sequence);
            match control.ledger(last, WAIT_MS).await {
                Ok(messages) => {
                    let mut known = self.known();
                    for posted in messages {
                        known.add_posted(posted, &self.bots);
                    }
                }
                Err(error) => return error,
            }
            self.news.notify_waiters();
        }
    }

    async fn follow_events(&self, mut events: impl Stream<Item = Event> + Unpin) {
        while let Some(event) = events.next().await {
            self.known().add_event(event);
            self.news.notify_waiters();
        }
    }

    /// Waits until `condition` holds; returns whether it did within `patience`.
    pub async fn until(&self, patience: Duration, condition: impl Fn(&Known) -> bool) -> bool {
        let wait = async {
            loop {
                let mut news = std::pin::pin!(self.news.notified());
                // From here on no ring is missed.
                news.as_mut().enable();
                if condition(&self.known()) {
                    return;
                }
                news.await;
            }
        };
        tokio::time::timeout(patience, wait).await.is_ok()
    }

    /// Waits for the next news, or until `patience` is over.
    pub async fn news(&self, patience: Duration) {
        let _ = tokio::time::timeout(patience, self.news.notified()).await;
    }
}
