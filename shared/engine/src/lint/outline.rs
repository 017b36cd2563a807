use std::sync::Arc;

/// A rule set as far as linting reads it, with the fields that its parts stand in, as JSON pointers.
#[derive(Debug, Default)]
pub(crate) struct Outline {
    pub groups: Vec<Group>,
    pub reactions: Vec<Reactions>,
    pub variables: Vec<Declared>,
    /// Whether it is in superbot's format.
    pub superbot: bool,
}

#[derive(Debug)]
pub(crate) struct Group {
    pub name: String,
    pub field: String,
    pub chats: Chats,
    pub subgroups: Vec<Subgroup>,
}

/// The chats that a trigger group looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Chats {
    pub direct: bool,
    pub group: bool,
}

#[derive(Debug, Default)]
pub(crate) struct Subgroup {
    /// One of these has to hold.
    pub tests: Vec<(Test, String)>,
    /// Where the message stands that is sent if none does.
    pub on_fail: Option<String>,
    /// Where messages stand that are never sent, since they are not the last trigger's.
    pub lost_on_fail: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// The text has a hit of the expression.
    Text { pattern: String },
    /// The person has this value, or no row.
    Row { variable: Arc<str>, value: Option<String> },
    /// The person has a row.
    Exists { variable: Arc<str> },
    /// An image of so many bytes.
    Image { min: f64, max: f64 },
}

#[derive(Debug)]
pub(crate) struct Reactions {
    pub name: String,
    pub field: String,
    pub subgroups: Vec<Vec<(Deed, String)>>,
}

/// What a reaction does, as far as it matters to others.
#[derive(Debug)]
pub(crate) enum Deed {
    /// Sets a variable to a value, or to the text of the message.
    Set {
        variable: String,
        value: Option<String>,
    },
    Remove,
    /// Reads the bot's own variable.
    Read {
        variable: String,
    },
    Other,
}

#[derive(Debug)]
pub(crate) struct Declared {
    pub name: String,
    pub field: String,
}
