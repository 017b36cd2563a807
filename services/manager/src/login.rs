//! The routes of registering a bot: phone or token, code, password.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, sleep};
use troupe_bus::RequestError;
use troupe_protocol::{
    BotRecord, Desired, Identity, LoginReply, LoginRequest, LoginStep, Refusal, Secret, Subject,
};
use troupe_service::telemetry;
use troupe_types::{BotId, Partition};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    audit::{self, Object},
    bots,
    error::{ApiError, ErrorBody},
    extract::{Body, InPath},
    registry,
    state::Manager,
    tries,
    views::BotView,
};

/// How soon it is asked again while nobody owns the bot's partition.
const ASK_AGAIN: Duration = Duration::from_millis(100);

/// The routes.
pub fn routes() -> OpenApiRouter<Manager> {
    OpenApiRouter::new()
        .routes(routes!(register))
        .routes(routes!(login))
        .routes(routes!(code))
        .routes(routes!(password))
}

/// A bot to register: by phone, or a bot account by its token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct NewBot {
    /// What to call it here; unique, 1 to 64 letters, digits, `-`, `_` or `.`.
    name: String,
    /// The account's phone number in international form. Either this or `token`.
    #[schema(value_type = Option<String>, example = "+15551234567")]
    phone: Option<Secret>,
    /// A bot account's token.
    #[schema(value_type = Option<String>)]
    token: Option<Secret>,
}

/// How a bot signs in: by phone, or a bot account by its token.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Credential {
    /// The account's phone number in international form. Either this or `token`.
    #[schema(value_type = Option<String>, example = "+15551234567")]
    phone: Option<Secret>,
    /// A bot account's token.
    #[schema(value_type = Option<String>)]
    token: Option<Secret>,
}

/// The code that Telegram sent to the account.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Code {
    /// As it was sent.
    #[schema(value_type = String)]
    code: Secret,
}

/// The account's second factor.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
struct Password {
    /// The account's cloud password.
    #[schema(value_type = String)]
    password: Secret,
}

/// What comes next in a registration.
#[derive(Debug, Serialize, ToSchema)]
struct Registration {
    /// The bot's number.
    id: u64,
    /// What it is called here.
    name: String,
    /// `code`: give the code next. `password`: give the password next. `done`: the bot is registered and starts.
    next: &'static str,
    /// What the account's holder wrote to remember the password by.
    #[serde(skip_serializing_if = "Option::is_none")]
    hint: Option<String>,
    /// The bot, once it is done.
    #[serde(skip_serializing_if = "Option::is_none")]
    bot: Option<BotView>,
}

/// Registers a bot, which begins to sign it in. If the first step is refused, nothing is stored.
#[utoipa::path(post, path = "/v1/bots", tag = "registration", request_body = NewBot,
    responses((status = 201, body = Registration), (status = 400, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn register(
    State(manager): State<Manager>,
    Body(new): Body<NewBot>,
) -> Result<(StatusCode, Json<Registration>), ApiError> {
    let step = first_step(new.phone, new.token)?;
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let sound = (1..=64).contains(&new.name.len()) && new.name.bytes().all(fits) && !new.name.contains("..");
    if !sound || new.name.starts_with('.') || new.name.ends_with('.') {
        let message = format!("{:?} is no name for a bot: use 1 to 64 of a-z, A-Z, 0-9, - and _", new.name);
        return Err(ApiError::BadRequest(message));
    }
    let record = registry::create(&manager, &new.name).await?;
    audit::act(&manager, "bot.register", Object::Bot(record.id)).await;
    match ask(&manager, record.id, step).await {
        Ok(reply) => Ok((StatusCode::CREATED, Json(next(&manager, record, reply).await?))),
        Err(error) => {
            // Ingress signs out what may have come of the step all the same, e.g. if its answer was lost.
            registry::delete(&manager, record.id).await?;
            Err(error)
        }
    }
}

/// How a login begins.
fn first_step(phone: Option<Secret>, token: Option<Secret>) -> Result<LoginStep, ApiError> {
    match (phone, token) {
        (Some(phone), None) => Ok(LoginStep::SendCode { phone }),
        (None, Some(token)) => Ok(LoginStep::Token { token }),
        _ => Err(ApiError::BadRequest("give either phone or token".to_owned())),
    }
}

/// Signs a bot in again: one that Telegram has signed out, or whose login has to begin again. Its settings stay. It may
/// sign in as another account, if no other bot has it.
#[utoipa::path(post, path = "/v1/bots/{id}/login", tag = "registration", params(("id" = u64, Path)),
    request_body = Credential,
    responses((status = 200, body = Registration), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn login(
    State(manager): State<Manager>,
    InPath(bot): InPath<BotId>,
    Body(Credential { phone, token }): Body<Credential>,
) -> Result<Json<Registration>, ApiError> {
    let step = first_step(phone, token)?;
    let record = registry::get(&manager, bot).await?.value;
    audit::act(&manager, "bot.login", Object::Bot(bot)).await;
    let reply = ask(&manager, bot, step).await?;
    tries::forget(&manager, bot).await?;
    Ok(Json(next(&manager, record, reply).await?))
}

/// Gives the code. A wrong one may be given again, a few times.
#[utoipa::path(post, path = "/v1/bots/{id}/code", tag = "registration", params(("id" = u64, Path)), request_body = Code,
    responses((status = 200, body = Registration), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn code(
    State(manager): State<Manager>,
    InPath(bot): InPath<BotId>,
    Body(Code { code }): Body<Code>,
) -> Result<Json<Registration>, ApiError> {
    go_on(&manager, bot, LoginStep::Code { code }).await
}

/// Gives the password. A wrong one may be given again, a few times.
#[utoipa::path(post, path = "/v1/bots/{id}/password", tag = "registration", params(("id" = u64, Path)),
    request_body = Password,
    responses((status = 200, body = Registration), (status = 404, body = ErrorBody), (status = 409, body = ErrorBody),
        (status = 422, body = ErrorBody)))]
async fn password(
    State(manager): State<Manager>,
    InPath(bot): InPath<BotId>,
    Body(Password { password }): Body<Password>,
) -> Result<Json<Registration>, ApiError> {
    go_on(&manager, bot, LoginStep::Password { password }).await
}

async fn go_on(manager: &Manager, bot: BotId, step: LoginStep) -> Result<Json<Registration>, ApiError> {
    let record = registry::get(manager, bot).await?.value;
    let Some(left) = tries::take(manager, bot).await? else {
        let message = format!(
            "too many wrong tries: begin again with `troupe login {bot}` or POST /v1/bots/{bot}/login"
        );
        return Err(ApiError::Login { refusal: Refusal::NotExpected, message });
    };
    match ask(manager, bot, step).await {
        Err(ApiError::Login { refusal: refusal @ (Refusal::Code | Refusal::Password), message }) => {
            let message = if left > 0 { message } else { format!("{message}; that was the last try") };
            Err(ApiError::Login { refusal, message })
        }
        answer => {
            tries::give_back(manager, bot).await;
            Ok(Json(next(manager, record, answer?).await?))
        }
    }
}

/// What the answer to a step means for the bot.
async fn next(manager: &Manager, record: BotRecord, reply: LoginReply) -> Result<Registration, ApiError> {
    let (id, name) = (record.id, record.name.clone());
    let (next, hint, view) = match reply {
        LoginReply::CodeSent => ("code", None, None),
        LoginReply::PasswordNeeded { hint } => ("password", hint, None),
        LoginReply::SignedIn { identity } => {
            signed_in(manager, record, &identity).await?;
            ("done", None, Some(bots::view(manager, id).await?))
        }
        LoginReply::Refused { refusal, message } => return Err(ApiError::Login { refusal, message }),
    };
    Ok(Registration { id: id.get(), name, next, hint, bot: view })
}

async fn signed_in(manager: &Manager, record: BotRecord, identity: &Identity) -> Result<(), ApiError> {
    let bot = record.id;
    let before = record.identity.map(|before| before.user).filter(|before| *before != identity.user);
    if let Err(error) = registry::claim_account(manager, bot, identity.user).await {
        if before.is_none() {
            // The session that was just made must not stay: deleting the bot signs it out again.
            registry::delete(manager, bot).await?;
        } else {
            // Its own session is replaced by the other bot's account, which must not be connected here.
            registry::change(manager, bot, |record| {
                record.identity = None;
                record.desired = Desired::Stopped;
            })
            .await?;
        }
        return Err(error);
    }
    registry::change(manager, bot, |record| {
        record.identity = Some(identity.clone());
        record.desired = Desired::Running;
    })
    .await?;
    if let Some(before) = before {
        registry::release_account(manager, bot, before).await?;
    }
    tries::forget(manager, bot).await?;
    audit::act(manager, "bot.signed_in", Object::Bot(bot)).await;
    Ok(())
}

/// Asks the ingress that owns the bot's partition. It crosses the bus as a request, which nothing stores.
async fn ask(manager: &Manager, bot: BotId, step: LoginStep) -> Result<LoginReply, ApiError> {
    let subject = Subject::Login(Partition::of(bot, manager.bus().partitions()));
    let request = LoginRequest { bot, step };
    let timeout = manager.config().api.login_timeout;
    let patience = Instant::now() + manager.config().api.ingress_wait;
    let answer = loop {
        match manager.bus().request(subject, &request, &telemetry::current(), timeout).await {
            // An ingress that has just started, or takes over from one that died, needs a moment.
            Err(RequestError::NoResponder { .. }) if Instant::now() < patience => sleep(ASK_AGAIN).await,
            answer => break answer,
        }
    };
    match answer {
        Ok(LoginReply::Refused { refusal, message }) => Err(ApiError::Login { refusal, message }),
        Ok(reply) => Ok(reply),
        Err(RequestError::NoResponder { .. }) => Err(ApiError::Unavailable(
            "no ingress is running that could sign the bot in: start one, or wait until it is ready"
                .to_owned(),
        )),
        Err(RequestError::Timeout { .. }) => Err(ApiError::Unavailable(format!(
            "Telegram did not answer within {} s; try again",
            timeout.as_secs()
        ))),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "a login step failed");
            Err(ApiError::Unavailable("the request to ingress failed; try again".to_owned()))
        }
    }
}
