//! What each stream has to be like.

use std::time::Duration;

use async_nats::jetstream::stream::{Config, DiscardPolicy, RetentionPolicy, StorageType};
use troupe_protocol::Stream;

use crate::config::NatsConfig;

/// How long the broker recognises a repeated id. A cheap filter only: the truth is kept in Redis and ClickHouse.
const DUPLICATES: Duration = Duration::from_mins(10);

/// How long dead letters are kept: people look at them, not machines.
const DEAD_RETENTION: Duration = Duration::from_hours(720);

/// From 2.15 on the server allows 1,000 consumers a stream unless it is told otherwise. It cannot be changed later.
pub(crate) const CONSUMERS_MAX: i32 = 10_000;

/// Returns the settings of `stream`.
pub(crate) fn config(stream: Stream, config: &NatsConfig) -> Config {
    let max_age = match stream {
        Stream::Updates | Stream::Actions | Stream::Webhooks | Stream::Events => config.retention,
        Stream::Dead => DEAD_RETENTION,
    };
    let mut subjects = vec![format!("{}.>", stream.prefix())];
    // Timers are scheduled messages; the broker wants them in the stream that they fire into.
    let timers = match stream {
        Stream::Updates => true,
        Stream::Actions | Stream::Webhooks | Stream::Events | Stream::Dead => false,
    };
    if timers {
        subjects.push("timer.>".to_owned());
    }
    Config {
        name: stream.name().to_owned(),
        subjects,
        // Work-queue retention forgets the ids that it has seen, and interest retention drops schedules.
        retention: RetentionPolicy::Limits,
        storage: StorageType::File,
        // Bounded by age, not by refusing: schedules exclude that. A full disk fails the publish, and callers wait.
        discard: DiscardPolicy::Old,
        max_age,
        duplicate_window: DUPLICATES.min(max_age),
        num_replicas: config.replicas,
        max_consumers: CONSUMERS_MAX,
        allow_message_schedules: timers,
        allow_message_ttl: timers,
        // Publishing a timer again moves it, which is a rollup of its subject.
        allow_rollup: timers,
        ..Config::default()
    }
}
