use std::sync::Arc;

use troupe_types::{ChatId, MediaKind};

use super::{Reaction, ReactionGroup, VariableRef, condition::number, model::Saying};
use crate::{
    ActionBody, Event, ReactionOutcome, Source, Tried, hand_over, scenario,
    turn::{Said, Turn},
};

/// Carries out one reaction of each subgroup, in order.
pub(super) fn react(group: Option<&ReactionGroup>, name: &Arc<str>, turn: &mut Turn<'_>) {
    let subgroups = group.map_or(&[][..], |group| &group.subgroups);
    for (subgroup, reactions) in subgroups.iter().enumerate() {
        let label = subgroup.to_string();
        let chosen = turn.seed.stream(&["reaction", name, &label]).index(reactions.len());
        let outcome = carry_out(&reactions[chosen], name, &[&label, &chosen.to_string()], turn);
        turn.trace.note(|| Tried::Reaction { subgroup, chosen, of: reactions.len(), outcome });
    }
}

/// What `saying` says to the person, whose chance `label` names.
pub(super) fn words(saying: &Saying, label: &[&str], turn: &mut Turn<'_>) -> Said {
    match saying {
        Saying::Plain(text) => text.clone().into(),
        Saying::Answers(answers) => turn.word(answers, label, None).1,
    }
}

fn carry_out(
    reaction: &Reaction,
    group: &Arc<str>,
    place: &[&str; 2],
    turn: &mut Turn<'_>,
) -> ReactionOutcome {
    let source = || Source::TriggerGroup { group: Arc::clone(group) };
    let message = turn.update.message.id;
    match reaction {
        Reaction::Say { text, chat } => {
            let chat = match chat {
                None => turn.update.chat.id,
                Some(variable) => match chat_in(variable, turn) {
                    Ok(chat) => chat,
                    Err(outcome) => return outcome,
                },
            };
            let said = words(text, &["say", group, place[0], place[1]], turn);
            turn.reply_in(chat, source(), said);
        }
        Reaction::Set(changes) => {
            for (variable, value) in changes {
                let value = value.clone().unwrap_or_else(|| turn.update.message.text.clone());
                variable.set(value, turn);
            }
        }
        Reaction::Add(changes) => {
            let mut outcome = ReactionOutcome::Done;
            for (variable, amount) in changes {
                let sum = match variable.value(turn) {
                    None => Some(*amount),
                    Some(value) => number(value).map(|number| number + amount),
                };
                match sum.filter(|sum| sum.is_finite()) {
                    Some(sum) => variable.set(sum.to_string(), turn),
                    None => outcome = ReactionOutcome::NoNumber { variable: Arc::clone(&variable.name) },
                }
            }
            return outcome;
        }
        Reaction::Remove(variables) => variables.iter().for_each(|variable| variable.remove(turn)),
        Reaction::StoreFile(bounds) => {
            let media = turn.update.message.media.as_ref();
            if !media.is_some_and(|media| media.kind != MediaKind::Other && bounds.hold(media)) {
                return ReactionOutcome::NoSuchFile;
            }
            turn.act(source(), ActionBody::StoreFile { message });
        }
        Reaction::React { emoji } => turn.act(source(), ActionBody::React { message, emoji: emoji.clone() }),
        Reaction::Forward { chat: variable } => match chat_in(variable, turn) {
            Ok(chat) => {
                let from = turn.update.chat.id;
                turn.act_in(chat, source(), ActionBody::Forward { from, message });
            }
            Err(outcome) => return outcome,
        },
        Reaction::Wait(time) => turn.wait(*time),
        Reaction::Goal(goal) => turn.event(Event::GoalReached { goal: Arc::clone(goal) }),
        Reaction::StartScenario(name) => {
            if !scenario::start(name, turn) {
                return ReactionOutcome::NoSuchScenario { scenario: Arc::clone(name) };
            }
        }
        Reaction::EndScenario => {
            if turn.state.person.scenario.is_none() {
                return ReactionOutcome::NoScenario;
            }
            scenario::leave(turn);
        }
        Reaction::HandOver(length) => hand_over::begin(*length, turn),
        Reaction::Webhook(webhook) => {
            webhook.call(source(), &["rules", group, place[0], place[1]], None, turn);
        }
    }
    ReactionOutcome::Done
}

/// The chat whose id the single variable holds.
fn chat_in(variable: &Arc<str>, turn: &Turn<'_>) -> Result<ChatId, ReactionOutcome> {
    let id = turn.single_variable(variable).and_then(|id| id.trim().parse().ok());
    // Telegram has no chat 0.
    let id = id.filter(|id| *id != 0).map(ChatId::new);
    id.ok_or_else(|| ReactionOutcome::NoSuchChat { variable: Arc::clone(variable) })
}

impl VariableRef {
    fn set(&self, value: String, turn: &mut Turn<'_>) {
        if self.single {
            turn.set_single_variable(&self.name, value);
        } else {
            turn.set_variable(&self.name, value);
        }
    }

    fn remove(&self, turn: &mut Turn<'_>) {
        if self.single {
            turn.remove_single_variable(&self.name);
        } else {
            turn.remove_variable(&self.name);
        }
    }
}
