use std::process::{Command, ExitCode};

use troupe_dev::{Error, service, stack, tools::Tools};

/// Which tests.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    /// Run only tests whose names contain this
    filter: Option<String>,
}

/// Gets the tools, builds everything, and runs the tests.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    println!("1/3 Getting the tools that this machine lacks:");
    Tools::default().all()?;
    println!("2/3 Building the programs that end-to-end tests start:");
    service::build(&stack::PROGRAMS)?;
    let nextest = Command::new("cargo-nextest").args(["nextest", "--version"]).output();
    let nextest = nextest.is_ok_and(|output| output.status.success());
    let mut words = if nextest { vec!["nextest", "run", "--workspace"] } else { vec!["test", "--workspace"] };
    words.extend(arguments.filter.as_deref());
    let mut passed = cargo("3/3 ", &words)?;
    if nextest && arguments.filter.is_none() {
        // It leaves out the examples in the documentation.
        passed &= cargo("    ", &["test", "--workspace", "--doc"])?;
    }
    Ok(if passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Runs cargo, and says so.
fn cargo(prefix: &str, words: &[&str]) -> Result<bool, Error> {
    println!("{prefix}Running: cargo {}", words.join(" "));
    let status = troupe_dev::cargo().args(words).status();
    Ok(status.map_err(|error| Error::new("run cargo", error))?.success())
}
