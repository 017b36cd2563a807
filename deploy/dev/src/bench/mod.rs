//! Measures the engine, and its peers beside it: each row in a process of its own, on one core, in processor time.
//!
//! The engine's rows come from its bench program, the peers' from `tests/bench/peers`; each prints one line of JSON.

mod instructions;
mod peers;
mod set;
pub mod stats;
mod table;

use std::{
    ffi::OsStr,
    path::{Path, PathBuf},
    process::Command,
};

pub use instructions::instructions;
pub use peers::{Peer, Which};
use serde::{Deserialize, Serialize};
pub use set::Set;
pub use table::{Report, Target};

use crate::{Error, error::Doing};

/// The rows of the engine that answer messages.
const ROWS: [&str; 5] = ["matching", "rules", "library", "scenario", "whole"];

/// One row: who answered messages, how fast and how well.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Row {
    /// Who.
    pub row: String,
    /// How many rules there were.
    #[serde(default)]
    pub rules: usize,
    /// How many messages.
    pub messages: usize,
    /// How many a second of processor time.
    pub mps: f64,
    /// How many had a rule that was to answer.
    pub expected: usize,
    /// How many of these were answered by it.
    pub right: usize,
    /// How many were answered by another, or were not to be answered.
    pub wrong: usize,
}

/// What loading took.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Load {
    /// The trigger groups.
    pub rules_ms: u64,
    /// The library.
    pub library_ms: u64,
    /// The memory that the process had at most beyond what it began with.
    pub most_kb: u64,
}

/// Measures the engine over `sets`, the greatest of which comes last and is what peers are measured on.
///
/// # Errors
/// The engine can't be built or fails; a peer that fails is told and left out.
pub fn engine(sets: &[Set], which: Which) -> Result<Report, Error> {
    let Some(last) = sets.last() else { return Err(Error::new("measure", "there is no set")) };
    let program = program()?;
    let mut report = Report::default();
    for set in sets {
        for name in ROWS {
            let mut command = pinned(&program);
            command.args(["measure", name]).args(set.arguments());
            report.rows.push(Row { rules: set.count, ..row(name, &mut command)? });
        }
    }
    if let Some(typos) = &last.typos {
        let mut command = pinned(&program);
        command.args(["measure", "library"]).args(last.arguments_with(typos));
        let name = "typing errors";
        report.rows.push(Row { rules: last.count, row: name.to_owned(), ..row(name, &mut command)? });
    }
    report.load = Some(load(&program, last)?);
    for peer in peers::of(which) {
        let measured = peer.command(last).and_then(|mut command| row(peer.name, &mut command));
        match measured {
            Ok(row) => report.rows.push(Row { rules: last.count, ..row }),
            Err(error) => report.missing.push(format!("{}: {error}", peer.name)),
        }
    }
    Ok(report)
}

/// What loading takes: once the documents are made, by a process that does nothing else.
fn load(program: &Path, set: &Set) -> Result<Load, Error> {
    for name in ["rules", "library"] {
        let _ = std::fs::remove_file(set.rules.with_extension(format!("{name}.json")));
    }
    let mut last = String::new();
    for _ in 0..2 {
        last = said("load", pinned(program).args(["load", "--rules"]).arg(&set.rules))?;
    }
    serde_json::from_str(&last).doing(|| format!("read {last:?}"))
}

fn row(name: &str, command: &mut Command) -> Result<Row, Error> {
    eprintln!("  {name} …");
    let line = said(name, command)?;
    serde_json::from_str(&line).doing(|| format!("read what {name} says ({line:?})"))
}

/// The last line that a program says.
fn said(name: &str, command: &mut Command) -> Result<String, Error> {
    let doing = || format!("measure {name}");
    let output = command.output().doing(doing)?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        let last = errors.lines().rfind(|line| !line.trim().is_empty()).unwrap_or_default();
        return Err(Error::new(doing(), format!("{}: {last}", output.status)));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().last().unwrap_or_default().to_owned())
}

/// A command that stays on the machine's last core.
fn pinned(program: impl AsRef<OsStr>) -> Command {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut command = Command::new("taskset");
    command.args(["-c", &(cores - 1).to_string()]).arg(program);
    command
}

/// The engine's bench program, built.
fn program() -> Result<PathBuf, Error> {
    let words = ["bench", "--package", "troupe-engine", "--bench", "engine", "--no-run"];
    let mut cargo = crate::cargo();
    cargo.args(words).arg("--message-format=json-render-diagnostics");
    cargo.stderr(std::process::Stdio::inherit());
    let output = cargo.output().doing(|| "run cargo".to_owned())?;
    if !output.status.success() {
        return Err(Error::new("build the engine's bench", output.status));
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let artifacts = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut executables = artifacts.filter_map(|artifact| artifact["executable"].as_str().map(PathBuf::from));
    executables.next_back().ok_or_else(|| Error::new("find the engine's bench", "cargo names no program"))
}
