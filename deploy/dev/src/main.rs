//! `cargo dev`: the command line.

mod commands;

use std::{path::PathBuf, process::ExitCode};

use clap::{CommandFactory, Parser, Subcommand};
use troupe_dev::folder;

/// Sets up and runs all of troupe on one machine.
///
/// Everything it gets and makes stays in the folder .dev of the checkout; delete that, and it is gone. It listens on
/// 127.0.0.1 only, and no message leaves the machine: Telegram is an emulator.
#[derive(Debug, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", disable_help_subcommand = true, after_help = AFTER_HELP)]
struct Line {
    /// Keep data, logs and endpoints.json in another folder; two of these can run at a time
    #[arg(long, global = true, value_name = "FOLDER", default_value_os_t = folder::dev(), hide_default_value = true)]
    folder: PathBuf,
    #[command(subcommand)]
    command: Option<Command>,
}

const AFTER_HELP: &str = "Start here:  cargo dev up";

#[derive(Debug, Subcommand)]
enum Command {
    /// Start everything and let the people of the demo talk, until Ctrl-C
    ///
    /// Gets missing tools, builds, starts the servers, the Telegram emulator and troupe's services on free ports of
    /// 127.0.0.1, registers three demo bots by the real login flow, puts them into a group with six simulated people,
    /// and lets the people talk in the group and in direct messages. Each message is shown as it is sent, with what
    /// answered it. .dev/endpoints.json names every address, token and key file. Each run begins with empty stores.
    Up(commands::up::Arguments),
    /// End what `cargo dev up` has started
    Down,
    /// Show what runs, where, and whether it is ready
    Status,
    /// Say something to a bot or in the demo's group, and see what is answered
    Say(commands::say::Arguments),
    /// Show what a service has said
    Logs(commands::logs::Arguments),
    /// Run all tests, or those whose names contain a text
    Test(commands::test::Arguments),
    /// Measure what troupe costs, beside what others cost
    Bench(commands::bench::Arguments),
    /// Get the tools that are missing, and start nothing
    Setup,
    /// Write Grafana's dashboards, deploy/grafana/dashboards, from their sources beside them
    Dashboards,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Line { folder, command } = Line::parse();
    let Some(command) = command else {
        let _ = Line::command().print_long_help();
        return ExitCode::SUCCESS;
    };
    // Services work in folders of their own, where a relative path would lead elsewhere.
    let folder = std::path::absolute(&folder).unwrap_or(folder);
    let result = match command {
        Command::Up(arguments) => commands::up::run(&folder, arguments).await,
        Command::Down => commands::down::run(&folder).await,
        Command::Status => commands::status::run(&folder).await,
        Command::Say(arguments) => commands::say::run(&folder, &arguments).await,
        Command::Logs(arguments) => commands::logs::run(&folder, &arguments).await,
        Command::Test(arguments) => commands::test::run(&arguments),
        Command::Bench(arguments) => commands::bench::run(&arguments).await,
        Command::Setup => commands::setup(),
        Command::Dashboards => commands::dashboards::run(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
