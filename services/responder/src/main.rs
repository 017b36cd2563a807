//! Starts the responder: configuration, telemetry, health, bus, store; then [`troupe_responder::run`].

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use troupe_bus::Bus;
use troupe_responder::Config;
use troupe_service::{Started, SystemClock, exit_code, start, wait_for};
use troupe_store::Store;

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(serve).await
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::load()?;
    let Started { health, stop, .. } =
        &start("responder", &config.http, &config.telemetry, &["nats", "redis"]).await?;
    let connect = || Bus::connect(&config.nats);
    let bus = wait_for("NATS", stop, troupe_bus::Error::is_passing, connect).await;
    let Some(bus) = bus.context("cannot use NATS")? else { return Ok(()) };
    health.dependency("nats").set(true);
    let connect = || Store::connect(&config.redis, bus.key());
    let store = wait_for("Redis", stop, troupe_store::Error::is_passing, connect).await;
    let Some(store) = store.context("cannot use Redis")? else { return Ok(()) };
    troupe_responder::run(config, bus, store, Arc::new(SystemClock), health, stop.clone()).await
}
