mod steps;

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use self::steps::{Steps, read_quiet};
use super::{Interrupt, Kind, Scenario, Start, Step, check, condition::read_words};
use crate::{
    Faults, Uses,
    answers::Answers,
    document::{At, Object, unknown},
    limits,
};

const SCENARIO: &[&str] =
    &["start", "stop", "help", "restart", "first", "quiet", "expire", "replaces", "steps"];
const INTERRUPT: &[&str] = &["words", "say"];

/// Reads a scenario; `None` if it can't be told what it would be, with the reason in `faults`.
pub(super) fn read(name: &str, version: u32, at: &At<'_>, faults: &mut Faults) -> Option<Scenario> {
    let scenario = at.object(SCENARIO, faults)?;
    let start = read_start(&scenario, faults);
    let [stop, help] = ["stop", "help"]
        .map(|field| scenario.optional(field, faults, |at, faults| read_interrupt(name, field, at, faults)));
    let restart_words = scenario.optional("restart", faults, read_words);
    let steps_field = scenario.required("steps", faults)?;
    if !steps_field.map(limits::STEPS, faults) {
        return None;
    }
    let by_name: BTreeMap<Arc<str>, usize> = steps_field
        .fields()
        .enumerate()
        .map(|(number, (key, _))| (key.text.as_str().into(), number))
        .collect();
    if by_name.is_empty() {
        faults.at(&steps_field, "a scenario has at least one step");
        return None;
    }
    let mut reader = Steps { scenario: name, by_name: &by_name, quiet: Duration::ZERO, expire: None };
    let quiet = scenario.optional("quiet", faults, read_quiet);
    let expire = scenario.optional("expire", faults, |at, faults| reader.read_expire(at, faults));
    (reader.quiet, reader.expire) = (quiet.ok().flatten().unwrap_or_default(), expire.ok().flatten());
    let first = match scenario.set("first") {
        Some(first) => reader.step(&first, faults),
        None => Some(0),
    };
    let steps: Vec<_> =
        steps_field.fields().map(|(key, field)| reader.read_step(&key.text, &field, faults)).collect();
    let steps = steps.into_iter().collect::<Option<Vec<_>>>()?;
    check::check(&steps, &steps_field, faults);
    let languages = languages(&steps);
    let replaces =
        scenario.optional("replaces", faults, |at, faults| read_replaces(at, &by_name, &steps, faults));
    if quiet.is_err() || expire.is_err() {
        return None;
    }
    Some(Scenario {
        name: name.into(),
        version,
        start: start?,
        stop: stop.ok()?,
        help: help.ok()?,
        restart_words: restart_words.ok()?.unwrap_or_default(),
        first: first?,
        steps,
        by_name,
        replaces: replaces.ok()?.unwrap_or_default(),
        languages,
        uses: Uses::default(),
    })
}

/// The text in the most languages stands for them all.
fn languages(steps: &[Step]) -> Option<Answers> {
    let texts = steps.iter().filter_map(|step| match &step.kind {
        Kind::Say { say, .. } => Some(say),
        Kind::Ask(ask) => {
            ask.question.as_ref().or_else(|| ask.reminders.first().map(|reminder| &reminder.say))
        }
        Kind::End { say, .. } | Kind::HandOver { say, .. } => say.as_ref(),
        Kind::Branch { .. }
        | Kind::Set { .. }
        | Kind::Webhook { .. }
        | Kind::Wait { .. }
        | Kind::Call { .. } => None,
    });
    texts.filter(|text| text.language_count() > 0).max_by_key(|text| text.language_count()).cloned()
}

fn read_start(scenario: &Object<'_>, faults: &mut Faults) -> Option<Start> {
    let Some(start) = scenario.set("start") else { return Some(Start::FirstMessage) };
    if !start.is_map() {
        return match start.text(faults)? {
            "first_message" => Some(Start::FirstMessage),
            other => {
                faults.at(&start, unknown("start", other, &["first_message", "phrases"]));
                None
            }
        };
    }
    let object = start.object(&["phrases"], faults)?;
    read_words(&object.required("phrases", faults)?, faults).map(Start::Phrases)
}

fn read_interrupt(scenario: &str, name: &str, at: &At<'_>, faults: &mut Faults) -> Option<Interrupt> {
    let object = at.object(INTERRUPT, faults)?;
    let words = object.required("words", faults).and_then(|words| read_words(&words, faults));
    let say = object.required("say", faults)?;
    let say = Answers::read(&say, &["scenario", scenario, "", name], faults);
    Some(Interrupt { words: words?, say: say? })
}

/// Steps of older versions, whose names are anybody's, each with a step of this one at which people wait.
fn read_replaces(
    at: &At<'_>,
    by_name: &BTreeMap<Arc<str>, usize>,
    steps: &[Step],
    faults: &mut Faults,
) -> Option<BTreeMap<String, usize>> {
    if !at.map(limits::STEPS, faults) {
        return None;
    }
    let mut replaces = BTreeMap::new();
    let mut complete = Some(());
    for (old, field) in at.fields() {
        let new = field.text(faults)?;
        match by_name.get(new) {
            Some(step) if steps[*step].kind.waits() => {
                replaces.insert(old.text.clone(), *step);
            }
            Some(_) => {
                faults.at(
                    &field,
                    format!("nobody waits at the step {new:?}: choose one that asks, follows up, waits or hands over"),
                );
                complete = None;
            }
            None => {
                faults.at(&field, format!("there is no step {new:?}"));
                complete = None;
            }
        }
    }
    complete.map(|()| replaces)
}
