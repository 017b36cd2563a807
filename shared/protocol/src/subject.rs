use std::fmt;

use serde::{Deserialize, Serialize};
use troupe_types::{BotId, Partition, Timestamp, UserId};

/// A subject that messages are published on. Only its `Display` spells `update.3.42`; that of a webhook, which has a name in
/// it, is [`crate::Webhook::subject`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Subject {
    /// Updates of a bot, from ingress to the responders.
    Update(Partition, BotId),
    /// The timer of a person of a bot's: an update that the broker publishes when it is due. There is one for each
    /// person; a newer one takes its place.
    Timer(Partition, BotId, UserId),
    /// Actions of a bot, from the responders to ingress.
    Action(Partition, BotId),
    /// Events of a bot, from anyone to stats.
    Event(Partition, BotId),
    /// What nobody could handle.
    Dead(Stream),
    /// Requests to the ingress that owns a partition: signing in. Not stored.
    Login(Partition),
    /// Requests to every ingress: what it has of a person. Not stored.
    People,
}

impl fmt::Display for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Update(partition, bot) => write!(f, "update.{partition}.{bot}"),
            Self::Timer(partition, bot, person) => write!(f, "timer.{partition}.{bot}.{person}"),
            Self::Action(partition, bot) => write!(f, "action.{partition}.{bot}"),
            Self::Event(partition, bot) => write!(f, "event.{partition}.{bot}"),
            Self::Dead(stream) => write!(f, "dead.{}", stream.prefix()),
            Self::Login(partition) => write!(f, "login.{partition}"),
            Self::People => f.write_str("people"),
        }
    }
}

/// When a message that waits at the broker is delivered, and where.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Schedule {
    /// When.
    pub due: Timestamp,
    /// Where it goes then: a subject of the stream that it waits in.
    pub target: String,
}

/// The streams that keep what is published.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stream {
    /// [`crate::Update`]s.
    Updates,
    /// [`crate::Action`]s.
    Actions,
    /// [`crate::Webhook`]s.
    Webhooks,
    /// [`crate::Event`]s.
    Events,
    /// [`DeadLetter`]s.
    Dead,
}

impl Stream {
    /// Every stream.
    pub const ALL: [Self; 5] = [Self::Updates, Self::Actions, Self::Webhooks, Self::Events, Self::Dead];

    /// Its name at the broker.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Updates => "UPDATES",
            Self::Actions => "ACTIONS",
            Self::Webhooks => "WEBHOOKS",
            Self::Events => "EVENTS",
            Self::Dead => "DEAD",
        }
    }

    /// What its subjects begin with.
    pub const fn prefix(self) -> &'static str {
        match self {
            Self::Updates => "update",
            Self::Actions => "action",
            Self::Webhooks => "webhook",
            Self::Events => "event",
            Self::Dead => "dead",
        }
    }
}

/// The key-value buckets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Bucket {
    /// What was fixed when the installation was created: the count of partitions under `partitions`, a secret of its own
    /// under `key`.
    Installation,
    /// [`crate::BotRecord`]s under `bot.<id>`; `name.<name>` and `account.<user id>` hold the id of the bot that
    /// has taken them; `last` the highest id given so far; `deleted.<id>` a deleted bot whose session ingress has not
    /// forgotten yet.
    Bots,
    /// [`crate::BotStatus`] under `<bot id>`.
    Status,
    /// [`crate::ContentDocument`]s.
    Content,
    /// [`crate::FileRecord`]s, and whatever is too large for one record, in [`crate::Parts`].
    Files,
    /// Sessions, encrypted: `<bot id>.secret`, `<bot id>.position` and `<bot id>.peers`. Only ingress reads it.
    Sessions,
    /// Who is alive and who owns what. Its keys expire by themselves.
    Owners,
}

impl Bucket {
    /// Every bucket.
    pub const ALL: [Self; 7] = [
        Self::Installation,
        Self::Bots,
        Self::Status,
        Self::Content,
        Self::Files,
        Self::Sessions,
        Self::Owners,
    ];

    /// Its name at the broker.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Installation => "installation",
            Self::Bots => "bots",
            Self::Status => "status",
            Self::Content => "content",
            Self::Files => "files",
            Self::Sessions => "sessions",
            Self::Owners => "owners",
        }
    }
}

/// A message that could not be handled, kept with the reason so that it can be looked at and published again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The stream it came from.
    pub stream: Stream,
    /// Its number there.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// Who gave it up.
    pub service: String,
    /// Why.
    pub reason: String,
    /// When, by that service's clock.
    pub time: Timestamp,
    /// What it said, as text; what is not UTF-8 in it is replaced.
    pub payload: String,
}
