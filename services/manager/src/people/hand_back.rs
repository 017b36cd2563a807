//! Gives a conversation that an operator has back to the bot.

use axum::{extract, http::StatusCode};
use troupe_engine::State;
use troupe_protocol::{Subject, Update, UpdateBody};
use troupe_service::telemetry;
use troupe_types::{BotId, Chat, ChatId, MessageId, Partition, Person, UpdateKey, UpdateKind, UserId};
use utoipa_axum::{router::OpenApiRouter, routes};

use super::is_somebody;
use crate::{
    audit::{self, Object},
    error::{ApiError, ErrorBody},
    extract::InPath,
    registry,
    state::Manager,
};

/// The route.
pub fn routes() -> OpenApiRouter<Manager> {
    OpenApiRouter::new().routes(routes!(hand_back))
}

/// Gives the conversation with a person back to the bot. It takes it up where it was, in order with what the person
/// writes. The person's number is the one on Telegram. Refused if the bot does not know the person, or nobody has taken the
/// conversation over.
#[utoipa::path(post, path = "/v1/bots/{id}/people/{person}/hand-back", tag = "bots",
    params(("id" = u64, Path), ("person" = i64, Path)),
    responses((status = 202), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody),
        (status = 409, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn hand_back(
    extract::State(manager): extract::State<Manager>,
    InPath((bot, person)): InPath<(BotId, UserId)>,
) -> Result<StatusCode, ApiError> {
    is_somebody(person)?;
    registry::get(&manager, bot).await?;
    let partition = Partition::of(bot, manager.bus().partitions());
    is_handed_over(&manager, partition, bot, person).await?;
    let update = given_back(&manager, bot, person);
    let subject = Subject::Update(partition, bot);
    manager.bus().publish(subject, &update.key.to_string(), &update, &telemetry::current()).await?;
    audit::act(&manager, "person.hand_back", Object::Bot(bot)).await;
    Ok(StatusCode::ACCEPTED)
}

/// Refuses what would change nothing: whoever mistypes a number would take the conversation for given back.
async fn is_handed_over(
    manager: &Manager,
    partition: Partition,
    bot: BotId,
    person: UserId,
) -> Result<(), ApiError> {
    let state = async {
        let remembered = manager.store().await?.remembered(partition, bot, person).await?;
        let state = State::load(None, None, remembered.person.as_deref())?;
        anyhow::Ok(remembered.person.map(|_| state))
    };
    let state = state.await.map_err(|error| {
        let reason = format!("{error:#}");
        tracing::warn!(%reason, "who has a conversation cannot be read");
        ApiError::Unavailable("Redis does not tell who has the conversation; try again".to_owned())
    })?;
    match state {
        None => Err(ApiError::NotFound(format!(
            "bot {bot} knows no person {person}: give the number on Telegram"
        ))),
        Some(state) if state.person.handed_over.is_none() => Err(ApiError::Conflict(format!(
            "nobody has taken over the conversation of bot {bot} with {person}, so the bot has it already"
        ))),
        Some(_) => Ok(()),
    }
}

/// The update that tells the responder. What the person is called, it knows from when the conversation was handed over.
fn given_back(manager: &Manager, bot: BotId, person: UserId) -> Update {
    let (now, chat) = (manager.now(), ChatId::direct(person));
    let kind = UpdateKind::HandedBack(now);
    Update {
        key: UpdateKey { bot, chat, message: MessageId::new(0), kind },
        bot,
        chat: Chat { id: chat, title: None },
        sender: Person {
            id: person,
            first_name: String::new(),
            last_name: None,
            username: None,
            language: None,
            is_bot: false,
        },
        time: now,
        received: now,
        body: UpdateBody::HandedBack,
    }
}
