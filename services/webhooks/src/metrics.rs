//! The metrics of webhooks: names, units and labels.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use troupe_protocol::ContentName;
use troupe_service::metric::{LabelSet, Metric};

use crate::calling::Error;

/// The target, as the settings name it.
const TARGET: LabelSet = ("webhook", &[]);

const TRIES: Metric = Metric::counter(
    "troupe_webhooks_tries_total",
    "Tries to call a webhook, by what became of them.",
    &[TARGET, ("outcome", &["delivered", "refused", "gone", "forbidden", "unreachable", "too_late"])],
);
const TRY_DURATION: Metric =
    Metric::histogram("troupe_webhooks_try_duration_seconds", "Time that a try took.", &[TARGET]);
const DELIVERY_DELAY: Metric = Metric::histogram(
    "troupe_webhooks_delivery_delay_seconds",
    "Time from when a call was due to when it was taken, with all its tries.",
    &[TARGET],
);
const GIVEN_UP: Metric =
    Metric::counter("troupe_webhooks_given_up_total", "Calls that became dead letters.", &[TARGET]);
const STRAYS: Metric = Metric::counter(
    "troupe_webhooks_strays_total",
    "Calls that became dead letters because no setting names their target.",
    &[],
);
const WAITING: Metric = Metric::gauge(
    "troupe_webhooks_waiting_calls",
    "Calls of a webhook that were not handed out yet, when one last was.",
    &[TARGET],
);

/// All of them.
pub const ALL: &[Metric] = &[TRIES, TRY_DURATION, DELIVERY_DELAY, GIVEN_UP, STRAYS, WAITING];

/// What became of a try.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was taken.
    Delivered,
    /// It was answered otherwise.
    Refused,
    /// The receiver wants no more of it.
    Gone,
    /// It would have led where nothing is called.
    Forbidden,
    /// Nobody answered.
    Unreachable,
    /// The answer took too long.
    TooLate,
}

impl Outcome {
    pub(crate) fn of(tried: &Result<(), Error>) -> Self {
        match tried {
            Ok(()) => Self::Delivered,
            Err(error) if error.is_final() => Self::Gone,
            Err(Error::Status(_)) => Self::Refused,
            Err(Error::Forbidden { .. }) => Self::Forbidden,
            Err(
                Error::LookUp { .. }
                | Error::NoAddress { .. }
                | Error::Connect(_)
                | Error::Tls(_)
                | Error::Exchange(_),
            ) => Self::Unreachable,
            Err(Error::TooLate) => Self::TooLate,
        }
    }

    /// The word for it in labels and spans.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::Refused => "refused",
            Self::Gone => "gone",
            Self::Forbidden => "forbidden",
            Self::Unreachable => "unreachable",
            Self::TooLate => "too_late",
        }
    }
}

/// Counts a try, and notes how long it took.
pub(crate) fn tried(target: &ContentName, outcome: Outcome, took: Duration) {
    counter!(TRIES.name, "webhook" => target.to_string(), "outcome" => outcome.as_str()).increment(1);
    histogram!(TRY_DURATION.name, "webhook" => target.to_string()).record(took.as_secs_f64());
}

/// Notes how long after it was due a call was taken.
pub(crate) fn delivered(target: &ContentName, after: Duration) {
    histogram!(DELIVERY_DELAY.name, "webhook" => target.to_string()).record(after.as_secs_f64());
}

/// Counts a call that became a dead letter.
pub(crate) fn given_up(target: &ContentName) {
    counter!(GIVEN_UP.name, "webhook" => target.to_string()).increment(1);
}

/// Counts a call that became a dead letter because nobody knows its target.
pub(crate) fn stray() {
    counter!(STRAYS.name).increment(1);
}

/// Notes how many calls of a webhook wait to be handed out.
#[expect(clippy::cast_precision_loss, reason = "nobody counts a backlog beyond 2^52")]
pub(crate) fn waiting(target: &ContentName, calls: u64) {
    gauge!(WAITING.name, "webhook" => target.to_string()).set(calls as f64);
}
