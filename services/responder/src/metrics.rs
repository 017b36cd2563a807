//! The metrics of the responder: names, units and labels.

use std::time::Duration;

use metrics::{counter, gauge, histogram};
use troupe_service::metric::Metric;

const UPDATES: Metric = Metric::counter(
    "troupe_responder_updates_total",
    "Updates handled, by what became of them.",
    &[("outcome", &["answered", "silent", "already_applied", "repeated", "dead_letter", "given_back"])],
);
const RETRIES: Metric = Metric::counter(
    "troupe_responder_retries_total",
    "Tries that have to be repeated, because a server was away or something was not known yet.",
    &[],
);
const DECIDE_DURATION: Metric = Metric::histogram(
    "troupe_responder_decide_duration_seconds",
    "Time that the engine took to decide.",
    &[],
);
const COMMIT_DURATION: Metric = Metric::histogram(
    "troupe_responder_commit_duration_seconds",
    "Time that Redis took to commit a decision.",
    &[],
);
const COMMIT_DELAY: Metric = Metric::histogram(
    "troupe_responder_commit_delay_seconds",
    "Time from ingress knowing of an update to its decision being committed.",
    &[],
);
const OUTBOX: Metric = Metric::gauge(
    "troupe_responder_outbox_messages",
    "Messages that are committed and not yet with the broker.",
    &[],
);

/// All of them.
pub const ALL: &[Metric] = &[UPDATES, RETRIES, DECIDE_DURATION, COMMIT_DURATION, COMMIT_DELAY, OUTBOX];

/// What became of an update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was decided on, and the bot does something.
    Answered,
    /// It was decided on, and the bot does nothing.
    Silent,
    /// It had been applied before; only what was left in the outbox was published.
    AlreadyApplied,
    /// It had been published twice, and the other one was applied.
    Repeated,
    /// It was written before its person was erased, and is left out.
    Erased,
    /// It became a dead letter.
    DeadLetter,
    /// It was given back to the broker.
    GivenBack,
}

impl Outcome {
    /// The word for it in labels and spans.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Answered => "answered",
            Self::Silent => "silent",
            Self::AlreadyApplied => "already_applied",
            Self::Repeated => "repeated",
            Self::Erased => "erased",
            Self::DeadLetter => "dead_letter",
            Self::GivenBack => "given_back",
        }
    }
}

/// Counts an update.
pub(crate) fn update(outcome: Outcome) {
    counter!(UPDATES.name, "outcome" => outcome.as_str()).increment(1);
}

/// Counts a try that has to be repeated.
pub(crate) fn retry() {
    counter!(RETRIES.name).increment(1);
}

/// Notes how long the engine took.
pub(crate) fn decided(took: Duration) {
    histogram!(DECIDE_DURATION.name).record(took.as_secs_f64());
}

/// Notes how long a commit took, and how long after ingress knew of the update it was done.
pub(crate) fn committed(took: Duration, after: Duration) {
    histogram!(COMMIT_DURATION.name).record(took.as_secs_f64());
    histogram!(COMMIT_DELAY.name).record(after.as_secs_f64());
}

/// Notes that messages came into an outbox, or left one if `by` is negative.
pub(crate) fn outbox(by: f64) {
    gauge!(OUTBOX.name).increment(by);
}
