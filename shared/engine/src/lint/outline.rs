//! A rule set as far as linting reads it, with the fields that its parts stand in, as JSON pointers. Whichever format it is
//! written in, it asks the same questions.

use std::sync::Arc;

use super::{said::Said, scene::SceneTest};
use crate::rules::{Bounds, Comparison, Hours, Kinds};

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
    pub conditions: Vec<(Condition, String)>,
    /// Where the message stands that is sent if none does.
    pub on_fail: Option<String>,
    /// Where messages stand that are never sent, since they are not the last trigger's.
    pub lost_on_fail: Vec<String>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Condition {
    Asks(Test),
    /// None of these holds.
    Not(Vec<Self>),
}

/// One question about a message and what is known when it comes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Test {
    /// The text has a hit of the expression.
    Text {
        pattern: String,
    },
    /// The words are in the text, typing errors forgiven.
    Said(Said),
    Variable(Arc<Comparison>),
    Media(Kinds, Bounds),
    Scene(SceneTest),
    Time(Hours),
    /// The draw of the group of this number is below so many of a million.
    Chance {
        group: usize,
        per_million: u32,
    },
    /// The group of this number has not fired for as long as it has to rest.
    Rested {
        group: usize,
    },
}

impl Condition {
    /// Shows every question in it.
    pub fn each_test<'c>(&'c self, show: &mut impl FnMut(&'c Test)) {
        match self {
            Self::Asks(test) => show(test),
            Self::Not(conditions) => conditions.iter().for_each(|condition| condition.each_test(show)),
        }
    }
}

impl Subgroup {
    /// Shows every question in it, with its place.
    pub fn each_test<'s>(&'s self, show: &mut impl FnMut(&'s Test, &'s str)) {
        for (condition, field) in &self.conditions {
            condition.each_test(&mut |test| show(test, field));
        }
    }
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
    /// Adds to the number that a variable is.
    Add {
        variable: String,
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
    /// What it starts as, if it is the bot's and starts as anything.
    pub start: Option<String>,
}
