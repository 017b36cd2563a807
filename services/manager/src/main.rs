//! Starts the manager: configuration, telemetry, bus; then [`troupe_manager::run`].

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use troupe_bus::Bus;
use troupe_manager::config::Config;
use troupe_service::{SystemClock, exit_code, health::Health, shutdown, telemetry};

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(serve().await)
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::load()?;
    let _telemetry = telemetry::init("manager", &config.telemetry)?;
    let stop = shutdown::on_signal()?;
    let health = Health::new();
    let bus = Bus::connect_as_keeper(&config.nats).await.context("cannot use NATS")?;
    troupe_manager::run(config, bus, Arc::new(SystemClock), &health, stop).await
}
