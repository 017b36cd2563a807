use std::sync::Arc;

use super::{
    Ask, Kind, Scenario, Start, due, interrupt,
    place::{Place, newest},
    walk::{self, end, note, say, walk},
};
use crate::{
    Event, StepOutcome, limits,
    state::{Burst, Progress},
    text,
    turn::Turn,
};

/// What a scenario makes of a message.
pub(crate) enum Heard {
    /// It is answered, if with nothing but deeds.
    Answered,
    /// It is kept, to be answered with what may follow.
    Collected,
    /// It is left to the library.
    NotMine,
}

/// Lets the person's scenario answer, if one is running or begins now.
pub(crate) fn answer(turn: &mut Turn<'_>) -> Heard {
    if turn.state.person.scenario.is_some() { go_on(turn) } else { begin(turn) }
}

fn begin(turn: &mut Turn<'_>) -> Heard {
    let Some(scenario) = assigned(turn) else { return Heard::NotMine };
    let finished = turn.state.person.finished.iter().any(|finished| finished.scenario == *scenario.name);
    let is_said = |words: &[String]| words.iter().any(|word| word == turn.words().as_str());
    let begins = if finished {
        is_said(&scenario.restart_words)
    } else {
        match &scenario.start {
            Start::FirstMessage => true,
            Start::Phrases(phrases) => is_said(phrases),
        }
    };
    if !begins {
        return Heard::NotMine;
    }
    let outcome = if finished { StepOutcome::Restarted } else { StepOutcome::Started };
    walk::start(&scenario, outcome, turn);
    Heard::Answered
}

/// Begins the bot's scenario `name`, in place of the one that the person is in; tells whether there is one. Which
/// scenario the person was given stays as it is.
pub(crate) fn start(name: &str, turn: &mut Turn<'_>) -> bool {
    let Some(scenario) = newest(name, turn).map(Arc::clone) else { return false };
    walk::leave(turn);
    walk::start(&scenario, StepOutcome::Started, turn);
    true
}

/// The newest version of the person's scenario; chosen now if the person has none.
pub(super) fn assigned(turn: &mut Turn<'_>) -> Option<Arc<Scenario>> {
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
    turn.event(Event::ScenarioAssigned { scenario: Arc::clone(&chosen.name), version: chosen.version });
    Some(Arc::clone(chosen))
}

fn go_on(turn: &mut Turn<'_>) -> Heard {
    let Some(place) = Place::find(turn) else { return Heard::NotMine };
    if interrupt::answer(&place, turn) {
        return Heard::Answered;
    }
    let Kind::Ask(ask) = &place.step().kind else {
        // The timer that ends the wait may be late.
        due::go_on_if_due(turn);
        if turn.has_acted() {
            return Heard::Answered;
        }
        note(&place.scenario, &place.step().name, StepOutcome::Waiting, turn);
        return Heard::NotMine;
    };
    if ask.quiet.is_zero() {
        take(&place, ask, turn);
        return Heard::Answered;
    }
    note(&place.scenario, &place.step().name, StepOutcome::Collected, turn);
    turn.state.person.scenario = Some(collect(place.progress.clone(), ask, turn));
    Heard::Collected
}

/// Keeps the message until the person has been quiet for long enough.
fn collect(mut progress: Progress, ask: &Ask, turn: &Turn<'_>) -> Progress {
    let (now, message) = (turn.update.time, &turn.update.message);
    let before = progress.burst.take();
    let (mut said, messages) = before.map_or((String::new(), 0), |burst| (burst.text, burst.messages));
    if !message.text.trim().is_empty() {
        if !said.is_empty() {
            said.push('\n');
        }
        said.push_str(&message.text);
    }
    let messages = messages.saturating_add(1);
    let until = if messages < limits::BURST_MESSAGES { now + ask.quiet } else { now };
    progress.burst =
        Some(Burst { text: text::cut(said, limits::TEXT_UTF16).0, messages, last: message.id, until });
    progress.since = now;
    progress
}

/// Takes what was said as the answer to the question at which the person waits.
pub(super) fn take(place: &Place, ask: &Ask, turn: &mut Turn<'_>) {
    let Place { scenario, progress, .. } = place;
    let name = &place.step().name;
    let mut progress = progress.clone();
    let value = ask.validation.accept(&turn.update.message.text);
    turn.event(Event::StepAnswered {
        scenario: Arc::clone(&scenario.name),
        version: scenario.version,
        step: Arc::clone(name),
        valid: value.is_some(),
    });
    if let Some(value) = value {
        note(scenario, name, StepOutcome::Accepted, turn);
        if let Some(variable) = &ask.save {
            turn.set_variable(variable, value);
        }
        walk(scenario, progress, ask.next, turn);
    } else if progress.refused < ask.retries {
        note(scenario, name, StepOutcome::Refused, turn);
        progress.refused += 1;
        progress.since = turn.update.time;
        let text = ask.retry.as_ref().map(|retry| ("retry", retry));
        if let Some((field, text)) = text.or_else(|| ask.question.as_ref().map(|question| ("ask", question)))
        {
            say(scenario, name, field, text, progress.language.as_deref(), turn);
        }
        turn.state.person.scenario = Some(progress);
    } else {
        note(scenario, name, StepOutcome::GivenUp, turn);
        match ask.otherwise {
            Some(otherwise) => walk(scenario, progress, otherwise, turn),
            None => end(progress, false, turn),
        }
    }
}
