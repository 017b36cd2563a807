mod fields;

use serde::{Deserialize, Serialize};
use troupe_types::{ActionKey, BotId, ChatId, MediaKind, MessageId, Timestamp, UpdateKey, UserId};

use crate::SessionState;

/// Something worth counting. Stats writes each as one row.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "fields::Fields")]
pub struct Event {
    /// What it is known by: the same happening told twice has the same id, and is counted once.
    pub id: String,
    /// The bot it is about; [`BotId::NONE`] if it is about none, or about many.
    pub bot: BotId,
    /// Where it happened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub chat: Option<ChatId>,
    /// The person it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub person: Option<UserId>,
    /// The update that led to it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub update: Option<UpdateKey>,
    /// When it happened: Telegram's clock for messages received, the publisher's clock for the rest.
    pub time: Timestamp,
    /// What happened.
    #[serde(flatten)]
    pub body: EventBody,
}

/// What can happen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum EventBody {
    /// A message came in.
    MessageReceived {
        /// Its id in its chat.
        message: MessageId,
        /// What was attached.
        #[serde(skip_serializing_if = "Option::is_none")]
        media: Option<MediaKind>,
        /// Whether one of our own bots wrote it.
        own_bot: bool,
        /// What it says, where the installation tells texts.
        #[serde(skip_serializing_if = "Option::is_none")]
        text: Option<String>,
    },
    /// A message was changed.
    MessageEdited {
        /// Its id in its chat.
        message: MessageId,
    },
    /// A message was deleted, by whoever wrote it or by an administrator. Of direct chats and basic groups Telegram does
    /// not tell in which of them it was: such an event has no chat.
    MessageDeleted {
        /// Its id in its chat.
        message: MessageId,
    },
    /// An update was answered.
    Replied {
        /// What answered.
        source: Source,
        /// From ingress knowing of the update to the decision being committed, in microseconds.
        decide_us: u64,
    },
    /// An update was not answered.
    Silent {
        /// Why, as a word from a small closed set, e.g. `no_match`, `opted_out`, `not_listed`, `own_bot`.
        reason: String,
        /// From ingress knowing of the update to the decision being committed, in microseconds.
        decide_us: u64,
    },
    /// A person wrote to a bot for the first time.
    PersonFirstSeen,
    /// A person asked not to be written to.
    OptedOut,
    /// A person was given one of the bot's scenarios, once and for good.
    ScenarioAssigned {
        /// Its name.
        scenario: String,
        /// The newest version then.
        version: u32,
    },
    /// A person was put into a scenario.
    ScenarioStarted {
        /// Its name.
        scenario: String,
        /// The version that the person will finish.
        version: u32,
    },
    /// A person came to a step.
    StepReached {
        /// The scenario's name.
        scenario: String,
        /// Its version.
        version: u32,
        /// The step.
        step: String,
    },
    /// A person answered a step.
    StepAnswered {
        /// The scenario's name.
        scenario: String,
        /// Its version.
        version: u32,
        /// The step.
        step: String,
        /// Whether the step accepted the answer.
        valid: bool,
    },
    /// A person was reminded of a step that waits for an answer.
    StepReminded {
        /// The scenario's name.
        scenario: String,
        /// Its version.
        version: u32,
        /// The step.
        step: String,
        /// The how manieth reminder of the step this is, from 1.
        number: u32,
    },
    /// A step waited for an answer as long as it may.
    StepExpired {
        /// The scenario's name.
        scenario: String,
        /// Its version.
        version: u32,
        /// The step.
        step: String,
    },
    /// A person came to an end of a scenario.
    ScenarioEnded {
        /// The scenario's name.
        scenario: String,
        /// Its version.
        version: u32,
        /// The step that ended it.
        step: String,
        /// Whether this end is the goal.
        goal: bool,
    },
    /// The conversation with a person was left to an operator.
    HandedOver,
    /// The bot took the conversation with a person up again.
    HandedBack {
        /// Why, as a word from a small closed set: `operator`, `time`, `opted_out`.
        reason: String,
    },
    /// A variable was set or removed. Its value is not told.
    VariableChanged {
        /// Its name.
        variable: String,
    },
    /// A person reached a goal that a rule names.
    GoalReached {
        /// The goal.
        goal: String,
    },
    /// A message of the bot's was sent.
    MessageSent {
        /// Its id in its chat.
        message: MessageId,
        /// The action that it carried out.
        action: ActionKey,
        /// What decided it.
        source: Source,
        /// From ingress knowing of the update to Telegram confirming the message, in milliseconds.
        reply_ms: u64,
        /// What was attached to it.
        #[serde(skip_serializing_if = "Option::is_none")]
        media: Option<MediaKind>,
    },
    /// A message of the bot's could not be sent, for good.
    DeliveryFailed {
        /// The action.
        action: ActionKey,
        /// Telegram's name of the error, e.g. `USER_IS_BLOCKED`.
        reason: String,
    },
    /// A message to a person was refused because the person has blocked the bot. Told once for each update whose answers
    /// were refused.
    BotBlocked,
    /// A file was stored.
    FileStored {
        /// The action.
        action: ActionKey,
        /// Its size.
        bytes: u64,
    },
    /// Telegram asked the account to wait.
    FloodWait {
        /// How long, in seconds.
        seconds: u32,
        /// The method that was refused.
        method: String,
    },
    /// A call of a webhook came to its end: the receiver took it, or it was given up.
    WebhookCalled {
        /// The target, as rules and scenarios name it.
        name: String,
        /// What became of it, as a word from a small closed set: `delivered` if it was taken; else what its last try came to,
        /// `refused`, `gone`, `forbidden`, `unreachable`, `too_late`, or `no_target` if no setting names the target.
        outcome: String,
        /// How often it was tried; a try that its instance died over is one.
        tries: u32,
    },
    /// The state of the bot's session changed.
    Session {
        /// The new state.
        state: SessionState,
    },
    /// An operator changed something.
    OperatorActed {
        /// Who, as the call said; empty if it did not say.
        #[serde(skip_serializing_if = "String::is_empty")]
        operator: String,
        /// What was done, e.g. `content.put`.
        act: String,
        /// What it was done to, e.g. `scenario/welcome`.
        object: String,
        /// The version of the document that came of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
    },
    /// Content under trial was asked as well, and nothing of what it decided was done.
    ShadowDecided {
        /// The document under trial, e.g. `rules/kyc`.
        content: String,
        /// Its version.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
        /// What would have answered.
        #[serde(skip_serializing_if = "Option::is_none")]
        source: Option<Source>,
        /// Why nothing would have; empty if something would.
        #[serde(skip_serializing_if = "String::is_empty")]
        reason: String,
    },
}

/// What in a bot's content made it do something.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "by", rename_all = "snake_case", try_from = "fields::SourceFields")]
pub enum Source {
    /// A guard, such as the confirmation of an opt-out.
    Guard,
    /// A trigger group that fired.
    TriggerGroup {
        /// Its name.
        group: String,
        /// The version of the document it stands in, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
    },
    /// The `onFailMsg` of a trigger group that did not fire.
    FailMessage {
        /// Its name.
        group: String,
        /// The version of the document it stands in, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
    },
    /// A step of a scenario.
    Step {
        /// The scenario's name.
        scenario: String,
        /// Its version.
        version: u32,
        /// The step.
        step: String,
    },
    /// An entry of an answer library.
    Entry {
        /// The library's name.
        library: String,
        /// The entry.
        entry: String,
        /// Which of its variations, from 0.
        variation: u16,
        /// The version of the document it stands in, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
    },
    /// A library's fallback.
    Fallback {
        /// The library's name.
        library: String,
        /// Which of its variations, from 0.
        variation: u16,
        /// The version of the document it stands in, where it is known.
        #[serde(skip_serializing_if = "Option::is_none")]
        version: Option<u32>,
    },
}
