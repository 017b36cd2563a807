//! The commands of `cargo dev`, each in a file of its own.

pub mod bench;
pub mod dashboards;
pub mod down;
pub mod logs;
pub mod say;
pub mod status;
pub mod test;
pub mod up;

use std::process::ExitCode;

use troupe_dev::{Error, tools::Tools};

/// Gets all tools.
pub fn setup() -> Result<ExitCode, Error> {
    println!("Getting the tools that this machine lacks:");
    Tools::default().all()?;
    Ok(ExitCode::SUCCESS)
}
