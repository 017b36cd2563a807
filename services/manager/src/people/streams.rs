//! What of a person is with the broker: updates and timers, actions, events, and what nobody could handle.

use serde_json::Value;
use troupe_bus::{Bus, Found};
use troupe_protocol::{DeadLetter, Stream, Subject, Webhook};
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
    /// What `bot`'s subjects of `stream` have of `person`.
    pub async fn find(bus: &Bus, stream: Stream, bot: BotId, person: UserId) -> anyhow::Result<Self> {
        let partition = Partition::of(bot, bus.partitions());
        let subjects = match stream {
            // A timer waits in the stream that it fires into, under a subject of the person's.
            Stream::Updates => {
                let subjects = [Subject::Update(partition, bot), Subject::Timer(partition, bot, person)];
                subjects.map(|subject| subject.to_string()).to_vec()
            }
            Stream::Actions => vec![Subject::Action(partition, bot).to_string()],
            Stream::Webhooks => vec![Webhook::subject_of_any(bot)],
            Stream::Events => vec![Subject::Event(partition, bot).to_string()],
            Stream::Dead => return Self::letters(bus, Some(bot), person).await,
        };
        let wanted = |found: &Found| match stream {
            // Some events are about nobody, and have numbers of their own in them.
            Stream::Events => concerns(&found.payload, person),
            _ => may_concern(&found.payload, person),
        };
        Ok(Self { stream, messages: bus.sift(stream, subjects, &wanted).await? })
    }

    /// The dead letters about `person`: of `bot`, or of all, also of bots that are not there any more or never were.
    pub async fn letters(bus: &Bus, bot: Option<BotId>, person: UserId) -> anyhow::Result<Self> {
        let subjects = vec![format!("{}.>", Stream::Dead.prefix())];
        let wanted = |found: &Found| is_letter_of(&found.payload, bot, person);
        Ok(Self { stream: Stream::Dead, messages: bus.sift(Stream::Dead, subjects, &wanted).await? })
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

    /// The number of the newest.
    pub fn newest(&self) -> Option<u64> {
        self.messages.last().map(|found| found.sequence)
    }
}

fn is_letter_of(payload: &[u8], bot: Option<BotId>, person: UserId) -> bool {
    let Ok(letter) = serde_json::from_slice::<DeadLetter>(payload) else { return false };
    let of = letter.subject.split('.').nth(2);
    bot.is_none_or(|bot| of == Some(&bot.to_string())) && may_concern(letter.payload.as_bytes(), person)
}
