//! One start for every binary: layered configuration, logs and traces, health and metrics, shutdown.
//!
//! A service's `main` loads its [`config`], starts [`telemetry`], asks [`shutdown`] for a token, serves [`health`],
//! and hands the rest to its own `run`. Nothing else in troupe reads the environment or the system's clock.

mod clock;
pub mod config;
mod exit;
pub mod health;
mod instance;
pub mod metric;
pub mod metrics;
pub mod shutdown;
pub mod telemetry;

pub use clock::{Clock, SystemClock};
pub use exit::exit_code;
pub use instance::instance_name;
