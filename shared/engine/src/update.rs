use troupe_types::{BotId, Chat, ChatId, ChatKind, Message, MessageId, Person, Timestamp, UpdateKey};

/// What there is to decide on: a message that was written or changed in a chat of a bot's, a timer that fired, or a
/// conversation that an operator gave back. Which of them, the kind in its key tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Update {
    /// What it is known by.
    pub key: UpdateKey,
    /// The bot that was told.
    pub bot: BotId,
    /// Where it happened.
    pub chat: Chat,
    /// Who wrote, or the person whom it is about.
    pub sender: Person,
    /// When, by Telegram's clock: the only clock that decisions know. A timer happens when it was due.
    pub time: Timestamp,
    /// Whether the message was changed rather than written.
    pub edited: bool,
    /// The message as it now is; [`Update::no_message`] where there is none.
    pub message: Message,
}

impl Update {
    /// What stands for the message where there is none.
    pub const fn no_message() -> Message {
        Message {
            id: MessageId::new(0),
            text: String::new(),
            reply_to: None,
            mentions_bot: false,
            media: None,
        }
    }

    /// What happens without a message in the direct chat with `person`: a timer that fires, or a conversation that is
    /// given back.
    pub const fn without_message(key: UpdateKey, person: Person, time: Timestamp) -> Self {
        let chat = Chat { id: ChatId::direct(person.id), title: None };
        Self { key, bot: key.bot, chat, sender: person, time, edited: false, message: Self::no_message() }
    }

    /// Whether it happened in a direct chat.
    pub const fn is_direct(&self) -> bool {
        matches!(self.chat.id.kind(), ChatKind::Direct)
    }

    /// Whether the bot was spoken to: in a direct chat always, in a group by a mention or a reply to it.
    pub const fn is_addressed(&self) -> bool {
        self.is_direct() || self.message.mentions_bot
    }
}
