//! Which trigger groups a message can concern.
//!
//! Of each group one subgroup is chosen as its key: the group is looked at only if a trigger of its key may have been
//! triggered. A group whose key has failed does not fire; and it sends no `onFailMsg` either, since only a subgroup is
//! chosen that has none, and that has none before it: the first that fails is the key or one before it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{Group, Subgroup, Trigger};
use crate::{
    matcher::{Builder, Hits},
    turn::Turn,
};

#[derive(Debug, Default)]
pub(super) struct Index {
    /// The group that each pattern is in the key of, by the pattern's number.
    by_pattern: Vec<Option<u32>>,
    by_row: HashMap<Arc<str>, Rows>,
    /// The groups that need a person without a row of the variable.
    no_row: BTreeMap<Arc<str>, Vec<u32>>,
    images: Vec<u32>,
    /// The groups without a key, for all chats and for direct ones.
    rest: Vec<u32>,
    rest_private: Vec<u32>,
}

/// The groups that need a row of one variable.
#[derive(Debug, Default)]
struct Rows {
    any: Vec<u32>,
    by_value: HashMap<String, Vec<u32>>,
}

/// What a trigger costs as part of a key, beside a text's: the number of texts that share its rarest window.
const VALUE: u64 = 4;
const IMAGE: u64 = 50;
const ROW: u64 = 200;
/// Most people have no row of most variables.
const NO_ROW: u64 = 100_000;

impl Index {
    pub fn new(groups: &[Group], patterns: &Builder) -> Self {
        let mut index = Self::default();
        for (number, group) in (0..).zip(groups) {
            match key(group, patterns) {
                Some(key) => key.triggers.iter().for_each(|trigger| index.add(number, trigger)),
                None if group.private => index.rest_private.push(number),
                None => index.rest.push(number),
            }
        }
        index
    }

    fn add(&mut self, group: u32, trigger: &Trigger) {
        match trigger {
            Trigger::Text(pattern) => {
                let pattern = *pattern as usize;
                if self.by_pattern.len() <= pattern {
                    self.by_pattern.resize(pattern + 1, None);
                }
                self.by_pattern[pattern] = Some(group);
            }
            Trigger::VariableIs { variable, value } => {
                let variable = Arc::clone(variable);
                let groups = match value {
                    Some(value) => {
                        self.by_row.entry(variable).or_default().by_value.entry(value.clone()).or_default()
                    }
                    None => self.no_row.entry(variable).or_default(),
                };
                groups.push(group);
            }
            Trigger::VariableExists { variable } => {
                self.by_row.entry(Arc::clone(variable)).or_default().any.push(group);
            }
            Trigger::Image(_) => self.images.push(group),
        }
    }

    /// Whether `pattern` is in a key.
    pub fn wants(&self, pattern: u32) -> bool {
        self.by_pattern.get(pattern as usize).is_some_and(Option::is_some)
    }

    /// The groups that may fire or send a message, in order.
    pub fn groups(&self, hits: &Hits<'_>, turn: &Turn<'_>) -> Vec<u32> {
        let mut groups = self.rest.clone();
        if turn.update.is_direct() {
            groups.extend_from_slice(&self.rest_private);
        }
        groups.extend(hits.numbers().iter().filter_map(|pattern| self.by_pattern[*pattern as usize]));
        if turn.update.message.media.is_some() {
            groups.extend_from_slice(&self.images);
        }
        for (variable, value) in turn.rows() {
            if let Some(rows) = self.by_row.get(variable) {
                groups.extend_from_slice(&rows.any);
                groups.extend(rows.by_value.get(value).into_iter().flatten());
            }
        }
        for (variable, without) in &self.no_row {
            if turn.variable(variable).is_none() {
                groups.extend_from_slice(without);
            }
        }
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

/// The subgroup that is cheapest to look up, of those that may be a key.
fn key<'a>(group: &'a Group, patterns: &Builder) -> Option<&'a Subgroup> {
    let silent = group.subgroups.iter().take_while(|subgroup| subgroup.on_fail.is_none());
    let priced = silent.filter_map(|subgroup| Some((cost(subgroup, patterns)?, subgroup)));
    priced.min_by_key(|(cost, _)| *cost).map(|(_, subgroup)| subgroup)
}

fn cost(subgroup: &Subgroup, patterns: &Builder) -> Option<u64> {
    subgroup.triggers.iter().try_fold(0_u64, |sum, trigger| {
        let cost = match trigger {
            Trigger::Text(pattern) => patterns.cost(*pattern)?,
            Trigger::VariableIs { value: Some(_), .. } => VALUE,
            Trigger::VariableIs { value: None, .. } => NO_ROW,
            Trigger::VariableExists { .. } => ROW,
            Trigger::Image(_) => IMAGE,
        };
        Some(sum.saturating_add(cost))
    })
}
