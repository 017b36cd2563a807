use std::{collections::BTreeMap, sync::Arc};

use super::{
    Bounds, Group, Reaction, ReactionGroup, Ruleset, Subgroup, Trigger, Variable,
    index::Index,
    model::{self, Model, Place, ReactionKind, Sizes, TriggerKind},
};
use crate::{Faults, limits, matcher::Builder, pattern::Pattern};

/// Compiles what was read; what can't be compiled is in `faults`.
pub(super) fn compile(model: Model, faults: &mut Faults) -> Ruleset {
    let variables = compile_variables(model.variables, faults);
    let mut patterns = Builder::default();
    let groups = model.trigger_groups.into_iter();
    let groups: Vec<_> =
        groups.map(|group| trigger_group(group, &variables, &mut patterns, faults)).collect();
    let index = Index::new(&groups, &patterns);
    let patterns = patterns.finish(|pattern| index.wants(pattern));
    let reactions = model
        .reaction_groups
        .into_iter()
        .map(|group| (Arc::from(group.name.as_str()), reaction_group(group, &variables, faults)))
        .collect();
    Ruleset { groups, index, patterns, reactions, variables, media: Vec::new() }
}

type Variables = BTreeMap<Arc<str>, Variable>;

fn compile_variables(declared: Vec<model::Variable>, faults: &mut Faults) -> Variables {
    let mut variables = Variables::new();
    for model::Variable { place, name, saved, dictionary, value } in declared {
        if variables.contains_key(name.as_str()) {
            faults.push(
                place.mark,
                place.field,
                format!("the variable {name:?} is declared for the second time"),
            );
            continue;
        }
        variables.insert(name.into(), Variable { dictionary, saved, start: value });
    }
    variables
}

fn trigger_group(
    group: model::TriggerGroup,
    variables: &Variables,
    patterns: &mut Builder,
    faults: &mut Faults,
) -> Group {
    let members = group.triggers.into_iter().filter_map(|trigger| {
        let kind = compile_trigger(trigger.kind, &trigger.place, variables, patterns, faults)?;
        Some((trigger.subgroup, (kind, trigger.on_fail)))
    });
    let subgroups = subgroups(members).into_iter().map(|(name, members)| {
        let (triggers, mut on_fail): (Vec<_>, Vec<_>) = members.into_iter().unzip();
        Subgroup { name: name.map(Into::into), triggers, on_fail: on_fail.pop().flatten() }
    });
    Group { name: group.name.into(), private: group.private, subgroups: subgroups.collect() }
}

fn reaction_group(group: model::ReactionGroup, variables: &Variables, faults: &mut Faults) -> ReactionGroup {
    let members = group.reactions.into_iter().filter_map(|reaction| {
        Some((reaction.subgroup, compile_reaction(reaction.kind, &reaction.place, variables, faults)?))
    });
    let subgroups: Vec<_> = subgroups(members).into_iter().map(|(_, members)| members).collect();
    if subgroups.len() > limits::GROUP_ACTIONS {
        let Place { mark, field } = group.place;
        faults.push(
            mark,
            field,
            format!("more than {} subgroups, of which each would act", limits::GROUP_ACTIONS),
        );
    }
    ReactionGroup { subgroups }
}

/// Gathers the members of each subgroup, in the order in which subgroups first appear; each null is one of its own.
pub(super) fn subgroups<T>(
    members: impl Iterator<Item = (Option<String>, T)>,
) -> Vec<(Option<String>, Vec<T>)> {
    let mut subgroups: Vec<(Option<String>, Vec<T>)> = Vec::new();
    for (name, member) in members {
        match subgroups.iter_mut().find(|(known, _)| name.is_some() && *known == name) {
            Some((_, members)) => members.push(member),
            None => subgroups.push((name, vec![member])),
        }
    }
    subgroups
}

fn compile_trigger(
    kind: TriggerKind,
    place: &Place,
    variables: &Variables,
    patterns: &mut Builder,
    faults: &mut Faults,
) -> Option<Trigger> {
    Some(match kind {
        TriggerKind::Text { pattern } => match Pattern::new(&pattern) {
            Ok(pattern) => Trigger::Text(patterns.add(pattern)),
            Err(reason) => {
                faults.push(place.mark, place.field.clone(), reason);
                return None;
            }
        },
        TriggerKind::VariableIs { variable, value } => {
            Trigger::VariableIs { variable: dictionary(variable, place, variables, faults)?, value }
        }
        TriggerKind::VariableExists { variable } => {
            Trigger::VariableExists { variable: dictionary(variable, place, variables, faults)? }
        }
        TriggerKind::Image(sizes) => Trigger::Image(sizes.into()),
    })
}

fn compile_reaction(
    kind: ReactionKind,
    place: &Place,
    variables: &Variables,
    faults: &mut Faults,
) -> Option<Reaction> {
    Some(match kind {
        ReactionKind::Text { text, chat } => {
            let chat = match chat {
                Some(variable) => Some(chat_variable(&variable, place, variables, faults)?),
                None => None,
            };
            Reaction::Text { text, chat }
        }
        ReactionKind::Set { variable, value } => {
            Reaction::Set { variable: dictionary(variable, place, variables, faults)?, value }
        }
        ReactionKind::Remove { variable } => {
            Reaction::Remove { variable: dictionary(variable, place, variables, faults)? }
        }
        ReactionKind::StoreFile(sizes) => Reaction::StoreFile(sizes.into()),
    })
}

/// The name of a dictionary variable, declared as one or not at all.
fn dictionary(name: String, place: &Place, variables: &Variables, faults: &mut Faults) -> Option<Arc<str>> {
    match variables.get_key_value(name.as_str()) {
        Some((_, Variable { dictionary: false, .. })) => {
            let reason =
                format!("{name:?} is declared as a single variable, and this is about dictionary variables");
            faults.push(place.mark, format!("{}/variable", place.field), reason);
            None
        }
        Some((name, _)) => Some(Arc::clone(name)),
        None => Some(name.into()),
    }
}

/// The name of a single variable that may hold a chat's id.
fn chat_variable(name: &str, place: &Place, variables: &Variables, faults: &mut Faults) -> Option<Arc<str>> {
    let reason = match variables.get_key_value(name) {
        None => format!("the single variable {name:?} is not declared"),
        Some((_, Variable { dictionary: true, .. })) => {
            format!("{name:?} is declared as a dictionary variable, and a chat is named by a single one")
        }
        Some((_, Variable { start: Some(start), .. })) if start.trim().parse::<i64>().is_err() => {
            format!("{name:?} starts as {start:?}, which is no chat's id")
        }
        Some((name, _)) => return Some(Arc::clone(name)),
    };
    faults.push(place.mark, format!("{}/chat", place.field), reason);
    None
}

impl From<Sizes> for Bounds {
    fn from(sizes: Sizes) -> Self {
        const MEGABYTE: f64 = 1_048_576.0;
        Self {
            bytes_min: sizes.min.map_or(0.0, |size| size * MEGABYTE),
            bytes_max: sizes.max.map_or(f64::INFINITY, |size| size * MEGABYTE),
        }
    }
}
