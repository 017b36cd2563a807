//! Starts the manager: configuration, telemetry; then [`troupe_manager::run`].

use std::{process::ExitCode, sync::Arc};

use troupe_manager::config::Config;
use troupe_service::{SystemClock, exit_code, health::Health, shutdown, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(serve).await
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::load()?;
    let _telemetry = telemetry::init("manager", &config.telemetry)?;
    let stop = shutdown::on_signal()?;
    let health = Health::new();
    troupe_manager::run(config, Arc::new(SystemClock), &health, stop).await
}
