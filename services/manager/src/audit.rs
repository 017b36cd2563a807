//! What operators do. Every call that changes something says so here: one place for what has to be kept of it.

use std::fmt::Display;

/// Notes that an operator did `what`, e.g. `bot.stop`, to `whom`.
pub fn act(what: &'static str, whom: &dyn Display) {
    crate::metrics::operator_act(what);
    tracing::info!(target: "troupe_manager::audit", act = what, object = %whom, "an operator acted");
}
