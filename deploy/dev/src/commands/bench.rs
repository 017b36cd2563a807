use std::{fs, path::PathBuf, process::ExitCode};

use troupe_dev::{
    Error,
    bench::{self, Set, Which},
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

/// Measures.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Error> {
    match &arguments.what {
        What::Engine { files, peers, json, check } => {
            let which = match peers {
                Peers::None => Which::None,
                Peers::Fast => Which::Fast,
                Peers::All => Which::All,
            };
            let report = bench::engine(&files.sets()?, which)?;
            print!("{report}");
            if let Some(file) = json {
                let document = serde_json::json!({"measured": report, "targets": report.targets()});
                let written = fs::write(file, format!("{document:#}\n"));
                written.map_err(|error| Error::new(format!("write {}", file.display()), error))?;
            }
            let met = report.targets().iter().all(|target| target.met);
            Ok(if *check && !met { ExitCode::FAILURE } else { ExitCode::SUCCESS })
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
