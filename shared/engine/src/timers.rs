//! Timers: what the bot wants to be told later, and what it does then.
//!
//! There is one timer for each person, for the first thing that will be due: a reminder, the end of a wait, of a burst of
//! messages, or of an operator's time. What is due is read from the state, never from the timer: one that fires late,
//! twice or out of date can do nothing wrong. A timer is told from others by its token, which is made from the update
//! that set it.

use std::borrow::Cow;

use troupe_types::{ChatId, MessageId, Timestamp, UpdateKey, UpdateKind};

use crate::{
    Content, Decision, HandedBackBy, Purpose, Seed, State, Timer, Tried, Update, Woken, hand_over, limits,
    scenario,
    state::{PersonState, SetTimer},
    turn::Turn,
};

/// What is to become of the person's timer when a decision is made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wake {
    /// It is set for what will be due.
    WhenDue,
    /// The one that is set is set once more.
    Again,
    /// It is set for a while later, whatever is due.
    Later,
}

impl Content {
    /// When something will be due for a person of whom this is remembered, if nothing happens before, and what.
    pub fn due(&self, person: &PersonState) -> Option<(Timestamp, Purpose)> {
        if person.opted_out.is_some() {
            return None;
        }
        match &person.handed_over {
            Some(handed_over) => Some((handed_over.until, Purpose::TakeBack)),
            None => scenario::due_at(self, person.scenario.as_ref()?),
        }
    }
}

/// The update as it is decided on: a timer that ends a burst of messages comes with all that they said, and whoever is
/// given back by an operator comes with the name that was known.
pub(crate) fn heard<'u>(state: &State, update: &'u Update) -> Cow<'u, Update> {
    let token = match update.key.kind {
        UpdateKind::Timer(token) => token,
        UpdateKind::HandedBack(_) => return hand_over::given_back_as_known(state, update),
        UpdateKind::New | UpdateKind::Edited(_) => return Cow::Borrowed(update),
    };
    let burst = state.person.scenario.as_ref().and_then(|progress| progress.burst.as_ref());
    let is_set = state.person.timer.is_some_and(|set| set.token == token);
    match burst.filter(|burst| is_set && burst.until <= update.time) {
        Some(burst) => {
            let mut update = update.clone();
            update.message.id = burst.last;
            update.message.text.clone_from(&burst.text);
            Cow::Owned(update)
        }
        None => Cow::Borrowed(update),
    }
}

/// Decides on a timer that fired.
pub(crate) fn fire(token: u64, mut turn: Turn<'_>) -> Decision {
    if turn.state.person.timer.is_none_or(|set| set.token != token) {
        turn.trace.note(|| Tried::Woken(Woken::Stale));
        // There is one place for a person's timer at the broker. Whatever put this one there once more may have cost
        // the one that is set its place.
        turn.wake = Wake::Again;
        return turn.finish();
    }
    turn.state.person.timer = None;
    if turn.content.stopped {
        turn.trace.note(|| Tried::Woken(Woken::PutOff));
        turn.wake = Wake::Later;
        return turn.finish();
    }
    turn.trace.note(|| Tried::Woken(Woken::Due));
    let handed_over = turn.state.person.handed_over.as_ref();
    let over = handed_over.is_some_and(|handed_over| handed_over.until <= turn.update.time);
    if over {
        hand_over::end(HandedBackBy::Time, &mut turn);
    }
    if turn.state.person.handed_over.is_none() {
        scenario::go_on_if_due(&mut turn);
    }
    // A burst was received and is answered; anything else the bot says of its own accord.
    if turn.update.message.id == MessageId::new(0) { turn.finish() } else { turn.answered() }
}

/// Sets the person's timer for what will be due first, if the decision changed that.
pub(crate) fn set(turn: &mut Turn<'_>) -> Option<Timer> {
    let (due, purpose) = match turn.wake {
        Wake::Again => {
            let SetTimer { due, token } = turn.state.person.timer?;
            let (_, purpose) = turn.content.due(&turn.state.person)?;
            return Some(Timer { key: key(turn, token), due, purpose });
        }
        Wake::Later => (turn.update.time + limits::PUT_OFF, Purpose::LookAgain),
        Wake::WhenDue if is_as_before(turn) => return None,
        Wake::WhenDue => match turn.content.due(&turn.state.person) {
            Some((due, _)) if turn.state.person.timer.is_some_and(|set| set.due == due) => return None,
            Some(due) => due,
            None => {
                if turn.state.person.timer.is_some() {
                    turn.state.person.timer = None;
                }
                return None;
            }
        },
    };
    let token = Seed::of(&turn.update.key).stream(&["timer"]).next();
    turn.state.person.timer = Some(SetTimer { due, token });
    turn.trace.note(|| Tried::TimerSet { due, purpose });
    Some(Timer { key: key(turn, token), due, purpose })
}

fn key(turn: &Turn<'_>, token: u64) -> UpdateKey {
    UpdateKey {
        bot: turn.update.bot,
        chat: ChatId::direct(turn.update.sender.id),
        message: MessageId::new(0),
        kind: UpdateKind::Timer(token),
    }
}

/// Whether nothing has changed that what is due depends on.
fn is_as_before(turn: &Turn<'_>) -> bool {
    let [before, now] = [turn.before, &turn.state].map(|state| &state.person);
    before.timer == now.timer
        && before.handed_over == now.handed_over
        && before.opted_out == now.opted_out
        && before.scenario == now.scenario
}
