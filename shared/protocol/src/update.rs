use serde::{Deserialize, Serialize};
use troupe_types::{BotId, Chat, Message, Person, Timestamp, UpdateKey};

/// Something that happened in a chat of a bot's, as ingress publishes it and the responder decides on it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// What it is known by.
    pub key: UpdateKey,
    /// The bot that was told.
    pub bot: BotId,
    /// Where it happened.
    pub chat: Chat,
    /// Who did it.
    pub sender: Person,
    /// When, by Telegram's clock, to the second.
    pub time: Timestamp,
    /// When ingress got to know of it, by ingress's clock. Reply times are counted from here.
    pub received: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub body: UpdateBody,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "message", rename_all = "snake_case")]
pub enum UpdateBody {
    /// A message was written.
    Message(Message),
    /// A message was changed; this is its new content.
    Edited(Message),
}

impl UpdateBody {
    /// The message that it is about.
    pub const fn message(&self) -> &Message {
        match self {
            Self::Message(message) | Self::Edited(message) => message,
        }
    }
}
