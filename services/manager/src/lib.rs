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
mod views;

use std::sync::Arc;

use anyhow::Context as _;
use axum::{
    Json, Router, extract::DefaultBodyLimit, http::header, middleware, response::IntoResponse, routing::get,
};
use tokio_util::sync::CancellationToken;
use troupe_bus::Bus;
use troupe_service::{
    Clock,
    health::{self, Health},
    metric,
};
use utoipa::{
    Modify, OpenApi,
    openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme},
};
use utoipa_axum::router::OpenApiRouter;

use crate::{config::Config, error::ApiError, state::Manager};

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

/// Serves the API until `stop`.
///
/// # Errors
/// If the address is taken, or stats makes other pseudonyms.
pub async fn run(
    config: Config,
    bus: Bus,
    clock: Arc<dyn Clock>,
    health: &Health,
    stop: CancellationToken,
) -> anyhow::Result<()> {
    metric::announce(metrics::ALL);
    let (listen, grace) = (config.http.listen, config.shutdown_grace);
    let (nats, mut connected) = (health.dependency("nats"), bus.connected());
    let pseudonyms = config.pseudonyms.pseudonyms().map_err(anyhow::Error::msg)?;
    match stop.run_until_cancelled(bus.agree_on(&pseudonyms, &config.pseudonyms.instead_of)).await {
        Some(agreed) => agreed?,
        None => return Ok(()),
    }
    let manager = Manager::new(config, pseudonyms, bus, clock);
    let (_, served) = health::serve(listen, router(manager, health.clone()), stop.clone()).await?;
    // ClickHouse is no part of being ready: only counts need it.
    let follow_nats = async {
        loop {
            nats.set(*connected.borrow_and_update());
            if connected.changed().await.is_err() {
                std::future::pending::<()>().await;
            }
        }
    };
    stop.run_until_cancelled(follow_nats).await;
    tokio::time::timeout(grace, served).await.context("requests took longer than the grace period")??;
    Ok(())
}

fn router(manager: Manager, health: Health) -> Router {
    let (api, description) = OpenApiRouter::with_openapi(Description::openapi())
        .merge(login::routes())
        .merge(bots::routes())
        .merge(people::routes())
        .merge(content::routes())
        .merge(media::routes())
        .merge(statistics::routes())
        .merge(reports::routes())
        .split_for_parts();
    let guarded = api
        .fallback(async || {
            ApiError::NotFound("there is no such path; GET /openapi.json lists all".to_owned())
        })
        .method_not_allowed_fallback(async || ApiError::Method)
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(middleware::from_fn(audit::by))
        .layer(middleware::from_fn_with_state(manager.clone(), auth::require_token))
        .layer(middleware::map_response(async |response: axum::response::Response| {
            // Answers hold what is only the caller's business.
            ([(header::CACHE_CONTROL, "no-store")], response).into_response()
        }))
        .layer(middleware::from_fn(observe::observe))
        .with_state(manager);
    health::router(health).route("/openapi.json", get(async move || Json(description.clone()))).merge(guarded)
}
