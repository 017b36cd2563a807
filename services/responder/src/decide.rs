//! Makes a commit of an update: asks the engine, and writes down what it decided.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use troupe_engine::{Content, Decision, Seed, State, state::PersonState};
use troupe_protocol::{Schedule, Subject, TraceContext, Update};
use troupe_store::{Commit, Document, Loaded, OutboxEntry};
use troupe_types::Partition;

use crate::{
    convert::{self, Decided, Deed},
    error::Error,
};

/// Decides. The engine cannot fail by its contract; if it panics all the same, only this update is lost.
pub(crate) fn decide(content: &Content, state: &State, update: &Update) -> Result<Decision, Error> {
    let seed = Seed::of(&update.key);
    let update = convert::update(update);
    catch_unwind(AssertUnwindSafe(|| troupe_engine::decide(content, state, &update, seed))).map_err(|panic| {
        let message = panic.downcast_ref::<String>().cloned();
        let message = message.or_else(|| panic.downcast_ref::<&str>().map(|&text| text.to_owned()));
        Error::Panicked { message: message.unwrap_or_default() }
    })
}

/// The state that deciding on an update needs. Of a person who opted out and was erased since, that alone is known.
pub(crate) fn state(loaded: &Loaded) -> Result<State, Error> {
    let mut state = State::load(loaded.bot.as_deref(), loaded.chat.as_deref(), loaded.person.as_deref())?;
    if loaded.person.is_none()
        && let Some(opted_out) = loaded.erased.and_then(|erased| erased.opted_out)
    {
        // Known already, so that nothing is remembered anew.
        state.person.first_seen = Some(opted_out);
        state.person.opted_out = Some(opted_out);
    }
    Ok(state)
}

/// Writes down what was `decided` on `update`: the documents that changed, then the actions and the calls of webhooks in
/// their order, the timer, then the events. All of it belongs to `trace`.
pub(crate) fn commit(
    partition: Partition,
    sequence: u64,
    update: &Update,
    before: &State,
    decision: Decision,
    decided: &Decided<'_>,
    trace: &TraceContext,
) -> Result<Commit, Error> {
    let after = &decision.state;
    let mut writes = Vec::new();
    if after.bot != before.bot {
        writes.push((Document::Bot(update.bot), after.bot.stored()));
    }
    if after.chat != before.chat {
        writes.push((Document::Chat(update.bot, update.chat.id), after.chat.stored()));
    }
    if after.person != before.person {
        writes.push((Document::Person(update.bot, update.sender.id), after.person.stored()));
    }
    let mut outbox = Vec::with_capacity(decision.actions.len() + decision.events.len());
    for (number, action) in (0..).zip(decision.actions) {
        outbox.push(match convert::deed(action, number, update, decided) {
            Deed::Action(action) => entry(
                Subject::Action(partition, update.bot).to_string(),
                action.key.to_string(),
                &action,
                trace,
            )?,
            Deed::Webhook(call) => entry(call.subject(), call.id(), &call, trace)?,
        });
    }
    if let Some(timer) = decision.timer {
        let fires = convert::timer(&timer, update);
        let subject = Subject::Timer(partition, update.bot, update.sender.id);
        // Known by what set it: the same timer may have to be set again.
        let id = format!("{}@timer", update.key);
        let target = Subject::Update(partition, update.bot).to_string();
        let schedule = Some(Schedule { due: timer.due, target });
        outbox.push(OutboxEntry { schedule, ..entry(subject.to_string(), id, &fires, trace)? });
    }
    for (number, event) in decision.events.into_iter().enumerate() {
        let event = convert::event(event, number, update, decided);
        outbox.push(entry(
            Subject::Event(partition, update.bot).to_string(),
            event.id.clone(),
            &event,
            trace,
        )?);
    }
    let (key, person) = (update.key, update.sender.id);
    let keep_for = decided.forget_after.filter(|_| has_nothing_open(&after.person));
    Ok(Commit { partition, sequence, update: key, person, erased: None, writes, keep_for, outbox })
}

/// Whether a person may be forgotten in time: an opt-out is for good, and whoever is in the middle of something goes on.
fn has_nothing_open(person: &PersonState) -> bool {
    let PersonState { opted_out, scenario, handed_over, timer, .. } = person;
    opted_out.is_none() && scenario.is_none() && handed_over.is_none() && timer.is_none()
}

fn entry<T: Serialize>(
    subject: String,
    id: String,
    message: &T,
    trace: &TraceContext,
) -> Result<OutboxEntry, Error> {
    let payload = serde_json::to_vec(message)?;
    Ok(OutboxEntry { id, subject, payload, trace: trace.clone(), schedule: None })
}
