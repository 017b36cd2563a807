//! How scenarios that others call come back.

use std::collections::{BTreeMap, BTreeSet};

use super::Ways;
use crate::{
    document::{At, Node},
    lint::variables::{field, text_of},
};

/// How the scenarios that belong together end.
#[derive(Debug, Default)]
pub(in crate::lint) struct Calls(BTreeMap<String, Ends>);

/// How a scenario may end.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Ends {
    pub with_goal: bool,
    pub without: bool,
}

impl Calls {
    /// Of these scenarios, each with its name.
    pub fn of(scenarios: &[(&str, &Node)]) -> Self {
        let mut calls = Self::default();
        let callees: BTreeMap<&str, BTreeSet<String>> =
            scenarios.iter().map(|(name, node)| (*name, called(&At::root(node)))).collect();
        for (name, _) in scenarios {
            // One that comes to call itself is called only so deep, and then passed over.
            let ends = Ends { with_goal: calls_itself(name, &callees), without: false };
            calls.0.insert((*name).to_owned(), ends);
        }
        // How one ends depends on those that it calls: each round may let one more of them end.
        loop {
            let mut changed = false;
            for (name, node) in scenarios {
                let root = At::root(node);
                let Some(steps) = field(&root, "steps") else { continue };
                let found = Ways::of(&root, &steps, &calls).ends_of_all();
                let known = calls.0.entry((*name).to_owned()).or_default();
                let ends = Ends {
                    with_goal: known.with_goal || found.with_goal,
                    without: known.without || found.without,
                };
                changed |= *known != ends;
                *known = ends;
            }
            if !changed {
                return calls;
            }
        }
    }

    /// How the scenario `name` ends; either way, if it is not here.
    pub(super) fn ends(&self, name: &str) -> Ends {
        self.0.get(name).copied().unwrap_or(Ends { with_goal: true, without: true })
    }
}

/// The scenarios that a scenario calls.
fn called(root: &At<'_>) -> BTreeSet<String> {
    let steps = field(root, "steps");
    let steps = steps.iter().flat_map(At::fields);
    steps.filter_map(|(_, step)| text_of(&step, "call").map(str::to_owned)).collect()
}

fn calls_itself(name: &str, callees: &BTreeMap<&str, BTreeSet<String>>) -> bool {
    let (mut seen, mut open) = (BTreeSet::new(), vec![name]);
    while let Some(next) = open.pop() {
        for callee in callees.get(next).into_iter().flatten() {
            if callee == name {
                return true;
            }
            if seen.insert(callee) {
                open.push(callee);
            }
        }
    }
    false
}
