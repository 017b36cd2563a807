use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use troupe_types::{ActionKey, BotId, ChatId, Timestamp, UserId};

use crate::{ContentName, Source, Stream};

/// A call of a webhook that the responder decided on; the webhooks service makes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Webhook {
    /// What it is known by.
    pub key: ActionKey,
    /// The bot that lets it be called.
    pub bot: BotId,
    /// Where that was decided.
    pub chat: ChatId,
    /// The person whose message led to it.
    pub person: UserId,
    /// When it was decided, by the responder's clock.
    pub decided: Timestamp,
    /// What in the bot's content decided it.
    pub source: Source,
    /// How much later than decided to call it, in milliseconds.
    #[serde(default, skip_serializing_if = "crate::action::is_zero")]
    pub delay_ms: u64,
    /// The name of what is called; where that is, the webhooks service knows.
    pub target: ContentName,
    /// What it is told, by name.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub send: BTreeMap<String, String>,
}

impl Webhook {
    /// The subject that it is published on: each target has its own.
    pub fn subject(&self) -> String {
        format!("{}.{}.{}", Stream::Webhooks.prefix(), self.target, self.bot)
    }

    /// The subjects of all webhooks that `bot` lets be called.
    pub fn subject_of_any(bot: BotId) -> String {
        format!("{}.*.{bot}", Stream::Webhooks.prefix())
    }

    /// What the receiver recognises a repeated call by: the same for the same key for ever, and without anybody's number.
    pub fn id(&self) -> String {
        let digest = Sha256::digest(format!("troupe/webhook/v1|{}", self.key));
        let hex = digest.iter().take(16).map(|byte| format!("{byte:02x}"));
        format!("msg_{}", hex.collect::<String>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_depends_on_the_key_alone_and_never_changes() {
        let call = |key: &str, chat: i64| Webhook {
            key: key.parse().unwrap(),
            bot: BotId::new(7),
            chat: ChatId::new(chat),
            person: UserId::new(42),
            decided: Timestamp::default(),
            source: Source::Guard,
            delay_ms: 0,
            target: "crm".parse().unwrap(),
            send: BTreeMap::new(),
        };
        let id = call("7/42/5/new#0", 42).id();
        assert_eq!(id, "msg_41343a07b5cb167836ea7221e61c858f");
        assert_eq!(call("7/42/5/new#0", 42).subject(), "webhook.crm.7");
        assert_eq!(id, call("7/42/5/new#0", 43).id());
        assert_ne!(id, call("7/42/5/new#1", 42).id());
    }
}
