//! The control API over HTTP. Described at `GET /openapi.json`.

pub mod commands;
mod extract;
pub mod model;
mod people;
mod trouble;

use std::sync::Arc;

use axum::{Json, Router, extract::State, http::StatusCode, response::IntoResponse, routing::get};
use serde::Serialize;
use utoipa::{OpenApi, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::connection::Hub;

#[derive(OpenApi)]
#[openapi(info(
    title = "troupe-telegram control API",
    description = "Creates accounts and groups in the Telegram emulator, lets simulated people speak, shows what \
                   was accepted, and injects faults. Errors are {\"error\": \"...\"} and say what to do."
))]
struct Description;

/// Everything that a handler needs.
#[derive(Clone)]
pub struct Shared {
    /// The emulator.
    pub hub: Arc<Hub>,
    /// Where this API listens.
    pub http: std::net::SocketAddr,
}

/// The API's routes.
pub fn router(shared: Shared) -> Router {
    let (router, description) = OpenApiRouter::with_openapi(Description::openapi())
        .routes(routes!(health))
        .routes(routes!(info))
        .routes(routes!(people::create_account, people::accounts))
        .routes(routes!(people::code))
        .routes(routes!(people::create_group, people::groups))
        .routes(routes!(people::group))
        .routes(routes!(people::add_member))
        .routes(routes!(people::remove_member))
        .routes(routes!(people::speak))
        .routes(routes!(people::edit))
        .routes(routes!(people::delete))
        .routes(routes!(people::ledger))
        .routes(routes!(people::activity))
        .routes(routes!(trouble::add_fault, trouble::faults))
        .routes(routes!(trouble::remove_fault))
        .routes(routes!(trouble::kill))
        .routes(routes!(trouble::mute))
        .routes(routes!(trouble::register_key))
        .routes(routes!(trouble::revoke))
        .routes(routes!(trouble::forget))
        .routes(routes!(trouble::sessions))
        .routes(routes!(trouble::overlaps))
        .routes(routes!(trouble::calls))
        .routes(routes!(trouble::settings, trouble::change_settings))
        .split_for_parts();
    router
        .route("/openapi.json", get(move || std::future::ready(Json(description))))
        .fallback(async || {
            extract::Failure(
                StatusCode::NOT_FOUND,
                "there is no such path: GET /openapi.json lists them".into(),
            )
        })
        .method_not_allowed_fallback(async || {
            let text = "that path has other methods: GET /openapi.json lists them".into();
            extract::Failure(StatusCode::METHOD_NOT_ALLOWED, text).into_response()
        })
        .with_state(shared)
}

/// That the emulator runs.
#[derive(Serialize, ToSchema)]
struct Health {
    /// `ok`.
    status: &'static str,
}

/// Answers when both listeners are up.
#[utoipa::path(get, path = "/health", responses((status = OK, body = Health)))]
async fn health() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// Where to connect, and with what.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct Info {
    /// The MTProto address.
    pub mtproto: String,
    /// The address of this API.
    pub http: String,
    /// The data centre's number.
    pub dc: i32,
    /// The public key for the key exchange, as PKCS#1 PEM.
    pub rsa_public_key: String,
    /// Its fingerprint.
    pub rsa_fingerprint: String,
}

impl Shared {
    /// Where to connect, and with what.
    pub fn info(&self) -> Info {
        Info {
            mtproto: self.hub.address.to_string(),
            http: self.http.to_string(),
            dc: crate::DC,
            rsa_public_key: self.hub.rsa.public_pem(),
            rsa_fingerprint: self.hub.rsa.fingerprint().to_string(),
        }
    }
}

/// Addresses, data centre and public key.
#[utoipa::path(get, path = "/info", responses((status = OK, body = Info)))]
async fn info(State(shared): State<Shared>) -> Json<Info> {
    Json(shared.info())
}
