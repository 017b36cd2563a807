//! The metrics of ingress: names, units and labels.

use std::time::Duration;

use metrics::{counter, gauge, histogram};

/// Counts updates published.
pub fn updates_published(count: usize) {
    counter!("troupe_ingress_updates_published_total").increment(count as u64);
}

/// Counts an action by what came of it: `sent`, `failed` or `other`.
pub fn action(outcome: &'static str) {
    counter!("troupe_ingress_actions_total", "outcome" => outcome).increment(1);
}

/// Notes the time from ingress knowing of an update to Telegram confirming the reply.
pub fn reply_time(time: Duration) {
    histogram!("troupe_ingress_reply_seconds").record(time.as_secs_f64());
}

/// Counts a flood wait and its length.
pub fn flood_wait(wait: Duration) {
    counter!("troupe_ingress_flood_waits_total").increment(1);
    counter!("troupe_ingress_flood_wait_seconds_total").increment(wait.as_secs());
}

/// Notes that a session came online or went.
pub fn sessions_online(by: i32) {
    gauge!("troupe_ingress_sessions_online").increment(f64::from(by));
}

/// Counts connections that had to be made anew.
pub fn reconnected() {
    counter!("troupe_ingress_reconnects_total").increment(1);
}
