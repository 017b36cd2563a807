//! What each key-value bucket has to be like: a stream with one message for each key.
//!
//! Made by hand: the client library's own calls ask for account details that not every account may see.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use troupe_protocol::Bucket;

use crate::{config::NatsConfig, streams::CONSUMERS_MAX};

/// How long it stays visible that a key expired. A client needs up to ten seconds to notice that the broker is back;
/// with shorter ones it would never see what expired meanwhile.
const MARKERS: Duration = Duration::from_mins(1);

/// What the subjects of `bucket` begin with; the key follows.
pub(crate) fn prefix(bucket: Bucket) -> String {
    format!("$KV.{}.", bucket.name())
}

/// Returns the settings of `bucket`.
pub(crate) fn config(bucket: Bucket, config: &NatsConfig) -> Config {
    let keys_expire = match bucket {
        Bucket::Owners => true,
        Bucket::Installation
        | Bucket::Bots
        | Bucket::Status
        | Bucket::Content
        | Bucket::Files
        | Bucket::Sessions => false,
    };
    Config {
        name: format!("KV_{}", bucket.name()),
        subjects: vec![format!("{}>", prefix(bucket))],
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        discard: DiscardPolicy::New,
        max_messages_per_subject: 1,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        // Records are written by compare and set; there is nothing to recognise by id.
        duplicate_window: Duration::from_mins(2),
        num_replicas: config.replicas,
        max_consumers: CONSUMERS_MAX,
        allow_message_ttl: keys_expire,
        subject_delete_marker_ttl: keys_expire.then_some(MARKERS),
        ..Config::default()
    }
}
