//! `troupe`: what authors and operators do from a terminal: content on this machine, bots through the manager.

mod api;
mod bundle;
mod chart;
mod convert;
mod declared;
mod document;
mod explain;
mod lint;
mod manager;
mod output;
mod paint;
mod problem;
mod range;
mod replay;
mod report;
mod schema;
mod show;
mod suite;
mod table;
mod told;
mod try_out;
mod world;

use std::{path::PathBuf, process::ExitCode};

use anyhow::Context as _;
use clap::{
    CommandFactory as _, FromArgMatches as _, Parser, Subcommand,
    error::{ContextKind, ContextValue},
};

use crate::{api::Api, problem::Problems};

/// Runs Telegram accounts that answer people: registers bots, tells them what to say, shows how they fare.
///
/// The commands about content (try, explain, lint, test, replay, convert, schema) work on files, without a network; they exit
/// with 0 if all is well, 1 if something came otherwise than expected, 2 if the content or the command line is wrong. The
/// others ask the manager, and exit with 1 if it refuses.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
struct Arguments {
    /// Where the manager's REST API is.
    #[arg(
        long,
        env = "TROUPE_URL",
        default_value = "http://127.0.0.1:8080",
        global = true,
        help_heading = "Manager"
    )]
    url: String,
    /// The API's bearer token.
    #[arg(
        long,
        env = "TROUPE_TOKEN",
        hide_env_values = true,
        default_value = "",
        hide_default_value = true,
        global = true,
        help_heading = "Manager"
    )]
    token: String,
    /// Who you are, for the record of what was changed: up to 64 characters of ASCII.
    #[arg(
        long,
        env = "TROUPE_OPERATOR",
        default_value = "",
        hide_default_value = true,
        global = true,
        help_heading = "Manager"
    )]
    operator: String,
    /// For https://: a file with certificates in PEM that are trusted beside the system's.
    #[arg(long, env = "TROUPE_CA_FILE", global = true, help_heading = "Manager")]
    ca_file: Option<PathBuf>,
    /// Prints JSON for programs instead of text for people.
    #[arg(long, global = true, display_order = 100)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Talks to content in the terminal: what you type is said, what the bot answers is shown.
    Try(try_out::Arguments),
    /// Shows what a bot makes of one message, and why.
    Explain(explain::Arguments),
    /// Tells what of the content can never answer, or may do other than it was meant to, before anybody writes.
    Lint(lint::Arguments),
    /// Plays conversations written in YAML beside the content, and compares what comes with what they expect.
    Test(suite::Arguments),
    /// Decides on recorded updates by two versions of the content, and shows what would be answered differently.
    Replay(replay::Arguments),
    /// Turns what was written for other programs into content: question lists, RiveScript, superbot's rules.
    Convert(convert::Arguments),
    /// Prints the JSON Schema of what authors write, so that editors complete, explain and check it.
    Schema(schema::Arguments),
    #[command(flatten)]
    Manager(manager::Command),
}

/// How a command about content came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// All is well.
    Fine,
    /// Something came otherwise than expected.
    Different,
}

impl From<Verdict> for ExitCode {
    fn from(verdict: Verdict) -> Self {
        match verdict {
            Verdict::Fine => Self::SUCCESS,
            Verdict::Different => Self::FAILURE,
        }
    }
}

fn main() -> ExitCode {
    let Arguments { url, token, operator, ca_file, json, command } =
        arguments().unwrap_or_else(|error| without_environment(error).exit());
    let verdict = match command {
        Command::Try(arguments) => try_out::run(&arguments),
        Command::Explain(arguments) => explain::run(arguments, json),
        Command::Lint(arguments) => lint::run(&arguments, json),
        Command::Test(arguments) => suite::run(&arguments, json),
        Command::Replay(arguments) => replay::run(&arguments, json),
        Command::Convert(arguments) => convert::run(&arguments),
        Command::Schema(arguments) => schema::run(&arguments),
        Command::Manager(command) => {
            let api = Api::new(&url, &token, &operator, ca_file.as_deref());
            return match api.and_then(|api| ask_manager(&api, json, command)) {
                Ok(verdict) => verdict.into(),
                Err(error) => failed(&error, ExitCode::FAILURE),
            };
        }
    };
    verdict.map_or_else(|error| failed(&error, ExitCode::from(2)), ExitCode::from)
}

/// What was typed.
fn arguments() -> Result<Arguments, clap::Error> {
    let mut command = command_line();
    let mut matches = command.try_get_matches_from_mut(std::env::args_os())?;
    Arguments::from_arg_matches_mut(&mut matches).map_err(|error| error.format(&mut command))
}

/// The command line, whose help tells of the manager only where it is asked, and of JSON only where there is some.
fn command_line() -> clap::Command {
    fn hide(command: clap::Command, names: &[&str]) -> clap::Command {
        let hidden = |argument: clap::Arg| {
            let is_named = names.contains(&argument.get_id().as_str());
            if is_named { argument.hide(true) } else { argument }
        };
        command.mut_args(hidden).mut_subcommands(|command| hide(command, names))
    }
    let mut command = Arguments::command();
    // Options of all commands come to each of them by this.
    command.build();
    command.mut_subcommands(|command| match command.get_name() {
        "try" | "convert" | "schema" => hide(command, &["url", "token", "operator", "ca_file", "json"]),
        "explain" | "lint" | "test" | "replay" => hide(command, &["url", "token", "operator", "ca_file"]),
        _ => command,
    })
}

/// `error` with the usage as one types it: clap shows there, as if it were needed, what the environment has said.
fn without_environment(mut error: clap::Error) -> clap::Error {
    let Some(ContextValue::StyledStr(usage)) = error.get(ContextKind::Usage) else { return error };
    let said = ["--url <URL> ", "--token <TOKEN> ", "--operator <OPERATOR> ", "--ca-file <CA_FILE> "];
    let usage = said.iter().fold(usage.to_string(), |usage, option| usage.replace(option, ""));
    error.insert(ContextKind::Usage, ContextValue::StyledStr(usage.into()));
    error
}

fn failed(error: &anyhow::Error, code: ExitCode) -> ExitCode {
    if output::is_closed(error) {
        // Whoever reads has seen enough, say `| head`.
        return ExitCode::SUCCESS;
    }
    // Problems are told as they stand: each line is a place that editors jump to.
    match error.downcast_ref::<Problems>() {
        Some(problems) => anstream::eprintln!("{problems}"),
        None => anstream::eprintln!("error: {error:#}"),
    }
    code
}

#[tokio::main(flavor = "current_thread")]
async fn ask_manager(api: &Api, json: bool, command: manager::Command) -> anyhow::Result<Verdict> {
    let (answer, shown) = manager::run(api, command).await?;
    if json {
        output::line(serde_json::to_string_pretty(&answer).context("cannot print the answer")?)?;
    } else {
        output::line(shown.trim_end())?;
    }
    // Only what has several steps tells this: something of it may be left to do.
    Ok(if answer["complete"] == false { Verdict::Different } else { Verdict::Fine })
}
