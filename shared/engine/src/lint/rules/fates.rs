//! Whether a group can fire: looked for by example, until there is one or none can be left.

use std::{collections::BTreeMap, ops::Range};

use super::{Wording, witness};
use crate::lint::{
    Code, Notes, names,
    outline::Group,
    situation::{Situation, Stop},
    solver::{Case, Solved, Solver, TooMany},
};

/// How many examples are looked at for one group.
const ROUNDS: usize = 64;

/// What becomes of a group.
#[derive(Debug)]
pub(in crate::lint) enum Fate {
    /// It fires, say on this.
    Fires(Box<Situation>),
    /// Nothing meets it.
    Never,
    /// All that meets it ends before it comes to it: at these groups, each with an example.
    Taken(Takers),
    /// It was too much to find out.
    TooMuch,
    /// It cannot be told.
    Untold,
}

pub(in crate::lint) type Takers = BTreeMap<usize, (Situation, Stop)>;

/// What becomes of each group.
pub(super) fn fates(groups: &[Group], solver: &Solver, progress: &mut dyn FnMut(usize)) -> Vec<Fate> {
    let fate_of = |number| {
        progress(number);
        fate(groups, number, Case::default(), solver).unwrap_or(Fate::TooMuch)
    };
    (0..groups.len()).map(fate_of).collect()
}

/// An example of what meets the group is given to those before it. Where one of them takes it, the next example has to
/// pass that one, too.
fn fate(groups: &[Group], number: usize, case: Case, solver: &Solver) -> Result<Fate, TooMany> {
    let mut cases = solver.firing(case, &groups[number])?;
    let mut takers = BTreeMap::new();
    let (mut too_much, mut untold) = (false, false);
    for _ in 0..ROUNDS {
        let Some(case) = cases.pop() else {
            return Ok(match (too_much, untold) {
                (true, _) => Fate::TooMuch,
                (false, true) => Fate::Untold,
                _ if takers.is_empty() => Fate::Never,
                _ => Fate::Taken(takers),
            });
        };
        let situation = match solver.solve(&case) {
            Solved::Situation(situation) => situation,
            Solved::Impossible => continue,
            Solved::TooMuch => {
                too_much = true;
                continue;
            }
            Solved::Untold => {
                untold = true;
                continue;
            }
        };
        let Some((taker, stop)) = first(groups, 0..number, &situation, solver) else {
            return Ok(Fate::Fires(situation));
        };
        takers.entry(taker).or_insert((*situation, stop));
        cases.extend(solver.passing(case, &groups[taker])?);
    }
    Ok(Fate::TooMuch)
}

/// The first of the groups with these numbers that ends the search.
pub(super) fn first(
    groups: &[Group],
    numbers: Range<usize>,
    situation: &Situation,
    solver: &Solver,
) -> Option<(usize, Stop)> {
    solver.texts.read(situation, |reading| {
        let mut candidates = reading.candidates().into_iter().filter(|number| numbers.contains(number));
        candidates.find_map(|number| Some((number, reading.stop(&groups[number])?)))
    })
}

/// Tells of groups that never fire. Those that a message cuts off are told of there.
pub(super) fn note(groups: &[Group], fates: &[Fate], solver: &Solver, wording: Wording, notes: &mut Notes) {
    for (number, (group, fate)) in groups.iter().zip(fates).enumerate() {
        let name = &group.name;
        match fate {
            Fate::Never => {
                let message = format!("{name:?} never fires: {}", reason(group, solver, wording));
                notes.add(Code::R102, &group.field, message, "change what contradicts, or remove the group");
            }
            Fate::Taken(takers) if takers.values().all(|(_, stop)| *stop == Stop::Fires) => {
                let list = taken_by(takers, groups);
                let message = format!("{name:?} never fires: whatever triggers it triggers {list} first");
                let fix = "put it before what takes its messages, ask more there, or remove it";
                let shown = takers.iter().next().map(|(taker, (situation, _))| {
                    witness(situation, groups, format!("{:?} fires", groups[*taker].name))
                });
                notes.add_shown(Code::R101, &group.field, message, shown, fix);
            }
            Fate::Fires(situation) => note_leftovers(groups, number, situation, solver, notes),
            Fate::Taken(_) | Fate::Untold | Fate::TooMuch => {}
        }
    }
    let too_much = groups.iter().zip(fates).filter(|(_, fate)| matches!(fate, Fate::TooMuch));
    let too_much: Vec<&Group> = too_much.map(|(group, _)| group).collect();
    if let Some(first) = too_much.first() {
        let list = names(too_much.iter().map(|group| group.name.as_str()));
        let message = format!("whether {list} can fire was too much to find out");
        let fix =
            "simpler expressions, without long counted repetitions, and fewer groups can be looked at whole";
        notes.add(Code::R105, &first.field, message, fix);
    }
}

/// Tells of a group that fires only where the chance of groups before it fails, or while they rest.
fn note_leftovers(
    groups: &[Group],
    number: usize,
    situation: &Situation,
    solver: &Solver,
    notes: &mut Notes,
) {
    let Situation { draws, resting, .. } = situation;
    let is_left = draws.iter().any(|(group, draw)| *group != number && *draw > 0)
        || resting.iter().any(|group| *group != number);
    if !is_left {
        return;
    }
    let Ok(Fate::Taken(takers)) = fate(groups, number, Case::steady_but(number), solver) else { return };
    let (name, list) = (&groups[number].name, taken_by(&takers, groups));
    let message = format!(
        "{name:?} fires only on what chance or a cooldown leaves: whatever triggers it triggers {list} first"
    );
    let fix = "nothing, if that is meant; else put it before, or ask more there";
    let shown = witness(situation, groups, format!("{name:?} fires"));
    notes.add_shown(Code::R106, &groups[number].field, message, Some(shown), fix);
}

fn taken_by(takers: &Takers, groups: &[Group]) -> String {
    names(takers.keys().map(|taker| groups[*taker].name.as_str()))
}

/// Why nothing meets a group: a subgroup or two that cannot hold.
fn reason(group: &Group, solver: &Solver, wording: Wording) -> String {
    let impossible = |numbers: &[usize]| {
        let chats = Solver::in_chats(Case::default(), group.chats).into_iter().collect();
        let cases =
            numbers.iter().try_fold(chats, |cases, number| solver.holding(cases, &group.subgroups[*number]));
        cases.is_ok_and(|cases| cases.iter().all(|case| solver.solve(case) == Solved::Impossible))
    };
    let (one, several) = (wording.subgroup, wording.subgroups);
    let count = group.subgroups.len();
    if let Some(alone) = (0..count).find(|number| impossible(&[*number])) {
        return format!("nothing meets its {} {one}", ordinal(alone));
    }
    let pairs = (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second)));
    match pairs.into_iter().find(|(first, second)| impossible(&[*first, *second])) {
        Some((first, second)) => {
            format!("its {} and {} {several} contradict each other", ordinal(first), ordinal(second))
        }
        None => format!("its {several} contradict each other"),
    }
}

fn ordinal(number: usize) -> String {
    match number {
        0 => "first".to_owned(),
        1 => "second".to_owned(),
        2 => "third".to_owned(),
        _ => format!("{}th", number + 1),
    }
}
