//! The metrics of the responder: names, units and labels.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

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
            Self::DeadLetter => "dead_letter",
            Self::GivenBack => "given_back",
        }
    }
}

/// Counts an update.
pub(crate) fn update(outcome: Outcome) {
    counter!("troupe_responder_updates_total", "outcome" => outcome.as_str()).increment(1);
}

/// Counts a try that has to be repeated, because a server was away or something was not known yet.
pub(crate) fn retry() {
    counter!("troupe_responder_retries_total").increment(1);
}

/// Notes how long the engine took.
pub(crate) fn decided(took: Duration) {
    histogram!("troupe_responder_decide_seconds").record(took.as_secs_f64());
}

/// Notes how long after ingress knew of an update its decision was committed.
pub(crate) fn committed(after: Duration) {
    histogram!("troupe_responder_commit_delay_seconds").record(after.as_secs_f64());
}

/// Notes that messages came into an outbox, or left one if `by` is negative.
pub(crate) fn outbox(by: f64) {
    gauge!("troupe_responder_outbox_messages").increment(by);
}
