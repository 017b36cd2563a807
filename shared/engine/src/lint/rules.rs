//! Findings in rule sets: which groups are dead, what `onFailMsg` cuts off, and what has no counterpart.

mod fates;
mod messages;
mod superbot;

use std::collections::BTreeSet;

use super::{
    Code, Notes, Witness,
    outline::{Group, Outline, Test},
    search::Found,
    situation::{Situation, Solver},
    variables::Variables,
};
use crate::document::Node;

pub(super) fn lint(document: &Node, variables: &Variables, notes: &mut Notes) {
    let outline = crate::rules::outline(document);
    if !outline.superbot {
        // Of what the own format asks beyond superbot's, the solver knows nothing yet, so that it tells nothing.
        return;
    }
    let solver = Solver::new(&outline.groups);
    let fates = fates::fates(&outline.groups, &solver);
    fates::note(&outline.groups, &fates, &solver, notes);
    messages::note(&outline.groups, &fates, &solver, notes);
    note_expressions(&outline.groups, &fates, &solver, notes);
    note_partners(&outline, notes);
    variables.note_rules(&outline, notes);
    superbot::note(&outline, notes);
}

/// Expressions that no text hits, or every text.
fn note_expressions(groups: &[Group], fates: &[fates::Fate], solver: &Solver, notes: &mut Notes) {
    for (group, fate) in groups.iter().zip(fates) {
        for (test, field) in group.subgroups.iter().flat_map(|subgroup| &subgroup.tests) {
            let Test::Text { pattern } = test else { continue };
            let (hit, miss) = solver.hit_and_miss(pattern);
            if hit == Found::Nothing && !matches!(fate, fates::Fate::Never) {
                let message = format!("no text has a hit of {pattern:?}");
                notes.add(Code::R103, field, message, "write what people say, or leave the trigger out");
            } else if miss == Found::Nothing {
                let message = format!(
                    "every text has a hit of {pattern:?}, since nothing says how much of it has to fit"
                );
                let fix = "if the whole text has to fit, write ^ before it, $ behind it and + for *";
                notes.add(Code::R104, field, message, fix);
            }
        }
    }
}

/// Trigger groups and reaction groups without the other.
fn note_partners(outline: &Outline, notes: &mut Notes) {
    let triggers: BTreeSet<&str> = outline.groups.iter().map(|group| group.name.as_str()).collect();
    let reactions: BTreeSet<&str> = outline.reactions.iter().map(|group| group.name.as_str()).collect();
    for group in outline.groups.iter().filter(|group| !reactions.contains(group.name.as_str())) {
        let message = format!(
            "{:?} has no reaction group of its name: it ends the search, and nothing is said",
            group.name
        );
        notes.add(Code::R301, &group.field, message, "write the reaction group, or correct its name");
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
fn witness(situation: &Situation, outcome: String) -> Witness {
    let Situation { text, direct, rows, image } = situation.clone();
    let variables = rows.into_iter().map(|(name, value)| (name.to_string(), value)).collect();
    Witness { text, direct, variables, image, outcome }
}
