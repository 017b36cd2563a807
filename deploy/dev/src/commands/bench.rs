use std::{
    fmt::Display,
    fs,
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;
use troupe_dev::{
    Error,
    bench::{self, Set, Target, Which, stats},
};

/// What to measure.
#[derive(Debug, clap::Args)]
pub struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Messages per second of the engine and of its peers, on one core
    ///
    /// Gets and builds what it needs. Without files of its own it generates sets of 100 and 10,000 rules, see
    /// tests/bench. Times are processor time, so that other work on the machine counts little.
    Engine {
        #[command(flatten)]
        files: Files,
        /// Which peers to measure in the same run
        #[arg(long, value_enum, default_value_t = Peers::Fast)]
        peers: Peers,
        /// Write what was measured to a file, too
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Fail if a target is not met
        #[arg(long)]
        check: bool,
    },
    /// Instructions that a decision takes, by callgrind: the same on each run
    Instructions {
        #[command(flatten)]
        files: Files,
    },
    /// What statistics cost: writing a backlog, asking reports and boards, storage
    ///
    /// Builds stats for release and starts servers of its own, with data in a temporary folder. A million events of
    /// history take some 100 MB and a minute.
    Stats {
        /// How many events the history has that reports and boards are asked of, e.g. 500k or 100M; 0: leave it out
        #[arg(long, value_name = "COUNT", default_value = "1M", value_parser = count)]
        events: u64,
        /// How many messages someone writes in a row in a history that is made, at most; 1: each is somebody else's
        #[arg(long, value_name = "COUNT", default_value_t = 12, value_parser = clap::value_parser!(u64).range(1..=100))]
        visit: u64,
        /// How many events the writer has to catch up with; 0: leave it out
        #[arg(long, value_name = "COUNT", default_value = "300k", value_parser = count)]
        backlog: u64,
        /// Keep the history in this folder, and use the one that is there: a long one takes long to make
        #[arg(long, value_name = "FOLDER")]
        history: Option<PathBuf>,
        /// Write what was measured to a file, too
        #[arg(long, value_name = "FILE")]
        json: Option<PathBuf>,
        /// Fail if a target is not met
        #[arg(long)]
        check: bool,
    },
}

#[derive(Debug, clap::Args)]
struct Files {
    /// Rules in the format of tests/bench/gen.py
    #[arg(long, value_name = "FILE", requires = "messages")]
    rules: Option<PathBuf>,
    /// Messages to them
    #[arg(long, value_name = "FILE", requires = "rules")]
    messages: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Peers {
    /// None
    None,
    /// Those that there are targets beside: vectorscan, Node, AIML
    Fast,
    /// All
    All,
}

impl Files {
    fn sets(&self) -> Result<Vec<Set>, Error> {
        match (&self.rules, &self.messages) {
            (Some(rules), Some(messages)) => Ok(vec![Set::of(rules, messages)?]),
            _ => Set::generated(),
        }
    }
}

/// A number, in thousands with `k` and in millions with `M`.
fn count(text: &str) -> Result<u64, String> {
    let (number, unit) = match text.strip_suffix('k') {
        Some(number) => (number, 1000),
        None => text.strip_suffix('M').map_or((text, 1), |number| (number, 1_000_000)),
    };
    let number = number.parse::<u64>().ok().and_then(|number| number.checked_mul(unit));
    number.ok_or_else(|| "a count is a whole number, such as 20000, 500k or 100M".to_owned())
}

/// Shows what was measured, and says whether that is enough.
fn tell(
    report: &(impl Serialize + Display),
    targets: &[Target],
    json: Option<&Path>,
    check: bool,
) -> Result<ExitCode, Error> {
    print!("{report}");
    if let Some(file) = json {
        let document = serde_json::json!({"measured": report, "targets": targets});
        let written = fs::write(file, format!("{document:#}\n"));
        written.map_err(|error| Error::new(format!("write {}", file.display()), error))?;
    }
    let met = targets.iter().all(|target| target.met);
    Ok(if check && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Measures.
pub async fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    match &arguments.what {
        What::Engine { files, peers, json, check } => {
            let which = match peers {
                Peers::None => Which::None,
                Peers::Fast => Which::Fast,
                Peers::All => Which::All,
            };
            let report = bench::engine(&files.sets()?, which)?;
            tell(&report, &report.targets(), json.as_deref(), *check)
        }
        What::Stats { events, visit, backlog, history, json, check } => {
            let options = stats::Options {
                backlog: *backlog,
                events: *events,
                longest_visit: *visit,
                history: history.clone(),
            };
            let report = stats::run(options).await?;
            tell(&report, &report.targets(), json.as_deref(), *check)
        }
        What::Instructions { files } => {
            println!("{:18} {:>7} {:>13}", "row", "rules", "instructions");
            for set in files.sets()? {
                for (name, count) in bench::instructions(&set)? {
                    println!("{name:18} {:>7} {count:>13}", set.count);
                }
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_have_units_and_what_is_none_is_refused() {
        assert_eq!(
            [count("20000"), count("500k"), count("100M")],
            [Ok(20_000), Ok(500_000), Ok(100_000_000)]
        );
        for text in ["", "k", "1.5M", "-1", "99999999999999999999", "99999999999999M"] {
            assert!(count(text).is_err(), "{text}");
        }
    }
}
