//! Erasing a person, and keeping it so: what is told again of the time before is refused by the mark that stays.

use sha2::{Digest, Sha256};
use troupe_protocol::Secret;
use troupe_types::{BotId, ChatId, Partition, Timestamp, UserId};

use crate::{Document, Error, Store, document};

/// What stays of a person who was erased.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Erased {
    /// When.
    pub at: Timestamp,
    /// The number of the newest update then; 0 if the numbers have begun anew since.
    pub before: u64,
    /// When the person had asked not to be written to.
    pub opted_out: Option<Timestamp>,
}

impl Erased {
    /// Whether an update is of the time before: one that was there already, or one of that time which is told again.
    /// Telegram tells times in seconds, and what it tells twice within one is recognised by the broker.
    pub fn covers(&self, sequence: u64, time: Timestamp) -> bool {
        sequence <= self.before || time.as_seconds() < self.at.as_seconds()
    }
}

/// Who is to be erased, from where.
#[derive(Debug, Clone, Copy)]
pub struct Erasure {
    /// The bot's partition.
    pub partition: Partition,
    /// The bot that is to forget.
    pub bot: BotId,
    /// The person.
    pub person: UserId,
    /// When.
    pub at: Timestamp,
    /// The number of the newest update that there is.
    pub before: u64,
    /// When the person asked not to be written to: that alone is kept.
    pub opted_out: Option<Timestamp>,
}

/// What is kept of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Remembered {
    /// The state of the person.
    pub person: Option<Vec<u8>>,
    /// The state of the direct chat.
    pub chat: Option<Vec<u8>>,
    /// Keys of updates of the direct chat that were applied lately.
    pub seen: u64,
}

/// How much was removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Removed {
    /// States of the person.
    pub person: u64,
    /// States of the direct chat.
    pub chat: u64,
    /// Keys of updates of the direct chat.
    pub seen: u64,
}

/// Makes marks: who has the key can ask for one person's, and nobody can tell from a mark whose it is.
#[derive(Debug, Clone)]
pub(crate) struct Marks(Secret);

impl Marks {
    pub(crate) fn new(key: &Secret) -> Self {
        Self(key.clone())
    }

    pub(crate) fn of(&self, bot: BotId, person: UserId) -> String {
        let digest = Sha256::digest(format!("troupe/erased/v1|{}|{bot}|{person}", self.0.expose()));
        digest.iter().take(16).fold(String::new(), |mark, byte| mark + &format!("{byte:02x}"))
    }
}

impl Store {
    /// What is kept of `person`, who talks to `bot`.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again.
    pub async fn remembered(
        &self,
        partition: Partition,
        bot: BotId,
        person: UserId,
    ) -> Result<Remembered, Error> {
        let chat = direct_chat(person);
        let mut pipe = redis::pipe();
        pipe.get(Document::Person(bot, person).key(partition))
            .get(Document::Chat(bot, chat).key(partition))
            .zcard(document::seen(partition, bot, chat));
        let mut connection = self.connection.clone();
        let (person, chat, seen) = self.call("read", partition, pipe.query_async(&mut connection)).await?;
        Ok(Remembered { person, chat, seen })
    }

    /// Erases a person whose state is still the one that was `read`, and marks that it was done: what is told again of
    /// the time before is not applied again, and a commit of what was loaded before is refused. `None` if the state
    /// has changed meanwhile: read it again.
    ///
    /// What waits in the outbox is left to the caller, who can read it.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again.
    pub async fn erase(&self, erasure: &Erasure, read: Option<&[u8]>) -> Result<Option<Removed>, Error> {
        let Erasure { partition, bot, person, at, before, opted_out } = *erasure;
        let chat = direct_chat(person);
        let mut call = self.scripts.erase.key(document::position(partition));
        call.key(document::mark(partition, &self.marks.of(bot, person)))
            .key(document::seen(partition, bot, chat))
            .key(Document::Person(bot, person).key(partition))
            .key(Document::Chat(bot, chat).key(partition))
            .arg(read.map_or_else(|| b"-".to_vec(), |read| [b"=".as_slice(), read].concat()))
            .arg(at.as_millis())
            .arg(before)
            .arg(opted_out.map(|at| at.as_millis().to_string()).unwrap_or_default())
            .arg(format!("{bot}/{chat}/"));
        let (outcome, person, chat, seen): (String, u64, u64, u64) =
            self.invoke("erase a person from", partition, &call).await?;
        match outcome.as_str() {
            "erased" => Ok(Some(Removed { person, chat, seen })),
            "changed" => Ok(None),
            other => Err(Error::Stored { partition, reason: format!("the erasure answered {other:?}") }),
        }
    }
}

/// The chat that a person and a bot have for themselves has the person's id.
const fn direct_chat(person: UserId) -> ChatId {
    ChatId::new(person.get())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mark_depends_on_key_bot_and_person_and_never_changes() {
        let mark =
            |key: &str, bot, person| Marks::new(&Secret::new(key)).of(BotId::new(bot), UserId::new(person));
        assert_eq!(mark("k", 1, 23), mark("k", 1, 23));
        let others = [mark("l", 1, 23), mark("k", 12, 3), mark("k", 1, 24), mark("k|1", 1, 23)];
        assert!(others.iter().all(|other| *other != mark("k", 1, 23)), "{others:?}");
    }

    #[test]
    fn what_was_there_or_is_told_again_is_of_the_time_before() {
        let erased = Erased { at: Timestamp::from_millis(5_900), before: 7, opted_out: None };
        assert!(erased.covers(7, Timestamp::from_millis(9_000)), "it was in the stream");
        assert!(erased.covers(8, Timestamp::from_millis(4_000)), "it was written before");
        assert!(!erased.covers(8, Timestamp::from_millis(5_000)), "it is new, and its time is rounded down");
    }
}
