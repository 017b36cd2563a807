//! Trigger groups, reaction groups and variables: the seed's language, to the letter.
//!
//! A document has `triggers`, `reactions` and `variables`, or is a map of groups alone, as the seed shows them.
//! `docs/superbot.md` goes through the seed sentence by sentence, with the test of each. Where it is unclear, this holds:
//! - A trigger group without a reaction group of its name wins like any other, and nothing is said.
//! - A trigger group without triggers fires, since none of its subgroups fails.
//! - `privateTrigger` true means direct chats only; false, any chat.
//! - A `Text` trigger needs a text: a message without one, such as an image without a caption, hits no expression.
//! - A `DictionaryVariable` trigger with the value null fires if the person has no row.
//! - An image is a photo, or a file that says it is an image. A megabyte is 1,048,576 bytes, as in superbot's program;
//!   both bounds are inside.
//! - A subgroup named by the empty text is a subgroup like any other; only null stands alone.
//! - A variable that is not declared is a dictionary variable that is saved to disk.

mod compile;
mod evaluate;
mod index;
mod model;
mod outline;
mod read;

use std::{collections::BTreeMap, sync::Arc};

pub(crate) use evaluate::answer;
pub(crate) use outline::outline;

use crate::{Faults, MediaUse, document, document::At, matcher::Matcher};

/// A rule set, compiled.
#[derive(Debug)]
pub struct Ruleset {
    groups: Vec<Group>,
    index: index::Index,
    /// The patterns of all text triggers.
    patterns: Matcher,
    reactions: BTreeMap<Arc<str>, ReactionGroup>,
    variables: BTreeMap<Arc<str>, Variable>,
    media: Vec<MediaUse>,
}

#[derive(Debug)]
struct Group {
    name: Arc<str>,
    /// Whether only direct chats trigger it.
    private: bool,
    /// In the order in which they first appear.
    subgroups: Vec<Subgroup>,
}

#[derive(Debug)]
struct Subgroup {
    name: Option<Arc<str>>,
    triggers: Vec<Trigger>,
    /// What its last trigger says if none of them is triggered.
    on_fail: Option<String>,
}

#[derive(Debug)]
enum Trigger {
    /// The text of the message matches this pattern of [`Ruleset::patterns`].
    Text(u32),
    /// The person has this value, or no row.
    VariableIs {
        variable: Arc<str>,
        value: Option<String>,
    },
    /// The person has a row.
    VariableExists {
        variable: Arc<str>,
    },
    Image(Bounds),
}

/// The bounds of a file's size, both inside.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Bounds {
    bytes_min: f64,
    bytes_max: f64,
}

#[derive(Debug)]
struct ReactionGroup {
    /// In the order in which they first appear; each has at least one reaction.
    subgroups: Vec<Vec<Reaction>>,
}

#[derive(Debug)]
enum Reaction {
    Text {
        text: String,
        /// The single variable that holds the id of the chat to reply in; `None` for the same chat.
        chat: Option<Arc<str>>,
    },
    /// Sets the variable for the person: to a value, or to the text of the message.
    Set {
        variable: Arc<str>,
        value: Option<String>,
    },
    Remove {
        variable: Arc<str>,
    },
    StoreFile(Bounds),
}

/// A variable as it is declared.
#[derive(Debug)]
pub(crate) struct Variable {
    /// Whether it has a value for each person, rather than one for all.
    pub dictionary: bool,
    /// Whether its values outlive a restart of the bot.
    pub saved: bool,
    /// The start value of a single variable.
    pub start: Option<String>,
}

impl Ruleset {
    /// Reads and compiles a rule set.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let document = document::read(text, &mut faults);
        let model = document.map(|document| read::read(&At::root(&document), &mut faults));
        let ruleset = model.map(|model| compile::compile(model, &mut faults));
        let media = faults.take_media();
        faults.or(ruleset.map(|ruleset| Self { media, ..ruleset }))
    }

    /// The media that it shows, in order, with the places where it names them.
    pub fn media(&self) -> &[MediaUse] {
        &self.media
    }

    /// How many trigger groups there are.
    pub const fn group_count(&self) -> usize {
        self.groups.len()
    }

    /// The names of the trigger groups, in order.
    pub fn group_names(&self) -> impl Iterator<Item = &str> {
        self.groups.iter().map(|group| &*group.name)
    }

    /// How `name` is declared, if it is.
    pub(crate) fn variable(&self, name: &str) -> Option<&Variable> {
        self.variables.get(name)
    }
}
