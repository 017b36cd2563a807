//! One start for every binary: layered configuration, logs and traces, health and metrics, shutdown.
//!
//! A service's `main` loads its [`config`] and calls [`start()`], which starts [`telemetry`], asks [`shutdown`] for a token
//! and serves [`health`]; then it waits for what it needs ([`wait_for`]), and hands the rest to its own `run`. Nothing
//! else in troupe reads the environment or the system's clock.

mod clock;
pub mod config;
mod exit;
pub mod health;
mod instance;
pub mod metric;
pub mod metrics;
pub mod shutdown;
mod start;
pub mod telemetry;
mod waiting;

pub use clock::{Clock, SystemClock};
pub use exit::{exit_code, exit_code_of};
pub use instance::instance_name;
pub use start::{Started, start};
pub use waiting::wait_for;
