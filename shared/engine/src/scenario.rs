//! Scenarios: conversations that lead a person to a goal, step by step.
//!
//! In YAML, or in JSON with the same fields:
//!
//! ```yaml
//! start: first_message         # the default; or {phrases: [join us]}: the first message that is one of these
//! stop: {words: [cancel], say: As you like.}   # whole messages that end it at any step
//! help: {words: [help], say: "I ask, you answer."}   # and that are answered before the question is put again
//! restart: [start over]        # whole messages that begin it again, later too
//! first: hello                 # the step it begins with; the first one by default
//! quiet: 3s                    # answers what comes within so short a time as one message; by default each at once
//! expire: {after: 7d, next: gave_up}   # for each question that does not say its own; none by default
//! replaces: {how_old: age}     # who waits at such a step of an older version goes on here; others finish theirs
//! steps:
//!   hello: {say: "Hi {{person.first_name}}!", next: age}
//!   age:
//!     ask: How old are you?
//!     validate: {number: {min: 0, max: 130}}   # any (the default), number, email, phone, {regex: …}, {choice: …}
//!     save: age                # the variable of the person's that the answer is saved in
//!     retry: In years, please. # what is said to an answer that is refused; by default the question again
//!     retries: 2               # how often; 3 by default
//!     remind: [{after: 1h, say: Still there?}, {after: 1d, say: "Your age, please?"}]   # after so long a silence
//!     expire: {after: 2d, next: gave_up}   # gives up waiting; without `next` the scenario ends, without its goal
//!     quiet: 0s                # its own, here none
//!     next: fork
//!     otherwise: gave_up       # after that; without it the scenario ends there, without its goal
//!   fork:
//!     branch:                  # the first that holds; is, exists, at_least, at_most; reply, reply_matches
//!       - {variable: age, at_least: 18, next: note}
//!     otherwise: gave_up
//!   note: {set: {greeting: "Dear {{person.first_name}}"}, next: crm}   # sets variables of the person's
//!   crm: {webhook: {to: crm, send: {age: "{{variable.age}}"}}, next: address}   # tells a program outside, as rules do
//!   address: {call: address, next: pause, otherwise: gave_up}   # another scenario; otherwise: it ended without its goal
//!   pause: {wait: 1h, next: nudge}         # meanwhile the library answers
//!   nudge: {follow_up: [{after: 1d, say: News!}, {after: 3d, say: Last call.}], next: desk, expire: {after: 7d}}
//!                              # says so if the person keeps silent; goes on with whatever the person writes
//!   desk: {hand_over: 2h, say: A colleague takes over., next: done}   # the bot keeps silent, so long at most
//!   done: {end: goal, say: Welcome!}
//!   gave_up: {end: no_goal}
//! ```
//!
//! Texts are answers as in a library: variations, weights, languages, templates. A choice is a list of texts, or a map
//! from what is saved to the words by which it is known. Times are as `30s`, `5m`, `2h` or `3d`, and count from what
//! the person wrote last; reminders and what expires wait while an operator has the conversation. Steps that could follow each other in a circle without
//! waiting for an answer are refused, as are more than [`limits::TRANSITIONS`](crate::limits::TRANSITIONS) in a row.

mod check;
mod condition;
mod due;
mod interrupt;
mod place;
mod read;
mod run;
mod validate;
mod walk;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

pub(crate) use due::{due_at, go_on_if_due};
pub(crate) use run::{Heard, answer, start};
pub(crate) use walk::leave;

use self::{condition::Branch, validate::Validation};
use crate::{Faults, Uses, answers::Answers, document, document::At, template::Template, webhook::Webhook};

/// A scenario, compiled.
#[derive(Debug)]
pub struct Scenario {
    name: Arc<str>,
    version: u32,
    start: Start,
    /// What ends it at any step, and what is said then.
    stop: Option<Interrupt>,
    /// What is answered at any step, which then asks again.
    help: Option<Interrupt>,
    /// Whole messages that begin it again, normalised.
    restart_words: Vec<String>,
    /// The step that it begins with.
    first: usize,
    steps: Vec<Step>,
    by_name: BTreeMap<Arc<str>, usize>,
    /// Steps of older versions, each with the step in whose place it was put.
    replaces: BTreeMap<String, usize>,
    /// The languages that its texts are in; the choice is made at the start and kept.
    languages: Option<Answers>,
    uses: Uses,
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
struct Interrupt {
    /// Whole messages, normalised.
    words: Vec<String>,
    say: Answers,
}

#[derive(Debug)]
struct Step {
    name: Arc<str>,
    kind: Kind,
}

/// What a step does.
#[derive(Debug)]
enum Kind {
    Say {
        say: Answers,
        next: usize,
    },
    Ask(Box<Ask>),
    Branch {
        branches: Vec<Branch>,
        otherwise: usize,
    },
    Set {
        variables: Vec<(Arc<str>, Template)>,
        next: usize,
    },
    Webhook {
        webhook: Webhook,
        next: usize,
    },
    Wait {
        length: Duration,
        next: usize,
    },
    HandOver {
        say: Option<Answers>,
        length: Duration,
        next: usize,
    },
    Call {
        scenario: Arc<str>,
        /// Where it goes on when the other one has ended with its goal.
        next: usize,
        /// And without it.
        otherwise: usize,
    },
    End {
        goal: bool,
        say: Option<Answers>,
    },
}

/// A question, or a silence that is waited in.
#[derive(Debug)]
struct Ask {
    /// What is asked; a follow-up asks nothing.
    question: Option<Answers>,
    validation: Validation,
    /// The variable that the answer is saved in.
    save: Option<Arc<str>>,
    /// What is said to an answer that is refused; `None` asks again.
    retry: Option<Answers>,
    /// How often it asks again.
    retries: u32,
    /// What is said to a silence, in the order of time.
    reminders: Vec<Reminder>,
    expire: Option<Expire>,
    /// For how long more of an answer is waited for; zero does not wait.
    quiet: Duration,
    next: usize,
    /// Where an answer leads that is refused once more; `None` ends the scenario without its goal.
    otherwise: Option<usize>,
}

#[derive(Debug)]
struct Reminder {
    after: Duration,
    say: Answers,
}

#[derive(Debug, Clone, Copy)]
struct Expire {
    after: Duration,
    /// Where it leads; `None` ends the scenario without its goal.
    next: Option<usize>,
}

impl Kind {
    /// Whether people wait here, so that an update may find them here.
    const fn waits(&self) -> bool {
        matches!(self, Self::Ask(_) | Self::Wait { .. } | Self::HandOver { .. })
    }
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
        let uses = faults.take_uses();
        faults.or(scenario.map(|scenario| Self { uses, ..scenario }))
    }

    /// What it names that stands elsewhere, with the places.
    pub const fn uses(&self) -> &Uses {
        &self.uses
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
