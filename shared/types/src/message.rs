use serde::{Deserialize, Serialize};

use crate::{MessageId, UserId};

/// The one who wrote.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Person {
    /// Who.
    pub id: UserId,
    /// The first name as the person set it; empty where Telegram did not tell it.
    #[serde(default)]
    pub first_name: String,
    /// The last name, where the person has set one and Telegram told it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_name: Option<String>,
    /// The public name without `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// IETF language tag, where Telegram tells it (it does to bot accounts only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Whether this is a bot account.
    #[serde(default)]
    pub is_bot: bool,
}

/// A message's content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Message {
    /// Its id in its chat.
    pub id: MessageId,
    /// The text, or the caption of what is attached. At most 4,096 UTF-16 units as Telegram sends it.
    #[serde(default)]
    pub text: String,
    /// The message that this one answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<MessageId>,
    /// Whether it mentions the bot, or answers one of the bot's messages: Telegram's own flag, which covers both.
    #[serde(default)]
    pub mentions_bot: bool,
    /// What is attached.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub media: Option<Media>,
}

/// What is attached to a message.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// What it is.
    pub kind: MediaKind,
    /// The size in bytes of the largest form of it; 0 where there is no file.
    #[serde(default)]
    pub bytes: u64,
    /// The MIME type, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mime: Option<String>,
}

/// The kinds of attachment that rules can ask about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MediaKind {
    /// A photo.
    Photo,
    /// A file of any other kind: document, video, voice, sticker.
    Document,
    /// Anything without a file: a place, a contact, a poll.
    Other,
}
