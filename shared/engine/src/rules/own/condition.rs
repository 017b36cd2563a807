use troupe_types::{ChatId, UserId};

use super::{reaction, size};
use crate::{
    Faults,
    document::{At, Object, Value, unknown},
    library, limits,
    rules::{
        Kinds,
        hours::Hours,
        model::{
            FailMessage, Operand, Sender, Sizes, Subgroup, Trigger, TriggerKind, VariableName, VariableTest,
            Wanted,
        },
        read::{place, read_value},
    },
    text,
};

/// What can be asked; a condition asks one of these.
pub(crate) const QUESTIONS: &[&str] = &[
    "text",
    "phrase",
    "keyword",
    "media",
    "addressed",
    "mentioned",
    "reply",
    "chat",
    "sender",
    "time",
    "chance",
    "cooldown",
    "variable",
    "not",
];
/// What a variable is asked.
const TESTS: &[&str] = &["is", "exists", "at_least", "at_most"];
/// What else may stand in an item of `when`.
const ITEM: &[&str] = &["any", "name", "else_say"];
const MEDIA: &[&str] = &["kind", "min", "max"];

/// Reads an item of `when`.
pub(super) fn read(at: &At<'_>, faults: &mut Faults) -> Option<Subgroup<Trigger>> {
    let item = at.object(&[QUESTIONS, TESTS, ITEM].concat(), faults)?;
    let name = item.set("name").and_then(|name| name.text(faults)).map(str::to_owned);
    let on_fail = match item.set("else_say") {
        Some(saying) => {
            let text = reaction::saying(&saying, &["rules", &saying.pointer(), "else_say"], faults)?;
            Some(FailMessage { place: place(&saying), text })
        }
        None => None,
    };
    let mut members = match item.set("any") {
        None => triggers(at, &item, faults)?,
        Some(any) => {
            if let Some(question) = QUESTIONS.iter().chain(TESTS).find(|name| item.get(name).is_some()) {
                faults.at(at, format!("{question:?} and \"any\" are two conditions: make each an item"));
                return None;
            }
            let read = super::list(&any, faults, |member, faults| {
                triggers(member, &member.object(&[QUESTIONS, TESTS].concat(), faults)?, faults)
            })?;
            if read.is_empty() {
                faults.at(&any, "one of nothing never holds");
                return None;
            }
            read.into_iter().flatten().collect()
        }
    };
    if let Some(last) = members.last_mut() {
        last.on_fail = on_fail;
    }
    Some(Subgroup { name, members })
}

/// The triggers of which one has to be triggered for the condition to hold.
fn triggers(at: &At<'_>, object: &Object<'_>, faults: &mut Faults) -> Option<Vec<Trigger>> {
    let kinds = kinds(at, object, true, faults)?;
    let question = QUESTIONS.iter().find_map(|name| object.set(name));
    let place = place(question.as_ref().unwrap_or(at));
    Some(kinds.into_iter().map(|kind| Trigger { place: place.clone(), on_fail: None, kind }).collect())
}

fn kinds(at: &At<'_>, object: &Object<'_>, outermost: bool, faults: &mut Faults) -> Option<Vec<TriggerKind>> {
    let mut asked = QUESTIONS.iter().filter_map(|name| Some((*name, object.set(name)?)));
    let (Some((question, field)), None) = (asked.next(), asked.next()) else {
        faults.at(at, format!("a condition asks one of {}", QUESTIONS.join(", ")));
        return None;
    };
    if question != "variable"
        && let Some(test) = TESTS.iter().find_map(|name| object.get(name))
    {
        faults.at(&test, "only a variable is compared");
        return None;
    }
    let kind = match question {
        "text" => TriggerKind::Text { pattern: field.text(faults)?.to_owned() },
        "phrase" => TriggerKind::Phrases(words(&field, faults)?),
        "keyword" => TriggerKind::Keywords(words(&field, faults)?),
        "media" => {
            let (kinds, sizes) = media(&field, faults)?;
            TriggerKind::Media(kinds, sizes)
        }
        "addressed" | "mentioned" | "reply" => {
            let kind = match question {
                "addressed" => TriggerKind::Addressed,
                "mentioned" => TriggerKind::Mentioned,
                _ => TriggerKind::Replied,
            };
            if field.boolean(faults)? { kind } else { TriggerKind::Not(vec![kind]) }
        }
        "chat" => {
            return several(&field, faults, |item, faults| {
                item.id(faults).map(|id| TriggerKind::Chat(ChatId::new(id)))
            });
        }
        "sender" => return several(&field, faults, sender),
        "time" => TriggerKind::Time(Hours::read(&field, faults)?),
        "chance" => TriggerKind::Chance { per_million: library::read_chance(&field, faults)? },
        "cooldown" if !outermost => {
            faults
                .at(&field, "a cooldown can't be turned around: a group that has to have fired never fires");
            return None;
        }
        "cooldown" => cooldown(&field, faults)?,
        "variable" => return variable(at, &field, object, faults),
        _ => {
            let members = field.object(&[QUESTIONS, TESTS].concat(), faults)?;
            TriggerKind::Not(kinds(&field, &members, false, faults)?)
        }
    };
    Some(vec![kind])
}

/// A value or a list of values.
fn several<T>(
    at: &At<'_>,
    faults: &mut Faults,
    mut read: impl FnMut(&At<'_>, &mut Faults) -> Option<T>,
) -> Option<Vec<T>> {
    if !at.is_list() {
        return Some(vec![read(at, faults)?]);
    }
    if !at.list(limits::CONDITION_MEMBERS, faults) {
        return None;
    }
    let read: Vec<_> = at.items().map(|item| read(&item, faults)).collect();
    if read.is_empty() {
        faults.at(at, "the list is empty");
        return None;
    }
    read.into_iter().collect()
}

/// One or several texts that have words in them.
fn words(at: &At<'_>, faults: &mut Faults) -> Option<Vec<String>> {
    several(at, faults, |item, faults| {
        let said = item.text(faults)?;
        if text::words(said).is_empty() {
            faults.at(item, "there is no word in this");
            return None;
        }
        Some(said.to_owned())
    })
}

fn media(at: &At<'_>, faults: &mut Faults) -> Option<(Kinds, Sizes)> {
    if !at.is_map() {
        return Some((media_kind(at, faults)?, Sizes { min: None, max: None }));
    }
    let object = at.object(MEDIA, faults)?;
    let kinds = match object.set("kind") {
        Some(kind) => media_kind(&kind, faults),
        None => Some(Kinds::Any),
    };
    let sizes = size::read(at, &object, faults);
    Some((kinds?, sizes?))
}

fn media_kind(at: &At<'_>, faults: &mut Faults) -> Option<Kinds> {
    Some(match at.text(faults)? {
        "any" => Kinds::Any,
        "photo" => Kinds::Photo,
        "image" => Kinds::Image,
        "document" => Kinds::Document,
        "other" => Kinds::Other,
        other => {
            let known = ["any", "photo", "image", "document", "other"];
            faults.at(at, unknown("kind of media", other, &known));
            return None;
        }
    })
}

/// A person's id, or a public name with or without `@`.
fn sender(at: &At<'_>, faults: &mut Faults) -> Option<TriggerKind> {
    let sender = if let Value::Text(name) = &at.node.value {
        let name = name.strip_prefix('@').unwrap_or(name);
        let is_name =
            !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if !is_name {
            faults.at(at, format!("{name:?} is no public name: letters, digits and _"));
            return None;
        }
        Sender::Username(name.to_ascii_lowercase())
    } else {
        Sender::Id(UserId::new(at.id(faults)?))
    };
    Some(TriggerKind::Sender(sender))
}

fn cooldown(at: &At<'_>, faults: &mut Faults) -> Option<TriggerKind> {
    let cooldown = library::read_cooldown(at, faults)?;
    if cooldown.chat.is_zero() && cooldown.person.is_zero() {
        faults.at(at, "a cooldown of no time is none");
        return None;
    }
    Some(TriggerKind::Cooldown(cooldown))
}

fn variable(
    at: &At<'_>,
    field: &At<'_>,
    object: &Object<'_>,
    faults: &mut Faults,
) -> Option<Vec<TriggerKind>> {
    let name = |faults: &mut Faults| reaction::variable(field, Wanted::Any, faults);
    match TESTS.iter().map(|name| object.get(name)).collect::<Vec<_>>().as_slice() {
        [Some(values), None, None, None] => several(values, faults, |value, faults| {
            let test = VariableTest::Is(operand(value, faults)?);
            Some(TriggerKind::Variable { variable: name(faults)?, test })
        }),
        [None, Some(exists), None, None] => {
            let test = VariableTest::Exists(exists.boolean(faults)?);
            Some(vec![TriggerKind::Variable { variable: name(faults)?, test }])
        }
        [None, None, min, max] if min.is_some() || max.is_some() => {
            let mut bound = |bound: &Option<At<'_>>| match bound {
                Some(bound) => numeric_operand(bound, faults).map(Some),
                None => Some(None),
            };
            let (min, max) = (bound(min), bound(max));
            let test = VariableTest::Between { min: min?, max: max? };
            Some(vec![TriggerKind::Variable { variable: name(faults)?, test }])
        }
        _ => {
            faults.at(at, "a variable is asked one of: is, exists, or at_least and at_most");
            None
        }
    }
}

/// A text, or `{variable: NAME}`.
fn operand(at: &At<'_>, faults: &mut Faults) -> Option<Operand> {
    if at.is_map() {
        return other_variable(at, faults).map(Operand::Variable);
    }
    if at.is_null() {
        faults.at(at, "no variable is null: to ask whether it has a value, write `exists: false`");
        return None;
    }
    read_value(at, faults).map(Operand::Value)
}

/// A number, or `{variable: NAME}`.
fn numeric_operand(at: &At<'_>, faults: &mut Faults) -> Option<Operand> {
    if at.is_map() {
        return other_variable(at, faults).map(Operand::Variable);
    }
    at.number(faults).map(|number| Operand::Value(number.to_string()))
}

fn other_variable(at: &At<'_>, faults: &mut Faults) -> Option<VariableName> {
    let object = at.object(&["variable"], faults)?;
    reaction::variable(&object.required("variable", faults)?, Wanted::Any, faults)
}
