//! A rule set as its author wrote it, in superbot's JSON or in troupe's own format, with the place of everything: what
//! linting and conversion read, and what is compiled for deciding.

use std::{sync::Arc, time::Duration};

use troupe_types::{ChatId, UserId};

use super::{Kinds, hours::Hours};
use crate::{answers::Answers, document::Mark, library::Cooldown, webhook::Webhook};

/// Where in the document something stands.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub mark: Mark,
    pub field: String,
}

#[derive(Debug, Default)]
pub(super) struct Model {
    pub trigger_groups: Vec<TriggerGroup>,
    pub reaction_groups: Vec<ReactionGroup>,
    pub variables: Vec<Variable>,
}

#[derive(Debug)]
pub(super) struct TriggerGroup {
    pub name: String,
    pub place: Place,
    pub chats: Chats,
    /// In the order in which they first appear.
    pub subgroups: Vec<Subgroup<Trigger>>,
}

/// The chats that a trigger group looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Chats {
    Any,
    Direct,
    Group,
}

/// What stands together: one of its triggers has to be triggered, and one of its reactions is carried out.
#[derive(Debug)]
pub(super) struct Subgroup<T> {
    pub name: Option<String>,
    pub members: Vec<T>,
}

#[derive(Debug)]
pub(super) struct Trigger {
    /// The place of what it asks.
    pub place: Place,
    /// What is said if it is the last of its subgroup and none of them is triggered.
    pub on_fail: Option<FailMessage>,
    pub kind: TriggerKind,
}

#[derive(Debug)]
pub(super) struct FailMessage {
    /// The place of the message.
    pub place: Place,
    pub text: Saying,
}

#[derive(Debug)]
pub(super) enum TriggerKind {
    Text {
        pattern: String,
    },
    Phrases(Vec<String>),
    Keywords(Vec<String>),
    Variable {
        variable: VariableName,
        test: VariableTest,
    },
    Media(Kinds, Sizes),
    Addressed,
    Mentioned,
    Replied,
    Chat(ChatId),
    Sender(Sender),
    Time(Hours),
    Chance {
        per_million: u32,
    },
    Cooldown(Cooldown),
    /// None of these.
    Not(Vec<TriggerKind>),
}

/// A variable that is named somewhere.
#[derive(Debug)]
pub(super) struct VariableName {
    pub name: String,
    pub place: Place,
    pub wanted: Wanted,
}

/// What a variable that is named has to be declared as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    /// Each person's; superbot's dictionary variable.
    Person,
    /// As it is declared; one that is not is each person's.
    Any,
    /// The bot's, and able to hold a chat's id.
    Chat,
}

#[derive(Debug)]
pub(super) enum VariableTest {
    Is(Operand),
    Exists(bool),
    /// A number within these bounds.
    Between {
        min: Option<Operand>,
        max: Option<Operand>,
    },
}

/// What a variable is compared with.
#[derive(Debug)]
pub(super) enum Operand {
    Value(String),
    Variable(VariableName),
}

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) enum Sender {
    Id(UserId),
    /// A public name, in lower case and without `@`.
    Username(String),
}

/// Bounds in megabytes.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub min: Option<f64>,
    pub max: Option<f64>,
}

#[derive(Debug)]
pub(super) struct ReactionGroup {
    pub name: String,
    pub place: Place,
    /// In the order in which they first appear.
    pub subgroups: Vec<Subgroup<Reaction>>,
}

#[derive(Debug)]
pub(super) struct Reaction {
    /// The place of what it does.
    pub place: Place,
    pub kind: ReactionKind,
}

#[derive(Debug)]
pub(super) enum ReactionKind {
    Say {
        text: Saying,
        /// The bot's variable that holds the id of the chat to say it in; `None` for the same chat.
        chat: Option<VariableName>,
    },
    /// Sets variables, each to a value, or to the text of the message.
    Set(Vec<(VariableName, Option<String>)>),
    Add(Vec<(VariableName, f64)>),
    Remove(Vec<VariableName>),
    StoreFile(Sizes),
    React {
        emoji: String,
    },
    Forward {
        chat: VariableName,
    },
    Wait(Duration),
    Goal(String),
    /// Puts the person into the bot's scenario of this name.
    StartScenario(Arc<str>),
    EndScenario,
    /// Leaves the conversation to an operator for so long at most.
    HandOver(Duration),
    Webhook(Webhook),
}

/// Something to say.
#[derive(Debug)]
pub(super) enum Saying {
    /// As it stands, braces and all.
    Plain(String),
    Answers(Answers),
}

#[derive(Debug)]
pub(super) struct Variable {
    pub place: Place,
    pub name: String,
    pub saved: bool,
    pub dictionary: bool,
    pub value: Option<String>,
}

/// Gathers the members of each subgroup, in the order in which subgroups first appear; each null is one of its own.
pub(super) fn subgroups<T>(members: impl Iterator<Item = (Option<String>, T)>) -> Vec<Subgroup<T>> {
    let mut subgroups: Vec<Subgroup<T>> = Vec::new();
    for (name, member) in members {
        match subgroups.iter_mut().find(|known| name.is_some() && known.name == name) {
            Some(known) => known.members.push(member),
            None => subgroups.push(Subgroup { name, members: vec![member] }),
        }
    }
    subgroups
}
