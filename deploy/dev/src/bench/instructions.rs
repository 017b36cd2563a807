use std::{fs, path::Path};

use super::{ROWS, Set, program, said};
use crate::{Error, error::Doing, folder, tools::Tools};

/// How many messages are counted: valgrind takes fifty times as long as the machine itself.
const MESSAGES: usize = 2_000;

/// The instructions that a message takes, by callgrind, for each row of the engine over `set`: a figure that other work
/// on the machine does not change.
///
/// # Errors
/// There is no valgrind, or the engine can't be built.
pub fn instructions(set: &Set) -> Result<Vec<(&'static str, u64)>, Error> {
    let program = program()?;
    let tools = Tools::default();
    let doing = || format!("read {}", set.messages.display());
    let text = fs::read_to_string(&set.messages).doing(doing)?;
    let lines: Vec<&str> = text.lines().take(MESSAGES).collect();
    let (counted, totals) =
        (folder::dev().join("bench/counted.tsv"), folder::dev().join("bench/callgrind.out"));
    fs::create_dir_all(folder::dev().join("bench")).doing(|| "make a folder".to_owned())?;
    fs::write(&counted, lines.join("\n")).doing(|| format!("write {}", counted.display()))?;
    let rows = ROWS.map(|name| {
        let mut command = tools.valgrind()?;
        command.args(["--tool=callgrind", "--toggle-collect=*measure::counted*"]);
        command.arg(format!("--callgrind-out-file={}", totals.display())).arg(&program);
        command.args(["measure", name, "--passes", "1"]).args(set.arguments_with(&counted));
        said(name, &mut command)?;
        Ok((name, total(&totals)? / u64::try_from(lines.len().max(1)).unwrap_or(1)))
    });
    rows.into_iter().collect()
}

/// The sum that callgrind has written.
fn total(file: &Path) -> Result<u64, Error> {
    let doing = || format!("read {}", file.display());
    let text = fs::read_to_string(file).doing(doing)?;
    let mut lines = text.lines();
    let number =
        lines.find_map(|line| line.strip_prefix("totals: ").or_else(|| line.strip_prefix("summary: ")));
    number
        .and_then(|number| number.trim().parse().ok())
        .ok_or_else(|| Error::new(doing(), "it has no totals"))
}
