use std::{collections::BTreeMap, fmt, sync::Arc, time::Duration};

use troupe_types::{ChatId, MediaKind, MessageId, Timestamp, UpdateKey};

use crate::{State, Trace};

/// What became of an update.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What the bot does, in this order.
    pub actions: Vec<Action>,
    /// The state after it.
    pub state: State,
    /// What the bot wants to be told when its time has come. It takes the place of the timer that was set for the
    /// person before.
    pub timer: Option<Timer>,
    /// What is worth counting, in the order in which it happened.
    pub events: Vec<Event>,
    /// What was tried and why; empty unless [`crate::explain`] was asked.
    pub trace: Trace,
}

/// An update that is to come later.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timer {
    /// The key of that update.
    pub key: UpdateKey,
    /// When it is to come. Later is fine, and so is twice.
    pub due: Timestamp,
    /// What for.
    pub purpose: Purpose,
}

/// What a timer is set for. What is done when it fires depends on what is due then, not on this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To answer a burst of messages.
    Answer,
    /// To remind the person of a step.
    Remind,
    /// To give up waiting at a step.
    Expire,
    /// To go on from a step that waits.
    GoOn,
    /// To take a conversation back from an operator.
    TakeBack,
    /// To look again whether the bot may speak.
    LookAgain,
}

impl Purpose {
    /// The purpose as words that go on after "to".
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Answer => "answer what the person wrote",
            Self::Remind => "remind the person",
            Self::Expire => "give up waiting",
            Self::GoOn => "go on",
            Self::TakeBack => "take the conversation back",
            Self::LookAgain => "look again whether the bot may speak",
        }
    }
}

/// Something that the bot does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Action {
    /// Where: the update's chat, but for a rule that answers elsewhere.
    pub chat: ChatId,
    /// What in the content decided it.
    pub source: Source,
    /// How much later than decided; at most [`crate::limits::DELAY`].
    pub delay: Duration,
    /// What to do.
    pub body: ActionBody,
}

/// What a bot can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ActionBody {
    /// Marks the chat as read up to and with `message`.
    Read {
        /// The newest message that was read.
        message: MessageId,
    },
    /// Sends a text, a photo or a document.
    Reply {
        /// At most 4,096 UTF-16 units and not blank; beside what is attached at most 1,024, and it may be empty.
        text: String,
        /// What is attached, if anything.
        media: Option<Attachment>,
        /// The message to answer; `None` sends a plain message.
        reply_to: Option<MessageId>,
    },
    /// Stores the file attached to `message`.
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
    /// Calls a webhook.
    Webhook {
        /// Its name; where that is, the installation says.
        target: Arc<str>,
        /// What it is told, by name. Each value has at most 4,096 UTF-16 units.
        send: BTreeMap<String, String>,
    },
}

/// A stored file that is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// How it is shown.
    pub kind: AttachmentKind,
    /// Its name in the installation.
    pub name: Arc<str>,
}

/// How a file that is sent is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AttachmentKind {
    /// As a picture.
    Photo,
    /// As a file.
    Document,
}

impl AttachmentKind {
    /// The kind as documents name it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Photo => "photo",
            Self::Document => "document",
        }
    }
}

/// What in a bot's content made it do something. The names are shared with the content, so a clone is cheap.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A guard: the confirmation of an opt-out.
    Guard,
    /// A trigger group that fired.
    TriggerGroup {
        /// Its name.
        group: Arc<str>,
    },
    /// The `onFailMsg` of a trigger group that did not fire.
    FailMessage {
        /// The group's name.
        group: Arc<str>,
    },
    /// A step of a scenario.
    Step {
        /// The scenario's name.
        scenario: Arc<str>,
        /// Its version.
        version: u32,
        /// The step; empty for what belongs to no step, such as the confirmation of a stop word.
        step: Arc<str>,
    },
    /// An entry of an answer library.
    Entry {
        /// The library's name.
        library: Arc<str>,
        /// The entry.
        entry: Arc<str>,
        /// Which of its variations, from 0.
        variation: u16,
    },
    /// A library's fallback.
    Fallback {
        /// The library's name.
        library: Arc<str>,
        /// Which of its variations, from 0.
        variation: u16,
    },
}

/// Something worth counting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message came in.
    MessageReceived {
        /// Its id in its chat.
        message: MessageId,
        /// What was attached.
        media: Option<MediaKind>,
        /// Whether one of our own bots wrote it.
        own_bot: bool,
    },
    /// A message was changed.
    MessageEdited {
        /// Its id in its chat.
        message: MessageId,
    },
    /// The update was answered, first of all by `source`.
    Replied {
        /// What answered.
        source: Source,
    },
    /// The update was not answered.
    Silent {
        /// Why.
        reason: Silence,
    },
    /// A person wrote to the bot for the first time.
    PersonFirstSeen,
    /// A person asked not to be written to.
    OptedOut,
    /// A person was given one of the bot's scenarios, once and for good.
    ScenarioAssigned {
        /// Its name.
        scenario: Arc<str>,
        /// The newest version then.
        version: u32,
    },
    /// A person was put into a scenario.
    ScenarioStarted {
        /// Its name.
        scenario: Arc<str>,
        /// The version that the person will finish.
        version: u32,
    },
    /// A person came to a step.
    StepReached {
        /// The scenario's name.
        scenario: Arc<str>,
        /// Its version.
        version: u32,
        /// The step.
        step: Arc<str>,
    },
    /// A person answered a step.
    StepAnswered {
        /// The scenario's name.
        scenario: Arc<str>,
        /// Its version.
        version: u32,
        /// The step.
        step: Arc<str>,
        /// Whether the step accepted the answer.
        valid: bool,
    },
    /// A person was reminded of a step that waits for an answer.
    StepReminded {
        /// The scenario's name.
        scenario: Arc<str>,
        /// Its version.
        version: u32,
        /// The step.
        step: Arc<str>,
        /// The how manieth reminder of the step this is, from 1.
        number: u32,
    },
    /// A step waited for an answer as long as it may.
    StepExpired {
        /// The scenario's name.
        scenario: Arc<str>,
        /// Its version.
        version: u32,
        /// The step.
        step: Arc<str>,
    },
    /// A person left a scenario: at one of its ends, or on the way by a stop word, a restart or an opt-out.
    ScenarioEnded {
        /// The scenario's name.
        scenario: Arc<str>,
        /// Its version.
        version: u32,
        /// The step where it ended.
        step: Arc<str>,
        /// Whether this end is the goal.
        goal: bool,
    },
    /// The conversation with the person was left to an operator.
    HandedOver,
    /// The bot took the conversation with the person up again.
    HandedBack {
        /// Why.
        reason: HandedBackBy,
    },
    /// A variable of the person's or of the bot's was set or removed. Its value is not told.
    VariableChanged {
        /// Its name.
        variable: Arc<str>,
    },
    /// A person reached a goal that a rule names.
    GoalReached {
        /// The goal.
        goal: Arc<str>,
    },
}

/// What gave a conversation back to the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandedBackBy {
    /// An operator.
    Operator,
    /// Its time was over.
    Time,
    /// The person asked not to be written to.
    OptedOut,
}

impl HandedBackBy {
    /// The reason as a word of a small closed set.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operator",
            Self::Time => "time",
            Self::OptedOut => "opted_out",
        }
    }
}

/// Why an update was not answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Silence {
    /// The bot was told to stop.
    Stopped,
    /// One of our own bots wrote.
    OwnBot,
    /// A bot account of somebody else's wrote.
    BotAccount,
    /// The bot does not answer in this group.
    NotListed,
    /// The person asked not to be written to.
    OptedOut,
    /// An operator has the conversation with the person.
    HandedOver,
    /// The person may be about to write more; it will be answered together.
    Collecting,
    /// What fired has nothing to say: a trigger group without a text, or a step without one.
    Wordless,
    /// An entry matched, but answers only who speaks to the bot.
    NotAddressed,
    /// The message is for somebody else: it begins with another's `@name`.
    ToSomebodyElse,
    /// An entry matched, but its chance had it that it keeps silent.
    Chance,
    /// An entry matched, but has spoken in this chat a moment ago.
    Cooldown,
    /// Nothing matched, and there is no fallback.
    NoMatch,
}

impl Silence {
    /// The reason as a word of a small closed set.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Stopped => "stopped",
            Self::OwnBot => "own_bot",
            Self::BotAccount => "bot_account",
            Self::NotListed => "not_listed",
            Self::OptedOut => "opted_out",
            Self::HandedOver => "handed_over",
            Self::Collecting => "collecting",
            Self::Wordless => "wordless",
            Self::NotAddressed => "not_addressed",
            Self::ToSomebodyElse => "to_somebody_else",
            Self::Chance => "chance",
            Self::Cooldown => "cooldown",
            Self::NoMatch => "no_match",
        }
    }
}

impl fmt::Display for Silence {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
