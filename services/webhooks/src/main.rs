//! Starts webhooks: configuration, telemetry, health, bus; then [`troupe_webhooks::run`].

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use troupe_bus::Bus;
use troupe_service::{Started, SystemClock, exit_code, start, wait_for};
use troupe_webhooks::config::Config;

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(serve).await
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::load()?;
    let Started { health, stop, .. } = &start("webhooks", &config.http, &config.telemetry, &["nats"]).await?;
    let connect = || Bus::connect(&config.nats);
    let bus = wait_for("NATS", stop, troupe_bus::Error::is_passing, connect).await;
    let Some(bus) = bus.context("cannot use NATS")? else { return Ok(()) };
    troupe_webhooks::run(config, bus, Arc::new(SystemClock), health, stop.clone()).await
}
