//! The metrics that every service has.

use metrics::gauge;

use crate::metric::Metric;

const DEPENDENCY_UP: Metric = Metric::gauge(
    "troupe_service_dependency_up",
    "Whether something that the service needs is there: 1 or 0.",
    &[("dependency", &[])],
);

/// All of them.
pub const ALL: &[Metric] = &[DEPENDENCY_UP];

/// Notes whether a dependency is there.
pub(crate) fn dependency(name: &'static str, present: bool) {
    gauge!(DEPENDENCY_UP.name, "dependency" => name).set(if present { 1.0 } else { 0.0 });
}
