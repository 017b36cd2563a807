use std::sync::Arc;

use super::{Kind, Scenario, Start, Step};
use crate::{
    Event, Source, StepOutcome, Tried,
    answers::Answers,
    limits,
    state::{Finished, Progress},
    turn::Turn,
};

/// Lets the person's scenario answer, if one is running or begins now; tells whether it did.
pub(crate) fn answer(turn: &mut Turn<'_>) -> bool {
    match turn.state.person.scenario.clone() {
        Some(progress) => go_on(progress, turn),
        None => begin(turn),
    }
}

/// Takes the person out of the running scenario, if there is one, without its goal.
pub(crate) fn leave(turn: &mut Turn<'_>) {
    if let Some(progress) = turn.state.person.scenario.take() {
        let Progress { scenario, version, step, .. } = progress;
        end(&scenario.into(), version, step.into(), false, turn);
    }
}

fn end(scenario: &Arc<str>, version: u32, step: Arc<str>, goal: bool, turn: &mut Turn<'_>) {
    turn.state.person.scenario = None;
    let time = turn.update.time;
    turn.state.person.finish(Finished { scenario: scenario.to_string(), version, goal, time });
    turn.event(Event::ScenarioEnded { scenario: Arc::clone(scenario), version, step, goal });
}

fn begin(turn: &mut Turn<'_>) -> bool {
    let Some(scenario) = assigned(turn) else { return false };
    let said = turn.words().join(" ");
    let finished = turn.state.person.finished.iter().any(|finished| finished.scenario == *scenario.name);
    let begins = if finished {
        scenario.restart_words.contains(&said)
    } else {
        match &scenario.start {
            Start::FirstMessage => true,
            Start::Phrases(phrases) => phrases.contains(&said),
        }
    };
    if begins {
        let outcome = if finished { StepOutcome::Restarted } else { StepOutcome::Started };
        start(&scenario, outcome, turn);
    }
    begins
}

/// The newest version of the person's scenario; chosen now if the person has none.
fn assigned(turn: &mut Turn<'_>) -> Option<Arc<Scenario>> {
    let scenarios = &turn.content.scenarios;
    if let Some(name) = &turn.state.person.assigned {
        let newest = scenarios.iter().find(|weighted| weighted.scenario.name() == name);
        return newest.map(|weighted| Arc::clone(&weighted.scenario));
    }
    if scenarios.iter().all(|weighted| weighted.weight == 0) {
        return None;
    }
    let weights = scenarios.iter().map(|weighted| weighted.weight);
    let chosen = &scenarios[turn.seed.stream(&["scenario"]).weighted(weights)].scenario;
    turn.state.person.assigned = Some(chosen.name().to_owned());
    Some(Arc::clone(chosen))
}

fn start(scenario: &Scenario, outcome: StepOutcome, turn: &mut Turn<'_>) {
    let first = &scenario.steps[scenario.first];
    note(scenario, &first.name, outcome, turn);
    turn.event(Event::ScenarioStarted { scenario: Arc::clone(&scenario.name), version: scenario.version });
    let language = scenario.languages.as_ref().and_then(|texts| spoken(texts, turn));
    let progress = Progress {
        scenario: scenario.name.to_string(),
        version: scenario.version,
        step: first.name.to_string(),
        refused: 0,
        language,
        started: turn.update.time,
        since: turn.update.time,
    };
    walk(scenario, progress, scenario.first, turn);
}

/// The language to hold the scenario in, from the message that starts it: later answers are names and addresses, which
/// tell nothing.
fn spoken(texts: &Answers, turn: &Turn<'_>) -> Option<String> {
    texts.spoken(turn.wanted()).map(ToString::to_string)
}

fn go_on(mut progress: Progress, turn: &mut Turn<'_>) -> bool {
    let Some(scenario) = turn.content.scenario(&progress.scenario, progress.version).map(Arc::clone) else {
        turn.trace.note(|| Tried::Scenario {
            scenario: progress.scenario.as_str().into(),
            version: progress.version,
            step: progress.step.as_str().into(),
            outcome: StepOutcome::VersionMissing,
        });
        return false;
    };
    let step = scenario.step(&progress.step).map(|number| &scenario.steps[number]);
    let Some(Step { name, kind: Kind::Ask { ask, validation, save, retry, retries, next, otherwise } }) =
        step
    else {
        note(&scenario, &progress.step.as_str().into(), StepOutcome::StepMissing, turn);
        leave(turn);
        return false;
    };
    let said = turn.words().join(" ");
    if let Some(stop) = scenario.stop.as_ref().filter(|stop| stop.words.contains(&said)) {
        note(&scenario, name, StepOutcome::Stopped, turn);
        say(&scenario, "", "stop", &stop.say, progress.language.as_deref(), turn);
        leave(turn);
        return true;
    }
    if scenario.restart_words.contains(&said) {
        leave(turn);
        // Whoever begins again begins with the newest version.
        let newest = assigned(turn).filter(|newest| newest.name == scenario.name);
        start(newest.as_ref().unwrap_or(&scenario), StepOutcome::Restarted, turn);
        return true;
    }
    let value = validation.accept(&turn.update.message.text);
    turn.event(Event::StepAnswered {
        scenario: Arc::clone(&scenario.name),
        version: scenario.version,
        step: Arc::clone(name),
        valid: value.is_some(),
    });
    if let Some(value) = value {
        note(&scenario, name, StepOutcome::Accepted, turn);
        if let Some(variable) = save {
            turn.set_variable(variable, value);
        }
        walk(&scenario, progress, *next, turn);
    } else if progress.refused < *retries {
        note(&scenario, name, StepOutcome::Refused, turn);
        progress.refused += 1;
        let (field, text) = retry.as_ref().map_or(("ask", ask), |retry| ("retry", retry));
        say(&scenario, name, field, text, progress.language.as_deref(), turn);
        turn.state.person.scenario = Some(progress);
    } else {
        note(&scenario, name, StepOutcome::GivenUp, turn);
        match otherwise {
            Some(otherwise) => walk(&scenario, progress, *otherwise, turn),
            None => end(&scenario.name, scenario.version, Arc::clone(name), false, turn),
        }
    }
    true
}

/// Goes from step to step until one waits for an answer or ends the scenario.
fn walk(scenario: &Scenario, mut progress: Progress, mut number: usize, turn: &mut Turn<'_>) {
    // Compiling has made sure that there are no more; were it wrong, an update must still come to an end.
    for _ in 0..limits::TRANSITIONS {
        let Step { name, kind } = &scenario.steps[number];
        note(scenario, name, StepOutcome::Reached, turn);
        turn.event(Event::StepReached {
            scenario: Arc::clone(&scenario.name),
            version: scenario.version,
            step: Arc::clone(name),
        });
        let language = progress.language.as_deref();
        match kind {
            Kind::Say { say: text, next } => {
                say(scenario, name, "say", text, language, turn);
                number = *next;
            }
            Kind::Branch { branches, otherwise } => {
                let taken = branches.iter().find(|branch| branch.condition.holds(turn));
                number = taken.map_or(*otherwise, |branch| branch.next);
            }
            Kind::Ask { ask, .. } => {
                say(scenario, name, "ask", ask, language, turn);
                progress.step = name.to_string();
                progress.refused = 0;
                progress.since = turn.update.time;
                turn.state.person.scenario = Some(progress);
                return;
            }
            Kind::End { goal, say: text } => {
                if let Some(text) = text {
                    say(scenario, name, "say", text, language, turn);
                }
                end(&scenario.name, scenario.version, Arc::clone(name), *goal, turn);
                return;
            }
        }
    }
    let name = &scenario.steps[number].name;
    note(scenario, name, StepOutcome::TooManySteps, turn);
    end(&scenario.name, scenario.version, Arc::clone(name), false, turn);
}

fn say(
    scenario: &Scenario,
    step: &str,
    field: &str,
    text: &Answers,
    language: Option<&str>,
    turn: &mut Turn<'_>,
) {
    let (_, said) = turn.word(text, &["step", &scenario.name, step, field], language);
    let (scenario, version) = (Arc::clone(&scenario.name), scenario.version);
    turn.reply(Source::Step { scenario, version, step: step.into() }, said);
}

fn note(scenario: &Scenario, step: &Arc<str>, outcome: StepOutcome, turn: &mut Turn<'_>) {
    turn.trace.note(|| Tried::Scenario {
        scenario: Arc::clone(&scenario.name),
        version: scenario.version,
        step: Arc::clone(step),
        outcome,
    });
}
