//! Starts the responder: configuration, telemetry, health, bus, store; then [`troupe_responder::run`].

use std::{process::ExitCode, sync::Arc};

use anyhow::Context as _;
use troupe_bus::Bus;
use troupe_responder::Config;
use troupe_service::{
    SystemClock, exit_code,
    health::{self, Health},
    shutdown, telemetry,
};
use troupe_store::Store;

#[tokio::main]
async fn main() -> ExitCode {
    exit_code(serve().await)
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::load()?;
    let _telemetry = telemetry::init("responder", &config.telemetry)?;
    let stop = shutdown::on_signal()?;
    let health = Health::new();
    // Said before it listens, so that it is never ready for lack of knowing what it needs.
    health.dependency("start");
    health::serve(config.http.listen, health::router(health.clone()), stop.clone()).await?;
    let bus = Bus::connect(&config.nats).await.context("cannot use NATS")?;
    let store = Store::connect(&config.redis, bus.key()).await.context("cannot use Redis")?;
    health.dependency("start").set(true);
    troupe_responder::run(config, bus, store, Arc::new(SystemClock), &health, stop).await
}
