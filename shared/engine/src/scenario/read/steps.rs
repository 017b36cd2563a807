use std::{collections::BTreeMap, sync::Arc, time::Duration};

use super::super::{
    Ask, Expire, Kind, Reminder, Step,
    condition::{self, Branch, Condition},
    validate::Validation,
};
use crate::{
    Faults,
    answers::Answers,
    document::{At, Object, unknown},
    duration, limits,
    template::Template,
    webhook::Webhook,
};

const SAY: &[&str] = &["say", "next"];
const ASK: &[&str] =
    &["ask", "validate", "save", "retry", "retries", "remind", "expire", "quiet", "next", "otherwise"];
const FOLLOW_UP: &[&str] = &["follow_up", "save", "expire", "quiet", "next"];
const REMINDER: &[&str] = &["after", "say"];
const EXPIRE: &[&str] = &["after", "next"];
const BRANCH: &[&str] = &["branch", "otherwise"];
const SET: &[&str] = &["set", "next"];
const WEBHOOK: &[&str] = &["webhook", "next"];
const WAIT: &[&str] = &["wait", "next"];
const HAND_OVER: &[&str] = &["hand_over", "say", "next"];
const CALL: &[&str] = &["call", "next", "otherwise"];
const END: &[&str] = &["end", "say"];

/// How often a step asks again if its author does not say.
const RETRIES: u32 = 3;
const RETRIES_MAX: u32 = 20;

/// Reads the steps of one scenario.
pub(super) struct Steps<'a> {
    pub scenario: &'a str,
    pub by_name: &'a BTreeMap<Arc<str>, usize>,
    /// For questions that do not say their own.
    pub quiet: Duration,
    /// For questions that do not say their own.
    pub expire: Option<Expire>,
}

impl Steps<'_> {
    pub fn read_step(&self, name: &str, at: &At<'_>, faults: &mut Faults) -> Option<Step> {
        let has = |field: &str| at.fields().any(|(key, _)| key.text == field);
        let kind = if has("end") {
            self.read_end(name, &at.object(END, faults)?, faults)
        } else if has("hand_over") {
            self.read_hand_over(name, &at.object(HAND_OVER, faults)?, faults)
        } else if has("ask") {
            self.read_ask(name, at, &at.object(ASK, faults)?, faults)
        } else if has("follow_up") {
            self.read_follow_up(name, at, &at.object(FOLLOW_UP, faults)?, faults)
        } else if has("branch") {
            self.read_branch(&at.object(BRANCH, faults)?, faults)
        } else if has("set") {
            self.read_set(&at.object(SET, faults)?, faults)
        } else if has("webhook") {
            self.read_webhook(&at.object(WEBHOOK, faults)?, faults)
        } else if has("wait") {
            self.read_wait(&at.object(WAIT, faults)?, faults)
        } else if has("call") {
            self.read_call(&at.object(CALL, faults)?, faults)
        } else if has("say") {
            self.read_say(name, &at.object(SAY, faults)?, faults)
        } else {
            faults.at(
                at,
                "a step has one of say, ask, branch, set, webhook, wait, follow_up, hand_over, call, end",
            );
            None
        };
        Some(Step { name: name.into(), kind: kind? })
    }

    fn read_say(&self, step: &str, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let next = self.next(object, "next", faults);
        let say = self.answers(step, "say", &object.required("say", faults)?, faults);
        Some(Kind::Say { say: say?, next: next? })
    }

    fn read_ask(&self, step: &str, at: &At<'_>, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let ask = object.required("ask", faults).and_then(|ask| self.answers(step, "ask", &ask, faults));
        let validation = object.optional("validate", faults, Validation::read);
        let retry = object.optional("retry", faults, |at, faults| self.answers(step, "retry", at, faults));
        let retries = object.optional("retries", faults, |at, faults| at.whole(0..=RETRIES_MAX, faults));
        let otherwise = object.optional("otherwise", faults, |at, faults| self.step(at, faults));
        let waiting = self.read_waiting(step, "remind", at, object, faults);
        Some(Kind::Ask(Box::new(Ask {
            question: Some(ask?),
            validation: validation.ok()?.unwrap_or(Validation::Any),
            retry: retry.ok()?,
            retries: retries.ok()?.unwrap_or(RETRIES),
            otherwise: otherwise.ok()?,
            ..waiting?
        })))
    }

    /// A question that asks nothing but to be spoken to.
    fn read_follow_up(
        &self,
        step: &str,
        at: &At<'_>,
        object: &Object<'_>,
        faults: &mut Faults,
    ) -> Option<Kind> {
        let waiting = self.read_waiting(step, "follow_up", at, object, faults);
        Some(Kind::Ask(Box::new(waiting?)))
    }

    /// What questions and follow-ups have in common: how long they wait, what they say meanwhile, and where they lead.
    fn read_waiting(
        &self,
        step: &str,
        reminders: &str,
        at: &At<'_>,
        object: &Object<'_>,
        faults: &mut Faults,
    ) -> Option<Ask> {
        let save = object.optional("save", faults, |at, faults| at.name(faults).map(Arc::from));
        let reminders =
            object.optional(reminders, faults, |at, faults| self.read_reminders(step, reminders, at, faults));
        let quiet = object.optional("quiet", faults, read_quiet);
        let expire = object.optional("expire", faults, |at, faults| self.read_expire(at, faults));
        let next = self.next(object, "next", faults);
        let reminders = reminders.ok()?.unwrap_or_default();
        let expire = expire.ok()?.or(self.expire);
        if let (Some(last), Some(expire)) = (reminders.last(), expire)
            && last.after >= expire.after
        {
            let [last, expire] = [last.after, expire.after].map(duration::shown);
            faults.at(
                at,
                format!("the last reminder comes after {last}, but the step expires after {expire} already"),
            );
        }
        Some(Ask {
            question: None,
            validation: Validation::Anything,
            save: save.ok()?,
            retry: None,
            retries: 0,
            reminders,
            expire,
            quiet: quiet.ok()?.unwrap_or(self.quiet),
            next: next?,
            otherwise: None,
        })
    }

    fn read_reminders(
        &self,
        step: &str,
        name: &str,
        at: &At<'_>,
        faults: &mut Faults,
    ) -> Option<Vec<Reminder>> {
        if !at.list(limits::REMINDERS, faults) {
            return None;
        }
        let mut reminders: Vec<Reminder> = Vec::new();
        let mut complete = Some(());
        for (number, item) in at.items().enumerate() {
            let mut read = || {
                let object = item.object(REMINDER, faults)?;
                let after = object.required("after", faults);
                let after = after.and_then(|after| duration::read_within(&after, limits::WAIT, faults));
                let say = object.required("say", faults)?;
                // Each has variations of its own to use up.
                let say = self.answers(step, &format!("{name} {number}"), &say, faults);
                Some(Reminder { after: after?, say: say? })
            };
            let Some(reminder) = read() else {
                complete = None;
                continue;
            };
            if reminders.last().is_some_and(|before| before.after >= reminder.after) {
                faults.at(
                    &item,
                    "this comes no later than the one before: the times count from the same moment",
                );
                complete = None;
            }
            reminders.push(reminder);
        }
        if reminders.is_empty() && complete.is_some() {
            faults.at(at, "the list is empty");
            return None;
        }
        complete.map(|()| reminders)
    }

    pub fn read_expire(&self, at: &At<'_>, faults: &mut Faults) -> Option<Expire> {
        let object = at.object(EXPIRE, faults)?;
        let after = object.required("after", faults);
        let after = after.and_then(|after| duration::read_within(&after, limits::WAIT, faults));
        let next = object.optional("next", faults, |at, faults| self.step(at, faults));
        Some(Expire { after: after?, next: next.ok()? })
    }

    fn read_set(&self, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let next = self.next(object, "next", faults);
        let map = object.required("set", faults)?;
        if !map.map(limits::SET_VARIABLES, faults) {
            return None;
        }
        let mut variables = Vec::new();
        let mut complete = Some(());
        for (name, field) in map.fields() {
            let template = field
                .text(faults)
                .and_then(|text| Template::parse(text).map_err(|reason| faults.at(&field, reason)).ok());
            match template {
                Some(template) => variables.push((name.text.as_str().into(), template)),
                None => complete = None,
            }
        }
        complete?;
        Some(Kind::Set { variables, next: next? })
    }

    fn read_webhook(&self, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let next = self.next(object, "next", faults);
        let webhook = Webhook::read(&object.required("webhook", faults)?, faults);
        Some(Kind::Webhook { webhook: webhook?, next: next? })
    }

    fn read_wait(&self, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let next = self.next(object, "next", faults);
        let length = object.required("wait", faults)?;
        let length = duration::read_within(&length, limits::WAIT, faults);
        Some(Kind::Wait { length: length?, next: next? })
    }

    fn read_hand_over(&self, step: &str, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let say = object.optional("say", faults, |at, faults| self.answers(step, "say", at, faults));
        let next = self.next(object, "next", faults);
        let length = object.required("hand_over", faults)?;
        let length = duration::read_within(&length, limits::WAIT, faults);
        Some(Kind::HandOver { say: say.ok()?, length: length?, next: next? })
    }

    fn read_call(&self, object: &Object<'_>, faults: &mut Faults) -> Option<Kind> {
        let next = self.next(object, "next", faults);
        let otherwise = object.optional("otherwise", faults, |at, faults| self.step(at, faults));
        let call = object.required("call", faults)?;
        let scenario = call.name(faults)?.into();
        faults.scenario(&call, &scenario);
        let next = next?;
        Some(Kind::Call { scenario, next, otherwise: otherwise.ok()?.unwrap_or(next) })
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
        let say = object.optional("say", faults, |at, faults| self.answers(step, "say", at, faults));
        let end = object.required("end", faults)?;
        let goal = match end.text(faults)? {
            "goal" => true,
            "no_goal" => false,
            other => {
                faults.at(&end, unknown("end", other, &["goal", "no_goal"]));
                return None;
            }
        };
        Some(Kind::End { goal, say: say.ok()? })
    }

    fn answers(&self, step: &str, field: &str, at: &At<'_>, faults: &mut Faults) -> Option<Answers> {
        Answers::read(at, &["scenario", self.scenario, step, field], faults)
    }

    fn next(&self, object: &Object<'_>, field: &str, faults: &mut Faults) -> Option<usize> {
        self.step(&object.required(field, faults)?, faults)
    }

    pub fn step(&self, at: &At<'_>, faults: &mut Faults) -> Option<usize> {
        let name = at.text(faults)?;
        let step = self.by_name.get(name).copied();
        if step.is_none() {
            faults.at(at, format!("there is no step {name:?}"));
        }
        step
    }
}

/// For how long more of an answer is waited for; `0s` does not wait.
pub(super) fn read_quiet(at: &At<'_>, faults: &mut Faults) -> Option<Duration> {
    let quiet = duration::read(at, faults)?;
    if quiet > limits::QUIET {
        faults.at(at, format!("expected a duration up to {}", duration::shown(limits::QUIET)));
        return None;
    }
    Some(quiet)
}
