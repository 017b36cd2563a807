//! The metrics of the bus: names, units and labels.
//!
//! Where OpenTelemetry's conventions for messaging have a metric, it is that one, spelt as Prometheus spells it.
//! Source: <https://opentelemetry.io/docs/specs/semconv/messaging/messaging-metrics/>.

use std::time::Duration;

use metrics::{Counter, counter, gauge, histogram};
use troupe_protocol::Stream;
use troupe_service::metric::{LabelSet, Metric};
use troupe_types::Partition;

use crate::Error;

const SYSTEM: LabelSet = ("messaging_system", &["nats"]);
const DESTINATION: &str = "messaging_destination_name";
const STREAMS: LabelSet = (DESTINATION, &["UPDATES", "ACTIONS", "WEBHOOKS", "EVENTS", "DEAD"]);
const PARTITION: LabelSet = ("messaging_destination_partition_id", &[]);

const SENT: Metric = Metric::counter(
    "messaging_client_sent_messages_total",
    "Tries to publish a message, by stream.",
    &[
        SYSTEM,
        ("messaging_operation_name", &["publish"]),
        STREAMS,
        ("error_type", &["", "publish", "too_large"]),
    ],
);
const OPERATION_DURATION: Metric = Metric::histogram(
    "messaging_client_operation_duration_seconds",
    "Time from publishing a message to the broker's acknowledgement, by stream.",
    &[
        SYSTEM,
        ("messaging_operation_name", &["publish"]),
        STREAMS,
        ("error_type", &["", "publish", "too_large"]),
    ],
);
const CONSUMED: Metric = Metric::counter(
    "messaging_client_consumed_messages_total",
    "Messages that the broker handed out, by stream.",
    &[SYSTEM, ("messaging_operation_name", &["receive"]), STREAMS],
);
const PROCESS_DURATION: Metric = Metric::histogram(
    "messaging_process_duration_seconds",
    "Time from being handed a message to settling it, by stream.",
    &[
        SYSTEM,
        ("messaging_operation_name", &["process"]),
        STREAMS,
        ("error_type", &["", "given_back", "dead_letter"]),
    ],
);
const DEAD_LETTERS: Metric = Metric::counter(
    "troupe_bus_dead_letters_total",
    "Messages that became dead letters, by the stream they were in.",
    &[STREAMS],
);
const DEAD_LETTERS_KEPT: Metric =
    Metric::gauge("troupe_bus_dead_letters_kept_messages", "Dead letters that the broker keeps.", &[]);
const WAITING: Metric = Metric::gauge(
    "troupe_bus_consumer_waiting_messages",
    "Messages of a partition that were not handed out yet. Each instance tells all partitions: take the maximum.",
    &[STREAMS, PARTITION],
);
const UNSETTLED: Metric = Metric::gauge(
    "troupe_bus_consumer_unsettled_messages",
    "Messages of a partition that were handed out and not settled yet. Take the maximum over instances.",
    &[STREAMS, PARTITION],
);

/// All of them.
pub const ALL: &[Metric] = &[
    SENT,
    OPERATION_DURATION,
    CONSUMED,
    PROCESS_DURATION,
    DEAD_LETTERS,
    DEAD_LETTERS_KEPT,
    WAITING,
    UNSETTLED,
];

/// How handling a message ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Settled {
    Done,
    GivenBack,
    DeadLetter,
}

/// Counts a try to publish on `subject`, and how long the broker took.
pub(crate) fn published<T>(subject: &str, result: &Result<T, Error>, took: Duration) {
    let error = match result {
        Ok(_) => "",
        Err(Error::TooLarge { .. }) => "too_large",
        Err(_) => "publish",
    };
    let labels = [
        ("messaging_system", "nats"),
        ("messaging_operation_name", "publish"),
        (DESTINATION, destination(subject)),
        ("error_type", error),
    ];
    counter!(SENT.name, &labels).increment(1);
    histogram!(OPERATION_DURATION.name, &labels).record(took.as_secs_f64());
}

/// Counts messages that the broker handed out: to be kept by who counts many, since finding it takes a while.
pub(crate) fn consumed(stream: Stream) -> Counter {
    counter!(
        CONSUMED.name,
        "messaging_system" => "nats",
        "messaging_operation_name" => "receive",
        DESTINATION => stream.name(),
    )
}

/// Notes how long a message was worked on.
pub(crate) fn processed(stream: Stream, settled: Settled, took: Duration) {
    let error = match settled {
        Settled::Done => "",
        Settled::GivenBack => "given_back",
        Settled::DeadLetter => "dead_letter",
    };
    histogram!(
        PROCESS_DURATION.name,
        "messaging_system" => "nats",
        "messaging_operation_name" => "process",
        DESTINATION => stream.name(),
        "error_type" => error,
    )
    .record(took.as_secs_f64());
}

/// Counts a message of `stream` that became a dead letter.
pub(crate) fn dead_letter(stream: Stream) {
    counter!(DEAD_LETTERS.name, DESTINATION => stream.name()).increment(1);
}

/// Notes how many dead letters there are.
#[expect(clippy::cast_precision_loss, reason = "nobody keeps 2^52 dead letters")]
pub(crate) fn dead_letters_kept(count: u64) {
    gauge!(DEAD_LETTERS_KEPT.name).set(count as f64);
}

/// Notes how far behind a partition's consumer is.
#[expect(clippy::cast_precision_loss, reason = "nobody counts a backlog beyond 2^52")]
pub(crate) fn lag(stream: Stream, partition: Partition, waiting: u64, unsettled: u64) {
    let labels = [(DESTINATION, stream.name().to_owned()), (PARTITION.0, partition.to_string())];
    gauge!(WAITING.name, &labels).set(waiting as f64);
    gauge!(UNSETTLED.name, &labels).set(unsettled as f64);
}

/// The stream that a subject belongs to. Timers are kept in the one that they fire into.
fn destination(subject: &str) -> &'static str {
    let prefix = subject.split('.').next().unwrap_or_default();
    Stream::ALL.into_iter().find(|stream| stream.prefix() == prefix).unwrap_or(Stream::Updates).name()
}
