use std::sync::Arc;

use super::{Group, Ruleset, Subgroup, condition::is_triggered, model::Chats, react};
use crate::{GroupOutcome, Source, Tried, matcher::Hits, turn::Turn};

/// Lets the first trigger group that fires answer, or the first fail message that ends the search; tells whether one
/// did.
///
/// Only the groups that the message can concern are looked at, unless all are to be told of.
pub(crate) fn answer(rules: &Ruleset, turn: &mut Turn<'_>) -> bool {
    let update = turn.update;
    let folded = turn.folded();
    let heard = Heard {
        patterns: rules.patterns.look_up(&update.message.text, &folded),
        phrases: if rules.phrases.is_empty() { Vec::new() } else { rules.phrases.said(turn.words()) },
    };
    if turn.trace.is_on() {
        return answer_from(rules.groups.iter(), &heard, turn);
    }
    let candidates = rules.index.candidates(&heard, turn);
    // Most groups fail by the pattern that they were found by, and that is told without looking at the group.
    let likely =
        candidates.iter().filter(|found| found.pattern.is_none_or(|pattern| heard.is_match(pattern)));
    answer_from(likely.map(|found| &rules.groups[found.group as usize]), &heard, turn)
}

fn answer_from<'r>(groups: impl Iterator<Item = &'r Group>, texts: &impl Texts, turn: &mut Turn<'_>) -> bool {
    for group in groups {
        let elsewhere = match group.chats {
            Chats::Direct if !turn.update.is_direct() => Some(GroupOutcome::PrivateOnly),
            Chats::Group if turn.update.is_direct() => Some(GroupOutcome::GroupOnly),
            _ => None,
        };
        if let Some(elsewhere) = elsewhere {
            turn.trace.note(|| tried(group, elsewhere));
            continue;
        }
        let failed = group.subgroups.iter().position(|subgroup| !fires(subgroup, group, texts, turn));
        let Some(failed) = failed else {
            turn.trace.note(|| tried(group, GroupOutcome::Fired));
            if let Some(cooldown) = group.cooldown {
                turn.cool(group.hash, cooldown);
            }
            react::react(group.reactions.as_ref(), &group.name, turn);
            return true;
        };
        let Subgroup { name, on_fail, .. } = &group.subgroups[failed];
        turn.trace.note(|| {
            let outcome =
                GroupOutcome::Failed { subgroup: failed, name: name.clone(), message: on_fail.is_some() };
            tried(group, outcome)
        });
        if let Some(message) = on_fail {
            let said = react::words(message, &["fail", &group.name, &failed.to_string()], turn);
            turn.reply(Source::FailMessage { group: Arc::clone(&group.name) }, said);
            return true;
        }
    }
    false
}

fn fires(subgroup: &Subgroup, group: &Group, texts: &impl Texts, turn: &Turn<'_>) -> bool {
    subgroup.triggers.iter().any(|trigger| is_triggered(trigger, group, texts, turn))
}

fn tried(group: &Group, outcome: GroupOutcome) -> Tried {
    Tried::TriggerGroup { group: Arc::clone(&group.name), outcome }
}

/// Tells what of the patterns and phrases is in the message.
pub(super) trait Texts {
    /// Whether the pattern of this number matches.
    fn is_match(&self, pattern: u32) -> bool;
    /// Whether one of the phrases of this number was said.
    fn is_said(&self, phrase: u32) -> bool;
}

/// What of the patterns and phrases was looked up in the message.
pub(super) struct Heard<'a> {
    pub patterns: Hits<'a>,
    /// In order.
    pub phrases: Vec<u32>,
}

impl Texts for Heard<'_> {
    fn is_match(&self, pattern: u32) -> bool {
        self.patterns.is_match(pattern)
    }

    fn is_said(&self, phrase: u32) -> bool {
        self.phrases.binary_search(&phrase).is_ok()
    }
}

#[cfg(test)]
mod tests;
