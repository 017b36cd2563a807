//! `troupe convert`: what others wrote, as content of ours.

mod csv;
mod library;
mod rivescript;
mod superbot;

use std::{
    fs::{self, File},
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand};
use troupe_engine::Fault;

use self::library::Library;
use crate::{Verdict, output, problem::Problems};

/// What `troupe convert` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    #[command(subcommand)]
    from: From,
}

#[derive(Debug, Subcommand)]
enum From {
    /// A list of questions and answers, as spreadsheets save it, into an answer library.
    Csv(csv::Arguments),
    /// RiveScript into an answer library.
    Rivescript(rivescript::Arguments),
    /// Rules in superbot's JSON into troupe's own format, which says more.
    Superbot(superbot::Arguments),
}

/// Where the result goes.
#[derive(Debug, Args)]
struct Target {
    /// Writes to this file instead of standard output; makes its folder if there is none.
    #[arg(long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Replaces the file if there is one.
    #[arg(long, requires = "out")]
    force: bool,
}

const HELP: &str = "\
What has no counterpart here is left out and told on standard error, as FILE:LINE:COLUMN.

Exits with 0 if everything was converted, 1 if something was left out, 2 if nothing was written because the files or the
command line are wrong.

Examples:
  troupe convert csv faq.csv --out content/libraries/faq.yaml
  troupe convert rivescript brain/*.rive > content/libraries/brain.yaml
  troupe convert superbot rules.json --out content/rules/rules.yaml
  troupe try content                    # talk to it";

/// Runs the command.
pub fn run(arguments: &Arguments) -> anyhow::Result<Verdict> {
    let (converted, target) = match &arguments.from {
        From::Csv(arguments) => (csv::run(arguments)?, arguments.target()),
        From::Rivescript(arguments) => (rivescript::run(arguments)?, arguments.target()),
        From::Superbot(arguments) => return superbot::run(arguments),
    };
    let Converted { library, left_out } = converted;
    if library.is_empty() {
        if left_out.is_empty() {
            bail!("there is nothing to convert");
        }
        return Err(left_out.into());
    }
    let text = library.to_string();
    if let Err(faults) = troupe_engine::Library::parse("converted", &text) {
        let mut problems = Problems::default();
        problems.faults(Path::new("(converted)"), faults.iter().cloned());
        return Err(anyhow::Error::from(problems).context("the bounds of a library are exceeded"));
    }
    target.write(&text)?;
    if left_out.is_empty() {
        return Ok(Verdict::Fine);
    }
    anstream::eprintln!("{left_out}");
    Ok(Verdict::Different)
}

/// What came of a conversion.
#[derive(Debug, Default)]
struct Converted {
    library: Library,
    /// What has no counterpart, and where.
    left_out: Problems,
}

impl Target {
    fn write(&self, text: &str) -> anyhow::Result<()> {
        let Some(path) = &self.out else { return output::text(text) };
        let cannot = || format!("cannot write {}", path.display());
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder).with_context(cannot)?;
        }
        let created = if self.force { File::create(path) } else { File::create_new(path) };
        let mut file = match created {
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => {
                bail!("{} is there already; --force replaces it", path.display());
            }
            created => created.with_context(cannot)?,
        };
        file.write_all(text.as_bytes()).with_context(cannot)
    }
}

/// The text of a file without its byte order mark. The error says in which line it is no UTF-8.
fn read(path: &Path) -> anyhow::Result<String> {
    let bytes = fs::read(path).with_context(|| format!("cannot read {}", path.display()))?;
    decode(bytes).map_err(|fault| {
        let mut problems = Problems::default();
        problems.fault(path, fault);
        problems.into()
    })
}

fn decode(bytes: Vec<u8>) -> Result<String, Fault> {
    if bytes.starts_with(&[0xff, 0xfe]) || bytes.starts_with(&[0xfe, 0xff]) {
        return Err(fault(1, 1, "the file is in UTF-16: save it as UTF-8"));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(text.strip_prefix('\u{feff}').map(str::to_owned).unwrap_or(text)),
        Err(error) => {
            let good = &error.as_bytes()[..error.utf8_error().valid_up_to()];
            let good = String::from_utf8_lossy(good);
            let line = good.matches('\n').count() + 1;
            let column = good.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Err(fault(line, column, "not UTF-8 from here on: save the file as UTF-8"))
        }
    }
}

fn fault(line: usize, column: usize, reason: impl Into<String>) -> Fault {
    let number = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    Fault { line: number(line), column: number(column), field: String::new(), reason: reason.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_utf_8_is_told_with_its_place() {
        let place = |bytes: &[u8]| decode(bytes.to_vec()).map_err(|fault| (fault.line, fault.column));
        assert_eq!(place("\u{feff}ё".as_bytes()), Ok("ё".to_owned()));
        assert_eq!(place(b"one\n\xd1\x91two \xff\n"), Err((2, 6)));
        assert_eq!(place(b"\xff\xfea\0"), Err((1, 1)));
    }
}
