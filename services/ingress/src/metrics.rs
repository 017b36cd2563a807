//! The metrics of ingress: names, units and labels.

use std::{
    sync::{Mutex, PoisonError},
    time::Duration,
};

use metrics::{counter, gauge, histogram};
use troupe_protocol::SessionState;
use troupe_service::metric::Metric;

use crate::telegram::Gap;

const SESSIONS: Metric = Metric::gauge(
    "troupe_ingress_sessions",
    "Sessions that this instance keeps, by state.",
    &[("state", &["connecting", "online", "stopped", "logged_out"])],
);
const RECONNECTS: Metric =
    Metric::counter("troupe_ingress_reconnects_total", "Connections that had to be made anew.", &[]);
const GAPS: Metric =
    Metric::counter("troupe_ingress_gaps_total", "Gaps in what Telegram told, each closed by asking.", &[]);
const GROUP_GAPS_LOST: Metric = Metric::counter(
    "troupe_ingress_group_gaps_lost_total",
    "Times that a group had more news than Telegram gives: some of its messages were never seen.",
    &[],
);
const GAPS_READ: Metric = Metric::counter(
    "troupe_ingress_gaps_read_total",
    "Times that an account had missed more than Telegram tells and its chats were read instead, by how much was found.",
    &[("found", &["all", "part"])],
);
const UPDATES_PUBLISHED: Metric =
    Metric::counter("troupe_ingress_updates_published_total", "Updates that the broker has.", &[]);
const ACTIONS: Metric = Metric::counter(
    "troupe_ingress_actions_total",
    "Actions carried out, by what came of them.",
    &[("outcome", &["sent", "failed", "other"])],
);
const ACTION_DELAY: Metric = Metric::histogram(
    "troupe_ingress_action_delay_seconds",
    "Time from an action being decided to it being done, with reading and typing.",
    &[],
);
const REPLY_DELAY: Metric = Metric::histogram(
    "troupe_ingress_reply_delay_seconds",
    "Time from ingress knowing of an update to Telegram confirming the reply.",
    &[],
);
const FLOOD_WAITS: Metric = Metric::counter(
    "troupe_ingress_flood_waits_total",
    "Times that Telegram asked an account to wait, by what it wanted to do.",
    &[("method", &["read", "send", "download", "react", "forward"])],
);
const FLOOD_WAIT_SECONDS: Metric = Metric::counter(
    "troupe_ingress_flood_wait_seconds_total",
    "Seconds that Telegram asked accounts to wait, by what they wanted to do.",
    &[("method", &["read", "send", "download", "react", "forward"])],
);

/// All of them.
pub const ALL: &[Metric] = &[
    SESSIONS,
    RECONNECTS,
    GAPS,
    GROUP_GAPS_LOST,
    GAPS_READ,
    UPDATES_PUBLISHED,
    ACTIONS,
    ACTION_DELAY,
    REPLY_DELAY,
    FLOOD_WAITS,
    FLOOD_WAIT_SECONDS,
];

/// Counts updates published.
pub(crate) fn updates_published(count: usize) {
    counter!(UPDATES_PUBLISHED.name).increment(count as u64);
}

/// Counts an action by what came of it, `sent`, `failed` or `other`, and notes how long after its decision it was done.
pub(crate) fn action(outcome: &'static str, delay: Duration) {
    counter!(ACTIONS.name, "outcome" => outcome).increment(1);
    histogram!(ACTION_DELAY.name).record(delay.as_secs_f64());
}

/// Notes the time from ingress knowing of an update to Telegram confirming the reply.
pub(crate) fn reply_delay(time: Duration) {
    histogram!(REPLY_DELAY.name).record(time.as_secs_f64());
}

/// Counts a flood wait and its length; `method` is what the account wanted to do.
pub(crate) fn flood_wait(method: &'static str, wait: Duration) {
    counter!(FLOOD_WAITS.name, "method" => method).increment(1);
    counter!(FLOOD_WAIT_SECONDS.name, "method" => method).increment(wait.as_secs());
}

/// Counts connections that had to be made anew.
pub(crate) fn reconnected() {
    counter!(RECONNECTS.name).increment(1);
}

/// Counts a gap in what Telegram told.
pub(crate) fn gap() {
    counter!(GAPS.name).increment(1);
}

/// Counts a group whose news Telegram did not give in full.
pub(crate) fn group_gap_lost() {
    counter!(GROUP_GAPS_LOST.name).increment(1);
}

/// Counts an account that had missed more than Telegram tells.
pub(crate) fn gap_read(gap: Gap) {
    let found = match gap {
        Gap::Filled => "all",
        Gap::FilledInPart => "part",
    };
    counter!(GAPS_READ.name, "found" => found).increment(1);
}

/// Counts one session under its state for as long as it lives.
#[derive(Debug, Default)]
pub(crate) struct SessionGauge(Mutex<Option<SessionState>>);

impl SessionGauge {
    /// Says which state the session is in.
    pub(crate) fn set(&self, state: SessionState) {
        self.change(Some(state));
    }

    fn change(&self, state: Option<SessionState>) {
        let mut current = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = std::mem::replace(&mut *current, state) {
            gauge!(SESSIONS.name, "state" => name(before)).decrement(1.0);
        }
        if let Some(now) = state {
            gauge!(SESSIONS.name, "state" => name(now)).increment(1.0);
        }
    }
}

impl Drop for SessionGauge {
    fn drop(&mut self) {
        self.change(None);
    }
}

const fn name(state: SessionState) -> &'static str {
    match state {
        SessionState::Connecting => "connecting",
        SessionState::Online => "online",
        SessionState::Stopped => "stopped",
        SessionState::LoggedOut => "logged_out",
    }
}
