//! Findings in what is answered, wherever it stands: in libraries, in scenarios, and in rules of the own format.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Code, Notes,
    variables::{Values, Variables, asked_in, each_text},
};
use crate::{
    document::{At, Node, Value},
    limits, text,
};

/// The fields that hold what is said.
const ANSWERS: &[&str] = &["answers", "say", "ask", "retry", "else_say"];
/// The field that holds what webhooks are told.
const SENT: &[&str] = &["send"];
/// How long names can be on Telegram, of people, bots and chats.
const NAME_CHARS: usize = 128;
/// What Telegram sends beside a file.
const CAPTION_UTF16: usize = 1024;

pub(super) fn lint(document: &Node, variables: &Variables, notes: &mut Notes) {
    let mut long = BTreeSet::new();
    walk(SENT, &At::root(document), &mut |sent| {
        each_text(sent, &mut |at, text| note_unset(at, text, variables, notes));
    });
    walk(ANSWERS, &At::root(document), &mut |answers| {
        note_repeated(answers, notes);
        each_text(answers, &mut |at, text| {
            note_unset(at, text, variables, notes);
            note_long(at, text, variables, &mut long, notes);
        });
    });
}

/// Shows what stands in the fields of these names, wherever in a document they are.
fn walk(names: &[&str], at: &At<'_>, show: &mut impl FnMut(&At<'_>)) {
    for (key, field) in at.fields() {
        if names.contains(&key.text.as_str()) {
            // A plain text has no values in it.
            if field.fields().all(|(key, _)| key.text != "plain") {
                show(&field);
            }
        } else {
            walk(names, &field, show);
        }
    }
    at.items().for_each(|item| walk(names, &item, show));
}

/// Variations that are the same.
fn note_repeated(answers: &At<'_>, notes: &mut Notes) {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for item in answers.items() {
        if let Some(line) = seen.insert(said(&item), item.node.mark.line) {
            let message = format!("this variation is the same as the one in line {line}");
            notes.add(
                Code::L106,
                &item.pointer(),
                message,
                "leave one out; to hear it more often, write a weight",
            );
        }
    }
    for (_, field) in answers.fields() {
        note_repeated(&field, notes);
    }
}

/// All that a variation says, without its weight.
fn said(variation: &At<'_>) -> String {
    if let Value::Text(text) = &variation.node.value {
        return format!("text={text}");
    }
    let parts = variation.fields().filter(|(key, _)| key.text != "weight");
    let mut parts: Vec<_> = parts
        .map(|(key, field)| match &field.node.value {
            Value::Text(text) => format!("{}={text}", key.text),
            other => format!("{}={other:?}", key.text),
        })
        .collect();
    parts.sort();
    parts.join("\n")
}

/// Values that nothing sets.
fn note_unset(at: &At<'_>, text: &str, variables: &Variables, notes: &mut Notes) {
    for variable in asked_in(text).filter(|variable| !variables.is_known(variable)) {
        let message =
            format!("nothing sets {variable:?}: nothing is said in its place, or what stands behind the bar");
        notes.add(
            Code::L107,
            &at.pointer(),
            message,
            "save it in a scenario or set it in a rule, or correct its name",
        );
    }
}

/// Texts that values make longer than Telegram sends. Of each variable that people write as they like, only the first
/// place is told.
fn note_long(at: &At<'_>, text: &str, variables: &Variables, told: &mut BTreeSet<String>, notes: &mut Notes) {
    let (mut length, mut unbounded) = (0, None);
    let mut rest = text;
    while let Some((before, (inside, after))) =
        rest.split_once("{{").and_then(|(before, rest)| Some((before, rest.split_once("}}")?)))
    {
        let (name, substitute) = inside.split_once('|').unwrap_or((inside, ""));
        let name = name.trim();
        length += text::utf16_len(before);
        match longest(name, variables) {
            Some(longest) => length += longest.max(text::utf16_len(substitute.trim())),
            None => unbounded = unbounded.or(Some(name)),
        }
        rest = after;
    }
    length += text::utf16_len(rest);
    let limit = if beside_a_file(at) { CAPTION_UTF16 } else { limits::TEXT_UTF16 };
    let fix = "say less beside it, or bound the value where it is asked for, by a choice or an expression";
    if length > limit {
        let message =
            format!("with the longest values this has {length} UTF-16 units, and is cut at {limit}");
        notes.add(Code::L105, &at.pointer(), message, fix);
    } else if let Some(name) = unbounded
        && told.insert(name.to_owned())
    {
        let message = format!(
            "{name:?} is as long as people write it, up to {} UTF-16 units: with it the text may be cut at {limit}",
            limits::TEXT_UTF16
        );
        notes.add(Code::L105, &at.pointer(), message, fix);
    }
}

fn beside_a_file(at: &At<'_>) -> bool {
    at.parent().is_some_and(|parent| {
        parent.fields().any(|(key, _)| ["photo", "document"].contains(&key.text.as_str()))
    })
}

/// How long the value `name` of a template can be; `None` if that is up to people.
fn longest(name: &str, variables: &Variables) -> Option<usize> {
    if name == "message.text" {
        return None;
    }
    let variable = name.strip_prefix("variable.").or_else(|| name.strip_prefix("bot.variable."));
    let Some(variable) = variable else { return Some(NAME_CHARS) };
    let variable = variable.trim();
    match variables.values(variable) {
        Some(Values::These(values)) => values.iter().map(|value| text::utf16_len(value)).max(),
        Some(Values::Any) if variables.is_free(variable) => None,
        Some(Values::Any) | None => Some(NAME_CHARS),
    }
}
