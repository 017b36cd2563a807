//! Between what crosses the bus and what the engine knows. The two say the same, but may change for different reasons.

use std::time::Duration;

use troupe_engine as engine;
use troupe_protocol as protocol;
use troupe_protocol::UpdateBody;
use troupe_types::{ActionKey, Chat, Timestamp};

use crate::catalogue::InUse;

/// An update as the engine knows it.
pub(crate) fn update(update: &protocol::Update) -> engine::Update {
    engine::Update {
        key: update.key,
        bot: update.bot,
        chat: update.chat.clone(),
        sender: update.sender.clone(),
        time: update.time,
        edited: matches!(update.body, UpdateBody::Edited(_)),
        message: update.body.message().cloned().unwrap_or_else(engine::Update::no_message),
    }
}

/// The timer that was set by a decision on `update`: the update that is to come.
pub(crate) fn timer(timer: &engine::Timer, update: &protocol::Update) -> protocol::Update {
    protocol::Update {
        key: timer.key,
        bot: timer.key.bot,
        chat: Chat { id: timer.key.chat, title: None },
        sender: update.sender.clone(),
        time: timer.due,
        received: timer.due,
        body: UpdateBody::Timer,
    }
}

/// The groups that a bot answers in.
pub(crate) fn groups(policy: &protocol::GroupPolicy) -> engine::Groups {
    match policy {
        protocol::GroupPolicy::None => engine::Groups::None,
        protocol::GroupPolicy::All => engine::Groups::All,
        protocol::GroupPolicy::Only(chats) => engine::Groups::Only(chats.clone()),
    }
}

/// How an update was decided.
pub(crate) struct Decided<'a> {
    /// When, by this service's clock.
    pub(crate) at: Timestamp,
    /// By which versions of documents.
    pub(crate) versions: &'a InUse,
    /// Whether events tell what people wrote.
    pub(crate) tell_texts: bool,
    /// After how long a person of whom nothing comes any more is forgotten; `None` never.
    pub(crate) forget_after: Option<Duration>,
}

/// Something that was decided to be done, told from the rest by who does it.
pub(crate) enum Deed {
    /// Done by ingress.
    Action(protocol::Action),
    /// Done by the webhooks service.
    Webhook(protocol::Webhook),
}

/// The `number`th action that was `decided` on `update`.
pub(crate) fn deed(
    action: engine::Action,
    number: u16,
    update: &protocol::Update,
    decided: &Decided<'_>,
) -> Deed {
    let engine::Action { chat, source: by, delay, body } = action;
    let key = ActionKey { update: update.key, number };
    let (bot, person) = (update.bot, update.sender.id);
    let (source, delay_ms) =
        (source(by, decided.versions), u64::try_from(delay.as_millis()).unwrap_or(u64::MAX));
    let (decided, received) = (decided.at, update.received);
    let body = match body {
        engine::ActionBody::Read { message } => protocol::ActionBody::Read { message },
        engine::ActionBody::Reply { text, media, reply_to } => {
            protocol::ActionBody::Reply { text, media: media.as_ref().map(attachment), reply_to }
        }
        engine::ActionBody::StoreFile { message } => protocol::ActionBody::StoreFile { message },
        engine::ActionBody::React { message, emoji } => protocol::ActionBody::React { message, emoji },
        engine::ActionBody::Forward { from, message } => protocol::ActionBody::Forward { from, message },
        engine::ActionBody::Webhook { target, send } => {
            let target = target.parse().expect("content with another name does not compile");
            let call = protocol::Webhook { key, bot, chat, person, decided, source, delay_ms, target, send };
            return Deed::Webhook(call);
        }
    };
    Deed::Action(protocol::Action { key, bot, chat, person, decided, received, source, delay_ms, body })
}

fn attachment(attachment: &engine::Attachment) -> protocol::Attachment {
    let kind = match attachment.kind {
        engine::AttachmentKind::Photo => protocol::AttachmentKind::Photo,
        engine::AttachmentKind::Document => protocol::AttachmentKind::Document,
    };
    protocol::Attachment { kind, name: attachment.name.as_ref().to_owned() }
}

/// The `number`th event that came of `update`.
pub(crate) fn event(
    event: engine::Event,
    number: usize,
    update: &protocol::Update,
    decided: &Decided<'_>,
) -> protocol::Event {
    let mut body = event_body(event, decided.at.since(update.received), decided.versions);
    if let protocol::EventBody::MessageReceived { text, .. } = &mut body
        && decided.tell_texts
    {
        *text = update.body.message().map(|message| message.text.clone()).filter(|text| !text.is_empty());
    }
    let time = match &body {
        protocol::EventBody::MessageReceived { .. } | protocol::EventBody::MessageEdited { .. } => {
            update.time
        }
        _ => decided.at,
    };
    protocol::Event {
        // Deciding again gives the same events in the same order, so the same happening has the same id.
        id: format!("{}!{number}", update.key),
        bot: update.bot,
        chat: Some(update.chat.id),
        person: Some(update.sender.id),
        update: Some(update.key),
        time,
        body,
    }
}

fn event_body(event: engine::Event, took: Duration, versions: &InUse) -> protocol::EventBody {
    use engine::Event as From;
    use protocol::EventBody as To;
    let decide_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
    match event {
        From::MessageReceived { message, media, own_bot } => {
            To::MessageReceived { message, media, own_bot, text: None }
        }
        From::MessageEdited { message } => To::MessageEdited { message },
        From::Replied { source: by } => To::Replied { source: source(by, versions), decide_us },
        From::Silent { reason } => To::Silent { reason: reason.as_str().to_owned(), decide_us },
        From::PersonFirstSeen => To::PersonFirstSeen,
        From::OptedOut => To::OptedOut,
        From::ScenarioAssigned { scenario, version } => {
            To::ScenarioAssigned { scenario: scenario.as_ref().to_owned(), version }
        }
        From::ScenarioStarted { scenario, version } => {
            To::ScenarioStarted { scenario: scenario.as_ref().to_owned(), version }
        }
        From::StepReached { scenario, version, step } => To::StepReached {
            scenario: scenario.as_ref().to_owned(),
            version,
            step: step.as_ref().to_owned(),
        },
        From::StepAnswered { scenario, version, step, valid } => To::StepAnswered {
            scenario: scenario.as_ref().to_owned(),
            version,
            step: step.as_ref().to_owned(),
            valid,
        },
        From::StepReminded { scenario, version, step, number } => To::StepReminded {
            scenario: scenario.as_ref().to_owned(),
            version,
            step: step.as_ref().to_owned(),
            number,
        },
        From::StepExpired { scenario, version, step } => To::StepExpired {
            scenario: scenario.as_ref().to_owned(),
            version,
            step: step.as_ref().to_owned(),
        },
        From::HandedOver => To::HandedOver,
        From::HandedBack { reason } => To::HandedBack { reason: reason.as_str().to_owned() },
        From::ScenarioEnded { scenario, version, step, goal } => To::ScenarioEnded {
            scenario: scenario.as_ref().to_owned(),
            version,
            step: step.as_ref().to_owned(),
            goal,
        },
        From::VariableChanged { variable } => To::VariableChanged { variable: variable.as_ref().to_owned() },
        From::GoalReached { goal } => To::GoalReached { goal: goal.as_ref().to_owned() },
    }
}

fn source(source: engine::Source, versions: &InUse) -> protocol::Source {
    use engine::Source as From;
    use protocol::Source as To;
    match source {
        From::Guard => To::Guard,
        From::TriggerGroup { group } => {
            To::TriggerGroup { group: group.as_ref().to_owned(), version: versions.rules }
        }
        From::FailMessage { group } => {
            To::FailMessage { group: group.as_ref().to_owned(), version: versions.rules }
        }
        From::Step { scenario, version, step } => {
            To::Step { scenario: scenario.as_ref().to_owned(), version, step: step.as_ref().to_owned() }
        }
        From::Entry { library, entry, variation } => To::Entry {
            version: versions.library(&library),
            library: library.as_ref().to_owned(),
            entry: entry.as_ref().to_owned(),
            variation,
        },
        From::Fallback { library, variation } => To::Fallback {
            version: versions.library(&library),
            library: library.as_ref().to_owned(),
            variation,
        },
    }
}
