use std::sync::Arc;

use troupe_types::{ChatId, Media, MediaKind};

use super::{Bounds, Group, Reaction, ReactionGroup, Ruleset, Subgroup, Trigger};
use crate::{ActionBody, GroupOutcome, ReactionOutcome, Source, Tried, matcher::Hits, turn::Turn};

/// Lets the first trigger group that fires answer, or the first `onFailMsg` that ends the search; tells whether one
/// did.
///
/// Only the groups that the message can concern are looked at, unless all are to be told of.
pub(crate) fn answer(rules: &Ruleset, turn: &mut Turn<'_>) -> bool {
    let update = turn.update;
    let folded = turn.folded();
    let hits = rules.patterns.look_up(&update.message.text, &folded);
    if turn.trace.is_on() {
        return answer_from(rules.groups.iter(), rules, &hits, turn);
    }
    let groups = rules.index.groups(&hits, turn);
    answer_from(groups.iter().map(|group| &rules.groups[*group as usize]), rules, &hits, turn)
}

fn answer_from<'r>(
    groups: impl Iterator<Item = &'r Group>,
    rules: &Ruleset,
    texts: &impl Texts,
    turn: &mut Turn<'_>,
) -> bool {
    for group in groups {
        if group.private && !turn.update.is_direct() {
            turn.trace.note(|| tried(group, GroupOutcome::PrivateOnly));
            continue;
        }
        let Some(failed) = group.subgroups.iter().position(|subgroup| !fires(subgroup, texts, turn)) else {
            turn.trace.note(|| tried(group, GroupOutcome::Fired));
            react(rules.reactions.get(&group.name), &group.name, turn);
            return true;
        };
        let Subgroup { name, on_fail, .. } = &group.subgroups[failed];
        turn.trace.note(|| {
            let outcome =
                GroupOutcome::Failed { subgroup: failed, name: name.clone(), message: on_fail.is_some() };
            tried(group, outcome)
        });
        if let Some(message) = on_fail {
            turn.reply(Source::FailMessage { group: Arc::clone(&group.name) }, message.clone());
            return true;
        }
    }
    false
}

/// Tells which patterns match the message.
trait Texts {
    fn is_match(&self, pattern: u32) -> bool;
}

impl Texts for Hits<'_> {
    fn is_match(&self, pattern: u32) -> bool {
        Hits::is_match(self, pattern)
    }
}

fn tried(group: &Group, outcome: GroupOutcome) -> Tried {
    Tried::TriggerGroup { group: Arc::clone(&group.name), outcome }
}

fn fires(subgroup: &Subgroup, texts: &impl Texts, turn: &Turn<'_>) -> bool {
    subgroup.triggers.iter().any(|trigger| is_triggered(trigger, texts, turn))
}

fn is_triggered(trigger: &Trigger, texts: &impl Texts, turn: &Turn<'_>) -> bool {
    let message = &turn.update.message;
    match trigger {
        Trigger::Text(pattern) => !message.text.is_empty() && texts.is_match(*pattern),
        Trigger::VariableIs { variable, value } => turn.variable(variable) == value.as_deref(),
        Trigger::VariableExists { variable } => turn.variable(variable).is_some(),
        Trigger::Image(bounds) => {
            message.media.as_ref().is_some_and(|media| is_image(media) && bounds.hold(media))
        }
    }
}

fn is_image(media: &Media) -> bool {
    match media.kind {
        MediaKind::Photo => true,
        MediaKind::Document => media.mime.as_ref().is_some_and(|mime| mime.starts_with("image/")),
        MediaKind::Other => false,
    }
}

impl Bounds {
    #[expect(clippy::cast_precision_loss, reason = "no file has 2^53 bytes")]
    fn hold(self, media: &Media) -> bool {
        (self.bytes_min..=self.bytes_max).contains(&(media.bytes as f64))
    }
}

/// Carries out one reaction of each subgroup, in order.
fn react(group: Option<&ReactionGroup>, name: &Arc<str>, turn: &mut Turn<'_>) {
    let subgroups = group.map_or(&[][..], |group| &group.subgroups);
    for (subgroup, reactions) in subgroups.iter().enumerate() {
        let chosen = turn.seed.stream(&["reaction", name, &subgroup.to_string()]).index(reactions.len());
        let outcome = carry_out(&reactions[chosen], name, turn);
        turn.trace.note(|| Tried::Reaction { subgroup, chosen, of: reactions.len(), outcome });
    }
}

fn carry_out(reaction: &Reaction, group: &Arc<str>, turn: &mut Turn<'_>) -> ReactionOutcome {
    let source = || Source::TriggerGroup { group: Arc::clone(group) };
    match reaction {
        Reaction::Text { text, chat: None } => turn.reply(source(), text.clone()),
        Reaction::Text { text, chat: Some(variable) } => {
            // Telegram has no chat 0.
            let chat =
                turn.single_variable(variable).and_then(|id| id.trim().parse().ok()).filter(|id| *id != 0);
            let Some(chat) = chat else {
                return ReactionOutcome::NoSuchChat { variable: Arc::clone(variable) };
            };
            turn.reply_in(ChatId::new(chat), source(), text.clone());
        }
        Reaction::Set { variable, value } => {
            let value = value.clone().unwrap_or_else(|| turn.update.message.text.clone());
            turn.set_variable(variable, value);
        }
        Reaction::Remove { variable } => turn.remove_variable(variable),
        Reaction::StoreFile(bounds) => {
            let message = &turn.update.message;
            let file =
                message.media.as_ref().filter(|media| media.kind != MediaKind::Other && bounds.hold(media));
            if file.is_none() {
                return ReactionOutcome::NoSuchFile;
            }
            turn.act(source(), ActionBody::StoreFile { message: message.id });
        }
    }
    ReactionOutcome::Done
}

#[cfg(test)]
mod tests;
