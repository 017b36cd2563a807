//! The metrics of manager: names, units and labels.
//!
//! What calls take is told as OpenTelemetry's conventions for HTTP have it; its `_count` is how many there were.
//! Source: <https://opentelemetry.io/docs/specs/semconv/http/http-metrics/>.

use std::time::Duration;

use metrics::{counter, histogram};
use troupe_service::metric::Metric;

const REQUEST_DURATION: Metric = Metric::histogram(
    "http_server_request_duration_seconds",
    "Time that a call to the API took, by route and status.",
    &[("http_request_method", &[]), ("http_route", &[]), ("http_response_status_code", &[])],
);
const OPERATOR_ACTS: Metric = Metric::counter(
    "troupe_manager_operator_acts_total",
    "Calls that changed something, by what was done.",
    &[("act", &[])],
);

/// All of them.
pub const ALL: &[Metric] = &[REQUEST_DURATION, OPERATOR_ACTS];

/// Notes a call, by the route's pattern and never by what stands in a path.
pub(crate) fn request(method: &'static str, route: String, status: u16, took: Duration) {
    histogram!(
        REQUEST_DURATION.name,
        "http_request_method" => method,
        "http_route" => route,
        "http_response_status_code" => status.to_string(),
    )
    .record(took.as_secs_f64());
}

/// Counts an operator's act, e.g. `bot.stop`.
pub(crate) fn operator_act(act: &'static str) {
    counter!(OPERATOR_ACTS.name, "act" => act).increment(1);
}
