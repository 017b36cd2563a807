//! What operators do. Every call that changes something says so here: one place for what has to be kept of it.

use std::fmt;

use axum::{
    extract::Request,
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use troupe_protocol::{ContentKind, Event, EventBody, Subject};
use troupe_service::telemetry;
use troupe_types::{BotId, Partition};

use crate::{error::ApiError, state::Manager};

/// The header in which a caller says who acts. It proves nothing: whoever has the API's token may write any name there.
const OPERATOR: &str = "troupe-operator";

/// The longest name of an operator, in characters.
const OPERATOR_MAX: usize = 64;

/// How often an act that the broker did not take is told again.
const TRIES_MAX: u32 = 3;

tokio::task_local! {
    /// Who makes the call that this task carries out; empty if the call does not say.
    static CALLER: String;
}

/// What an act is done to.
#[derive(Debug, Clone, Copy)]
pub enum Object<'a> {
    /// A bot.
    Bot(BotId),
    /// A document, of which this version came.
    Document(ContentKind, &'a str, u32),
    /// A file that answers show.
    Media(&'a str),
    /// A person whom this bot knows, or all. Not named, or the note would have to be erased too.
    Person(Option<BotId>),
}

impl fmt::Display for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bot(bot) => write!(f, "bot/{bot}"),
            Self::Document(kind, name, _) => write!(f, "{kind}/{name}"),
            Self::Media(name) => write!(f, "media/{name}"),
            Self::Person(_) => f.write_str("person"),
        }
    }
}

/// Carries out a call in the name of whom it says.
pub async fn by(request: Request, next: Next) -> Response {
    let operator = match request.headers().get(OPERATOR).map(|value| value.to_str()) {
        None => "",
        Some(Ok(name)) if name.chars().count() <= OPERATOR_MAX => name,
        Some(_) => {
            let message = format!("{OPERATOR}: a name has at most {OPERATOR_MAX} characters, all of ASCII");
            return ApiError::BadRequest(message).into_response();
        }
    };
    CALLER.scope(operator.to_owned(), next.run(request)).await
}

/// Notes that an operator did `what`, e.g. `bot.stop`, and tells it as an event.
///
/// It has been done by now, so a broker that does not take the event does not make it fail: it is logged all the same.
pub async fn act(manager: &Manager, what: &'static str, object: Object<'_>) {
    crate::metrics::operator_act(what);
    let operator = CALLER.try_with(Clone::clone).unwrap_or_default();
    tracing::info!(target: "troupe_manager::audit", act = what, %object, operator, "an operator acted");
    let (bot, version) = match object {
        Object::Bot(bot) | Object::Person(Some(bot)) => (bot, None),
        Object::Document(_, _, version) => (BotId::NONE, Some(version)),
        Object::Media(_) | Object::Person(None) => (BotId::NONE, None),
    };
    let time = manager.now();
    let event = Event {
        id: format!("act/{time}/{:016x}", rand::random::<u64>()),
        bot,
        chat: None,
        person: None,
        update: None,
        time,
        body: EventBody::OperatorActed {
            operator,
            act: what.to_owned(),
            object: object.to_string(),
            version,
        },
    };
    let subject = Subject::Event(Partition::of(bot, manager.bus().partitions()), bot);
    let mut tries = 1;
    while let Err(error) = manager.bus().publish(subject, &event.id, &event, &telemetry::current()).await {
        if tries == TRIES_MAX {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, act = what, "an operator's act is missing in the statistics");
            return;
        }
        tries += 1;
    }
}
