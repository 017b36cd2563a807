use serde::{Deserialize, Serialize};
use troupe_types::{BotId, Partition, UserId};

/// Asks every ingress what it has of a person, or to forget it.
///
/// It crosses the bus as a plain request, never through a stream: nothing of it is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonRequest {
    /// The person.
    pub person: UserId,
    /// Only what this bot has; otherwise all of them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bot: Option<BotId>,
    /// To forget it, and every action for the person up to this number; otherwise to tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub forget: Option<u64>,
}

/// What one ingress has, or had, of a person.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PersonReply {
    /// Which ingress.
    pub instance: String,
    /// The partitions that it owns: of their bots it told everything.
    pub partitions: Vec<Partition>,
    /// How many actions for the person it had not carried out yet.
    pub actions: u64,
    /// The bots' address books.
    pub acquaintances: Vec<Acquaintance>,
    /// Files that came from the person, by their paths in the folder of stored files.
    pub files: Vec<String>,
    /// What could not be told or forgotten, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<String>,
}

/// Somebody in a bot's address book.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acquaintance {
    /// The bot.
    pub bot: BotId,
    /// The person's first name.
    pub name: String,
    /// The person's public name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}
