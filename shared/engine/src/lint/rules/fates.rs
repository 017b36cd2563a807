//! Whether a group can fire: looked for by example, until there is one or none can be left.

use std::{collections::BTreeMap, ops::Range};

use super::witness;
use crate::lint::{
    Code, Notes, names,
    outline::Group,
    situation::{Case, Situation, Solved, Solver, Stop, TooMany},
};

/// How many examples are looked at for one group.
const ROUNDS: usize = 64;

/// What becomes of a group.
#[derive(Debug)]
pub(in crate::lint) enum Fate {
    /// It fires, say on this.
    Fires,
    /// Nothing meets it.
    Never,
    /// All that meets it ends before it comes to it: at these groups, each with an example.
    Taken(BTreeMap<usize, (Situation, Stop)>),
    /// It was too much to find out.
    Unknown,
}

/// What becomes of each group.
pub(super) fn fates(groups: &[Group], solver: &Solver) -> Vec<Fate> {
    (0..groups.len()).map(|number| fate(groups, number, solver).unwrap_or(Fate::Unknown)).collect()
}

/// An example of what meets the group is given to those before it. Where one of them takes it, the next example has to
/// pass that one, too.
fn fate(groups: &[Group], number: usize, solver: &Solver) -> Result<Fate, TooMany> {
    let mut cases = solver.firing(Case::default(), &groups[number])?;
    let mut takers = BTreeMap::new();
    for _ in 0..ROUNDS {
        let Some(case) = cases.pop() else {
            return Ok(if takers.is_empty() { Fate::Never } else { Fate::Taken(takers) });
        };
        let situation = match solver.solve(&case) {
            Solved::Situation(situation) => situation,
            Solved::Impossible => continue,
            Solved::Unknown => return Ok(Fate::Unknown),
        };
        let Some((taker, stop)) = first(groups, 0..number, &situation, solver) else {
            return Ok(Fate::Fires);
        };
        takers.entry(taker).or_insert((situation, stop));
        cases.extend(solver.passing(case, &groups[taker])?);
    }
    Ok(Fate::Unknown)
}

/// The first of the groups with these numbers that ends the search.
pub(super) fn first(
    groups: &[Group],
    numbers: Range<usize>,
    situation: &Situation,
    solver: &Solver,
) -> Option<(usize, Stop)> {
    solver.read(situation, |reading| {
        let mut candidates = reading.candidates().into_iter().filter(|number| numbers.contains(number));
        candidates.find_map(|number| Some((number, reading.stop(&groups[number])?)))
    })
}

/// Tells of groups that never fire. Those that an `onFailMsg` cuts off are told of there.
pub(super) fn note(groups: &[Group], fates: &[Fate], solver: &Solver, notes: &mut Notes) {
    for (group, fate) in groups.iter().zip(fates) {
        let name = &group.name;
        match fate {
            Fate::Never => {
                let message = format!("{name:?} never fires: {}", reason(group, solver));
                notes.add(Code::R102, &group.field, message, "change what contradicts, or remove the group");
            }
            Fate::Taken(takers) if takers.values().all(|(_, stop)| *stop == Stop::Fires) => {
                let list = names(takers.keys().map(|taker| groups[*taker].name.as_str()));
                let message = format!("{name:?} never fires: whatever triggers it triggers {list} first");
                let fix = "put it before what takes its messages, ask more there, or remove it";
                let shown = takers.iter().next().map(|(taker, (situation, _))| {
                    witness(situation, format!("{:?} fires", groups[*taker].name))
                });
                notes.add_shown(Code::R101, &group.field, message, shown, fix);
            }
            Fate::Fires | Fate::Taken(_) => {}
            Fate::Unknown => {
                let message = format!("whether {name:?} can fire was too much to find out");
                let fix = "simpler expressions, without long counted repetitions, can be looked at whole";
                notes.add(Code::R105, &group.field, message, fix);
            }
        }
    }
}

/// Why nothing meets a group: a subgroup or two that cannot hold.
fn reason(group: &Group, solver: &Solver) -> String {
    let impossible = |numbers: &[usize]| {
        let cases = numbers.iter().try_fold(vec![Case::default()], |cases, number| {
            solver.holding(cases, &group.subgroups[*number])
        });
        cases.is_ok_and(|cases| cases.iter().all(|case| solver.solve(case) == Solved::Impossible))
    };
    let count = group.subgroups.len();
    if let Some(alone) = (0..count).find(|number| impossible(&[*number])) {
        return format!("nothing meets its {} subgroup", ordinal(alone));
    }
    let pairs = (0..count).flat_map(|first| (first + 1..count).map(move |second| (first, second)));
    match pairs.into_iter().find(|(first, second)| impossible(&[*first, *second])) {
        Some((first, second)) => {
            format!("its {} and {} subgroups contradict each other", ordinal(first), ordinal(second))
        }
        None => "its subgroups contradict each other".to_owned(),
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
