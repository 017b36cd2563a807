//! Scenarios: conversations that lead a person to a goal, step by step.

mod check;
mod condition;
mod read;
mod run;
mod validate;

use std::{collections::BTreeMap, sync::Arc};

pub(crate) use run::{answer, leave};

use self::{condition::Branch, validate::Validation};
use crate::{Faults, answers::Answers, document, document::At};

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
        faults.or(scenario)
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
