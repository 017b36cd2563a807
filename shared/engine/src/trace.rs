use std::sync::Arc;

use troupe_types::Timestamp;

use crate::{Silence, decision::Purpose};

/// What was tried for an update, and why it came out as it did, in order.
///
/// A structured record: whoever shows it words it. Only [`crate::explain`] fills it; [`crate::decide`] spends
/// nothing on it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trace {
    /// What was tried.
    pub steps: Vec<Tried>,
}

/// One thing that was tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tried {
    /// A guard kept the bot silent, or answered itself.
    Guard(Guard),
    /// A trigger group.
    TriggerGroup {
        /// Its name.
        group: Arc<str>,
        /// How it came out.
        outcome: GroupOutcome,
    },
    /// A reaction of the trigger group that fired.
    Reaction {
        /// The subgroup's place in the reaction group, from 0.
        subgroup: usize,
        /// Which of its reactions was chosen, from 0.
        chosen: usize,
        /// How many there were to choose from.
        of: usize,
        /// What became of it.
        outcome: ReactionOutcome,
    },
    /// Something about the scenario.
    Scenario {
        /// Its name.
        scenario: Arc<str>,
        /// Its version.
        version: u32,
        /// The step.
        step: Arc<str>,
        /// What happened there.
        outcome: StepOutcome,
    },
    /// A timer fired, or an operator gave the conversation back.
    Woken(Woken),
    /// A timer was set.
    TimerSet {
        /// When it is due.
        due: Timestamp,
        /// What for.
        purpose: Purpose,
    },
    /// An entry of the library matched, however well.
    Entry {
        /// The entry.
        entry: Arc<str>,
        /// How well: 1,000 is the message itself.
        score: u32,
        /// By what of the entry.
        by: MatchedBy,
        /// What kept it from answering; `None` if it answered or a better one did.
        refused: Option<Silence>,
    },
    /// A variation was chosen.
    Variation {
        /// Which, from 0.
        chosen: u16,
        /// How many of the answer had not been used with this person.
        fresh: usize,
    },
    /// A text was longer than a message may be, and was cut.
    TextCut {
        /// Its length in UTF-16 units.
        length: usize,
    },
    /// A text had nothing in it that can be sent, and was left out.
    TextBlank,
    /// A person has as many variables as are kept, so one more was not.
    VariableRefused {
        /// Its name.
        variable: Arc<str>,
    },
}

/// What an update without a message came to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Woken {
    /// The timer is the one that is set: what is due is done.
    Due,
    /// The timer is out of date: what it was set for has passed.
    Stale,
    /// The bot was told to stop: the timer is put off.
    PutOff,
    /// The conversation was taken back.
    TakenBack,
    /// No operator had the conversation.
    NotHandedOver,
}

/// The guards.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Guard {
    /// The bot was told to stop.
    Stopped,
    /// One of our own bots wrote.
    OwnBot,
    /// A bot account wrote.
    BotAccount,
    /// The message was changed, not written.
    Edited,
    /// The bot does not answer in this group.
    NotListed,
    /// The person had asked not to be written to.
    OptedOut,
    /// The person asks now not to be written to.
    OptsOut,
    /// An operator has the conversation.
    HandedOver,
}

/// How a trigger group came out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GroupOutcome {
    /// It is for direct chats only, and this is none.
    PrivateOnly,
    /// It is for groups only, and this is a direct chat.
    GroupOnly,
    /// It fired.
    Fired,
    /// A subgroup did not.
    Failed {
        /// The subgroup's place, from 0.
        subgroup: usize,
        /// Its name, if it has one.
        name: Option<Arc<str>>,
        /// Whether its `onFailMsg` was sent, which ends the search.
        message: bool,
    },
}

/// What became of a reaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReactionOutcome {
    /// It was carried out.
    Done,
    /// The file's size is out of bounds, or there is no file.
    NoSuchFile,
    /// The single variable that is to name the chat holds no chat's id.
    NoSuchChat {
        /// The variable.
        variable: Arc<str>,
    },
    /// The variable that something is to be added to holds no number.
    NoNumber {
        /// The variable.
        variable: Arc<str>,
    },
    /// The bot has no scenario of the name that is to be started.
    NoSuchScenario {
        /// The name.
        scenario: Arc<str>,
    },
    /// The person is in no scenario that could be ended.
    NoScenario,
}

/// What happened at a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StepOutcome {
    /// The scenario was started here.
    Started,
    /// It was reached.
    Reached,
    /// It accepted the answer.
    Accepted,
    /// It refused the answer, and asks again.
    Refused,
    /// It refused the answer, for the last time.
    GivenUp,
    /// The answer may go on: it is waited for more of it.
    Collected,
    /// It does not wait for an answer but for its time.
    Waiting,
    /// Its time has come: it goes on.
    GoesOn,
    /// The person was reminded of it.
    Reminded {
        /// The how manieth reminder this is, from 1.
        number: u32,
    },
    /// It waited for an answer as long as it may.
    Expired,
    /// A help word was answered; it waits on.
    Helped,
    /// It is the step of the newest version in whose place an older version's step was put.
    Moved,
    /// The scenario that it calls has ended.
    Returned,
    /// The bot has no scenario of the name that it calls: it is passed over.
    CallMissing,
    /// Scenarios call each other too deep: it is passed over.
    CallTooDeep,
    /// A restart word began the scenario again.
    Restarted,
    /// A stop word ended the scenario.
    Stopped,
    /// The version that the person is in was not given: the scenario waits until it is.
    VersionMissing,
    /// The version has no such step: the scenario was left.
    StepMissing,
    /// More steps than an update may pass through: the scenario was left.
    TooManySteps,
}

/// What of an entry matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MatchedBy {
    /// A phrase is the whole message.
    WholePhrase(String),
    /// A phrase is in the message.
    Phrase(String),
    /// The words of a keyword are in the message.
    Keyword(String),
    /// A regular expression has a hit.
    Regex(String),
}

/// A trace that is written only if it is wanted.
#[derive(Debug)]
pub(crate) struct Tracer(Option<Vec<Tried>>);

impl Tracer {
    pub(crate) const fn off() -> Self {
        Self(None)
    }

    pub(crate) const fn on() -> Self {
        Self(Some(Vec::new()))
    }

    pub(crate) const fn is_on(&self) -> bool {
        self.0.is_some()
    }

    /// Notes what `tried` tells, which is not called if nobody wants to know.
    pub(crate) fn note(&mut self, tried: impl FnOnce() -> Tried) {
        if let Some(steps) = &mut self.0 {
            steps.push(tried());
        }
    }

    pub(crate) fn finish(self) -> Trace {
        Trace { steps: self.0.unwrap_or_default() }
    }
}
