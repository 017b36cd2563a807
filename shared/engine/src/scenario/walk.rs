use std::sync::Arc;

use super::{Kind, Scenario, Step, place};
use crate::{
    Event, Source, StepOutcome, Tried,
    answers::Answers,
    hand_over, limits,
    scenario::place::Place,
    state::{Caller, Finished, Progress},
    turn::Turn,
};

/// Puts the person into `scenario`, at its first step, and goes on from there.
pub(super) fn start(scenario: &Arc<Scenario>, outcome: StepOutcome, turn: &mut Turn<'_>) {
    let first = &scenario.steps[scenario.first];
    note(scenario, &first.name, outcome, turn);
    turn.event(Event::ScenarioStarted { scenario: Arc::clone(&scenario.name), version: scenario.version });
    let language = scenario.languages.as_ref().and_then(|texts| spoken(texts, turn));
    let progress = Progress::at(&scenario.name, scenario.version, &first.name, turn.update.time);
    walk(scenario, Progress { language, ..progress }, scenario.first, turn);
}

/// The language to hold the scenario in, from the message that starts it: later answers are names and addresses, which
/// tell nothing.
fn spoken(texts: &Answers, turn: &Turn<'_>) -> Option<String> {
    texts.spoken(turn.wanted()).map(ToString::to_string)
}

/// Goes from step to step until one waits or the scenario ends.
pub(super) fn walk(scenario: &Arc<Scenario>, mut progress: Progress, mut number: usize, turn: &mut Turn<'_>) {
    let mut scenario = Arc::clone(scenario);
    // Compiling has made sure that a scenario takes no more; several that call each other may.
    for _ in 0..limits::TRANSITIONS {
        let Step { name, kind } = &scenario.steps[number];
        note(&scenario, name, StepOutcome::Reached, turn);
        turn.event(Event::StepReached {
            scenario: Arc::clone(&scenario.name),
            version: scenario.version,
            step: Arc::clone(name),
        });
        let language = progress.language.as_deref();
        match kind {
            Kind::Say { say: text, next } => {
                say(&scenario, name, "say", text, language, turn);
                number = *next;
            }
            Kind::Branch { branches, otherwise } => {
                let taken = branches.iter().find(|branch| branch.condition.holds(turn));
                number = taken.map_or(*otherwise, |branch| branch.next);
            }
            Kind::Set { variables, next } => {
                for (variable, template) in variables {
                    let label = ["step", &scenario.name, name, "set", variable];
                    let chance = || turn.seed.stream(&label);
                    let value = template.expand(&turn.values(language), chance);
                    turn.set_variable(variable, value);
                }
                number = *next;
            }
            Kind::Webhook { webhook, next } => {
                let source = step_of(&scenario, name);
                webhook.call(source, &["step", &scenario.name, name], language, turn);
                number = *next;
            }
            Kind::Ask(ask) => {
                if let Some(text) = &ask.question {
                    say(&scenario, name, "ask", text, language, turn);
                }
                return stay(progress, name, turn);
            }
            Kind::Wait { .. } => return stay(progress, name, turn),
            Kind::HandOver { say: text, length, .. } => {
                if let Some(text) = text {
                    say(&scenario, name, "say", text, language, turn);
                }
                stay(progress, name, turn);
                return hand_over::begin(*length, turn);
            }
            Kind::Call { scenario: wanted, next, .. } => match place::newest(wanted, turn).map(Arc::clone) {
                Some(newest) if progress.callers.len() < limits::CALL_DEPTH => {
                    progress.callers.push(Caller {
                        scenario: scenario.name.to_string(),
                        version: scenario.version,
                        step: name.to_string(),
                    });
                    progress.scenario = newest.name.to_string();
                    progress.version = newest.version;
                    let (started, version) = (Arc::clone(&newest.name), newest.version);
                    turn.event(Event::ScenarioStarted { scenario: started, version });
                    number = newest.first;
                    scenario = newest;
                }
                found => {
                    let outcome =
                        if found.is_some() { StepOutcome::CallTooDeep } else { StepOutcome::CallMissing };
                    note(&scenario, name, outcome, turn);
                    number = *next;
                }
            },
            Kind::End { goal, say: text } => {
                if let Some(text) = text {
                    say(&scenario, name, "say", text, language, turn);
                }
                progress.step = name.to_string();
                match come_back(progress, *goal, turn) {
                    Some((caller, back, next)) => (scenario, progress, number) = (caller, back, next),
                    None => return,
                }
            }
        }
    }
    let name = Arc::clone(&scenario.steps[number].name);
    note(&scenario, &name, StepOutcome::TooManySteps, turn);
    progress.step = name.to_string();
    turn.state.person.scenario = Some(progress);
    leave(turn);
}

fn stay(mut progress: Progress, step: &str, turn: &mut Turn<'_>) {
    step.clone_into(&mut progress.step);
    progress.refused = 0;
    progress.reminded = 0;
    progress.burst = None;
    progress.since = turn.update.time;
    turn.state.person.scenario = Some(progress);
}

/// Ends the scenario at the step where the person is, and goes on with the one that called it, if one did.
pub(super) fn end(progress: Progress, goal: bool, turn: &mut Turn<'_>) {
    if let Some((scenario, progress, step)) = come_back(progress, goal, turn) {
        walk(&scenario, progress, step, turn);
    }
}

/// Ends the scenario at the step where the person is. Returns where the one that called it goes on.
fn come_back(
    mut progress: Progress,
    goal: bool,
    turn: &mut Turn<'_>,
) -> Option<(Arc<Scenario>, Progress, usize)> {
    if progress.callers.is_empty() {
        finish(&progress, goal, turn);
        return None;
    }
    ended(&progress.scenario, progress.version, &progress.step, goal, turn);
    if let Some((scenario, step)) = Place::of_caller(&mut progress, goal, turn) {
        return Some((scenario, progress, step));
    }
    // The caller cannot be found any more: nothing is left to go on with.
    turn.state.person.scenario = None;
    None
}

/// Takes the person out of the running scenario, if there is one, and out of all that called it, without a goal.
pub(crate) fn leave(turn: &mut Turn<'_>) {
    let Some(mut progress) = turn.state.person.scenario.take() else { return };
    while let Some(caller) = progress.callers.pop() {
        ended(&progress.scenario, progress.version, &progress.step, false, turn);
        (progress.scenario, progress.version, progress.step) = (caller.scenario, caller.version, caller.step);
    }
    finish(&progress, false, turn);
}

/// Ends the scenario that the person was given.
fn finish(progress: &Progress, goal: bool, turn: &mut Turn<'_>) {
    let Progress { scenario, version, step, .. } = progress;
    turn.state.person.scenario = None;
    let finished = Finished { scenario: scenario.clone(), version: *version, goal, time: turn.update.time };
    turn.state.person.finish(finished);
    ended(scenario, *version, step, goal, turn);
}

fn ended(scenario: &str, version: u32, step: &str, goal: bool, turn: &mut Turn<'_>) {
    turn.event(Event::ScenarioEnded { scenario: scenario.into(), version, step: step.into(), goal });
}

pub(super) fn say(
    scenario: &Scenario,
    step: &str,
    field: &str,
    text: &Answers,
    language: Option<&str>,
    turn: &mut Turn<'_>,
) {
    let (_, said) = turn.word(text, &["step", &scenario.name, step, field], language);
    turn.reply(step_of(scenario, step), said);
}

fn step_of(scenario: &Scenario, step: &str) -> Source {
    Source::Step { scenario: Arc::clone(&scenario.name), version: scenario.version, step: step.into() }
}

pub(super) fn note(scenario: &Scenario, step: &Arc<str>, outcome: StepOutcome, turn: &mut Turn<'_>) {
    turn.trace.note(|| Tried::Scenario {
        scenario: Arc::clone(&scenario.name),
        version: scenario.version,
        step: Arc::clone(step),
        outcome,
    });
}
