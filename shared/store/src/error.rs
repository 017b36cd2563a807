use std::time::Duration;

use redis::{ErrorKind, RedisError};
use troupe_types::Partition;

/// What can go wrong with the store.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The address makes no sense. It is not shown: it may hold a password.
    #[error("cannot read redis.url: {reason}")]
    Url {
        /// What is wrong with it.
        reason: String,
    },
    /// Nobody can be trusted as the settings want it.
    #[error("cannot use TLS to Redis: see redis.ca_file")]
    Tls(#[source] troupe_tls::Error),
    /// Nobody answers, or not like a Redis server.
    #[error("cannot connect to Redis at {address}: is it running, and is redis.url right?")]
    Connect {
        /// Host and port.
        address: String,
        /// What the client said.
        #[source]
        source: Cause,
    },
    /// The server would throw state away when its memory is full.
    #[error("Redis at {address} evicts keys ({policy}): set its maxmemory-policy to noeviction")]
    Evicts {
        /// Host and port.
        address: String,
        /// Its policy.
        policy: String,
    },
    /// Whether it was done is not known. Do the same again.
    #[error("cannot {doing} partition {partition}")]
    Call {
        /// What was tried.
        doing: &'static str,
        /// Of which partition.
        partition: Partition,
        /// What the client said.
        #[source]
        source: Cause,
    },
    /// Too many messages of this partition wait to be published. Publish them, then do the same again.
    #[error("{count} messages of partition {partition} wait to be published")]
    OutboxFull {
        /// The partition.
        partition: Partition,
        /// How many wait.
        count: u32,
    },
    /// One decision has more messages than the outbox can ever hold.
    #[error("a commit to partition {partition} has {count} messages, more than the outbox can hold")]
    TooMany {
        /// The partition.
        partition: Partition,
        /// How many it has.
        count: usize,
    },
    /// What is stored is not what this crate writes.
    #[error("what is stored of partition {partition} cannot be read: {reason}")]
    Stored {
        /// The partition.
        partition: Partition,
        /// What is wrong with it.
        reason: String,
    },
}

impl Error {
    /// Whether trying the same again can succeed.
    pub fn is_passing(&self) -> bool {
        match self {
            // Who is not let in now is not let in later.
            Self::Connect { source: Cause(Why::Redis(error)), .. } => {
                !matches!(error.kind(), ErrorKind::AuthenticationFailed | ErrorKind::InvalidClientConfig)
            }
            Self::Connect { .. } | Self::Call { .. } | Self::OutboxFull { .. } => true,
            Self::Url { .. }
            | Self::Tls(_)
            | Self::Evicts { .. }
            | Self::TooMany { .. }
            | Self::Stored { .. } => false,
        }
    }
}

/// Why a call failed. The client's own types do not leave this crate.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Cause(#[from] Why);

#[derive(Debug, thiserror::Error)]
pub(crate) enum Why {
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("no answer within {0:?}")]
    Deadline(Duration),
}

impl From<RedisError> for Cause {
    fn from(error: RedisError) -> Self {
        Self(Why::Redis(error))
    }
}
