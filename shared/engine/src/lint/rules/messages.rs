//! What an `onFailMsg`, or an `else_say`, does to the groups behind it: the two dangers that the seed warns of, and messages that are
//! never sent.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Wording,
    fates::{Fate, first},
    witness,
};
use crate::{
    lint::{
        Code, Notes, Witness, names,
        outline::{Condition, Group, Subgroup, Test},
        situation::{Situation, Stop},
        solver::{Case, Solved, Solver, TooMany},
    },
    rules::{Comparison, Test as Asked},
};

/// How many examples are looked at for one message.
const EXAMPLES: usize = 256;

pub(super) fn note(groups: &[Group], fates: &[Fate], solver: &Solver, wording: Wording, notes: &mut Notes) {
    note_sure(groups, fates, wording, notes);
    for (number, group) in groups.iter().enumerate() {
        for (place, subgroup) in group.subgroups.iter().enumerate() {
            for lost in &subgroup.lost_on_fail {
                let message = "this message is never sent: only that of the last trigger of a subgroup is";
                notes.add(
                    Code::R204,
                    lost,
                    message,
                    "move it to the last trigger of the subgroup, or remove it",
                );
            }
            let Some(field) = &subgroup.on_fail else { continue };
            if let Ok(Some((situation, meant))) = possible(groups, fates, number, place, solver) {
                let (name, meant) = (&group.name, &groups[meant].name);
                let message = format!(
                    "{name:?} can cut off {meant:?} behind it: this message ends the search also for people who \
                     mean {meant:?}"
                );
                let shown = witness(
                    &situation,
                    groups,
                    format!("{name:?} sends this message, {meant:?} would have fired"),
                );
                let one = wording.subgroup;
                let fix = format!(
                    "put a {one} before it that holds only when {name:?} is meant, such as a variable with a \
                     value; or move {name:?} behind {meant:?}"
                );
                notes.add_shown(Code::R202, field, message, Some(shown), fix);
            }
            note_never_sent(group, place, field, solver, wording, notes);
        }
    }
}

/// Groups that never fire since a message ends the search before them, told of where the message is.
fn note_sure(groups: &[Group], fates: &[Fate], wording: Wording, notes: &mut Notes) {
    let mut cut_off: BTreeMap<(usize, usize), Vec<(usize, Witness)>> = BTreeMap::new();
    for (number, fate) in fates.iter().enumerate() {
        let Fate::Taken(takers) = fate else { continue };
        let by_message = takers.iter().find_map(|(taker, (situation, stop))| match stop {
            Stop::Says(place) => Some((*taker, *place, situation)),
            Stop::Fires => None,
        });
        if let Some((taker, place, situation)) = by_message {
            let shown = witness(situation, groups, format!("{:?} sends this message", groups[taker].name));
            cut_off.entry((taker, place)).or_default().push((number, shown));
        }
    }
    for ((taker, place), mut dead) in cut_off {
        let name = &groups[taker].name;
        let list = names(dead.iter().map(|(number, _)| groups[*number].name.as_str()));
        let (verb, them) = if dead.len() == 1 { ("fires", "it") } else { ("fire", "them") };
        let message = format!(
            "{list} behind it never {verb}: whatever would trigger {them} fires {name:?} or gets this message first"
        );
        let one = wording.subgroup;
        let fix = format!(
            "put a {one} before it that holds only when {name:?} is meant, such as a variable with a value; or \
             move {name:?} behind the others"
        );
        let field = groups[taker].subgroups[place].on_fail.as_deref().unwrap_or_default();
        notes.add_shown(Code::R201, field, message, Some(dead.swap_remove(0).1), fix);
    }
}

/// A situation in which the message of `place` in the group `number` is sent although a group behind it, which fires at
/// times, would have fired.
///
/// A subgroup before it that asks for a value of the person's is a fence, as the seed says: in that state of the talk the
/// message is meant. It is no fence towards groups that ask about the same variable.
fn possible(
    groups: &[Group],
    fates: &[Fate],
    number: usize,
    place: usize,
    solver: &Solver,
) -> Result<Option<(Situation, usize)>, TooMany> {
    let group = &groups[number];
    let fences: Vec<BTreeSet<&str>> = group.subgroups[..place].iter().filter_map(fence).collect();
    let is_fenced = |other: &Group| {
        let asked: BTreeSet<&str> = other.subgroups.iter().flat_map(variables).collect();
        !fences.is_empty() && fences.iter().all(|fence| fence.is_disjoint(&asked))
    };
    let mut sent: Vec<Case> = Solver::in_chats(Case::default(), group.chats).into_iter().collect();
    for subgroup in &group.subgroups[..place] {
        sent = solver.holding(sent, subgroup)?;
    }
    let sent = solver.failing(sent, &group.subgroups[place])?;
    let mut examples = 0;
    for (meant, other) in groups.iter().enumerate().skip(number + 1) {
        if !matches!(fates[meant], Fate::Fires(_)) || is_fenced(other) {
            continue;
        }
        for case in &sent {
            for case in solver.firing(case.clone(), other)? {
                examples += 1;
                if examples > EXAMPLES {
                    return Ok(None);
                }
                let Solved::Situation(situation) = solver.solve(&case) else { continue };
                let sent_by = first(groups, 0..number + 1, &situation, solver);
                let next = first(groups, number + 1..groups.len(), &situation, solver);
                if let (true, Some((behind, Stop::Fires))) =
                    (sent_by == Some((number, Stop::Says(place))), next)
                    && !is_fenced(&groups[behind])
                {
                    return Ok(Some((*situation, behind)));
                }
            }
        }
    }
    Ok(None)
}

/// The person's variables whose values a subgroup asks for, if it asks for nothing else.
fn fence(subgroup: &Subgroup) -> Option<BTreeSet<&str>> {
    let of_state = |(condition, _): &(Condition, String)| match condition {
        Condition::Asks(Test::Variable(comparison)) => {
            let Comparison { variable, test } = &**comparison;
            !variable.single && *test != Asked::Exists(false)
        }
        _ => false,
    };
    subgroup.conditions.iter().all(of_state).then(|| variables(subgroup))
}

/// The variables that a subgroup asks about.
fn variables(subgroup: &Subgroup) -> BTreeSet<&str> {
    let mut variables = BTreeSet::new();
    subgroup.each_test(&mut |test, _| {
        if let Test::Variable(comparison) = test {
            variables.insert(&*comparison.variable.name);
        }
    });
    variables
}

/// A message that no text leads to.
fn note_never_sent(
    group: &Group,
    place: usize,
    field: &str,
    solver: &Solver,
    wording: Wording,
    notes: &mut Notes,
) {
    let mut cases: Vec<Case> = Solver::in_chats(Case::with_text(), group.chats).into_iter().collect();
    for subgroup in &group.subgroups[..place] {
        match solver.holding(cases, subgroup) {
            Ok(holding) => cases = holding,
            Err(TooMany) => return,
        }
    }
    let Ok(cases) = solver.failing(cases, &group.subgroups[place]) else { return };
    if cases.iter().any(|case| solver.solve(case) != Solved::Impossible) {
        return;
    }
    let mut without_text = cases.into_iter().map(Case::or_without_text);
    let message = if without_text.all(|case| solver.solve(&case) == Solved::Impossible) {
        format!("this message is never sent: its {} holds whenever it is asked", wording.subgroup)
    } else {
        format!(
            "this message is never sent to a message with a text, which its {} always accepts; only to one without, \
             such as a photo or a sticker",
            wording.subgroup
        )
    };
    let fix = "ask for what a right answer looks like, from ^ to $; or remove the message";
    notes.add(Code::R203, field, message, fix);
}
