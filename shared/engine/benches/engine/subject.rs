//! What is measured: contents of a set, and the states that they decide on.

use std::sync::Arc;

use troupe_engine::{
    Account, Content, Decision, Groups, Library, Ruleset, Scenario, Seed, Source, State, WeightedScenario,
    decide,
    state::{Finished, Progress},
};
use troupe_types::{Timestamp, UserId};

use crate::set::{Said, Set};

/// Content, and the states of the people who talk to it in turn.
pub struct Subject {
    content: Content,
    states: Vec<State>,
}

/// The names of the subjects: what [`Subject::new`] takes.
pub const NAMES: [&str; 4] = ["rules", "library", "scenario", "whole"];

/// A scenario that refuses what is no number: the step is asked each time, and nobody leaves it.
const SCENARIO: &str = "
steps:
  ask: {ask: 'Which number, {{person.first_name|friend}}?', validate: number, save: number, next: ask}
";

impl Subject {
    /// The trigger groups of a set, its library, a scenario's step behind the groups, or all of them.
    ///
    /// Of those who talk to all of them one is in the middle of the scenario and one has left it, so that every
    /// second message that no group answers comes to the step, and every second to the library.
    pub fn new(name: &str, set: &Set) -> Result<Self, String> {
        let account = Account { user: UserId::new(9000), first_name: "Boris".into(), username: None };
        let mut content = Content::of(account);
        content.groups = Groups::All;
        let (rules, scenario, library) = match name {
            "rules" => (true, false, false),
            "library" => (false, false, true),
            "scenario" => (true, true, false),
            "whole" => (true, true, true),
            _ => return Err(format!("there is no row {name:?}; there are matching, {}", NAMES.join(", "))),
        };
        if rules {
            content.rules = Some(Arc::new(
                Ruleset::parse(&set.rules()).map_err(|faults| format!("the rules are refused:\n{faults}"))?,
            ));
        }
        if library {
            let library = Library::parse("library", &set.library())
                .map_err(|faults| format!("the library is refused:\n{faults}"))?;
            content.direct_library = Some(Arc::new(library));
        }
        if scenario {
            let scenario = Arc::new(Scenario::parse("talk", 1, SCENARIO).expect("it is a scenario"));
            content.scenarios = vec![WeightedScenario { scenario, weight: 1 }];
        }
        let states = match name {
            "scenario" => vec![in_scenario()],
            "whole" => vec![in_scenario(), left_scenario()],
            _ => vec![State::default()],
        };
        Ok(Self { content, states })
    }

    /// Decides on the message of this number.
    pub fn decide(&self, number: usize, said: &Said) -> Decision {
        let state = &self.states[number % self.states.len()];
        decide(&self.content, state, &said.update, Seed::new(number as u64))
    }
}

const EARLIER: Timestamp = Timestamp::from_seconds(1_700_000_000);

fn in_scenario() -> State {
    let mut state = State::default();
    state.person.first_seen = Some(EARLIER);
    state.person.assigned = Some("talk".into());
    state.person.scenario = Some(Progress::at("talk", 1, "ask", EARLIER));
    state
}

fn left_scenario() -> State {
    let mut state = State::default();
    state.person.first_seen = Some(EARLIER);
    state.person.assigned = Some("talk".into());
    state.person.finished = vec![Finished { scenario: "talk".into(), version: 1, goal: true, time: EARLIER }];
    state
}

/// The number of the rule or entry that answered.
pub fn answered(decision: &Decision) -> Option<usize> {
    let name = decision.actions.iter().find_map(|action| match &action.source {
        Source::TriggerGroup { group } => Some(group),
        Source::Entry { entry, .. } => Some(entry),
        _ => None,
    });
    name.and_then(|name| name.strip_prefix('r')).and_then(|number| number.parse().ok())
}
