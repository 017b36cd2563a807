//! Findings in scenarios: steps that lead nowhere, branches that are never taken, words that mean two things.

mod branches;
mod calls;

use std::collections::{BTreeMap, BTreeSet};

pub(super) use self::calls::Calls;
use self::calls::Ends;
use super::{
    Code, Notes, names,
    variables::{Variables, field, text_of},
};
use crate::{
    document::{At, Key, Node, Value},
    text,
};

pub(super) fn lint(document: &Node, variables: &Variables, calls: &Calls, notes: &mut Notes) {
    let root = At::root(document);
    let Some(steps) = field(&root, "steps") else { return };
    note_ways(&root, &steps, calls, notes);
    note_waiting(&root, &steps, notes);
    let reserved = reserved(&root);
    for (_, step) in steps.fields() {
        branches::note(&step, variables, notes);
        note_choices(&step, &reserved, notes);
    }
}

/// Where steps lead, by their numbers.
struct Ways {
    /// The step that it begins with.
    first: usize,
    /// Where people come in: at the first step, from older versions, and where what expires leads to.
    starts: Vec<usize>,
    /// As it is written.
    written: Vec<BTreeSet<usize>>,
    /// As it may be gone, by how the scenarios that are called end.
    next: Vec<BTreeSet<usize>>,
    /// The steps at which the scenario can end without its goal, and those at which it does with it.
    ends: BTreeSet<usize>,
    goals: BTreeSet<usize>,
}

impl Ways {
    fn of(root: &At<'_>, steps: &At<'_>, calls: &Calls) -> Self {
        let numbers: BTreeMap<&str, usize> =
            steps.fields().enumerate().map(|(number, (key, _))| (key.text.as_str(), number)).collect();
        let number = |name: &str| numbers.get(name).copied();
        let first = text_of(root, "first").and_then(number).unwrap_or(0);
        let mut starts = vec![first];
        if let Some(replaces) = field(root, "replaces") {
            for (_, to) in replaces.fields() {
                if let Value::Text(name) = &to.node.value {
                    starts.extend(number(name));
                }
            }
        }
        let expire = field(root, "expire");
        if let Some(expire) = &expire {
            starts.extend(text_of(expire, "next").and_then(number));
        }
        let all_expire = expire.is_some_and(|expire| field(&expire, "next").is_none());
        let (written, next) = (Vec::new(), Vec::new());
        let (ends, goals) = (BTreeSet::new(), BTreeSet::new());
        let mut ways = Self { first, starts, written, next, ends, goals };
        for (place, (_, step)) in steps.fields().enumerate() {
            let mut written = BTreeSet::new();
            following(&step, &mut |name| written.extend(number(name)));
            let next = match text_of(&step, "call") {
                Some(callee) => back_from(calls.ends(callee), &step).filter_map(number).collect(),
                None => written.clone(),
            };
            if can_end(&step) || (all_expire && waits(&step)) {
                ways.ends.insert(place);
            }
            if text_of(&step, "end") == Some("goal") {
                ways.goals.insert(place);
            }
            ways.written.push(written);
            ways.next.push(next);
        }
        ways
    }

    /// How the scenario may end for who begins it.
    fn ends_of_all(&self) -> Ends {
        let reached = from([self.first], &self.next);
        let without = !reached.is_disjoint(&self.ends);
        Ends { with_goal: !reached.is_disjoint(&self.goals), without }
    }

    fn reach(&self, start: usize, wanted: &BTreeSet<usize>) -> bool {
        !from([start], &self.next).is_disjoint(wanted)
    }
}

/// The steps that a call goes on with.
fn back_from<'s>(Ends { with_goal, without }: Ends, step: &'s At<'s>) -> impl Iterator<Item = &'s str> {
    let next = text_of(step, "next");
    let otherwise = text_of(step, "otherwise").or(next);
    next.filter(|_| with_goal).into_iter().chain(otherwise.filter(|_| without))
}

/// The steps that can be come to from these.
fn from(starts: impl IntoIterator<Item = usize>, next: &[BTreeSet<usize>]) -> BTreeSet<usize> {
    let mut reached = BTreeSet::new();
    let mut open: Vec<usize> = starts.into_iter().collect();
    while let Some(step) = open.pop() {
        if reached.insert(step) {
            open.extend(&next[step]);
        }
    }
    reached
}

/// Whether a step waits for an answer.
fn waits(step: &At<'_>) -> bool {
    ["ask", "follow_up"].iter().any(|kind| field(step, kind).is_some())
}

/// Shows the names of the steps that a step leads to.
fn following(at: &At<'_>, show: &mut impl FnMut(&str)) {
    for (key, field) in at.fields() {
        match &field.node.value {
            Value::Text(name) if ["next", "otherwise"].contains(&key.text.as_str()) => show(name),
            Value::Map(_) | Value::List(_) => following(&field, show),
            _ => {}
        }
    }
    at.items().for_each(|item| following(&item, show));
}

/// Whether the scenario can end at a step without its goal: an end, a question that gives up, something that expires.
fn can_end(step: &At<'_>) -> bool {
    let has = |name: &str| field(step, name).is_some();
    let expires = field(step, "expire").is_some_and(|expire| field(&expire, "next").is_none());
    let gives_up =
        has("ask") && !has("otherwise") && has("validate") && text_of(step, "validate") != Some("any");
    (has("end") && text_of(step, "end") != Some("goal")) || expires || gives_up
}

fn note_ways(root: &At<'_>, steps: &At<'_>, calls: &Calls, notes: &mut Notes) {
    let keys: Vec<(&Key, String)> = steps.fields().map(|(key, step)| (key, step.pointer())).collect();
    let ways = Ways::of(root, steps, calls);
    let written = from(ways.starts.iter().copied(), &ways.written);
    for (number, (key, pointer)) in keys.iter().enumerate() {
        if !written.contains(&number) {
            let message = format!("no step leads to {:?}", key.text);
            notes.add(Code::S101, pointer, message, "name it as the `next` of a step, or remove it");
        }
    }
    let all_ends: BTreeSet<usize> = ways.ends.union(&ways.goals).copied().collect();
    let expires = field(root, "expire").is_some();
    let reached = from(ways.starts.iter().copied(), &ways.next);
    let stuck: Vec<usize> =
        reached.into_iter().filter(|step| !expires && !ways.reach(*step, &all_ends)).collect();
    if let Some(first) = stuck.first() {
        let list = names(stuck.iter().map(|step| keys[*step].0.text.as_str()));
        let message = format!("from {list} no end can be reached: people are asked for ever");
        let fix = "let a branch or an `otherwise` lead to a step with `end`, also in what is called";
        notes.add(Code::S102, &keys[*first].1, message, fix);
    }
    let first = ways.first;
    if !ways.reach(first, &ways.goals) && !stuck.contains(&first) {
        let message = if ways.goals.is_empty() {
            "no step ends with the goal".to_owned()
        } else {
            format!("the goal can't be reached from {:?}, with which the scenario begins", keys[first].0.text)
        };
        notes.add(Code::S103, &keys[first].1, message, "let a way lead to a step with `end: goal`");
    }
}

/// Questions that nothing but an answer ends.
fn note_waiting(root: &At<'_>, steps: &At<'_>, notes: &mut Notes) {
    if field(root, "expire").is_some() {
        return;
    }
    let waiting: Vec<(String, String)> = steps
        .fields()
        .filter(|(_, step)| waits(step) && field(step, "expire").is_none())
        .map(|(key, step)| (key.text.clone(), step.pointer()))
        .collect();
    if let Some((_, first)) = waiting.first() {
        let list = names(waiting.iter().map(|(name, _)| name.as_str()));
        let verb = if waiting.len() == 1 { "waits" } else { "wait" };
        let message = format!("{list} {verb} for an answer, however long it takes");
        let fix = "nothing, if that is meant; else write `expire`, there or for the whole scenario";
        notes.add(Code::S104, first, message, fix);
    }
}

/// The words that mean something at any step, with what they do.
fn reserved(root: &At<'_>) -> BTreeMap<String, &'static str> {
    let mut reserved = BTreeMap::new();
    let mut add = |at: Option<At<'_>>, does: &'static str| {
        let Some(at) = at else { return };
        super::variables::each_text(&at, &mut |_, word| {
            reserved.entry(text::normalised(word)).or_insert(does);
        });
    };
    for (name, does) in [("stop", "ends the scenario"), ("help", "asks for help")] {
        let Some(interrupt) = field(root, name) else { continue };
        add(field(&interrupt, "words"), does);
    }
    add(field(root, "restart"), "begins it again");
    reserved
}

/// Choices that are known by the words of others, or by reserved ones.
fn note_choices(step: &At<'_>, reserved: &BTreeMap<String, &'static str>, notes: &mut Notes) {
    let Some(validate) = field(step, "validate") else { return };
    let Some(choice) = field(&validate, "choice") else { return };
    // Each word with the choice that it belongs to, and its place.
    let mut known: Vec<(usize, String, Vec<String>, String)> = Vec::new();
    let below = choice.fields().map(|(_, field)| field).chain(choice.items());
    for (number, one) in below.enumerate() {
        super::variables::each_text(&one, &mut |at, word| {
            known.push((number, word.to_owned(), text::words(word).to_vec(), at.pointer()));
        });
    }
    for (place, (number, word, words, pointer)) in known.iter().enumerate() {
        if let Some(does) = reserved.get(&words.join(" ")) {
            let message = format!("{word:?} {does}, so that it is never taken for this choice");
            notes.add(Code::S108, pointer, message, "use another word in one of the two places");
        }
        let same = known[..place].iter().find(|(other, _, others, _)| other != number && others == words);
        let part = || {
            known.iter().find(|(other, _, others, _)| {
                other != number
                    && others.len() < words.len()
                    && !others.is_empty()
                    && words.windows(others.len()).any(|part| part == others)
            })
        };
        if same.is_some() {
            let message =
                format!("{word:?} stands for another choice as well, which stands before and is taken");
            notes.add(Code::S107, pointer, message, "use it for one of them");
        } else if let Some((_, shorter, ..)) = part() {
            let message = format!(
                "{word:?} has {shorter:?} in it, which is another choice: in a longer answer neither is taken"
            );
            notes.add(Code::S107, pointer, message, "use words that are not part of each other");
        }
    }
}
