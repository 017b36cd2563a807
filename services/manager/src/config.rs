//! The settings of the manager; `default.toml` explains each.

use std::{path::PathBuf, time::Duration};

use anyhow::ensure;
use serde::Deserialize;
use troupe_bus::NatsConfig;
use troupe_protocol::{PseudonymsConfig, Secret};
use troupe_service::config::{HttpConfig, TelemetryConfig};
use troupe_store::RedisConfig;

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The REST API, health and metrics.
    pub http: HttpConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// How long a stop waits for requests in flight.
    #[serde(with = "humantime_serde")]
    pub shutdown_grace: Duration,
    /// The bus.
    pub nats: NatsConfig,
    /// Where counts are read from.
    pub clickhouse: ClickHouseConfig,
    /// Where the state of conversations is, for the export and erasure of a person.
    pub redis: RedisConfig,
    /// The pseudonyms by which people are known in ClickHouse.
    pub pseudonyms: PseudonymsConfig,
    /// The REST API.
    pub api: ApiConfig,
}

/// Where counts are read from.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouseConfig {
    /// Its HTTP interface, `http://host:port` or `https://host:port`.
    pub url: String,
    /// Certificates in PEM that are trusted beside the system's; empty: none.
    pub ca_file: PathBuf,
    /// The database.
    pub database: String,
    /// The cluster that has it, as in `system.clusters`; empty: one server.
    pub cluster: String,
    /// Empty: the default user.
    pub user: String,
    /// Of that user.
    pub password: Secret,
}

/// The REST API.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ApiConfig {
    /// What callers have to show.
    pub token: Secret,
    /// How long one step of signing in may take.
    #[serde(with = "humantime_serde")]
    pub login_timeout: Duration,
    /// How long a step of signing in waits for an ingress that is starting or taking over.
    #[serde(with = "humantime_serde")]
    pub ingress_wait: Duration,
}

/// The shortest token that is no invitation.
const TOKEN_LENGTH_MIN: usize = 16;

impl Config {
    /// Loads and checks all settings.
    ///
    /// # Errors
    /// If a layer is malformed, or a setting is missing; the error names the key.
    pub fn load() -> anyhow::Result<Self> {
        let config: Self = troupe_service::config::load("manager", include_str!("../default.toml"))?;
        ensure!(
            config.api.token.expose().len() >= TOKEN_LENGTH_MIN,
            "api.token is needed, with at least {TOKEN_LENGTH_MIN} characters: make one with `openssl rand -base64 32` \
             and set TROUPE__API__TOKEN"
        );
        config.pseudonyms.pseudonyms().map_err(anyhow::Error::msg)?;
        ensure!(
            ["http://", "https://"].iter().any(|scheme| config.clickhouse.url.starts_with(scheme)),
            "clickhouse.url has to begin with http:// or https://, e.g. http://127.0.0.1:8123"
        );
        Ok(config)
    }
}
