//! Starts ingress: configuration, telemetry, health, bus; then [`troupe_ingress::run`].

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use troupe_bus::Bus;
use troupe_ingress::config::Config;
use troupe_service::{Started, SystemClock, exit_code, instance_name, start, wait_for};

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(serve).await
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::load()?;
    let Started { health, stop, .. } = &start("ingress", &config.http, &config.telemetry, &["nats"]).await?;
    let connect = || Bus::connect(&config.nats);
    let bus = wait_for("NATS", stop, troupe_bus::Error::is_passing, connect).await;
    let Some(bus) = bus.context("cannot use NATS")? else { return Ok(()) };
    troupe_ingress::run(config, bus, Arc::new(SystemClock), instance_name(), health, stop.clone()).await
}
