use std::{num::NonZeroU32, time::Duration};

use serde::Deserialize;
use troupe_bus::NatsConfig;
use troupe_service::config::{self, HttpConfig, TelemetryConfig};
use troupe_store::RedisConfig;

/// All settings; `default.toml` explains each.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Health and metrics.
    pub http: HttpConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// How long a stop waits for work in flight.
    #[serde(with = "humantime_serde")]
    pub shutdown_grace: Duration,
    /// The bus.
    pub nats: NatsConfig,
    /// The store.
    pub redis: RedisConfig,
    /// Deciding.
    pub deciding: DecidingConfig,
}

/// What becomes of updates that cannot be decided, and what is told of the others.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DecidingConfig {
    /// How often an update may be left unfinished.
    pub attempts_max: NonZeroU32,
    /// How long an update waits for its bot's record and content.
    #[serde(with = "humantime_serde")]
    pub content_wait: Duration,
    /// Whether events tell what people wrote.
    pub tell_texts: bool,
    /// After how long a person of whom nothing comes any more is forgotten; 0 never.
    #[serde(with = "humantime_serde")]
    pub forget_after: Duration,
}

const DEFAULTS: &str = include_str!("../default.toml");

impl Config {
    /// Loads the settings from the defaults, a file and the environment.
    ///
    /// # Errors
    /// If a layer is malformed or a key unknown, missing or of the wrong type; the error names it.
    pub fn load() -> anyhow::Result<Self> {
        config::load("responder", DEFAULTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_load_and_are_those_of_the_bus_and_the_store() {
        let config = Config::load().unwrap();
        let (nats, redis) =
            (NatsConfig::at("nats://127.0.0.1:4222"), RedisConfig::at("redis://127.0.0.1:6379"));
        let without_credentials = NatsConfig { credentials: nats.credentials.clone(), ..config.nats };
        assert_eq!(format!("{without_credentials:?}"), format!("{nats:?}"));
        assert_eq!(format!("{:?}", config.redis), format!("{redis:?}"));
        assert_eq!(config.redis.url, redis.url);
    }
}
