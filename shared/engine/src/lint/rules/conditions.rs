//! Conditions that no message meets, or every message: they say something else than was meant.

use super::fates::Fate;
use crate::lint::{
    Code, Notes,
    outline::{Condition, Group, Subgroup, Test},
    search::Found,
    solver::{Case, Solved, Solver},
};

pub(super) fn note(groups: &[Group], fates: &[Fate], solver: &Solver, notes: &mut Notes) {
    for (group, fate) in groups.iter().zip(fates) {
        let is_told = matches!(fate, Fate::Never);
        for subgroup in &group.subgroups {
            subgroup.each_test(&mut |test, field| {
                if let Test::Text { pattern } = test {
                    note_expression(pattern, field, is_told, solver, notes);
                }
            });
            if !is_told {
                note_never(group, subgroup, solver, notes);
                note_always(group, subgroup, solver, notes);
            }
        }
    }
}

/// An expression that no text hits, or every text.
fn note_expression(pattern: &str, field: &str, is_told: bool, solver: &Solver, notes: &mut Notes) {
    let (hit, miss) = solver.hit_and_miss(pattern);
    if hit == Found::Nothing && !is_told {
        let message = format!("no text has a hit of {pattern:?}");
        notes.add(Code::R103, field, message, "write what people say, or leave the trigger out");
    } else if miss == Found::Nothing {
        let message =
            format!("every text has a hit of {pattern:?}, since nothing says how much of it has to fit");
        let fix = "if the whole text has to fit, write ^ before it, $ behind it and + for *";
        notes.add(Code::R104, field, message, fix);
    }
}

/// Of several conditions of which one has to hold, one that never does.
fn note_never(group: &Group, subgroup: &Subgroup, solver: &Solver, notes: &mut Notes) {
    for (condition, field) in subgroup.conditions.iter().filter(|(condition, _)| !is_of_text(condition)) {
        let chats = Solver::in_chats(Case::default(), group.chats).into_iter().collect();
        let Ok(cases) = solver.holding_one(chats, condition) else { continue };
        if cases.iter().all(|case| solver.solve(case) == Solved::Impossible) {
            let message = "no message that comes to this group meets this";
            notes.add(Code::R107, field, message, "correct it, or leave it out");
        }
    }
}

/// A condition that always holds.
fn note_always(group: &Group, subgroup: &Subgroup, solver: &Solver, notes: &mut Notes) {
    // Texts need not be there: an expression, or a phrase, can always fail.
    let Some((_, field)) = subgroup.conditions.iter().find(|(condition, _)| !is_of_text(condition)) else {
        return;
    };
    let chats = Solver::in_chats(Case::default(), group.chats).into_iter().collect();
    let Ok(cases) = solver.failing(chats, subgroup) else { return };
    if cases.iter().all(|case| solver.solve(case) == Solved::Impossible) {
        let message = "every message that comes to this group meets this";
        notes.add(Code::R108, field, message, "correct it, or leave it out");
    }
}

fn is_of_text(condition: &Condition) -> bool {
    matches!(condition, Condition::Asks(Test::Text { .. } | Test::Said(_)))
}
