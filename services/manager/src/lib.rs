//! manager is the REST API: the registry of bots, their content, their control, and what is counted of them.
//!
//! It keeps nothing of its own: bots and documents live in the key-value store of NATS, counts in ClickHouse. Redis it
//! asks only for what is kept of a person who is exported or erased. Any number
//! of instances run side by side.

mod audit;
mod auth;
mod bots;
pub mod config;
mod content;
mod error;
mod extract;
mod login;
mod media;
pub mod metrics;
mod names;
mod observe;
mod people;
mod registry;
mod reports;
mod state;
mod statistics;
mod status;
mod tries;
mod views;

use std::sync::{Arc, OnceLock};

use anyhow::Context as _;
use axum::{
    Json, Router,
    extract::{DefaultBodyLimit, Request},
    http::header,
    middleware,
    response::IntoResponse,
    routing::get,
};
use tokio_util::sync::CancellationToken;
use tower::ServiceExt as _;
use troupe_bus::Bus;
use troupe_service::{
    Clock,
    health::{self, Health},
    metric, wait_for,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{config::Config, error::ApiError, state::Manager, statistics::Reader};

/// The largest body; documents are bounded at 16 MiB by the engine, which says so better.
const BODY_BYTES_MAX: usize = 17 << 20;

/// The API's description.
#[derive(OpenApi)]
#[openapi(
    info(title = "troupe", description = "Registers Telegram accounts, tells them what to say, shows how they fare."),
    modifiers(&BearerToken),
    security(("token" = []))
)]
struct Description;

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let scheme = SecurityScheme::Http(HttpBuilder::new().scheme(HttpAuthScheme::Bearer).build());
        openapi.components.get_or_insert_default().add_security_scheme("token", scheme);
    }
}

/// Serves the API until `stop`. Until NATS is there, every call is answered that it is waited for.
///
/// # Errors
/// If the address is taken, NATS cannot be used, or stats makes other pseudonyms.
pub async fn run(
    config: Config,
    clock: Arc<dyn Clock>,
    health: &Health,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    metric::announce(metrics::ALL);
    let (listen, grace) = (config.http.listen, config.shutdown_grace);
    let pseudonyms = config.pseudonyms.pseudonyms().map_err(anyhow::Error::msg)?;
    let reader =
        Reader::new(&config.clickhouse).context("cannot use TLS to ClickHouse: see clickhouse.ca_file")?;
    // Said before it listens, so that it is never ready for lack of knowing what it needs. ClickHouse is no part of that:
    // only counts need it.
    health.dependency("nats");
    let api = Arc::default();
    let (_, served) = health::serve(listen, router(Arc::clone(&api), health.clone()), stop.clone()).await?;
    let connect = || Bus::connect_as_keeper(&config.nats);
    let bus = wait_for("NATS", &stop, troupe_bus::Error::is_passing, connect).await;
    if let Some(bus) = bus.context("cannot use NATS")? {
        let agreed = bus.agree_on(&pseudonyms, &config.pseudonyms.instead_of);
        stop.run_until_cancelled(agreed).await.transpose()?;
        let manager = Manager::new(config, pseudonyms, bus.clone(), clock, reader);
        api.get_or_init(|| guarded(manager));
        let _watcher = bus.tell_health(health);
        stop.cancelled().await;
    }
    tokio::time::timeout(grace, served).await.context("requests took longer than the grace period")??;
    Ok(())
}

/// What is there from the beginning: health, metrics and the API's description; and the API, once there is one.
fn router(api: Arc<OnceLock<Router>>, health: Health) -> Router {
    let description = routes().into_openapi();
    let ask = async move |request: Request| match api.get() {
        Some(api) => api.clone().oneshot(request).await.into_response(),
        None => ApiError::Unavailable("the manager waits for NATS; try again".to_owned()).into_response(),
    };
    health::router(health).route("/openapi.json", get(async move || Json(description.clone()))).fallback(ask)
}

fn routes() -> OpenApiRouter<Manager> {
    OpenApiRouter::with_openapi(Description::openapi())
        .merge(login::routes())
        .merge(bots::routes())
        .merge(people::routes())
        .merge(content::routes())
        .merge(media::routes())
        .merge(statistics::routes())
        .merge(reports::routes())
}

/// The API, which wants a token.
fn guarded(manager: Manager) -> Router {
    let (api, _) = routes().split_for_parts();
    api.fallback(async || ApiError::NotFound("there is no such path; GET /openapi.json lists all".to_owned()))
        .method_not_allowed_fallback(async || ApiError::Method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(audit::by))
        .layer(middleware::from_fn_with_state(manager.clone(), auth::require_token))
        .layer(middleware::map_response(async |response: axum::response::Response| {
            // Answers hold what is only the caller's business.
            ([(header::CACHE_CONTROL, "no-store")], response).into_response()
        }))
        .layer(middleware::from_fn(observe::observe))
        .with_state(manager)
}
