//! What can be known of content before a message arrives.
//!
//! Everything that is said here is proved or was tried: a rule or an entry that is said to be dead is so for every
//! message, and where there is a message that shows it, it is told. What is too much to prove is not claimed.
//! `docs/lint.md` lists the codes.

mod alphabet;
pub mod bots;
mod code;
mod library;
mod machine;
mod media;
pub(crate) mod outline;
mod rules;
pub(crate) mod said;
mod scenario;
pub(crate) mod scene;
mod search;
mod situation;
mod solver;
mod texts;
mod values;
mod variables;

use std::collections::{BTreeMap, BTreeSet};

use troupe_types::{ChatId, Media, Timestamp, UserId};

pub use self::code::{Code, Level, UnknownCode};
use crate::{
    Faults,
    document::{self, Node},
};

/// A document to look at.
#[derive(Debug, Clone, Copy)]
pub enum Document<'a> {
    /// A rule set.
    Rules(&'a str),
    /// An answer library.
    Library {
        /// Its name.
        name: &'a str,
        /// The document.
        text: &'a str,
    },
    /// A scenario.
    Scenario {
        /// Its name.
        name: &'a str,
        /// The document.
        text: &'a str,
    },
}

/// Something that was found in a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What it is about.
    pub code: Code,
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The field as a JSON pointer.
    pub field: String,
    /// What was found, in a sentence.
    pub message: String,
    /// A message that shows it.
    pub witness: Option<Witness>,
    /// What to do about it.
    pub fix: String,
}

/// A message that shows what a finding says, and what it needs to be so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Witness {
    /// Its text; empty for a message without one.
    pub text: String,
    /// Whether it is in a direct chat, rather than in a group.
    pub direct: bool,
    /// The chat; [`Witness::SOMEWHERE`] unless it matters which group.
    pub chat: ChatId,
    /// Who writes it; [`Witness::SOMEBODY`] unless it matters who.
    pub sender: UserId,
    /// The writer's public name, where that matters.
    pub username: Option<String>,
    /// Whether it is said to the bot.
    pub call: Call,
    /// When it comes; [`Witness::NOON`] unless that matters.
    pub time: Timestamp,
    /// The rows of variables that the person has.
    pub variables: BTreeMap<String, String>,
    /// The values that the bot's own variables have, where they are not what they start as.
    pub bot_variables: BTreeMap<String, String>,
    /// What is attached to it.
    pub media: Option<Media>,
    /// What trigger groups draw, of a million: their chance comes true if it is above that.
    pub draws: BTreeMap<String, u32>,
    /// The trigger groups that have fired a moment ago, and rest.
    pub resting: BTreeSet<String>,
    /// What comes of it.
    pub outcome: String,
}

impl Witness {
    /// A person whom no rule names, or the next one that none does.
    pub const SOMEBODY: UserId = UserId::new(1001);
    /// A group that no rule names, or the next one that none does.
    pub const SOMEWHERE: ChatId = ChatId::new(-500);
    /// Noon of Monday, the 5th of January 2026, in UTC.
    pub const NOON: Timestamp = Timestamp::from_seconds(1_767_614_400);

    /// Somebody's message in a direct chat, of which nothing else matters.
    fn said(text: String, outcome: String) -> Self {
        Self {
            text,
            direct: true,
            chat: ChatId::direct(Self::SOMEBODY),
            sender: Self::SOMEBODY,
            username: None,
            call: Call::Nobody,
            time: Self::NOON,
            variables: Rows::new(),
            bot_variables: Rows::new(),
            media: None,
            draws: BTreeMap::new(),
            resting: BTreeSet::new(),
            outcome,
        }
    }
}

/// The values of variables.
type Rows = BTreeMap<String, String>;

/// Whom a message calls, beside those who read along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Call {
    /// Nobody; in a direct chat it is said to the bot all the same.
    Nobody,
    /// It mentions the bot.
    Mention,
    /// It is a reply to one of the bot's messages.
    Reply,
}

impl Call {
    /// As it is written.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Nobody => "nobody",
            Self::Mention => "mention",
            Self::Reply => "reply",
        }
    }
}

/// Looks at documents that belong together: what one asks for, another may set. Gives what was found in each, in the
/// order of its lines. In a document that does not compile, nothing is found.
pub fn lint(documents: &[Document<'_>]) -> Vec<Vec<Finding>> {
    lint_and_tell(documents, &mut |_| {})
}

/// How far linting is: it takes a while where there are thousands of trigger groups.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// The place of the document that is being looked at.
    pub document: usize,
    /// How many of its trigger groups were looked at, and of how many.
    pub groups: (usize, usize),
}

/// The same, and tells how far it is.
pub fn lint_and_tell(documents: &[Document<'_>], tell: &mut dyn FnMut(Progress)) -> Vec<Vec<Finding>> {
    let read: Vec<Option<Node>> = documents.iter().map(Document::read).collect();
    let mut variables = variables::Variables::default();
    for (document, node) in documents.iter().zip(&read) {
        if let Some(node) = node {
            variables.add(document, node);
        }
    }
    let scenarios = documents.iter().zip(&read).filter_map(|(document, node)| match (document, node) {
        (Document::Scenario { name, .. }, Some(node)) => Some((*name, node)),
        _ => None,
    });
    let calls = scenario::Calls::of(&scenarios.collect::<Vec<_>>());
    let find = |(place, (document, node)): (usize, (&Document<'_>, &Option<Node>))| {
        let Some(node) = node else { return Vec::new() };
        let mut notes = Notes::default();
        match document {
            Document::Rules(_) => {
                let mut progress = |done, of| tell(Progress { document: place, groups: (done, of) });
                rules::lint(node, &variables, &mut progress, &mut notes);
            }
            Document::Library { name, text } => {
                library::lint(name, text, node, &mut notes);
                texts::lint(node, &variables, &mut notes);
            }
            Document::Scenario { .. } => {
                scenario::lint(node, &variables, &calls, &mut notes);
                texts::lint(node, &variables, &mut notes);
            }
        }
        notes.findings(node)
    };
    documents.iter().zip(&read).enumerate().map(find).collect()
}

impl Document<'_> {
    fn read(&self) -> Option<Node> {
        let mut faults = Faults::default();
        let (text, compiles) = match self {
            Self::Rules(text) => (text, crate::Ruleset::parse(text).is_ok()),
            Self::Library { name, text } => (text, crate::Library::parse(name, text).is_ok()),
            Self::Scenario { name, text } => (text, crate::Scenario::parse(name, 1, text).is_ok()),
        };
        compiles.then(|| document::read(text, &mut faults))?
    }
}

/// What was found so far in a document.
#[derive(Debug, Default)]
struct Notes(Vec<Note>);

#[derive(Debug)]
struct Note {
    code: Code,
    field: String,
    message: String,
    witness: Option<Witness>,
    fix: String,
}

impl Notes {
    fn add(&mut self, code: Code, field: &str, message: impl Into<String>, fix: impl Into<String>) {
        self.add_shown(code, field, message, None, fix);
    }

    /// Adds what a message shows.
    fn add_shown(
        &mut self,
        code: Code,
        field: &str,
        message: impl Into<String>,
        witness: Option<Witness>,
        fix: impl Into<String>,
    ) {
        let (field, message, fix) = (field.to_owned(), message.into(), fix.into());
        self.0.push(Note { code, field, message, witness, fix });
    }

    fn findings(self, document: &Node) -> Vec<Finding> {
        let mut findings: Vec<_> = self
            .0
            .into_iter()
            .map(|Note { code, field, message, witness, fix }| {
                let mark = document.mark_of(&field);
                Finding { code, line: mark.line, column: mark.column, field, message, witness, fix }
            })
            .collect();
        findings.sort_by_key(|finding| (finding.line, finding.column, finding.code));
        findings
    }
}

/// A few names of many, for a sentence.
fn names<'n>(names: impl ExactSizeIterator<Item = &'n str>) -> String {
    const SHOWN: usize = 3;
    let count = names.len();
    let shown: Vec<_> = names.take(SHOWN).map(|name| format!("{name:?}")).collect();
    match count.saturating_sub(SHOWN) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}
