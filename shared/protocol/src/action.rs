use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use troupe_types::{ActionKey, BotId, ChatId, MessageId, Timestamp, UserId};

use crate::Source;

/// Something that the responder decided a bot does; ingress carries it out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Action {
    /// What it is known by.
    pub key: ActionKey,
    /// Who does it.
    pub bot: BotId,
    /// Where.
    pub chat: ChatId,
    /// The person whose message is answered.
    pub person: UserId,
    /// When it was decided, by the responder's clock.
    pub decided: Timestamp,
    /// When ingress got to know of the update that is answered, by ingress's clock.
    pub received: Timestamp,
    /// What in the bot's content decided it.
    pub source: Source,
    /// How much later than decided to do it, in milliseconds. What is decided for one update is done in its order.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub delay_ms: u64,
    /// What to do.
    #[serde(flatten)]
    pub body: ActionBody,
}

/// What a bot can do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ActionBody {
    /// Marks the chat as read up to and with `message`.
    Read {
        /// The newest message that was read.
        message: MessageId,
    },
    /// Shows the bot as typing for a moment, then sends a text, a photo or a document.
    Reply {
        /// At most 4,096 UTF-16 units; beside what is attached at most 1,024, and it may be empty.
        text: String,
        /// What is attached, if anything.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        media: Option<Attachment>,
        /// The message to answer; `None` sends a plain message.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reply_to: Option<MessageId>,
    },
    /// Stores the file attached to `message` in the installation's media folder.
    StoreFile {
        /// The message with the file.
        message: MessageId,
    },
    /// Reacts to `message` with an emoji.
    React {
        /// The message in the action's chat.
        message: MessageId,
        /// The emoji.
        emoji: String,
    },
    /// Forwards `message` to the action's chat.
    Forward {
        /// The chat that the message is in.
        from: ChatId,
        /// The message.
        message: MessageId,
    },
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes fields by reference")]
pub(crate) const fn is_zero(number: &u64) -> bool {
    *number == 0
}

/// A stored file that is sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Attachment {
    /// How it is shown.
    pub kind: AttachmentKind,
    /// Its name: see [`crate::FileRecord`].
    pub name: String,
}

/// How a file that is sent is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// As a picture.
    Photo,
    /// As a file.
    Document,
}

impl Action {
    /// The `random_id` that Telegram recognises a repeated send by: never zero, the same for the same key for ever.
    ///
    /// Telegram keeps used ids for good and answers a repeat with the first message
    /// (<https://core.telegram.org/api/updates>, "updateMessageID").
    pub fn random_id(&self) -> i64 {
        let digest = Sha256::digest(format!("troupe/rid/v1|{}", self.key));
        let bytes = digest.first_chunk().expect("SHA-256 gives 32 bytes");
        match i64::from_le_bytes(*bytes) {
            0 => 1,
            id => id,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_id_depends_on_the_key_alone_and_never_changes() {
        let action = |key: &str, text: &str| Action {
            key: key.parse().unwrap(),
            bot: BotId::new(7),
            chat: ChatId::new(42),
            person: UserId::new(42),
            decided: Timestamp::default(),
            received: Timestamp::default(),
            source: Source::Guard,
            delay_ms: 0,
            body: ActionBody::Reply { text: text.into(), media: None, reply_to: None },
        };
        let id = action("7/42/5/new#0", "a").random_id();
        assert_eq!(id, action("7/42/5/new#0", "b").random_id());
        assert_ne!(id, action("7/42/5/new#1", "a").random_id());
        assert_ne!(id, action("7/42/6/new#0", "a").random_id());
    }
}
