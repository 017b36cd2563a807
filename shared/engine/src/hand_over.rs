//! Conversations that an operator has: the bot keeps silent for the person until it is given back, or the time is over.

use std::{borrow::Cow, time::Duration};

use crate::{
    Decision, Event, Guard, HandedBackBy, Silence, State, Tried, Update, Woken, guard::Verdict, scenario,
    state::HandedOver, turn::Turn,
};

/// Leaves the conversation with the person to an operator, for `length` at most.
pub(crate) fn begin(length: Duration, turn: &mut Turn<'_>) {
    let now = turn.update.time;
    let since = turn.state.person.handed_over.as_ref().map(|handed_over| handed_over.since);
    if since.is_none() {
        turn.event(Event::HandedOver);
    }
    if let Some(progress) = &mut turn.state.person.scenario {
        // The operator reads what the person has begun to write.
        progress.burst = None;
    }
    let person = Some(turn.update.sender.clone());
    turn.state.person.handed_over =
        Some(HandedOver { since: since.unwrap_or(now), until: now + length, person });
}

/// Takes the conversation back, if an operator has it. What a step waits for has waited meanwhile.
pub(crate) fn end(reason: HandedBackBy, turn: &mut Turn<'_>) {
    let Some(handed_over) = turn.state.person.handed_over.take() else { return };
    let paused = turn.update.time.since(handed_over.since);
    if let Some(progress) = &mut turn.state.person.scenario {
        progress.since = progress.since + paused;
    }
    turn.event(Event::HandedBack { reason });
    turn.trace.note(|| Tried::Woken(Woken::TakenBack));
}

/// Keeps the bot silent while an operator has the conversation.
pub(crate) fn check(turn: &mut Turn<'_>) -> Verdict {
    let Some(handed_over) = &turn.state.person.handed_over else { return Verdict::Pass };
    // The timer that takes it back may be late. A group is no place to go on with a scenario.
    if handed_over.until > turn.update.time || !turn.update.is_direct() {
        turn.trace.note(|| Tried::Guard(Guard::HandedOver));
        return Verdict::Silent(Silence::HandedOver);
    }
    end(HandedBackBy::Time, turn);
    scenario::go_on_if_due(turn);
    // What the person wrote was written to the operator.
    if turn.has_acted() { Verdict::Answered } else { Verdict::Pass }
}

/// The update that gives a conversation back, about the person as Telegram told of them last.
pub(crate) fn given_back_as_known<'u>(state: &State, update: &'u Update) -> Cow<'u, Update> {
    let known = state.person.handed_over.as_ref().and_then(|handed_over| handed_over.person.as_ref());
    match known.filter(|known| known.id == update.sender.id && update.sender.first_name.is_empty()) {
        Some(known) => Cow::Owned(Update { sender: known.clone(), ..update.clone() }),
        None => Cow::Borrowed(update),
    }
}

/// Decides on a conversation that an operator gave back.
pub(crate) fn given_back(mut turn: Turn<'_>) -> Decision {
    if turn.state.person.handed_over.is_none() {
        turn.trace.note(|| Tried::Woken(Woken::NotHandedOver));
        return turn.finish();
    }
    end(HandedBackBy::Operator, &mut turn);
    if turn.content.stopped {
        // Whatever is due waits for the timer.
        return turn.finish();
    }
    scenario::go_on_if_due(&mut turn);
    turn.finish()
}
