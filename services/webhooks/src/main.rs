//! Starts webhooks: configuration, telemetry, health, bus; then [`troupe_webhooks::run`].

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use troupe_bus::Bus;
use troupe_service::{
    SystemClock, exit_code,
    health::{self, Health},
    shutdown, telemetry,
};
use troupe_webhooks::config::Config;

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(serve().await)
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::load()?;
    let _telemetry = telemetry::init("webhooks", &config.telemetry)?;
    let stop = shutdown::on_signal()?;
    let health = Health::new();
    let start = health.dependency("start");
    health::serve(config.http.listen, health::router(health.clone()), stop.clone()).await?;
    let bus = Bus::connect(&config.nats).await.context("cannot use NATS")?;
    start.set(true);
    troupe_webhooks::run(config, bus, Arc::new(SystemClock), &health, stop).await
}
