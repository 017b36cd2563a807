//! The routes of bots: registering, settings, control, status.

use std::time::Duration;

use axum::{Json, extract::State, http::StatusCode};
use serde::Deserialize;
use tokio::time::{Instant, sleep};
use troupe_protocol::{BotSettings, ContentKind, Desired};
use troupe_types::BotId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    audit::{self, Object},
    content,
    error::{ApiError, ErrorBody},
    extract::{Body, InPath, InQuery},
    names, registry,
    state::Manager,
    status::State as Fares,
    views::{BotView, SettingsView, StatusView},
};

/// How often the status is looked at while a call waits for it.
const LOOK: Duration = Duration::from_millis(50);

/// The longest that a call may wait.
const WAIT_MAX: Duration = Duration::from_mins(1);

/// The routes.
pub fn routes() -> OpenApiRouter<Manager> {
    OpenApiRouter::new()
        .routes(routes!(list))
        .routes(routes!(get, delete))
        .routes(routes!(status))
        .routes(routes!(settings, set_settings))
        .routes(routes!(start))
        .routes(routes!(stop))
        .routes(routes!(restart))
}

/// All bots.
#[derive(Debug, serde::Serialize, ToSchema)]
struct BotList {
    /// By number.
    bots: Vec<BotView>,
}

/// Lists all bots and how they fare.
#[utoipa::path(get, path = "/v1/bots", tag = "bots", responses((status = 200, body = BotList)))]
async fn list(State(manager): State<Manager>) -> Result<Json<BotList>, ApiError> {
    let listed = registry::list(&manager).await?;
    Ok(Json(BotList {
        bots: listed.into_iter().map(|(record, status)| BotView::new(record, status)).collect(),
    }))
}

/// Shows a bot.
#[utoipa::path(get, path = "/v1/bots/{id}", tag = "bots", params(("id" = u64, Path)),
    responses((status = 200, body = BotView), (status = 404, body = ErrorBody)))]
async fn get(State(manager): State<Manager>, InPath(bot): InPath<BotId>) -> Result<Json<BotView>, ApiError> {
    Ok(Json(view(&manager, bot).await?))
}

/// Deletes a bot. It is signed out at Telegram, and its session is forgotten; what was counted stays.
#[utoipa::path(delete, path = "/v1/bots/{id}", tag = "bots", params(("id" = u64, Path)),
    responses((status = 204), (status = 404, body = ErrorBody)))]
async fn delete(State(manager): State<Manager>, InPath(bot): InPath<BotId>) -> Result<StatusCode, ApiError> {
    registry::delete(&manager, bot).await?;
    audit::act(&manager, "bot.delete", Object::Bot(bot)).await;
    Ok(StatusCode::NO_CONTENT)
}

/// Shows how a bot's session fares; null if it never was connected.
#[utoipa::path(get, path = "/v1/bots/{id}/status", tag = "bots", params(("id" = u64, Path)),
    responses((status = 200, body = Option<StatusView>), (status = 404, body = ErrorBody)))]
async fn status(
    State(manager): State<Manager>,
    InPath(bot): InPath<BotId>,
) -> Result<Json<Option<StatusView>>, ApiError> {
    Ok(Json(view(&manager, bot).await?.status))
}

/// Shows what a bot says, and where.
#[utoipa::path(get, path = "/v1/bots/{id}/settings", tag = "bots", params(("id" = u64, Path)),
    responses((status = 200, body = SettingsView), (status = 404, body = ErrorBody)))]
async fn settings(
    State(manager): State<Manager>,
    InPath(bot): InPath<BotId>,
) -> Result<Json<SettingsView>, ApiError> {
    Ok(Json(registry::get(&manager, bot).await?.value.settings.into()))
}

/// Says what a bot says, and where. Every document that is named has to exist, and so has every scenario that they
/// start or call to be among the bot's. It holds from the next message on.
#[utoipa::path(put, path = "/v1/bots/{id}/settings", tag = "bots", params(("id" = u64, Path)),
    request_body = SettingsView,
    responses((status = 200, body = SettingsView), (status = 400, body = ErrorBody), (status = 404, body = ErrorBody)))]
async fn set_settings(
    State(manager): State<Manager>,
    InPath(bot): InPath<BotId>,
    Body(wanted): Body<SettingsView>,
) -> Result<Json<SettingsView>, ApiError> {
    let settings = BotSettings::try_from(wanted)?;
    let libraries = settings.group_library.iter().chain(&settings.direct_library);
    let named = settings
        .rules
        .iter()
        .map(|name| (ContentKind::Rules, name))
        .chain(libraries.map(|name| (ContentKind::Library, name)))
        .chain(settings.scenarios.iter().map(|scenario| (ContentKind::Scenario, &scenario.name)));
    for (kind, name) in named {
        if content::head(&manager, kind, name).await?.is_none() {
            return Err(ApiError::BadRequest(format!("there is no {kind} called {name}: put it first")));
        }
    }
    names::check(&manager, &settings).await?;
    let record = registry::change(&manager, bot, |record| record.settings = settings.clone()).await?;
    audit::act(&manager, "bot.settings", Object::Bot(bot)).await;
    Ok(Json(record.settings.into()))
}

/// How long to wait for what was asked.
#[derive(Debug, Deserialize, IntoParams)]
struct Wait {
    /// How long to wait until the status says so, e.g. `10s`; at most a minute. Without it the answer comes at once.
    #[serde(default)]
    #[param(example = "10s")]
    wait: Option<String>,
}

/// Starts a bot.
#[utoipa::path(post, path = "/v1/bots/{id}/start", tag = "bots", params(("id" = u64, Path), Wait),
    responses((status = 200, body = BotView), (status = 409, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn start(
    State(manager): State<Manager>,
    InPath(bot): InPath<BotId>,
    InQuery(wait): InQuery<Wait>,
) -> Result<Json<BotView>, ApiError> {
    control(&manager, bot, &wait, Desired::Running, false).await
}

/// Stops a bot. What it still had to send is not sent.
#[utoipa::path(post, path = "/v1/bots/{id}/stop", tag = "bots", params(("id" = u64, Path), Wait),
    responses((status = 200, body = BotView), (status = 503, body = ErrorBody)))]
async fn stop(
    State(manager): State<Manager>,
    InPath(bot): InPath<BotId>,
    InQuery(wait): InQuery<Wait>,
) -> Result<Json<BotView>, ApiError> {
    control(&manager, bot, &wait, Desired::Stopped, false).await
}

/// Disconnects a bot and connects it again.
#[utoipa::path(post, path = "/v1/bots/{id}/restart", tag = "bots", params(("id" = u64, Path), Wait),
    responses((status = 200, body = BotView), (status = 409, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn restart(
    State(manager): State<Manager>,
    InPath(bot): InPath<BotId>,
    InQuery(wait): InQuery<Wait>,
) -> Result<Json<BotView>, ApiError> {
    control(&manager, bot, &wait, Desired::Running, true).await
}

async fn control(
    manager: &Manager,
    bot: BotId,
    wait: &Wait,
    desired: Desired,
    again: bool,
) -> Result<Json<BotView>, ApiError> {
    let patience = match &wait.wait {
        None => Duration::ZERO,
        Some(text) => humantime::parse_duration(text)
            .map_err(|error| ApiError::BadRequest(format!("wait: {text:?} is no time such as 10s: {error}")))?
            .min(WAIT_MAX),
    };
    let record = registry::get(manager, bot).await?.value;
    if desired == Desired::Running && record.identity.is_none() {
        return Err(ApiError::Conflict(format!(
            "bot {bot} has not signed in yet: finish its registration first"
        )));
    }
    let record = registry::change(manager, bot, |record| {
        record.desired = desired;
        record.generation += u64::from(again);
    })
    .await?;
    let what = match (desired, again) {
        (Desired::Stopped, _) => "bot.stop",
        (Desired::Running, false) => "bot.start",
        (Desired::Running, true) => "bot.restart",
    };
    audit::act(manager, what, Object::Bot(bot)).await;
    let deadline = Instant::now() + patience;
    loop {
        let status = registry::status(manager, bot).await?;
        let is_so = match desired {
            Desired::Running => status.as_ref().is_some_and(|status| {
                status.state == Fares::Online && status.told.generation == record.generation
            }),
            // One that nobody keeps connected needs nobody to stop it.
            Desired::Stopped => !status
                .as_ref()
                .is_some_and(|status| matches!(status.state, Fares::Online | Fares::Connecting)),
        };
        if is_so || patience.is_zero() {
            return Ok(Json(BotView::new(record, status)));
        }
        if Instant::now() >= deadline {
            let state = status.map_or_else(
                || "was never connected".to_owned(),
                |status| {
                    let detail = status.told.detail.map(|detail| format!(": {detail}")).unwrap_or_default();
                    format!("is {}{detail}", status.state.name())
                },
            );
            let message =
                format!("bot {bot} was told, but after {} it {state}", humantime::format_duration(patience));
            return Err(ApiError::Unavailable(message));
        }
        sleep(LOOK).await;
    }
}

/// A bot as the API shows it.
///
/// # Errors
/// If there is none.
pub async fn view(manager: &Manager, bot: BotId) -> Result<BotView, ApiError> {
    let record = registry::get(manager, bot).await?.value;
    Ok(BotView::new(record, registry::status(manager, bot).await?))
}
