//! Findings in rule sets: which groups are dead, what a message to who fails cuts off, and what has no counterpart.

mod conditions;
mod fates;
mod messages;
mod superbot;

use std::collections::BTreeSet;

use super::{
    Code, Notes, Witness,
    outline::{Chats, Group, Outline},
    situation::Situation,
    solver::{Case, Solved, Solver},
    variables::Variables,
};
use crate::document::Node;

pub(super) fn lint(
    document: &Node,
    variables: &Variables,
    progress: &mut dyn FnMut(usize, usize),
    notes: &mut Notes,
) {
    let outline = crate::rules::outline(document);
    let wording = Wording::of(&outline);
    let Outline { groups, .. } = &outline;
    let solver = Solver::new(&outline);
    let fates = fates::fates(groups, &solver, &mut |done| progress(done, groups.len()));
    fates::note(groups, &fates, &solver, wording, notes);
    messages::note(groups, &fates, &solver, wording, notes);
    conditions::note(groups, &fates, &solver, notes);
    note_partners(&outline, notes);
    variables.note_rules(&outline, notes);
    if outline.superbot {
        superbot::note(&outline, notes);
    } else {
        super::texts::lint(document, variables, notes);
    }
}

/// How many groups are asked for an example.
const EXAMPLES: usize = 300;

/// Messages in a group that trigger the groups of a rule set, if no group before them takes them.
pub(super) fn examples(text: &str) -> Vec<String> {
    let Some(node) = super::Document::Rules(text).read() else { return Vec::new() };
    let outline = crate::rules::outline(&node);
    let solver = Solver::new(&outline);
    let in_group = Solver::in_chats(Case::default(), Chats { direct: false, group: true });
    let example = |group: &Group| {
        let cases = in_group.clone().map(|case| solver.firing(case, group));
        cases?.ok()?.iter().find_map(|case| match solver.solve(case) {
            Solved::Situation(situation) => Some(situation.text),
            _ => None,
        })
    };
    outline.groups.iter().take(EXAMPLES).filter_map(example).filter(|text| !text.is_empty()).collect()
}

/// What the format calls things.
#[derive(Clone, Copy)]
struct Wording {
    subgroup: &'static str,
    subgroups: &'static str,
}

impl Wording {
    const fn of(outline: &Outline) -> Self {
        if outline.superbot {
            Self { subgroup: "subgroup", subgroups: "subgroups" }
        } else {
            Self { subgroup: "condition", subgroups: "conditions" }
        }
    }
}

/// Trigger groups and reaction groups without the other.
fn note_partners(outline: &Outline, notes: &mut Notes) {
    let triggers: BTreeSet<&str> = outline.groups.iter().map(|group| group.name.as_str()).collect();
    let reactions: BTreeSet<&str> = outline.reactions.iter().map(|group| group.name.as_str()).collect();
    for group in outline.groups.iter().filter(|group| !reactions.contains(group.name.as_str())) {
        let (lacks, fix) = if outline.superbot {
            ("has no reaction group of its name", "write the reaction group, or correct its name")
        } else {
            ("has no `react`", "write `react`, or `react: []` if nothing is meant to be done")
        };
        let message = format!("{:?} {lacks}: it ends the search, and nothing is said", group.name);
        notes.add(Code::R301, &group.field, message, fix);
    }
    for group in outline.reactions.iter().filter(|group| !triggers.contains(group.name.as_str())) {
        let message = format!("nothing calls {:?}: there is no trigger group of its name", group.name);
        notes.add(
            Code::R302,
            &group.field,
            message,
            "write the trigger group, correct the name, or remove it",
        );
    }
}

/// What is shown of a situation.
fn witness(situation: &Situation, groups: &[Group], outcome: String) -> Witness {
    let Situation { text, scene, values, media, time, draws, resting } = situation.clone();
    let (mut variables, mut bot_variables) = (super::Rows::new(), super::Rows::new());
    for (variable, value) in values {
        let rows = if variable.single { &mut bot_variables } else { &mut variables };
        rows.insert(variable.name.to_string(), value);
    }
    let name = |group: usize| groups[group].name.clone();
    Witness {
        text,
        direct: scene.is_direct(),
        chat: scene.chat,
        sender: scene.sender,
        username: scene.username,
        call: scene.call,
        time,
        variables,
        bot_variables,
        media,
        draws: draws.into_iter().map(|(group, draw)| (name(group), draw)).collect(),
        resting: resting.into_iter().map(name).collect(),
        outcome,
    }
}
