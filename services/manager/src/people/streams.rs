//! What of a person is with the broker: updates and timers, actions, events, and what nobody could handle.

use std::collections::BTreeMap;

use serde_json::Value;
use troupe_bus::{Bus, Found};
use troupe_protocol::{DeadLetter, Event, Stream, Subject, Webhook};
use troupe_types::{BotId, Partition, UserId};

use super::whose::{concerns, may_concern};

/// The messages of one stream that are about a person.
pub struct Waiting {
    /// The stream.
    pub stream: Stream,
    /// The messages.
    pub messages: Vec<Found>,
}

impl Waiting {
    /// What `stream` has of `person`: of `bot`, or of all, also of bots that are not there any more or never were.
    pub async fn find(bus: &Bus, stream: Stream, bot: Option<BotId>, person: UserId) -> anyhow::Result<Self> {
        let place = |bot: BotId| (Partition::of(bot, bus.partitions()), bot);
        let subjects = match (stream, bot.map(place)) {
            // A timer waits in the stream that it fires into, under a subject of the person's.
            (Stream::Updates, Some((partition, bot))) => {
                let subjects = [Subject::Update(partition, bot), Subject::Timer(partition, bot, person)];
                subjects.map(|subject| subject.to_string()).to_vec()
            }
            (Stream::Actions, Some((partition, bot))) => vec![Subject::Action(partition, bot).to_string()],
            (Stream::Webhooks, Some((_, bot))) => vec![Webhook::subject_of_any(bot)],
            (Stream::Events, Some((partition, bot))) => vec![Subject::Event(partition, bot).to_string()],
            // The subject of a letter does not tell whose it is.
            (Stream::Dead, _) | (_, None) => vec![">".to_owned()],
        };
        let wanted = |found: &Found| match stream {
            // Some events are about nobody, and have numbers of their own in them.
            Stream::Events => concerns(&found.payload, person),
            Stream::Dead => is_letter_of(&found.payload, bot, person),
            Stream::Updates | Stream::Actions | Stream::Webhooks => may_concern(&found.payload, person),
        };
        Ok(Self { stream, messages: bus.sift(stream, subjects, &wanted).await? })
    }

    /// Removes them. Returns how many were still there.
    pub async fn remove(&self, bus: &Bus) -> anyhow::Result<u64> {
        let sequences: Vec<u64> = self.messages.iter().map(|found| found.sequence).collect();
        Ok(bus.remove(self.stream, &sequences).await?)
    }

    /// What they say.
    pub fn say(&self) -> Vec<Value> {
        let say = |found: &Found| {
            serde_json::from_slice(&found.payload)
                .unwrap_or_else(|_| Value::String(String::from_utf8_lossy(&found.payload).into_owned()))
        };
        self.messages.iter().map(say).collect()
    }

    /// The number of the newest event of each partition; stats writes none that cannot be read.
    pub fn newest_events(&self) -> BTreeMap<Partition, u64> {
        let events = self
            .messages
            .iter()
            .filter(|found| serde_json::from_slice::<Event>(&found.payload).is_ok())
            .filter_map(|found| Some((found.subject.split('.').nth(1)?.parse().ok()?, found.sequence)));
        events.collect()
    }
}

fn is_letter_of(payload: &[u8], bot: Option<BotId>, person: UserId) -> bool {
    let Ok(letter) = serde_json::from_slice::<DeadLetter>(payload) else { return false };
    let of = letter.subject.split('.').nth(2);
    bot.is_none_or(|bot| of == Some(&bot.to_string())) && may_concern(letter.payload.as_bytes(), person)
}
