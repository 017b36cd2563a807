//! Scenarios: conversations that lead a person to a goal, step by step.
//!
//! In YAML, or in JSON with the same fields:
//!
//! ```yaml
//! start: first_message         # the default; or {phrases: [join us]}: the first message that is one of these
//! stop: {words: [cancel], say: As you like.}   # whole messages that end it at any step
//! restart: [start over]        # whole messages that begin it again, later too
//! first: hello                 # the step it begins with; the first one by default
//! steps:
//!   hello: {say: "Hi {{person.first_name}}!", next: age}
//!   age:
//!     ask: How old are you?
//!     validate: {number: {min: 0, max: 130}}   # any (the default), number, email, {regex: …}, {choice: …}
//!     save: age                # the variable of the person's that the answer is saved in
//!     retry: In years, please. # what is said to an answer that is refused; by default the question again
//!     retries: 2               # how often; 3 by default
//!     next: fork
//!     otherwise: gave_up       # after that; without it the scenario ends there, without its goal
//!   fork:
//!     branch:                  # the first that holds; is, exists, at_least, at_most; reply, reply_matches
//!       - {variable: age, at_least: 18, next: done}
//!     otherwise: gave_up
//!   done: {end: goal, say: Welcome!}
//!   gave_up: {end: no_goal}
//! ```
//!
//! Texts are answers as in a library: variations, weights, languages, templates. A choice is a list of texts, or a map
//! from what is saved to the words by which it is known. Steps that could follow each other in a circle without
//! waiting for an answer are refused, as are more than [`limits::TRANSITIONS`](crate::limits::TRANSITIONS) in a row.

mod check;
mod condition;
mod read;
mod run;
mod validate;

use std::{collections::BTreeMap, sync::Arc};

pub(crate) use run::{answer, leave};

use self::{condition::Branch, validate::Validation};
use crate::{Faults, MediaUse, answers::Answers, document, document::At};

/// A scenario, compiled.
#[derive(Debug)]
pub struct Scenario {
    name: Arc<str>,
    version: u32,
    start: Start,
    /// What ends it at any step, and what is said then.
    stop: Option<Stop>,
    /// Whole messages that begin it again, normalised.
    restart_words: Vec<String>,
    /// The step that it begins with.
    first: usize,
    steps: Vec<Step>,
    by_name: BTreeMap<Arc<str>, usize>,
    /// The languages that its texts are in; the choice is made at the start and kept.
    languages: Option<Answers>,
    media: Vec<MediaUse>,
}

/// What starts a scenario for the person who was given it.
#[derive(Debug)]
enum Start {
    /// The first direct message.
    FirstMessage,
    /// The first direct message that is one of these, normalised.
    Phrases(Vec<String>),
}

#[derive(Debug)]
struct Stop {
    /// Whole messages, normalised.
    words: Vec<String>,
    say: Answers,
}

#[derive(Debug)]
struct Step {
    name: Arc<str>,
    kind: Kind,
}

/// What a step does. A step that waits for something else than an answer will be one more kind.
#[derive(Debug)]
enum Kind {
    Say {
        say: Answers,
        next: usize,
    },
    Ask {
        ask: Answers,
        validation: Validation,
        /// The variable that the answer is saved in.
        save: Option<Arc<str>>,
        /// What is said to an answer that is refused; `None` asks again.
        retry: Option<Answers>,
        /// How often it asks again.
        retries: u32,
        next: usize,
        /// Where an answer leads that is refused once more; `None` ends the scenario without its goal.
        otherwise: Option<usize>,
    },
    Branch {
        branches: Vec<Branch>,
        otherwise: usize,
    },
    End {
        goal: bool,
        say: Option<Answers>,
    },
}

impl Scenario {
    /// Reads and compiles `version` of the scenario `name`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(name: &str, version: u32, text: &str) -> Result<Self, Faults> {
        let mut faults = Faults::default();
        let document = document::read(text, &mut faults);
        let scenario =
            document.and_then(|document| read::read(name, version, &At::root(&document), &mut faults));
        let media = faults.take_media();
        faults.or(scenario.map(|scenario| Self { media, ..scenario }))
    }

    /// The media that it shows, in order, with the places where it names them.
    pub fn media(&self) -> &[MediaUse] {
        &self.media
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its version.
    pub const fn version(&self) -> u32 {
        self.version
    }

    /// The names of its steps, in order.
    pub fn step_names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.steps.iter().map(|step| &*step.name)
    }

    fn step(&self, name: &str) -> Option<usize> {
        self.by_name.get(name).copied()
    }
}
