use serde::{Deserialize, Serialize};
use troupe_types::{BotId, Chat, Message, Person, Timestamp, UpdateKey};

/// Something that happened in a chat of a bot's, as the responder decides on it: ingress publishes what it was told by
/// Telegram, a responder the timers that it set, the manager what operators do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Update {
    /// What it is known by.
    pub key: UpdateKey,
    /// The bot that was told.
    pub bot: BotId,
    /// Where it happened.
    pub chat: Chat,
    /// Who did it, or the person whom it is about.
    pub sender: Person,
    /// When, by Telegram's clock, to the second. A timer happens when it was due, however late it fires.
    pub time: Timestamp,
    /// When ingress got to know of it, by ingress's clock; of a timer, when it was due. Reply times are counted from
    /// here.
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
    /// A timer fired. Which one, the key tells.
    Timer,
    /// An operator gave the conversation with the person back to the bot.
    HandedBack,
}

impl UpdateBody {
    /// The message that it is about, if there is one.
    pub const fn message(&self) -> Option<&Message> {
        match self {
            Self::Message(message) | Self::Edited(message) => Some(message),
            Self::Timer | Self::HandedBack => None,
        }
    }
}
