//! Reads troupe's own format.

mod condition;
mod reaction;
mod size;

pub(crate) use condition::QUESTIONS;
pub(crate) use reaction::DEEDS;

use std::collections::BTreeSet;

use super::{
    model::{Chats, Model, ReactionGroup, Subgroup, TriggerGroup, Variable},
    read::{place, read_value},
};
use crate::{
    Faults,
    document::{At, Object, unknown},
    limits,
};

const DOCUMENT: &[&str] = &["variables", "groups"];
const VARIABLE: &[&str] = &["of", "saved", "start"];
const GROUP: &[&str] = &["name", "where", "when", "react"];

/// Whether a document is in this format, and not in superbot's.
pub(super) fn is_own(at: &At<'_>) -> bool {
    at.fields().any(|(key, field)| match key.text.as_str() {
        // A trigger group of superbot's may be called so, too.
        "groups" => field.fields().all(|(key, _)| !["triggers", "reactions"].contains(&key.text.as_str())),
        "variables" => field.is_map(),
        _ => false,
    })
}

/// Reads what can be read; what can't is in `faults`.
pub(super) fn read(at: &At<'_>, faults: &mut Faults) -> Model {
    let mut model = Model::default();
    let Some(document) = at.object(DOCUMENT, faults) else { return model };
    if let Some(variables) = document.set("variables")
        && variables.map(limits::VARIABLES, faults)
    {
        let read = variables.fields().filter_map(|(key, field)| read_variable(&key.text, &field, faults));
        model.variables = read.collect();
    }
    let Some(groups) = document.required("groups", faults) else { return model };
    if !groups.list(limits::GROUPS, faults) {
        return model;
    }
    let mut names = BTreeSet::new();
    for item in groups.items() {
        if let Some((triggers, reactions)) = read_group(&item, &mut names, faults) {
            model.trigger_groups.push(triggers);
            model.reaction_groups.extend(reactions);
        }
    }
    model
}

fn read_variable(name: &str, at: &At<'_>, faults: &mut Faults) -> Option<Variable> {
    let object = at.object(VARIABLE, faults)?;
    let of = match object.set("of") {
        Some(of) => match of.text(faults)? {
            "person" => true,
            "bot" => false,
            other => {
                faults.at(&of, unknown("owner", other, &["person", "bot"]));
                return None;
            }
        },
        None => true,
    };
    let saved = match object.set("saved") {
        Some(saved) => saved.boolean(faults)?,
        None => true,
    };
    let value = match object.set("start") {
        Some(start) if of => {
            faults.at(&start, "only a variable `of: bot` starts with a value; a person's begins without one");
            return None;
        }
        Some(start) => read_value(&start, faults),
        None => None,
    };
    Some(Variable { place: place(at), name: name.to_owned(), saved, dictionary: of, value })
}

fn read_group(
    at: &At<'_>,
    names: &mut BTreeSet<String>,
    faults: &mut Faults,
) -> Option<(TriggerGroup, Option<ReactionGroup>)> {
    let group = at.object(GROUP, faults)?;
    let name = group.required("name", faults).and_then(|field| {
        let name = field.name(faults)?;
        if !names.insert(name.to_owned()) {
            faults.at(&field, format!("the group {name:?} is here for the second time"));
        }
        Some(name)
    });
    let chats = read_chats(&group, faults);
    let when = group.required("when", faults).and_then(|when| {
        let read = list(&when, faults, condition::read)?;
        let members = read.iter().map(|subgroup| subgroup.members.len()).sum::<usize>();
        within(members, &when, faults).then_some(read)
    });
    let reactions = match group.set("react") {
        Some(react) => {
            // Where it can't be told which chats, that is fault enough.
            let direct = chats.is_none_or(|chats| chats == Chats::Direct);
            let reader = reaction::Reader { group: name.unwrap_or_default(), direct };
            let read = list(&react, faults, |item, faults| reader.read(item, faults));
            read.and_then(|subgroups| {
                let members = subgroups.iter().map(|subgroup: &Subgroup<_>| subgroup.members.len()).sum();
                let name = name?.to_owned();
                within(members, &react, faults)
                    .then(|| Some(ReactionGroup { name, place: place(&react), subgroups }))
            })
        }
        None => Some(None),
    };
    let triggers = TriggerGroup { name: name?.to_owned(), place: place(at), chats: chats?, subgroups: when? };
    Some((triggers, reactions?))
}

fn read_chats(group: &Object<'_>, faults: &mut Faults) -> Option<Chats> {
    let Some(chats) = group.set("where") else { return Some(Chats::Any) };
    match chats.text(faults)? {
        "any" => Some(Chats::Any),
        "direct" => Some(Chats::Direct),
        "group" => Some(Chats::Group),
        other => {
            faults.at(&chats, unknown("place", other, &["any", "direct", "group"]));
            None
        }
    }
}

/// Reads the items of a list, all of them even if one is wrong.
fn list<T>(
    at: &At<'_>,
    faults: &mut Faults,
    mut read: impl FnMut(&At<'_>, &mut Faults) -> Option<T>,
) -> Option<Vec<T>> {
    if !at.list(limits::GROUP_MEMBERS, faults) {
        return None;
    }
    let read: Vec<_> = at.items().map(|item| read(&item, faults)).collect();
    read.into_iter().collect()
}

fn within(members: usize, at: &At<'_>, faults: &mut Faults) -> bool {
    if members > limits::GROUP_MEMBERS {
        faults.at(at, format!("{members} are too many: at most {}", limits::GROUP_MEMBERS));
    }
    members <= limits::GROUP_MEMBERS
}
