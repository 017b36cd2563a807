//! `troupe replay`: what was really said, decided on by two versions of the content, and what would come differently.

mod compare;

use std::{
    collections::BTreeMap,
    fs::File,
    io::{self, BufRead, BufReader},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};
use clap::Args;
use serde_json::json;
use troupe_engine::Fault;
use troupe_protocol::{Update, UpdateBody};

use self::compare::{Differences, Side};
use crate::{
    Verdict,
    bundle::{Bot, Bundle},
    output,
    paint::{bad, bold, dim, good},
    problem::Problems,
    told,
};

const HELP: &str = "\
The updates are those that cross the bus as `update.…`: one JSON object in each line, in the order in which they came.
`troupe try --record FILE` writes such a file as well. People's state begins empty on both sides and goes its own way
on each. Timers fire when they are recorded: one that only the new content would set does not.

With several bot files in the content, an update goes to the bot whose file says `id:` and its number; --bot sends all
of them to one.";

/// What `troupe replay` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The content as it was: a folder, or one bot file.
    #[arg(long, value_name = "DIR")]
    old: PathBuf,
    /// The content as it is to be.
    #[arg(long, value_name = "DIR")]
    new: PathBuf,
    /// The updates, as JSON lines; `-` reads standard input.
    updates: PathBuf,
    /// Which bot decides, if the content has several: the name of its bot file.
    #[arg(long)]
    bot: Option<String>,
    /// Compares only what answers, not the texts.
    #[arg(long)]
    sources: bool,
    /// How many examples are shown of each difference.
    #[arg(long, default_value_t = 3, value_name = "NUMBER")]
    examples: usize,
}

/// Runs the command.
pub fn run(arguments: &Arguments, as_json: bool) -> anyhow::Result<Verdict> {
    let load = |path: &PathBuf| Bundle::load(std::slice::from_ref(path));
    let (old, new) = match (load(&arguments.old), load(&arguments.new)) {
        (Ok(old), Ok(new)) => (old, new),
        (old, new) => {
            let mut problems = Problems::default();
            old.err().into_iter().chain(new.err()).for_each(|others| problems.add(others));
            return Err(problems.into());
        }
    };
    let mut sides =
        Pairs { old: bots(&old, arguments.bot.as_deref())?, new: bots(&new, arguments.bot.as_deref())? };
    let mut differences = Differences::new(!arguments.sources);
    let mut skipped: BTreeMap<u64, usize> = BTreeMap::new();
    for update in read(&arguments.updates)? {
        let update = update?;
        let number = update.bot.get();
        let update = engine_update(update);
        match (sides.old.get_mut(number), sides.new.get_mut(number)) {
            (Some(old), Some(new)) => differences.compare(&update, old, new),
            _ => *skipped.entry(number).or_default() += 1,
        }
    }
    if differences.compared == 0 && !skipped.is_empty() {
        bail!(
            "no update was for one of the bots: they are for {}; say `id: NUMBER` in the bot files, or give --bot",
            skipped.keys().map(|bot| format!("bot {bot}")).collect::<Vec<_>>().join(", ")
        );
    }
    if as_json {
        let mut told = differences.json();
        told["skipped"] = json!(skipped);
        output::line(serde_json::to_string_pretty(&told)?)?;
    } else {
        output::text(differences.text(arguments.examples))?;
        for (bot, count) in &skipped {
            let count = told::updates(*count);
            let reason =
                format!("left out: {count} for bot {bot}, which is the id of no bot file on both sides");
            output::line(dim(&reason))?;
        }
        let compared = differences.compared;
        let sum = match differences.count() {
            0 => good(&format!("answered alike: {}", told::updates(compared))),
            count => bad(&format!("answered differently: {count} of {}", told::updates(compared))),
        };
        output::line(bold(&sum))?;
    }
    Ok(if differences.count() == 0 { Verdict::Fine } else { Verdict::Different })
}

struct Pairs {
    old: Bots,
    new: Bots,
}

/// The bots of one version: one for all updates, or each by its number.
enum Bots {
    One(Box<Side>),
    ByNumber(BTreeMap<u64, Side>),
}

impl Bots {
    fn get_mut(&mut self, number: u64) -> Option<&mut Side> {
        match self {
            Self::One(side) => Some(side),
            Self::ByNumber(sides) => sides.get_mut(&number),
        }
    }
}

fn bots(bundle: &Bundle, name: Option<&str>) -> Result<Bots, Problems> {
    if name.is_some() || bundle.bots.len() < 2 {
        return Ok(Bots::One(Box::new(Side::new(&bundle.bot(name)?))));
    }
    let every: Vec<Bot<'_>> = bundle.every_bot()?;
    let numbered = every.iter().filter_map(|bot| Some((bot.file.id?.get(), Side::new(bot))));
    let numbered: BTreeMap<u64, Side> = numbered.collect();
    if numbered.is_empty() {
        // Says which there are, and how to choose.
        bundle.bot(None)?;
    }
    Ok(Bots::ByNumber(numbered))
}

/// The updates of a file, each line read as it is needed: recordings can be long.
fn read(path: &Path) -> anyhow::Result<impl Iterator<Item = anyhow::Result<Update>>> {
    let lines: Box<dyn BufRead> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        let file = File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
        Box::new(BufReader::new(file))
    };
    let path = path.to_owned();
    let updates = lines.lines().enumerate().filter_map(move |(number, line)| {
        let line = match line.with_context(|| format!("cannot read {}", path.display())) {
            Ok(line) if line.trim().is_empty() => return None,
            Ok(line) => line,
            Err(error) => return Some(Err(error)),
        };
        Some(serde_json::from_str(&line).map_err(|error| {
            let mut problems = Problems::default();
            let column = u32::try_from(error.column()).unwrap_or(u32::MAX).max(1);
            let line = u32::try_from(number + 1).unwrap_or(u32::MAX);
            // Its own place within the one line would say line 1.
            let reason = error.to_string();
            let reason = reason.split(" at line ").next().unwrap_or_default();
            let reason = format!("no update: {reason}");
            problems.fault(&path, Fault { line, column, field: String::new(), reason });
            problems.into()
        }))
    });
    Ok(updates)
}

fn engine_update(update: Update) -> troupe_engine::Update {
    let Update { key, bot, chat, sender, time, body, .. } = update;
    let (edited, message) = match body {
        UpdateBody::Message(message) => (false, message),
        UpdateBody::Edited(message) => (true, message),
        UpdateBody::Timer | UpdateBody::HandedBack => (false, troupe_engine::Update::no_message()),
    };
    troupe_engine::Update { key, bot, chat, sender, time, edited, message }
}
