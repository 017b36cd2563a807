//! `cargo dev`: the command line.

mod commands;

use std::process::ExitCode;

use clap::{CommandFactory, Parser, Subcommand};

/// Sets up and runs all of troupe on one machine.
///
/// Everything it gets and makes stays in the folder .dev of the checkout; delete that, and it is gone. It listens on
/// 127.0.0.1 only, and no message leaves the machine: Telegram is an emulator.
#[derive(Debug, Parser)]
#[command(name = "cargo dev", bin_name = "cargo dev", disable_help_subcommand = true, after_help = AFTER_HELP)]
struct Line {
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
    /// Show what a service has said
    Logs(commands::logs::Arguments),
    /// Run all tests, or those whose names contain a text
    Test(commands::test::Arguments),
    /// Get the tools that are missing, and start nothing
    Setup,
}

#[tokio::main]
async fn main() -> ExitCode {
    let Some(command) = Line::parse().command else {
        let _ = Line::command().print_long_help();
        return ExitCode::SUCCESS;
    };
    let result = match command {
        Command::Up(arguments) => commands::up::run(arguments).await,
        Command::Down => commands::down::run().await,
        Command::Status => commands::status::run().await,
        Command::Logs(arguments) => commands::logs::run(&arguments).await,
        Command::Test(arguments) => commands::test::run(&arguments),
        Command::Setup => commands::setup(),
    };
    result.unwrap_or_else(|error| {
        eprintln!("error: {error}");
        ExitCode::FAILURE
    })
}
