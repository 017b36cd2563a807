//! The settings of webhooks; `default.toml` explains each.

use std::{collections::BTreeMap, path::PathBuf, time::Duration};

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use troupe_bus::NatsConfig;
use troupe_protocol::{ContentName, Secret};
use troupe_service::config::{HttpConfig, TelemetryConfig};

/// All settings.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Health and metrics.
    pub http: HttpConfig,
    /// Logs and traces.
    pub telemetry: TelemetryConfig,
    /// How long a stop waits for calls that are under way.
    #[serde(with = "humantime_serde")]
    pub shutdown_grace: Duration,
    /// The bus.
    pub nats: NatsConfig,
    /// How calls are made.
    pub calls: CallsConfig,
    /// What can be called, by name.
    #[serde(default)]
    pub targets: BTreeMap<ContentName, TargetConfig>,
}

/// How calls are made.
#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallsConfig {
    /// How long one try may take.
    #[serde(with = "humantime_serde")]
    pub timeout: Duration,
    /// How long to wait before the second try.
    #[serde(with = "humantime_serde")]
    pub pause_min: Duration,
    /// The longest wait before another try.
    #[serde(with = "humantime_serde")]
    pub pause_max: Duration,
    /// For how long after it was due a call is tried again.
    #[serde(with = "humantime_serde")]
    pub give_up_after: Duration,
    /// How many calls of one webhook are made at the same time.
    pub at_a_time: u16,
    /// How many calls of one webhook may wait to be tried again.
    pub window: u16,
}

/// Something that can be called.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetConfig {
    /// Where it is.
    pub url: String,
    /// What the receiver checks the signature by.
    pub secret: Secret,
    /// Whether its address may be a private one, and its URL begin with `http://`.
    #[serde(default)]
    pub own_network: bool,
    /// Certificates that are trusted for it, beside the system's; empty or absent: none.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

impl Config {
    /// Loads and checks all settings.
    ///
    /// # Errors
    /// If a layer is malformed, or a setting is missing or cannot be used; the error names the key.
    pub fn load() -> anyhow::Result<Self> {
        let config: Self = troupe_service::config::load("webhooks", include_str!("../default.toml"))?;
        config.check().context("cannot use the configuration of webhooks")?;
        Ok(config)
    }

    /// Checks what a type cannot say of all but the targets.
    ///
    /// # Errors
    /// If a setting cannot be used; the error names the key.
    pub fn check(&self) -> anyhow::Result<()> {
        let CallsConfig { timeout, pause_min, pause_max, give_up_after, at_a_time, window } = self.calls;
        ensure!(!timeout.is_zero(), "calls.timeout must not be 0");
        ensure!(!pause_min.is_zero(), "calls.pause_min must not be 0");
        ensure!(pause_min <= pause_max, "calls.pause_max has to be calls.pause_min or more");
        ensure!(
            give_up_after < self.nats.retention,
            "calls.give_up_after has to be shorter than nats.retention: what is not kept cannot be tried again"
        );
        ensure!(at_a_time > 0, "calls.at_a_time must not be 0");
        ensure!(window >= at_a_time, "calls.window has to be calls.at_a_time or more");
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
        assert!(config.targets.is_empty());
        config.calls.give_up_after = config.nats.retention;
        assert!(config.check().unwrap_err().to_string().contains("calls.give_up_after"));
    }
}
