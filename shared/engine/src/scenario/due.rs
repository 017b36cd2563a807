use std::sync::Arc;

use troupe_types::Timestamp;

use super::{
    Ask, Kind,
    place::Place,
    run,
    walk::{end, note, say, walk},
};
use crate::{Content, Event, Purpose, StepOutcome, state::Progress, turn::Turn};

/// When something will be due where a person waits, and what; `None` if only the person can go on.
pub(crate) fn due_at(content: &Content, progress: &Progress) -> Option<(Timestamp, Purpose)> {
    let scenario = content.scenario(&progress.scenario, progress.version)?;
    let since = progress.since;
    match &scenario.steps[scenario.step(&progress.step)?].kind {
        Kind::Ask(ask) => {
            if let Some(burst) = &progress.burst {
                return Some((burst.until, Purpose::Answer));
            }
            let reminder = usize::try_from(progress.reminded).ok().and_then(|said| ask.reminders.get(said));
            let reminder = reminder.map(|reminder| (since + reminder.after, Purpose::Remind));
            let expire = ask.expire.map(|expire| (since + expire.after, Purpose::Expire));
            reminder.into_iter().chain(expire).min_by_key(|(due, _)| *due)
        }
        Kind::Wait { length, .. } => Some((since + *length, Purpose::GoOn)),
        // Whoever still waits here has been given back.
        Kind::HandOver { .. } => Some((since, Purpose::GoOn)),
        Kind::Say { .. }
        | Kind::Branch { .. }
        | Kind::Set { .. }
        | Kind::Webhook { .. }
        | Kind::Call { .. }
        | Kind::End { .. } => None,
    }
}

/// Does what is due by now where the person waits, if anything is.
pub(crate) fn go_on_if_due(turn: &mut Turn<'_>) {
    let Some(place) = Place::find(turn) else { return };
    let now = turn.update.time;
    match &place.step().kind {
        Kind::Ask(ask) => match &place.progress.burst {
            Some(burst) if burst.until <= now && turn.update.message.id == burst.last => {
                let progress = Progress { burst: None, ..place.progress.clone() };
                run::take(&Place { progress, ..place.clone() }, ask, turn);
            }
            Some(_) => {}
            None => keep_waiting(&place, ask, turn),
        },
        Kind::Wait { next, .. } | Kind::HandOver { next, .. } => {
            if due_at(turn.content, &place.progress).is_some_and(|(due, _)| due <= now) {
                note(&place.scenario, &place.step().name, StepOutcome::GoesOn, turn);
                walk(&place.scenario, place.progress.clone(), *next, turn);
            }
        }
        Kind::Say { .. }
        | Kind::Branch { .. }
        | Kind::Set { .. }
        | Kind::Webhook { .. }
        | Kind::Call { .. }
        | Kind::End { .. } => {}
    }
}

/// Reminds the person, or gives up waiting, if it is time to.
fn keep_waiting(place: &Place, ask: &Ask, turn: &mut Turn<'_>) {
    let Place { scenario, progress, .. } = place;
    let (name, now) = (&place.step().name, turn.update.time);
    if let Some(expire) = ask.expire
        && progress.since + expire.after <= now
    {
        note(scenario, name, StepOutcome::Expired, turn);
        turn.event(Event::StepExpired {
            scenario: Arc::clone(&scenario.name),
            version: scenario.version,
            step: Arc::clone(name),
        });
        match expire.next {
            Some(next) => walk(scenario, progress.clone(), next, turn),
            None => end(progress.clone(), false, turn),
        }
        return;
    }
    // Of several that are due only the last is said: the others' time has passed.
    let due = ask.reminders.iter().take_while(|reminder| progress.since + reminder.after <= now).count();
    let number = u32::try_from(due).unwrap_or(u32::MAX);
    if number <= progress.reminded {
        return;
    }
    note(scenario, name, StepOutcome::Reminded { number }, turn);
    turn.event(Event::StepReminded {
        scenario: Arc::clone(&scenario.name),
        version: scenario.version,
        step: Arc::clone(name),
        number,
    });
    let field = format!("remind {number}");
    say(scenario, name, &field, &ask.reminders[due - 1].say, progress.language.as_deref(), turn);
    turn.state.person.scenario = Some(Progress { reminded: number, ..progress.clone() });
}
