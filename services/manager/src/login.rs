//! The routes of registering a bot: phone or token, code, password.

use axum::{Json, extract::State, http::StatusCode};
use serde::{Deserialize, Serialize};
use troupe_bus::RequestError;
use troupe_protocol::{
    BotRecord, BotSettings, Desired, Identity, LoginReply, LoginRequest, LoginStep, Refusal, Secret, Subject,
};
use troupe_service::telemetry;
use troupe_types::{BotId, Partition};
use utoipa::ToSchema;
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    bots,
    error::{ApiError, ErrorBody},
    extract::{Body, InPath},
    registry,
    state::Manager,
    views::BotView,
};

/// The routes.
pub fn routes() -> OpenApiRouter<Manager> {
    OpenApiRouter::new().routes(routes!(register)).routes(routes!(code)).routes(routes!(password))
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
    let step = match (new.phone, new.token) {
        (Some(phone), None) => LoginStep::SendCode { phone },
        (None, Some(token)) => LoginStep::Token { token },
        _ => return Err(ApiError::BadRequest("give either phone or token".to_owned())),
    };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let sound = (1..=64).contains(&new.name.len()) && new.name.bytes().all(fits) && !new.name.contains("..");
    if !sound || new.name.starts_with('.') || new.name.ends_with('.') {
        let message = format!("{:?} is no name for a bot: use 1 to 64 of a-z, A-Z, 0-9, - and _", new.name);
        return Err(ApiError::BadRequest(message));
    }
    let bot = registry::claim(&manager, &new.name).await?;
    let begun = begin(&manager, bot, &new.name, step).await;
    if begun.is_err() {
        registry::unclaim(&manager, &new.name).await?;
    }
    begun.map(|registration| (StatusCode::CREATED, Json(registration)))
}

/// Takes the first step, and stores the bot if it succeeds.
async fn begin(manager: &Manager, bot: BotId, name: &str, step: LoginStep) -> Result<Registration, ApiError> {
    let reply = ask(manager, bot, step).await?;
    let identity = match &reply {
        LoginReply::SignedIn { identity } => {
            registry::claim_account(manager, bot, identity.user).await?;
            Some(identity.clone())
        }
        _ => None,
    };
    let record = BotRecord {
        id: bot,
        name: name.to_owned(),
        created: manager.now(),
        desired: if identity.is_some() { Desired::Running } else { Desired::Stopped },
        identity,
        generation: 0,
        settings: BotSettings::default(),
    };
    registry::create(manager, &record).await?;
    tracing::info!(bot.id = %bot, "a bot is being registered");
    next(manager, bot, name.to_owned(), reply).await
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
    if manager.is_worn_out(bot) {
        let message = format!("too many wrong tries: delete bot {bot} and register it again");
        return Err(ApiError::Login { refusal: Refusal::NotExpected, message });
    }
    match ask(manager, bot, step).await {
        Ok(reply) => {
            if let LoginReply::SignedIn { identity } = &reply {
                signed_in(manager, bot, identity).await?;
            }
            Ok(Json(next(manager, bot, record.name, reply).await?))
        }
        Err(ApiError::Login { refusal: refusal @ (Refusal::Code | Refusal::Password), message }) => {
            let message =
                if manager.wrong(bot) { message } else { format!("{message}; that was the last try") };
            Err(ApiError::Login { refusal, message })
        }
        Err(error) => Err(error),
    }
}

async fn signed_in(manager: &Manager, bot: BotId, identity: &Identity) -> Result<(), ApiError> {
    manager.forget_tries(bot);
    if let Err(error) = registry::claim_account(manager, bot, identity.user).await {
        // The session that was just made must not stay: deleting the bot signs it out again.
        registry::delete(manager, bot).await?;
        return Err(error);
    }
    registry::change(manager, bot, |record| {
        record.identity = Some(identity.clone());
        record.desired = Desired::Running;
    })
    .await?;
    tracing::info!(bot.id = %bot, "a bot has signed in");
    Ok(())
}

async fn next(
    manager: &Manager,
    bot: BotId,
    name: String,
    reply: LoginReply,
) -> Result<Registration, ApiError> {
    let (next, hint, view) = match reply {
        LoginReply::CodeSent => ("code", None, None),
        LoginReply::PasswordNeeded { hint } => ("password", hint, None),
        LoginReply::SignedIn { .. } => ("done", None, Some(bots::view(manager, bot).await?)),
        LoginReply::Refused { refusal, message } => return Err(ApiError::Login { refusal, message }),
    };
    Ok(Registration { id: bot.get(), name, next, hint, bot: view })
}

/// Asks the ingress that owns the bot's partition. It crosses the bus as a request, which nothing stores.
async fn ask(manager: &Manager, bot: BotId, step: LoginStep) -> Result<LoginReply, ApiError> {
    let subject = Subject::Login(Partition::of(bot, manager.bus().partitions()));
    let request = LoginRequest { bot, step };
    let timeout = manager.config().api.login_timeout;
    match manager.bus().request(subject, &request, &telemetry::current(), timeout).await {
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
