//! `troupe test`: conversations that are played, and compared with what their author expects.

mod coverage;
mod junit;
mod play;
pub mod read;
mod webhooks;

use std::{
    collections::{BTreeMap, btree_map::Entry},
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use troupe_engine::Fault;

use self::{coverage::Coverage, play::Failure, read::Suite};
use crate::{
    Verdict,
    bundle::{self, Bundle, Kind},
    output,
    paint::{bad, bold, dim, good},
    problem::Problems,
};

/// What can be written.
const HELP: &str = "\
A file of tests lies beside the content, in a folder called tests:

  bot: boris                    # the bot file that it is about; not needed if there is only one
  phrases: [support]            # libraries of which each phrase has to be answered by its own entry
  tests:
    - name: a wrong address is asked for again
      vars: {kyc status: need email}     # all but name and talk may be left out
      at: welcome/email                  # begins at a step that waits for an answer
      as: ann                            # who talks
      in: direct                         # or group
      language: ru
      time: 2026-01-05T09:00:00Z
      seed: 7                            # another number, another chance
      talk:
        - say: my address is secret
          expect: fail_message kyc email           # what answers, as `troupe try` shows it
        - say: ann@example.org
          expect: {source: trigger_group kyc email, matches: wallet}    # or text: [one, or another]
          expect_vars: {kyc email: ann@example.org}
          expect_webhooks: {to: crm, send: {name: Ann}}   # or crm; a list for several, [] for none
        - photo: 2kB                               # or file: {size: 2MB, type: application/pdf}
          expect: [fail_message kyc wallet]        # a list: one for each message; [] for none
        - {as: boris, in: group, say: hello, mention: true, expect: silent not_listed}
        - {wait: 2h}                               # vars and at can stand here, too
        - {wait: 10m, expect: step welcome/email}  # what is due meanwhile comes; [] for nothing
        - {hand_back: true}                        # an operator gives the conversation back
        - {edit: hello again, expect: silent edited}";

/// What `troupe test` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Files of tests, or folders with content and tests.
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Plays only tests with this in their name.
    #[arg(long, value_name = "TEXT")]
    only: Option<String>,
    /// Lists what of the content no test has come by.
    #[arg(long)]
    missing: bool,
    /// Writes the outcome to this file as JUnit XML.
    #[arg(long, value_name = "FILE")]
    junit: Option<PathBuf>,
    /// Explains each failure as `troupe explain` does.
    #[arg(long)]
    why: bool,
}

/// A file of tests that was played.
pub struct Played {
    pub path: PathBuf,
    pub cases: Vec<Case>,
}

/// A test that was played.
pub struct Case {
    pub name: String,
    pub line: u32,
    pub failures: Vec<Failure>,
}

/// Runs the command.
pub fn run(arguments: &Arguments, as_json: bool) -> anyhow::Result<Verdict> {
    let suites = load(&arguments.files)?;
    let (played, coverage) = play_all(&suites, arguments.only.as_deref())?;
    let count = |failed: bool| {
        let cases = played.iter().flat_map(|suite| &suite.cases);
        cases.filter(|case| case.failures.is_empty() != failed).count()
    };
    let (passed, failed) = (count(false), count(true));
    if passed + failed == 0 {
        bail!("no test was played: no file has one with this name");
    }
    if let Some(path) = &arguments.junit {
        fs::write(path, junit::report(&played))
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    if as_json {
        output::line(serde_json::to_string_pretty(&as_values(&played, &coverage))?)?;
    } else {
        output::line(text(&played, arguments.why))?;
        let sum = format!("{passed} passed, {failed} failed");
        output::line(if failed == 0 { good(&sum) } else { bad(&sum) })?;
        output::line(bold("tested of the content"))?;
        output::text(coverage.text(arguments.missing))?;
    }
    Ok(if failed == 0 { Verdict::Fine } else { Verdict::Different })
}

/// Reads all files of tests among and below `paths`.
fn load(paths: &[PathBuf]) -> Result<Vec<Suite>, Problems> {
    let mut problems = Problems::default();
    let mut suites = Vec::new();
    // A file that is named is meant as tests, wherever it lies.
    for file in bundle::find(paths)? {
        if file.kind != Kind::Tests {
            if paths.contains(&file.path) {
                problems.file(&file.path, format!("this is no file of tests but a {}", file.kind.as_str()));
            }
            continue;
        }
        match read::read(&file) {
            Ok(suite) => suites.push(suite),
            Err(others) => problems.add(others),
        }
    }
    if problems.is_empty() && suites.is_empty() && paths.iter().all(|path| path.is_dir()) {
        let place = paths.first().map_or(Path::new("."), PathBuf::as_path);
        problems.file(place, "there are no tests here: put files with `tests:` into a folder called tests");
    }
    problems.or(suites)
}

fn play_all(suites: &[Suite], only: Option<&str>) -> Result<(Vec<Played>, Coverage), Problems> {
    let mut problems = Problems::default();
    let mut bundles: BTreeMap<PathBuf, Bundle> = BTreeMap::new();
    for suite in suites {
        let home = home(suite);
        if let Entry::Vacant(place) = bundles.entry(home) {
            let bundle = Bundle::load(std::slice::from_ref(place.key()))?;
            place.insert(bundle);
        }
    }
    let mut coverage: BTreeMap<PathBuf, Coverage> =
        bundles.iter().map(|(home, bundle)| (home.clone(), Coverage::of(bundle))).collect();
    let mut played = Vec::new();
    for suite in suites {
        let home = home(suite);
        let (Some(bundle), Some(coverage)) = (bundles.get(&home), coverage.get_mut(&home)) else { continue };
        let mut cases = Vec::new();
        for (place, name) in &suite.phrases {
            match phrases(name, place, bundle, coverage) {
                Ok(case) if only.is_none_or(|only| case.name.contains(only)) => cases.push(case),
                Ok(_) => {}
                Err(reason) => problems.fault(&suite.path, Fault { reason, ..place.clone() }),
            }
        }
        for test in suite.tests.iter().filter(|test| only.is_none_or(|only| test.name.contains(only))) {
            let bot = match bundle.bot(test.bot.as_deref()) {
                Ok(bot) => bot,
                Err(reason) => {
                    let reason = format!("no bot for this test: write `bot: NAME`: {reason}");
                    let fault = Fault { line: test.line, column: test.column, field: String::new(), reason };
                    problems.fault(&suite.path, fault);
                    continue;
                }
            };
            let failures = play::play(test, &bot, |heard| coverage.count(heard, &bot));
            cases.push(Case { name: test.name.clone(), line: test.line, failures });
        }
        played.push(Played { path: suite.path.clone(), cases });
    }
    let mut all = Coverage::default();
    for coverage in coverage.into_values() {
        all.join(coverage);
    }
    problems.or((played, all))
}

/// Tests that each phrase of the library `name` leads to its own entry.
fn phrases(name: &str, place: &Fault, bundle: &Bundle, coverage: &mut Coverage) -> Result<Case, String> {
    let Some(library) = bundle.libraries.get(name) else {
        let known = bundle.libraries.keys().map(String::as_str).collect::<Vec<_>>().join(", ");
        return Err(format!("there is no library {name:?}; there is: {known}"));
    };
    let bots = bundle.every_bot().map_err(|problems| problems.to_string())?;
    let bot = bots.first().ok_or("there is no bot")?;
    let failures = play::phrases(&library.compiled, place.line, bot, |heard| coverage.count(heard, bot));
    let name = format!("each phrase of {name} is answered by its own entry");
    Ok(Case { name, line: place.line, failures })
}

fn home(suite: &Suite) -> PathBuf {
    suite.content.clone().unwrap_or_else(|| bundle::home(&suite.path))
}

/// Each test, and what in it failed.
fn text(played: &[Played], why: bool) -> String {
    let mut lines = Vec::new();
    for suite in played {
        lines.push(bold(&suite.path.display().to_string()));
        for case in &suite.cases {
            let mark = if case.failures.is_empty() { good("ok") } else { bad("FAILED") };
            lines.push(format!("  {mark} {}", case.name));
            for failure in &case.failures {
                let said = failure.said.as_ref().map(|said| format!(" after {said:?}")).unwrap_or_default();
                lines.push(format!("    {}:{}:{said}", suite.path.display(), failure.line));
                lines.push(format!("      {} {}", dim("expected"), failure.expected));
                lines.push(format!("      {}     {}", dim("came"), bad(&failure.came)));
                let why = failure.why.lines().filter(|_| why);
                lines.extend(why.map(|line| format!("      {} {line}", dim("|"))));
            }
        }
    }
    lines.join("\n")
}

fn as_values(played: &[Played], coverage: &Coverage) -> serde_json::Value {
    let failure = |failure: &Failure| {
        json!({"line": failure.line, "said": failure.said, "expected": failure.expected, "came": failure.came,
            "why": anstream::adapter::strip_str(&failure.why).to_string()})
    };
    let case = |case: &Case| {
        let failures: Vec<_> = case.failures.iter().map(failure).collect();
        json!({"name": case.name, "line": case.line, "failures": failures})
    };
    let suites: Vec<_> = played
        .iter()
        .map(|suite| json!({"file": suite.path, "tests": suite.cases.iter().map(case).collect::<Vec<_>>()}))
        .collect();
    let coverage: Vec<_> = coverage
        .sums()
        .into_iter()
        .map(|(kind, hit, all, missing)| json!({"of": kind.as_str(), "tested": hit, "all": all, "missing": missing}))
        .collect();
    json!({"files": suites, "coverage": coverage})
}
