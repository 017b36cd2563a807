//! Starts stats: configuration, telemetry, health, bus; then [`troupe_stats::run`]. Or prints the schema.

use std::{io::Write as _, process::ExitCode, sync::Arc};

use anyhow::Context as _;
use clap::{Parser, Subcommand};
use troupe_bus::Bus;
use troupe_service::{Started, SystemClock, exit_code, exit_code_of, instance_name, start, wait_for};
use troupe_stats::config::Config;

/// Writes what happened into ClickHouse, and counts days that are over beforehand.
///
/// Its settings are those of the file stats.toml here, or of the one that `TROUPE_CONFIG` names, and of the environment, where
/// `TROUPE__NATS__URL` sets nats.url; services/stats/default.toml lists them.
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Prints the tables and views as SQL, for a database that is empty, and ends. stats makes them itself when it starts.
    Schema {
        /// On several servers: the name of their cluster, as in system.clusters.
        #[arg(long, value_name = "NAME")]
        cluster: Option<String>,
    },
}

#[tokio::main]
async fn main() -> ExitCode {
    match Arguments::parse().command {
        None => exit_code(serve).await,
        Some(Command::Schema { cluster }) => exit_code_of(print_schema(cluster.as_deref())),
    }
}

fn print_schema(cluster: Option<&str>) -> anyhow::Result<()> {
    let statements = troupe_stats::statements(cluster)?;
    let sql = statements.join(";\n\n") + ";\n";
    std::io::stdout().write_all(sql.as_bytes()).context("cannot write to standard output")
}

async fn serve() -> anyhow::Result<()> {
    let config = Config::load()?;
    let Started { health, stop, .. } = &start("stats", &config.http, &config.telemetry, &["nats"]).await?;
    let connect = || Bus::connect(&config.nats);
    let bus = wait_for("NATS", stop, troupe_bus::Error::is_passing, connect).await;
    let Some(bus) = bus.context("cannot use NATS")? else { return Ok(()) };
    troupe_stats::run(config, bus, Arc::new(SystemClock), instance_name(), health, stop.clone()).await
}
