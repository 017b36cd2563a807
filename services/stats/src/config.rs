//! The settings of stats; `default.toml` explains each.

use std::{path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use serde::Deserialize;
use troupe_bus::NatsConfig;
use troupe_protocol::{PseudonymsConfig, Secret};
use troupe_service::config::{HttpConfig, TelemetryConfig};

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Health and metrics.
    pub http: HttpConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// How long a stop waits for what is being written.
    #[serde(with = "humantime_serde")]
    pub shutdown_grace: Duration,
    /// The bus.
    pub nats: NatsConfig,
    /// Where events are written.
    pub clickhouse: ClickHouseConfig,
    /// How events are put together.
    pub batch: BatchConfig,
    /// What happened.
    pub events: EventsConfig,
    /// What people wrote.
    pub texts: TextsConfig,
    /// Whether people are known by pseudonyms.
    pub pseudonyms: PseudonymsConfig,
}

/// How to reach ClickHouse.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouseConfig {
    /// Its HTTP interface, `http://host:port` or `https://host:port`.
    pub url: String,
    /// Certificates in PEM that are trusted beside the system's; empty: none.
    pub ca_file: PathBuf,
    /// The database; made if it is absent.
    pub database: String,
    /// The cluster that has it, as in `system.clusters`; empty: one server.
    pub cluster: String,
    /// Who writes.
    pub user: String,
    /// That user's password.
    pub password: Secret,
    /// How long one call may take before it is taken for lost.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
}

/// How events are put together.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BatchConfig {
    /// How many events an insert has at most.
    pub rows_max: usize,
    /// How large an insert is at most, in bytes.
    pub bytes_max: usize,
    /// How long the first event of a batch waits for others.
    #[serde(with = "humantime_serde")]
    pub wait_max: Duration,
}

/// What becomes of events.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventsConfig {
    /// How long an event is kept after it was written; 0 for good.
    #[serde(with = "humantime_serde")]
    pub keep_for: Duration,
}

/// What becomes of what people wrote.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TextsConfig {
    /// How long the text of a message is kept after it was written; 0 keeps none.
    #[serde(with = "humantime_serde")]
    pub keep_for: Duration,
}

/// The longest that texts may be kept.
const KEEP_MAX: Duration = Duration::from_hours(10 * 365 * 24);

/// An insert of more rows may be cut by ClickHouse into blocks that are stored apart (`max_insert_block_size` is a
/// million); this stays well below.
const ROWS_MAX: usize = 100_000;

impl Config {
    /// Loads and checks all settings.
    ///
    /// # Errors
    /// If a layer is malformed, or a setting is missing or cannot be used; the error names the key.
    pub fn load() -> anyhow::Result<Self> {
        let config: Self = troupe_service::config::load("stats", include_str!("../default.toml"))?;
        config.check().context("cannot use the configuration of stats")?;
        Ok(config)
    }

    /// Checks what a type cannot say.
    ///
    /// # Errors
    /// If a setting cannot be used; the error names the key.
    pub fn check(&self) -> anyhow::Result<()> {
        let Self { nats, clickhouse, batch, events, texts, pseudonyms, .. } = self;
        ensure!(
            ["http://", "https://"].iter().any(|scheme| clickhouse.url.starts_with(scheme)),
            "clickhouse.url has to begin with http:// or https://, e.g. http://127.0.0.1:8123"
        );
        ensure!(!clickhouse.database.is_empty(), "clickhouse.database is needed, e.g. troupe");
        ensure!(!clickhouse.timeout.is_zero(), "clickhouse.timeout must not be 0");
        ensure!(
            (1..=ROWS_MAX).contains(&batch.rows_max),
            "batch.rows_max has to be from 1 to {ROWS_MAX}, it is {}",
            batch.rows_max
        );
        ensure!(batch.bytes_max > 0, "batch.bytes_max must not be 0");
        ensure!(
            events.keep_for.is_zero() || events.keep_for > nats.retention,
            "events.keep_for has to be longer than nats.retention, or what the stream still has would be written again"
        );
        pseudonyms.pseudonyms().map_err(anyhow::Error::msg)?;
        ensure!(texts.keep_for <= KEEP_MAX, "texts.keep_for has to be ten years at most, e.g. 30d");
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_can_be_used_and_a_wrong_setting_is_named() {
        let mut config: Config =
            troupe_service::config::load("no-such-file", include_str!("../default.toml")).unwrap();
        config.check().unwrap();
        config.batch.rows_max = 0;
        assert!(config.check().unwrap_err().to_string().contains("batch.rows_max"));
        config.batch.rows_max = 1;
        config.events.keep_for = Duration::from_hours(72);
        assert!(config.check().unwrap_err().to_string().contains("events.keep_for"));
        config.events.keep_for = Duration::from_hours(73);
        config.check().unwrap();
        config.clickhouse.url = "ftp://example.org".to_owned();
        assert!(config.check().unwrap_err().to_string().contains("clickhouse.url"));
    }
}
