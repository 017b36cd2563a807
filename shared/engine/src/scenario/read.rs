use std::{collections::BTreeMap, sync::Arc};

use super::{
    Kind, Scenario, Start, Step, Stop, check,
    condition::{self, Branch, Condition, read_words},
    validate::Validation,
};
use crate::{
    Faults,
    answers::Answers,
    document::{At, Object, unknown},
    limits,
};

const SCENARIO: &[&str] = &["start", "stop", "restart", "first", "steps"];
const STOP: &[&str] = &["words", "say"];
const SAY: &[&str] = &["say", "next"];
const ASK: &[&str] = &["ask", "validate", "save", "retry", "retries", "next", "otherwise"];
const BRANCH: &[&str] = &["branch", "otherwise"];
const END: &[&str] = &["end", "say"];

/// How often a step asks again if its author does not say.
const RETRIES: u32 = 3;
const RETRIES_MAX: u32 = 20;

/// Reads a scenario; `None` if it can't be told what it would be, with the reason in `faults`.
pub(super) fn read(name: &str, version: u32, at: &At<'_>, faults: &mut Faults) -> Option<Scenario> {
    let scenario = at.object(SCENARIO, faults)?;
    let start = read_start(&scenario, faults);
    let stop = match scenario.set("stop") {
        Some(stop) => read_stop(name, &stop, faults).map(Some),
        None => Some(None),
    };
    let restart_words = match scenario.set("restart") {
        Some(restart) => read_words(&restart, faults),
        None => Some(Vec::new()),
    };
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
    let reader = Reader { scenario: name, by_name: &by_name };
    let first = match scenario.set("first") {
        Some(first) => reader.step(&first, faults),
        None => Some(0),
    };
    let steps: Vec<_> =
        steps_field.fields().map(|(key, field)| reader.read_step(&key.text, &field, faults)).collect();
    let steps = steps.into_iter().collect::<Option<Vec<_>>>()?;
    check::check(&steps, &steps_field, faults);
    let languages = languages(&steps);
    Some(Scenario {
        name: name.into(),
        version,
        start: start?,
        stop: stop?,
        restart_words: restart_words?,
        first: first?,
        steps,
        by_name,
        languages,
        media: Vec::new(),
    })
}

/// The text in the most languages stands for them all.
fn languages(steps: &[Step]) -> Option<Answers> {
    let texts = steps.iter().filter_map(|step| match &step.kind {
        Kind::Say { say, .. } => Some(say),
        Kind::Ask { ask, .. } => Some(ask),
        Kind::End { say, .. } => say.as_ref(),
        Kind::Branch { .. } => None,
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

fn read_stop(scenario: &str, at: &At<'_>, faults: &mut Faults) -> Option<Stop> {
    let object = at.object(STOP, faults)?;
    let words = object.required("words", faults).and_then(|words| read_words(&words, faults));
    let say = object.required("say", faults)?;
    let say = Answers::read(&say, &["scenario", scenario, "", "stop"], faults);
    Some(Stop { words: words?, say: say? })
}

struct Reader<'a> {
    scenario: &'a str,
    by_name: &'a BTreeMap<Arc<str>, usize>,
}

impl Reader<'_> {
    fn read_step(&self, name: &str, at: &At<'_>, faults: &mut Faults) -> Option<Step> {
        let has = |field: &str| at.fields().any(|(key, _)| key.text == field);
        let kind = if has("end") {
            self.read_end(name, &at.object(END, faults)?, faults)
        } else if has("ask") {
            self.read_ask(name, &at.object(ASK, faults)?, faults)
        } else if has("branch") {
            self.read_branch(&at.object(BRANCH, faults)?, faults)
        } else if has("say") {
            self.read_say(name, &at.object(SAY, faults)?, faults)
        } else {
            faults.at(at, "a step has one of say, ask, branch, end");
            None
        };
        Some(Step { name: name.into(), kind: kind? })
    }

    fn read_say(&self, step: &str, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let next = self.next(object, "next", faults);
        let say = self.answers(step, "say", &object.required("say", faults)?, faults);
        Some(Kind::Say { say: say?, next: next? })
    }

    fn read_ask(&self, step: &str, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let ask = object.required("ask", faults).and_then(|ask| self.answers(step, "ask", &ask, faults));
        let validation = match object.set("validate") {
            Some(validation) => Validation::read(&validation, faults),
            None => Some(Validation::Any),
        };
        let save = match object.set("save") {
            Some(save) => save.name(faults).map(|name| Some(Arc::from(name))),
            None => Some(None),
        };
        let retry = match object.set("retry") {
            Some(retry) => self.answers(step, "retry", &retry, faults).map(Some),
            None => Some(None),
        };
        let retries = match object.set("retries") {
            Some(retries) => retries.whole(0..=RETRIES_MAX, faults),
            None => Some(RETRIES),
        };
        let next = self.next(object, "next", faults);
        let otherwise = match object.set("otherwise") {
            Some(otherwise) => self.step(&otherwise, faults).map(Some),
            None => Some(None),
        };
        Some(Kind::Ask {
            ask: ask?,
            validation: validation?,
            save: save?,
            retry: retry?,
            retries: retries?,
            next: next?,
            otherwise: otherwise?,
        })
    }

    fn read_branch(&self, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let otherwise = self.next(object, "otherwise", faults);
        let list = object.required("branch", faults)?;
        if !list.list(limits::ENTRY_PATTERNS, faults) {
            return None;
        }
        let branches: Vec<_> = list
            .items()
            .map(|item| {
                let object = item.object(condition::FIELDS, faults)?;
                let next = self.next(&object, "next", faults);
                let condition = Condition::read(&item, &object, faults)?;
                Some(Branch { condition, next: next? })
            })
            .collect();
        Some(Kind::Branch { branches: branches.into_iter().collect::<Option<_>>()?, otherwise: otherwise? })
    }

    fn read_end(&self, step: &str, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let say = match object.set("say") {
            Some(say) => self.answers(step, "say", &say, faults).map(Some),
            None => Some(None),
        };
        let end = object.required("end", faults)?;
        let goal = match end.text(faults)? {
            "goal" => true,
            "no_goal" => false,
            other => {
                faults.at(&end, unknown("end", other, &["goal", "no_goal"]));
                return None;
            }
        };
        Some(Kind::End { goal, say: say? })
    }

    fn answers(&self, step: &str, field: &str, at: &At<'_>, faults: &mut Faults) -> Option<Answers> {
        Answers::read(at, &["scenario", self.scenario, step, field], faults)
    }

    fn next(&self, object: &Object<'_>, field: &str, faults: &mut Faults) -> Option<usize> {
        self.step(&object.required(field, faults)?, faults)
    }

    fn step(&self, at: &At<'_>, faults: &mut Faults) -> Option<usize> {
        let name = at.text(faults)?;
        let step = self.by_name.get(name).copied();
        if step.is_none() {
            faults.at(at, format!("there is no step {name:?}"));
        }
        step
    }
}
