//! The settings of ingress; `default.toml` explains each.

use std::{fmt, net::SocketAddrV4, path::PathBuf, time::Duration};

use anyhow::{Context, ensure};
use serde::{
    Deserialize, Deserializer,
    de::{Error as _, SeqAccess, Visitor},
};
use troupe_bus::NatsConfig;
use troupe_protocol::Secret;
use troupe_service::config::{HttpConfig, TelemetryConfig};

/// All settings.
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
    /// Telegram.
    pub telegram: TelegramConfig,
    /// Encryption of sessions.
    pub vault: VaultConfig,
    /// How fast a bot reads and types.
    pub pace: PaceConfig,
    /// Stored files.
    pub media: MediaConfig,
}

/// How to reach Telegram, and as what.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelegramConfig {
    /// The application's id.
    pub api_id: i32,
    /// The application's hash.
    pub api_hash: Secret,
    /// Shown in the account's list of sessions.
    pub device_model: String,
    /// Shown in the account's list of sessions.
    pub app_version: String,
    /// Another server than Telegram's own.
    #[serde(deserialize_with = "empty_as_none")]
    pub address: Option<SocketAddrV4>,
    /// That server's public key.
    #[serde(deserialize_with = "empty_as_none")]
    pub rsa_key_file: Option<PathBuf>,
    /// How long one call may take.
    #[serde(with = "humantime_serde")]
    pub call_timeout: Duration,
    /// How often Telegram may fail at an action before it counts as refused.
    pub failures_max: u32,
    /// How often a quiet connection is asked whether it still lives.
    #[serde(with = "humantime_serde")]
    pub ping_interval: Duration,
    /// How often a session asks for what it may have missed.
    #[serde(with = "humantime_serde")]
    pub resync_interval: Duration,
}

/// The keys that sessions are encrypted with, each as `<name>:<base64>`.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VaultConfig {
    /// Encrypts, and decrypts what it encrypted.
    pub key: Secret,
    /// Only decrypt.
    #[serde(deserialize_with = "list")]
    pub old_keys: Vec<Secret>,
}

/// How fast a bot reads and types.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PaceConfig {
    /// From the decision to the read mark.
    #[serde(with = "humantime_serde")]
    pub read_delay: Duration,
    /// Typing time of one character.
    #[serde(with = "humantime_serde")]
    pub typing_per_character: Duration,
    /// Typing time of one message at most.
    #[serde(with = "humantime_serde")]
    pub typing_max: Duration,
}

/// Where stored files go.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MediaConfig {
    /// The folder; made if it is absent.
    pub folder: PathBuf,
    /// Larger files are refused, in bytes.
    pub bytes_max: u64,
    /// How long a file is kept after it was stored; 0 for good.
    #[serde(with = "humantime_serde")]
    pub keep_for: Duration,
}

impl Config {
    /// Loads and checks all settings.
    ///
    /// # Errors
    /// If a layer is malformed, or a setting is missing or contradicts another; the error names the keys.
    pub fn load() -> anyhow::Result<Self> {
        let config: Self = troupe_service::config::load("ingress", include_str!("../default.toml"))?;
        config.check().context("cannot use the configuration of ingress")?;
        Ok(config)
    }

    fn check(&self) -> anyhow::Result<()> {
        let telegram = &self.telegram;
        ensure!(
            telegram.api_id > 0 && !telegram.api_hash.expose().is_empty(),
            "telegram.api_id and telegram.api_hash are needed: get them from https://my.telegram.org"
        );
        ensure!(
            telegram.address.is_some() == telegram.rsa_key_file.is_some(),
            "telegram.address and telegram.rsa_key_file go together: set both or none"
        );
        ensure!(
            !self.vault.key.expose().is_empty(),
            "vault.key is needed, e.g. made by: echo \"key1:$(openssl rand -base64 32)\""
        );
        Ok(())
    }
}

/// Reads a list: as such from a file, its members with commas between them from the environment, which has texts only.
///
/// Whatever else it is, is not quoted: it may be a key.
fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Secret>, D::Error> {
    struct List;
    impl<'de> Visitor<'de> for List {
        type Value = Vec<Secret>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of keys")
        }

        fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Vec<Secret>, E> {
            Ok(text.split(',').map(str::trim).filter(|key| !key.is_empty()).map(Secret::new).collect())
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut members: A) -> Result<Vec<Secret>, A::Error> {
            let mut all = Vec::new();
            while let Some(member) = members.next_element()? {
                all.push(member);
            }
            Ok(all)
        }
    }
    deserializer.deserialize_any(List)
}

/// Reads a text; an empty one means that nothing is set.
fn empty_as_none<'de, D: Deserializer<'de>, T: std::str::FromStr>(
    deserializer: D,
) -> Result<Option<T>, D::Error>
where
    T::Err: std::fmt::Display,
{
    match String::deserialize(deserializer)?.as_str() {
        "" => Ok(None),
        text => text.parse().map(Some).map_err(|error| D::Error::custom(format!("{text:?}: {error}"))),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn the_defaults_can_be_read_and_name_every_setting_of_the_bus() {
        let defaults = include_str!("../default.toml");
        let config: Config = troupe_service::config::load("no-such-file", defaults).unwrap();
        assert!(config.check().unwrap_err().to_string().contains("telegram.api_id"));
        let bus =
            NatsConfig { credentials: config.nats.credentials.clone(), ..NatsConfig::at(&config.nats.url) };
        assert_eq!(format!("{:?}", config.nats), format!("{bus:?}"));
        for key in ["credentials", "replicas", "retention", "partitions", "timeout", "ack_wait"] {
            assert!(defaults.contains(&format!("\n{key} = ")), "{key}");
        }
        for key in ["actions_window", "lease_ttl", "release_grace"] {
            assert!(defaults.contains(&format!("\n{key} = ")), "{key}");
        }
    }

    #[test]
    fn old_keys_are_a_list_or_a_text_and_never_quoted() {
        let read =
            |old_keys| serde_json::from_value::<VaultConfig>(json!({"key": "a:b", "old_keys": old_keys}));
        let keys = |old_keys| {
            let keys = read(old_keys).unwrap().old_keys;
            keys.iter().map(|key| key.expose().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(keys(json!(["c:d", "e:f"])), ["c:d", "e:f"]);
        assert_eq!(keys(json!("c:d, e:f")), ["c:d", "e:f"]);
        assert!(keys(json!("")).is_empty());
        let error = read(json!([5_551_234])).unwrap_err().to_string();
        assert!(!error.contains("5551234"), "{error}");
    }
}
