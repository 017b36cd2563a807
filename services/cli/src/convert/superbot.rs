//! Rules in superbot's JSON.

use std::path::PathBuf;

use anyhow::anyhow;
use clap::Args;

use super::{Target, read};
use crate::{Verdict, problem::Problems};

/// What `troupe convert superbot` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The rules: a document with triggers, reactions and variables, or groups alone.
    file: PathBuf,
    #[command(flatten)]
    target: Target,
}

const HELP: &str = "\
Nothing is lost: what is written decides alike in every conversation. What has no effect, such as reactions that no
trigger group calls, stands there as a comment.

Example:
  troupe convert superbot kyc.json --out content/rules/kyc.yaml";

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let own = troupe_engine::superbot_as_own(&read(&arguments.file)?).map_err(|faults| {
        let mut problems = Problems::default();
        problems.faults(&arguments.file, faults);
        problems
    })?;
    troupe_engine::Ruleset::parse(&own)
        .map_err(|faults| anyhow!("the bounds of a rule set are exceeded: {faults}"))?;
    arguments.target.write(&own)?;
    Ok(Verdict::Fine)
}
