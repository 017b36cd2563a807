//! What of the content the tests have come by.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
};

use troupe_engine::{GroupOutcome, StepOutcome, Tried};

use crate::{
    bundle::{Bot, Bundle},
    document::Node,
    paint::{bad, dim, good},
    told::Outcome,
    world::Heard,
};

/// The kinds of thing that are counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    TriggerGroups,
    Entries,
    Steps,
    Branches,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::TriggerGroups => "trigger groups",
            Self::Entries => "library entries",
            Self::Steps => "scenario steps",
            Self::Branches => "branches",
        }
    }
}

/// What there is, by kind, and how often each was come by.
#[derive(Debug, Default)]
pub struct Coverage(BTreeMap<Kind, BTreeMap<String, usize>>);

impl Coverage {
    /// All of `bundle`, with nothing come by yet.
    pub fn of(bundle: &Bundle) -> Self {
        let mut coverage = Self::default();
        for (name, rules) in &bundle.rules {
            coverage.add(
                Kind::TriggerGroups,
                rules.compiled.group_names().map(|group| format!("{name}/{group}")),
            );
        }
        for (name, library) in &bundle.libraries {
            coverage.add(Kind::Entries, library.compiled.entry_ids().map(|entry| format!("{name}/{entry}")));
        }
        for (name, scenario) in &bundle.scenarios {
            coverage.add(Kind::Steps, scenario.compiled.step_names().map(|step| format!("{name}/{step}")));
            coverage.add(Kind::Branches, branches(name, &scenario.source).into_iter());
        }
        coverage
    }

    fn add(&mut self, kind: Kind, names: impl Iterator<Item = String>) {
        let known = self.0.entry(kind).or_default();
        names.for_each(|name| {
            known.entry(name).or_default();
        });
    }

    /// Adds what others have come by.
    pub fn join(&mut self, other: Self) {
        for (kind, names) in other.0 {
            for (name, count) in names {
                *self.0.entry(kind).or_default().entry(name).or_default() += count;
            }
        }
    }

    /// Counts what a message has come by.
    pub fn count(&mut self, heard: &Heard, bot: &Bot<'_>) {
        let rules = bot.file.settings.rules.as_ref().map_or("", |name| name.as_str());
        let mut came_by = BTreeSet::new();
        let mut from: Option<String> = None;
        for tried in &heard.decision.trace.steps {
            match tried {
                Tried::TriggerGroup { group, outcome: GroupOutcome::Fired } => {
                    came_by.insert((Kind::TriggerGroups, format!("{rules}/{group}")));
                }
                Tried::Scenario { scenario, step, outcome, .. } => {
                    let step = format!("{scenario}/{step}");
                    match outcome {
                        StepOutcome::Reached => {
                            if let Some(from) = &from {
                                came_by.insert((Kind::Branches, way(from, &step)));
                            }
                            came_by.insert((Kind::Steps, step.clone()));
                            from = Some(step);
                        }
                        StepOutcome::Accepted
                        | StepOutcome::GivenUp
                        | StepOutcome::Expired
                        | StepOutcome::GoesOn
                        | StepOutcome::Returned => from = Some(step),
                        _ => from = None,
                    }
                }
                _ => {}
            }
        }
        for source in Outcome::of(&heard.decision, heard.update.chat.id).sources() {
            if let Some(entry) = source.strip_prefix("entry ") {
                came_by.insert((Kind::Entries, entry.to_owned()));
            }
        }
        for (kind, name) in came_by {
            if let Some(count) = self.0.get_mut(&kind).and_then(|names| names.get_mut(&name)) {
                *count += 1;
            }
        }
    }

    /// Of each kind: how many were come by, how many there are, and the names of the others.
    pub fn sums(&self) -> Vec<(Kind, usize, usize, Vec<&str>)> {
        let named = self.0.iter().filter(|(_, names)| !names.is_empty());
        let sum = named.map(|(kind, names)| {
            let missing: Vec<_> =
                names.iter().filter(|(_, count)| **count == 0).map(|(name, _)| name.as_str()).collect();
            (*kind, names.len() - missing.len(), names.len(), missing)
        });
        sum.collect()
    }

    /// As lines for people; the names of what was not come by, too, if they are wanted.
    pub fn text(&self, missing_too: bool) -> String {
        let mut text = String::new();
        for (kind, hit, all, missing) in self.sums() {
            let share = format!("{hit:>4} of {all:<4}");
            let share = if hit == all { good(&share) } else { share };
            let _ =
                writeln!(text, "  {:<16}{share}{}", kind.as_str(), dim(&format!("{:>4} %", hit * 100 / all)));
            if missing_too {
                for name in missing {
                    let _ = writeln!(text, "    {} {name}", bad("not tested:"));
                }
            }
        }
        text
    }
}

fn way(from: &str, to: &str) -> String {
    let to = to.split_once('/').map_or(to, |(_, step)| step);
    format!("{from} -> {to}")
}

/// The ways from one step to the next where there is more than one: those of branches, and of questions that give up.
/// Two that lead from the same step to the same are one.
fn branches(scenario: &str, source: &Node) -> Vec<String> {
    let mut ways = Vec::new();
    for (name, step) in source.get("steps").map(Node::fields).unwrap_or_default() {
        let direct = ["next", "otherwise"].into_iter().filter_map(|field| step.get(field));
        let direct = direct.chain(step.get("expire").and_then(|expire| expire.get("next")));
        let branch = step.get("branch").map(Node::items).unwrap_or_default();
        let branch = branch.iter().filter_map(|branch| branch.get("next"));
        let to: BTreeSet<&str> = direct.chain(branch).filter_map(Node::text).collect();
        if to.len() > 1 {
            ways.extend(to.into_iter().map(|to| format!("{scenario}/{name} -> {to}")));
        }
    }
    ways
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_with_one_way_out_is_no_branch() {
        let source = "steps:\n  a: {say: x, next: b}\n  b: {ask: x, next: c, otherwise: d}\n  \
                      c: {branch: [{variable: x, is: y, next: d}], otherwise: b}\n  d: {end: goal}\n";
        let source = crate::document::read(source).unwrap();
        assert_eq!(branches("s", &source), ["s/b -> c", "s/b -> d", "s/c -> b", "s/c -> d"]);
    }
}
