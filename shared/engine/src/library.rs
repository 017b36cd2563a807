//! Answer libraries: what people say, and what is answered.
//!
//! In YAML, or in JSON with the same fields:
//!
//! ```yaml
//! when: addressed            # whom entries answer in a group: always (the default), or who addresses the bot
//! fallback:                  # what is said if nothing matches; in groups to who addresses the bot
//!   answers: [Sorry?, "Could you say it in other words?"]
//! entries:
//!   - id: fees
//!     phrases: [what are the fees]      # the message, or a part of it
//!     keywords: [fees, transfer cost]   # all words of one of them are in the message, anywhere
//!     regexes: ['fee\s*\?']             # on the message as it is, upper and lower case alike
//!     when: always           # here and in the three below, the entry's own
//!     chance: 0.5            # how often it answers when it could; 1 by default
//!     cooldown: 5m           # how long it keeps silent in a chat after it has spoken there; none by default
//!     answers:               # a text; or a list of them, with weights if wanted; or either for each language
//!       en: ["{One percent|1 %}.", {text: "1 %, {{person.first_name|friend}}.", weight: 3}]
//!       ru: Один процент.
//!   - id: map
//!     phrases: [where are you]
//!     cooldown: {chat: 1m, person: 1h}   # also to one person, in whatever chat
//!     answers: {photo: map, text: We are here.}   # photo or document: a file of that name; the text may be left out
//! ```
//!
//! The best entry answers, and of equally good ones the first. The whole message as a phrase scores 1,000; a regular
//! expression 850; a phrase in the message 300 to 800 and keywords 250 to 700, by the share of the message's letters
//! that they cover; each typing error costs 60. A phrase of one or two words has to be two fifths of the message. Words
//! of five letters and more are forgiven a typing error, of nine and more two, unless they are words of the library
//! themselves or have digits in them.
//!
//! Where two entries read a misspelt word differently and equally well, neither answers.
//!
//! Of the variations one is chosen by weight, and none is repeated to a person until the others are used up. The
//! language is the person's own if what was written may be in it, else the first one that it may be in (Russian,
//! Ukrainian, Belarusian, Bulgarian, Macedonian and Serbian are told apart by their letters), else the first in its
//! script, else the first.
//!
//! In a text, `{One|Two {three|four}}` is one of its alternatives, by chance. Values stand in double braces:
//! `person.first_name`, `person.last_name`, `person.username`, `person.language`, `chat.title`, `bot.first_name`,
//! `bot.username`, `message.text`, `variable.NAME`, `bot.variable.NAME`, and of the time of the message, by the bot's clock,
//! `time.date`, `time.clock`, `time.hour`, `time.minute` and `time.weekday`; what stands behind a bar is said where there
//! is no such value. The bot's clock is in UTC unless its settings give it a `zone` such as `+03:00`. Values are said as they are, whatever is in them. Braces without a bar between them stay braces, and so does
//! one behind a backslash; alternatives cannot begin with alternatives, since two braces begin a value. The longest text
//! that can come of it has to be one that Telegram sends: 4,096 UTF-16 units, or 1,024 beside a file; what values make
//! longer is cut.

mod answer;
mod index;
mod read;
mod score;
mod typos;

use std::{sync::Arc, time::Duration};

pub(crate) use answer::answer;
pub(crate) use index::Index as PhraseIndex;
pub(crate) use read::{read_chance, read_cooldown};

use crate::{Faults, MatchedBy, Uses, answers::Answers, document, document::At, matcher::Folded, text};

/// An answer library, compiled.
#[derive(Debug)]
pub struct Library {
    name: Arc<str>,
    entries: Vec<Entry>,
    fallback: Option<Reply>,
    index: index::Index,
    uses: Uses,
}

/// What people say in one way or another, and what is answered.
#[derive(Debug)]
struct Entry {
    id: Arc<str>,
    patterns: Patterns,
    reply: Reply,
}

/// What people say, as it is written.
#[derive(Debug)]
pub(crate) struct Patterns {
    pub phrases: Vec<String>,
    pub keywords: Vec<String>,
    /// By their numbers in the index.
    pub regexes: Vec<u32>,
}

/// What is answered, and when.
#[derive(Debug)]
struct Reply {
    answers: Answers,
    when: When,
    /// How often it answers when it could, in a million.
    chance_per_million: u32,
    cooldown: Cooldown,
    /// Tells it from others in the memories of cooldowns.
    hash: u64,
}

/// How long something keeps silent after it has spoken.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Cooldown {
    /// In the chat, to everybody.
    pub chat: Duration,
    /// To the person, in every chat.
    pub person: Duration,
}

/// Whom an entry answers in a group. In a direct chat every message is for the bot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum When {
    /// Everybody.
    Always,
    /// Who mentions the bot or replies to it.
    Addressed,
}

impl Library {
    /// Reads and compiles the library `name`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let document = document::read(text, &mut faults);
        let library = document.and_then(|document| read::read(name, &At::root(&document), &mut faults));
        let uses = faults.take_uses();
        faults.or(library.map(|library| Self { uses, ..library }))
    }

    /// What it names that stands elsewhere, with the places.
    pub const fn uses(&self) -> &Uses {
        &self.uses
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The ids of its entries, in order.
    pub fn entry_ids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.entries.iter().map(|entry| &*entry.id)
    }

    /// Every phrase of every entry, with the entry's id, in order: what to say to try the library out.
    pub fn phrases(&self) -> impl Iterator<Item = (&str, &str)> {
        self.entries
            .iter()
            .flat_map(|entry| entry.patterns.phrases.iter().map(|phrase| (&*entry.id, phrase.as_str())))
    }

    /// Every phrase and keyword of every entry, in order.
    pub(crate) fn words(&self) -> impl Iterator<Item = &str> {
        let patterns = self.entries.iter().map(|entry| &entry.patterns);
        patterns.flat_map(|patterns| patterns.phrases.iter().chain(&patterns.keywords)).map(String::as_str)
    }

    /// Every regular expression of every entry, in order, as it is written.
    pub(crate) fn expressions(&self) -> impl Iterator<Item = &str> {
        let numbers = self.entries.iter().flat_map(|entry| &entry.patterns.regexes);
        numbers.map(|number| self.index.expression(*number))
    }

    /// The entries that match `text`, the best first, with their scores and what of them matched: those that
    /// [`crate::explain`] no longer looks at once one has answered, too.
    pub fn matches(&self, text: &str) -> impl Iterator<Item = (&str, u32, MatchedBy)> {
        let found = self.index.find(&self.entries, &text::words(text), text, &Folded::new(text)).into_iter();
        found.map(|found| {
            let entry = &self.entries[found.entry];
            (&*entry.id, found.score, found.by.told(entry, &self.index))
        })
    }
}
