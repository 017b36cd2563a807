use std::{path::PathBuf, time::Duration};

use serde::Deserialize;
use troupe_types::PartitionCount;

/// How to reach NATS, and how its streams are to be. All but `url` has a default.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NatsConfig {
    /// `nats://[user:password@]host:port`, or `tls://…`; several of them, separated by commas, for a cluster.
    pub url: String,
    /// A `.creds` file with the account's key; empty or absent: none.
    #[serde(default)]
    pub credentials: Option<PathBuf>,
    /// On how many servers of the cluster each stream is kept; 1 where there is one server. Once streams are there, only
    /// the manager's setting changes it.
    #[serde(default = "default::replicas")]
    pub replicas: usize,
    /// How long streams keep messages. It has to be longer than any outage that is to be caught up with. Once streams
    /// are there, only the manager's setting changes it.
    #[serde(default = "default::retention", with = "humantime_serde")]
    pub retention: Duration,
    /// How many partitions a new installation gets. An existing one keeps the count that it was created with.
    #[serde(default)]
    pub partitions: PartitionCount,
    /// How long one call to the broker may take before it is taken for lost.
    #[serde(default = "default::timeout", with = "humantime_serde")]
    pub timeout: Duration,
    /// After how long a message that nobody acknowledged is handed out again.
    #[serde(default = "default::ack_wait", with = "humantime_serde")]
    pub ack_wait: Duration,
    /// How many actions of one partition may be in work at a time.
    #[serde(default = "default::actions_window")]
    pub actions_window: u16,
    /// How long a lease on a partition lasts unless it is renewed; whole seconds, at least 2. A cluster takes up to
    /// 7 s to choose a new leader, so there it has to be 15 s or more.
    #[serde(default = "default::lease_ttl", with = "humantime_serde")]
    pub lease_ttl: Duration,
    /// How long an owner may take to let go of a partition before its lease is no longer renewed.
    #[serde(default = "default::release_grace", with = "humantime_serde")]
    pub release_grace: Duration,
}

impl NatsConfig {
    /// The address for people's eyes: without the user and password that may stand in it.
    pub(crate) fn shown_url(&self) -> String {
        let shown = |url: &str| match url.trim().split_once("://") {
            Some((scheme, rest)) => match rest.rsplit_once('@') {
                Some((_, host)) => format!("{scheme}://***@{host}"),
                None => url.trim().to_owned(),
            },
            None => url.trim().rsplit_once('@').map_or(url.trim(), |(_, host)| host).to_owned(),
        };
        self.url.split(',').map(shown).collect::<Vec<_>>().join(",")
    }

    /// The defaults, for the server at `url`.
    pub fn at(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            credentials: None,
            replicas: default::replicas(),
            retention: default::retention(),
            partitions: PartitionCount::DEFAULT,
            timeout: default::timeout(),
            ack_wait: default::ack_wait(),
            actions_window: default::actions_window(),
            lease_ttl: default::lease_ttl(),
            release_grace: default::release_grace(),
        }
    }
}

mod default {
    use std::time::Duration;

    pub(super) const fn replicas() -> usize {
        1
    }
    pub(super) const fn retention() -> Duration {
        Duration::from_hours(72)
    }
    pub(super) const fn timeout() -> Duration {
        Duration::from_secs(2)
    }
    pub(super) const fn ack_wait() -> Duration {
        Duration::from_secs(5)
    }
    pub(super) const fn actions_window() -> u16 {
        2048
    }
    pub(super) const fn lease_ttl() -> Duration {
        Duration::from_secs(15)
    }
    pub(super) const fn release_grace() -> Duration {
        Duration::from_secs(20)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_password_is_shown() {
        let shown = |url: &str| NatsConfig::at(url).shown_url();
        assert_eq!(shown("nats://127.0.0.1:4222"), "nats://127.0.0.1:4222");
        assert_eq!(shown("nats://me:p@ss@one:4222, tls://two"), "nats://***@one:4222,tls://two");
        assert_eq!(shown("token@one"), "one");
    }
}
