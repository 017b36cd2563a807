//! Answer libraries: what people say, and what is answered.

mod answer;
mod index;
mod read;

use std::{sync::Arc, time::Duration};

use regex::Regex;

pub(crate) use answer::answer;

use crate::{Faults, answers::Answers, document, document::At};

/// An answer library, compiled.
#[derive(Debug)]
pub struct Library {
    name: Arc<str>,
    entries: Vec<Entry>,
    fallback: Option<Reply>,
    index: index::Index,
}

/// What people say in one way or another, and what is answered.
#[derive(Debug)]
struct Entry {
    id: Arc<str>,
    patterns: Patterns,
    reply: Reply,
}

/// What people say, as it is written.
#[derive(Debug, Default)]
struct Patterns {
    phrases: Vec<String>,
    keywords: Vec<String>,
    regexes: Vec<Regex>,
}

/// What is answered, and when.
#[derive(Debug)]
struct Reply {
    answers: Answers,
    when: When,
    /// How often it answers when it could, in a million.
    chance_per_million: u32,
    /// How long it keeps silent in a chat after it has spoken there.
    cooldown: Duration,
    /// Tells it from others in a chat's memory of cooldowns.
    hash: u64,
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
        faults.or(library)
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
}
