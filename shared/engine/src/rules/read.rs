//! Reads superbot's JSON.

use super::{
    Kinds,
    model::{
        Chats, FailMessage, Model, Operand, Place, Reaction, ReactionGroup, ReactionKind, Saying, Sizes,
        Trigger, TriggerGroup, TriggerKind, Variable, VariableName, VariableTest, Wanted, subgroups,
    },
};
use crate::{
    Faults,
    document::{At, Object, unknown},
    limits, text,
};

const DOCUMENT: &[&str] = &["triggers", "reactions", "variables"];
/// What a trigger group and a reaction group each have.
const GROUPS: [&str; 2] = ["triggers", "reactions"];
const TRIGGER_GROUP: &[&str] = &["privateTrigger", "triggers"];
const TRIGGER: &[&str] = &["triggerType", "modifier", "data", "subgroup", "onFailMsg"];
const REACTION_GROUP: &[&str] = &["reactions"];
const REACTION: &[&str] = &["reactionType", "modifier", "data", "subgroup"];
const VARIABLE: &[&str] = &["variableName", "saveToDisk", "isDictionary", "value"];
const VARIABLE_DATA: &[&str] = &["variable", "value"];
const SIZE_DATA: &[&str] = &["minSize", "maxSize"];
const TEXT_DATA: &[&str] = &["text", "chat"];

/// Reads what can be read; what can't is in `faults`.
pub(super) fn read(at: &At<'_>, faults: &mut Faults) -> Model {
    if shows_groups_alone(at) {
        return groups_alone(at, faults);
    }
    let mut model = Model::default();
    let Some(document) = at.object(DOCUMENT, faults) else { return model };
    if let Some(groups) = document.set("triggers")
        && groups.map(limits::GROUPS, faults)
    {
        let groups = groups.fields().filter_map(|(key, group)| trigger_group(&key.text, &group, faults));
        model.trigger_groups = groups.collect();
    }
    if let Some(groups) = document.set("reactions")
        && groups.map(limits::GROUPS, faults)
    {
        let groups = groups.fields().filter_map(|(key, group)| reaction_group(&key.text, &group, faults));
        model.reaction_groups = groups.collect();
    }
    if let Some(variables) = document.set("variables")
        && variables.list(limits::VARIABLES, faults)
    {
        model.variables = variables.items().filter_map(|variable| read_variable(&variable, faults)).collect();
    }
    model
}

/// Whether this is a map of groups with nothing around it, as the seed shows both kinds: each field is the name of a
/// group, and what it is a group of stands in it.
fn shows_groups_alone(at: &At<'_>) -> bool {
    let is_group = |group: &At<'_>| group.fields().any(|(key, _)| GROUPS.contains(&key.text.as_str()));
    !at.fields().any(|(key, _)| DOCUMENT.contains(&key.text.as_str()))
        && at.fields().any(|(_, group)| is_group(&group))
}

fn groups_alone(at: &At<'_>, faults: &mut Faults) -> Model {
    let mut model = Model::default();
    if at.map(limits::GROUPS, faults) {
        for (key, group) in at.fields() {
            if group.fields().any(|(key, _)| key.text == "reactions") {
                model.reaction_groups.extend(reaction_group(&key.text, &group, faults));
            } else {
                model.trigger_groups.extend(trigger_group(&key.text, &group, faults));
            }
        }
    }
    model
}

pub(super) fn place(at: &At<'_>) -> Place {
    Place { mark: at.node.mark, field: at.pointer() }
}

fn trigger_group(name: &str, at: &At<'_>, faults: &mut Faults) -> Option<TriggerGroup> {
    let group = at.object(TRIGGER_GROUP, faults)?;
    let private = match group.set("privateTrigger") {
        Some(private) => private.boolean(faults),
        None => Some(false),
    };
    let triggers = group.required("triggers", faults)?;
    if !triggers.list(limits::GROUP_MEMBERS, faults) {
        return None;
    }
    let triggers: Vec<_> = triggers.items().filter_map(|trigger| read_trigger(&trigger, faults)).collect();
    let chats = if private? { Chats::Direct } else { Chats::Any };
    let subgroups = subgroups(triggers.into_iter());
    Some(TriggerGroup { name: name.to_owned(), place: place(at), chats, subgroups })
}

/// A trigger and the name of its subgroup.
fn read_trigger(at: &At<'_>, faults: &mut Faults) -> Option<(Option<String>, Trigger)> {
    let trigger = at.object(TRIGGER, faults)?;
    let subgroup = subgroup(&trigger, faults);
    let on_fail = match trigger.set("onFailMsg") {
        // An empty message is the seed's way of having none.
        Some(message) if message.text(faults).is_some_and(|text| !text.is_empty()) => {
            let text = message.message(faults).map(|text| Saying::Plain(text.to_owned()));
            text.map(|text| FailMessage { place: place(&message), text })
        }
        _ => None,
    };
    let modifier = modifier(&trigger, faults);
    let kind = trigger.required("triggerType", faults)?;
    let kind_name = kind.text(faults)?;
    let modifiers = match kind_name {
        "Text" | "Image" => 0..=0,
        "DictionaryVariable" => 0..=1,
        other => {
            faults.at(&kind, unknown("trigger type", other, &["Text", "DictionaryVariable", "Image"]));
            return None;
        }
    };
    let modifier = checked_modifier(&trigger, modifier, modifiers, kind_name, faults);
    let data = trigger.required("data", faults)?;
    let kind = match kind_name {
        "Text" => TriggerKind::Text { pattern: data.text(faults)?.to_owned() },
        "Image" => TriggerKind::Media(Kinds::Image, sizes(&data, faults)?),
        _ => {
            let (variable, value) = variable_data(&data, faults)?;
            let test = match (modifier?, value) {
                (0, Some(value)) => VariableTest::Is(Operand::Value(value)),
                (0, None) => VariableTest::Exists(false),
                _ => VariableTest::Exists(true),
            };
            TriggerKind::Variable { variable, test }
        }
    };
    modifier?;
    Some((subgroup, Trigger { place: place(&data), on_fail, kind }))
}

fn reaction_group(name: &str, at: &At<'_>, faults: &mut Faults) -> Option<ReactionGroup> {
    let group = at.object(REACTION_GROUP, faults)?;
    let reactions = group.required("reactions", faults)?;
    if !reactions.list(limits::GROUP_MEMBERS, faults) {
        return None;
    }
    let members: Vec<_> = reactions.items().filter_map(|reaction| read_reaction(&reaction, faults)).collect();
    let subgroups = subgroups(members.into_iter());
    Some(ReactionGroup { name: name.to_owned(), place: place(&reactions), subgroups })
}

/// A reaction and the name of its subgroup.
fn read_reaction(at: &At<'_>, faults: &mut Faults) -> Option<(Option<String>, Reaction)> {
    let reaction = at.object(REACTION, faults)?;
    let subgroup = subgroup(&reaction, faults);
    let modifier = modifier(&reaction, faults);
    let kind = reaction.required("reactionType", faults)?;
    let kind_name = kind.text(faults)?;
    let modifiers = match kind_name {
        "Text" | "IO" => 0..=0,
        "DictionaryVariable" => 0..=1,
        other => {
            faults.at(&kind, unknown("reaction type", other, &["Text", "DictionaryVariable", "IO"]));
            return None;
        }
    };
    let modifier = checked_modifier(&reaction, modifier, modifiers, kind_name, faults);
    let data = reaction.required("data", faults)?;
    let kind = match kind_name {
        "Text" => text_data(&data, faults)?,
        "IO" => ReactionKind::StoreFile(sizes(&data, faults)?),
        _ => {
            let (variable, value) = variable_data(&data, faults)?;
            match modifier? {
                0 => ReactionKind::Set(vec![(variable, value)]),
                _ => ReactionKind::Remove(vec![variable]),
            }
        }
    };
    modifier?;
    Some((subgroup, Reaction { place: place(&data), kind }))
}

/// `"data": "text"` for the same chat, or `"data": {"text": "…", "chat": "a single variable"}` for another.
fn text_data(at: &At<'_>, faults: &mut Faults) -> Option<ReactionKind> {
    if !at.is_map() {
        return Some(ReactionKind::Say { text: Saying::Plain(at.message(faults)?.to_owned()), chat: None });
    }
    let data = at.object(TEXT_DATA, faults)?;
    let chat = match data.set("chat") {
        Some(chat) => {
            let name = chat.name(faults)?.to_owned();
            // What is wrong with the variable is told at the `data`, as for dictionary variables.
            let place = Place { mark: at.node.mark, field: chat.pointer() };
            Some(VariableName { name, place, wanted: Wanted::Chat })
        }
        None => None,
    };
    let text = data.required("text", faults)?.message(faults)?.to_owned();
    Some(ReactionKind::Say { text: Saying::Plain(text), chat })
}

fn variable_data(at: &At<'_>, faults: &mut Faults) -> Option<(VariableName, Option<String>)> {
    let data = at.object(VARIABLE_DATA, faults)?;
    let value = data.get("value").and_then(|value| read_value(&value, faults));
    let variable = data.required("variable", faults)?;
    let place = Place { mark: at.node.mark, field: variable.pointer() };
    let name = variable.name(faults)?.to_owned();
    Some((VariableName { name, place, wanted: Wanted::Person }, value))
}

pub(super) fn read_value(at: &At<'_>, faults: &mut Faults) -> Option<String> {
    let value = at.text_or_null(faults)?;
    if text::utf16_len(value) > limits::TEXT_UTF16 {
        faults.at(at, format!("a value has at most {} UTF-16 units", limits::TEXT_UTF16));
    }
    Some(value.to_owned())
}

fn sizes(at: &At<'_>, faults: &mut Faults) -> Option<Sizes> {
    let data = at.object(SIZE_DATA, faults)?;
    let mut size = |name: &str| match data.set(name) {
        Some(size) => match size.number(faults) {
            Some(number) if number < 0.0 => {
                faults.at(&size, "a size can't be negative");
                None
            }
            number => number.map(Some),
        },
        None => Some(None),
    };
    let (min, max) = (size("minSize"), size("maxSize"));
    let (min, max) = (min?, max?);
    if let (Some(min), Some(max)) = (min, max)
        && min > max
    {
        faults.at(at, format!("no size is at least {min} and at most {max}"));
        return None;
    }
    Some(Sizes { min, max })
}

fn subgroup(object: &Object<'_>, faults: &mut Faults) -> Option<String> {
    object.get("subgroup").and_then(|subgroup| subgroup.text_or_null(faults)).map(str::to_owned)
}

fn modifier(object: &Object<'_>, faults: &mut Faults) -> Option<u32> {
    match object.set("modifier") {
        Some(modifier) => modifier.whole(0..=u32::MAX, faults),
        None => Some(0),
    }
}

fn checked_modifier(
    object: &Object<'_>,
    modifier: Option<u32>,
    known: std::ops::RangeInclusive<u32>,
    kind: &str,
    faults: &mut Faults,
) -> Option<u32> {
    let modifier = modifier?;
    if known.contains(&modifier) {
        return Some(modifier);
    }
    if let Some(field) = object.get("modifier") {
        let known = known.map(|number| number.to_string()).collect::<Vec<_>>().join(" and ");
        faults.at(&field, format!("{kind} has no modifier {modifier}; known: {known}"));
    }
    None
}

fn read_variable(at: &At<'_>, faults: &mut Faults) -> Option<Variable> {
    let variable = at.object(VARIABLE, faults)?;
    let mut flag = |name: &str| match variable.set(name) {
        Some(flag) => flag.boolean(faults),
        None => Some(false),
    };
    let (saved, dictionary) = (flag("saveToDisk"), flag("isDictionary"));
    let value = variable.get("value").and_then(|value| read_value(&value, faults));
    let name = variable.required("variableName", faults)?;
    Some(Variable {
        place: place(&name),
        name: name.name(faults)?.to_owned(),
        saved: saved?,
        dictionary: dictionary?,
        value,
    })
}
