//! A rule set as its author wrote it, with the place of everything: what linting and conversion will read, and what
//! is compiled for deciding.

use crate::document::Mark;

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
    pub private: bool,
    pub triggers: Vec<Trigger>,
}

#[derive(Debug)]
pub(super) struct Trigger {
    /// The place of its `data`.
    pub place: Place,
    pub subgroup: Option<String>,
    pub on_fail: Option<String>,
    pub kind: TriggerKind,
}

#[derive(Debug)]
pub(super) enum TriggerKind {
    Text { pattern: String },
    VariableIs { variable: String, value: Option<String> },
    VariableExists { variable: String },
    Image(Sizes),
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
    pub reactions: Vec<Reaction>,
}

#[derive(Debug)]
pub(super) struct Reaction {
    /// The place of its `data`.
    pub place: Place,
    pub subgroup: Option<String>,
    pub kind: ReactionKind,
}

#[derive(Debug)]
pub(super) enum ReactionKind {
    Text { text: String, chat: Option<String> },
    Set { variable: String, value: Option<String> },
    Remove { variable: String },
    StoreFile(Sizes),
}

#[derive(Debug)]
pub(super) struct Variable {
    pub place: Place,
    pub name: String,
    pub saved: bool,
    pub dictionary: bool,
    pub value: Option<String>,
}
