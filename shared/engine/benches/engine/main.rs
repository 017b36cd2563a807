//! What a decision costs, by the size of the content.
//!
//! `cargo bench -p troupe-engine` runs criterion's benches on what `tests/bench/gen.py` generates, which is run if its
//! output is not there. `cargo dev bench engine` starts the same program once for each row of its table, see
//! [`measure`]. What was measured, and how, is in `tests/bench/RESULTS.md`.

mod criteria;
mod load;
mod measure;
mod set;
mod subject;

use std::{env, process::ExitCode};

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let run = match arguments.as_slice() {
        ["measure", rest @ ..] => measure::run(rest),
        ["load", rest @ ..] => load::run(rest),
        _ => {
            criteria::run();
            Ok(())
        }
    };
    run.map_or_else(
        |fault| {
            eprintln!("error: {fault}");
            ExitCode::FAILURE
        },
        |()| ExitCode::SUCCESS,
    )
}
