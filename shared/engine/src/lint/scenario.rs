//! Findings in scenarios: steps that lead nowhere, branches that are never taken, words that mean two things.

mod branches;

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Code, Notes, names,
    variables::{Variables, field, text_of},
};
use crate::{
    document::{At, Key, Node, Value},
    text,
};

pub(super) fn lint(document: &Node, variables: &Variables, notes: &mut Notes) {
    let root = At::root(document);
    let Some(steps) = field(&root, "steps") else { return };
    note_ways(&root, &steps, notes);
    note_waiting(&root, &steps, notes);
    let reserved = reserved(&root);
    for (_, step) in steps.fields() {
        branches::note(&step, variables, notes);
        note_choices(&step, &reserved, notes);
    }
}

/// Where steps lead, by their numbers.
struct Ways {
    next: Vec<BTreeSet<usize>>,
    /// The steps at which the scenario can end, and those at which it does with its goal.
    ends: BTreeSet<usize>,
    goals: BTreeSet<usize>,
}

impl Ways {
    fn of(steps: &At<'_>) -> Self {
        let numbers: BTreeMap<&str, usize> =
            steps.fields().enumerate().map(|(number, (key, _))| (key.text.as_str(), number)).collect();
        let mut ways = Self { next: Vec::new(), ends: BTreeSet::new(), goals: BTreeSet::new() };
        for (number, (_, step)) in steps.fields().enumerate() {
            let mut next = BTreeSet::new();
            following(&step, &mut |name| next.extend(numbers.get(name)));
            if can_end(&step) {
                ways.ends.insert(number);
            }
            if text_of(&step, "end") == Some("goal") {
                ways.goals.insert(number);
            }
            ways.next.push(next);
        }
        ways
    }

    /// The steps that can be come to from these.
    fn from(&self, starts: impl IntoIterator<Item = usize>) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut open: Vec<usize> = starts.into_iter().collect();
        while let Some(step) = open.pop() {
            if reached.insert(step) {
                open.extend(&self.next[step]);
            }
        }
        reached
    }

    fn reach(&self, from: usize, wanted: &BTreeSet<usize>) -> bool {
        !self.from([from]).is_disjoint(wanted)
    }
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

/// Whether the scenario can end at a step: an end, a question that gives up, something that expires.
fn can_end(step: &At<'_>) -> bool {
    let has = |name: &str| field(step, name).is_some();
    let expires = field(step, "expire").is_some_and(|expire| field(&expire, "next").is_none());
    let gives_up =
        has("ask") && !has("otherwise") && has("validate") && text_of(step, "validate") != Some("any");
    let called = has("call") && !has("otherwise");
    has("end") || expires || gives_up || called
}

fn note_ways(root: &At<'_>, steps: &At<'_>, notes: &mut Notes) {
    let keys: Vec<(&Key, String)> = steps.fields().map(|(key, step)| (key, step.pointer())).collect();
    let number = |name: &str| keys.iter().position(|(key, _)| key.text == name);
    let first = text_of(root, "first").and_then(number).unwrap_or(0);
    // People come from older versions, too; and what expires anywhere leads somewhere.
    let mut starts = vec![first];
    if let Some(replaces) = field(root, "replaces") {
        for (_, to) in replaces.fields() {
            if let Value::Text(name) = &to.node.value {
                starts.extend(number(name));
            }
        }
    }
    if let Some(expire) = field(root, "expire") {
        starts.extend(text_of(&expire, "next").and_then(number));
    }
    let ways = Ways::of(steps);
    let reached = ways.from(starts.iter().copied());
    for (number, (key, pointer)) in keys.iter().enumerate() {
        if !reached.contains(&number) {
            let message = format!("no step leads to {:?}", key.text);
            notes.add(Code::S101, pointer, message, "name it as the `next` of a step, or remove it");
        }
    }
    let expires = field(root, "expire").is_some();
    let stuck: Vec<usize> =
        reached.iter().copied().filter(|step| !expires && !ways.reach(*step, &ways.ends)).collect();
    if let Some(first) = stuck.first() {
        let list = names(stuck.iter().map(|step| keys[*step].0.text.as_str()));
        let message = format!("from {list} no end can be reached: people are asked for ever");
        notes.add(
            Code::S102,
            &keys[*first].1,
            message,
            "let a branch or an `otherwise` lead to a step with `end`",
        );
    }
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
        .filter(|(_, step)| {
            ["ask", "follow_up"].iter().any(|kind| field(step, kind).is_some())
                && field(step, "expire").is_none()
        })
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
