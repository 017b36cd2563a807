use troupe_types::{BotId, Chat, ChatKind, Message, Person, Timestamp, UpdateKey};

/// What there is to decide on: a message that was written or changed in a chat of a bot's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// What it is known by.
    pub key: UpdateKey,
    /// The bot that was told.
    pub bot: BotId,
    /// Where it happened.
    pub chat: Chat,
    /// Who wrote.
    pub sender: Person,
    /// When, by Telegram's clock: the only clock that decisions know.
    pub time: Timestamp,
    /// Whether the message was changed rather than written.
    pub edited: bool,
    /// The message as it now is.
    pub message: Message,
}

impl Update {
    /// Whether it happened in a direct chat.
    pub const fn is_direct(&self) -> bool {
        matches!(self.chat.id.kind(), ChatKind::Direct)
    }

    /// Whether the bot was spoken to: in a direct chat always, in a group by a mention or a reply to it.
    pub const fn is_addressed(&self) -> bool {
        self.is_direct() || self.message.mentions_bot
    }
}
