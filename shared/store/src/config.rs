use std::{path::PathBuf, time::Duration};

use serde::Deserialize;
use troupe_protocol::Secret;

/// How to reach Redis. All but `url` has a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RedisConfig {
    /// `redis://[user:password@]host:port[/database]`, or `rediss://…` for TLS.
    pub url: Secret,
    /// Certificates in PEM that are trusted beside the system's; empty or absent: none.
    #[serde(default)]
    pub ca_file: PathBuf,
    /// How long one call may take before it is taken for lost.
    #[serde(default = "default::timeout", with = "humantime_serde")]
    pub timeout: Duration,
    /// How many messages of a partition may wait to be published. When there are more, deciding waits.
    #[serde(default = "default::outbox_max")]
    pub outbox_max: u32,
}

impl RedisConfig {
    /// The defaults, for the server at `url`.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: Secret::new(url),
            ca_file: PathBuf::new(),
            timeout: default::timeout(),
            outbox_max: default::outbox_max(),
        }
    }
}

mod default {
    use std::time::Duration;

    pub(super) const fn timeout() -> Duration {
        Duration::from_secs(2)
    }
    pub(super) const fn outbox_max() -> u32 {
        4096
    }
}
