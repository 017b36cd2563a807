//! Starts ingress: configuration, telemetry, health, bus; then [`troupe_ingress::run`].

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use troupe_bus::Bus;
use troupe_ingress::config::Config;
use troupe_service::{
    SystemClock, exit_code,
    health::{self, Health},
    instance_name, shutdown, telemetry,
};

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(serve().await)
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::load()?;
    let _telemetry = telemetry::init("ingress", &config.telemetry)?;
    let stop = shutdown::on_signal()?;
    let health = Health::new();
    // Not ready until it is connected.
    health.dependency("nats");
    health::serve(config.http.listen, health::router(health.clone()), stop.clone()).await?;
    let bus = Bus::connect(&config.nats).await.context("cannot use NATS")?;
    troupe_ingress::run(config, bus, Arc::new(SystemClock), instance_name(), &health, stop).await
}
