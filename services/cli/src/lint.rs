//! `troupe lint`: what can be known of content before anybody writes.

use std::{
    fs,
    io::{IsTerminal as _, Write as _},
    path::PathBuf,
    time::{Duration, Instant},
};

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use serde_json::{Value as Json, json};
use troupe_engine::lint::{
    Call, Code, Document, Finding, Level, Witness,
    bots::{Bot, exchanges},
    lint_and_tell,
};
use troupe_types::{Media, MediaKind};

use crate::{
    Verdict,
    bundle::Bundle,
    output,
    paint::{bad, bold, dim, good, warning},
    told,
};

/// What can be written.
const HELP: &str = "\
Each finding is told with its place, a code that never changes its meaning, a message that shows it where there is one,
and what to do. docs/lint.md explains every code. What is said to be dead is so for every message. Of several bots, it is tried
whether they would answer each other without end.

  troupe lint deploy/demo/content
  troupe lint content --deny warnings --allow R203 --format json

Exits with 1 if there is an error, or a warning with --deny warnings; with 2 if the content does not load.";

/// What `troupe lint` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// Folders with content, content files, or a bot file.
    #[arg(required = true)]
    content: Vec<PathBuf>,
    /// How findings are written.
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Exits with 1 for these, too.
    #[arg(long, value_enum, value_name = "WHAT")]
    deny: Option<Deny>,
    /// Leaves out findings of this code; may be given several times.
    #[arg(long, value_name = "CODE")]
    allow: Vec<Code>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Deny {
    Warnings,
}

/// Runs the command.
pub fn run(arguments: &Arguments, as_json: bool) -> anyhow::Result<Verdict> {
    let bundle = Bundle::load(&arguments.content)?;
    let files = read(&bundle)?;
    let documents: Vec<_> = files.iter().map(File::document).collect();
    let mut waiting = Waiting::new();
    let of_documents = lint_and_tell(&documents, &mut |progress| {
        let (done, all) = progress.groups;
        waiting.tell(|| format!("{}: {done} of {all} groups", files[progress.document].path.display()));
    });
    waiting.tell(|| "the bots, one with the other".to_owned());
    let of_bots = of_bots(&bundle, &files)?;
    drop(waiting);
    let of_documents = files
        .iter()
        .zip(of_documents)
        .flat_map(|(file, findings)| findings.into_iter().map(move |finding| (&file.path, finding)));
    let of_bots = of_bots.iter().map(|(path, finding)| (path, finding.clone()));
    let found = of_documents.chain(of_bots);
    let found: Vec<_> = found.filter(|(_, finding)| !arguments.allow.contains(&finding.code)).collect();
    if as_json || arguments.format == Format::Json {
        let all: Vec<_> = found.iter().map(|(path, finding)| value(path, finding)).collect();
        output::line(serde_json::to_string_pretty(&all)?)?;
    } else {
        for (path, finding) in &found {
            output::line(text(path, finding))?;
        }
        output::line(summary(&found))?;
    }
    let denied = if arguments.deny.is_some() { Level::Warning } else { Level::Error };
    let is_denied = found.iter().any(|(_, finding)| finding.code.level() >= denied);
    Ok(if is_denied { Verdict::Different } else { Verdict::Fine })
}

/// What is found of the bots of a folder together, each with the bot's file.
fn of_bots(bundle: &Bundle, files: &[File]) -> anyhow::Result<Vec<(PathBuf, Finding)>> {
    if bundle.bots.len() < 2 {
        return Ok(Vec::new());
    }
    let bots = bundle.every_bot()?;
    let rules = |bot: &crate::bundle::Bot<'_>| {
        let name = bot.file.settings.rules.as_ref()?;
        let is_it = |file: &&File| matches!(file.kind, Kind::Rules) && file.name == name.as_str();
        files.iter().find(is_it).map(|file| file.text.as_str())
    };
    let tried: Vec<_> = bots.iter().map(|bot| Bot { content: &bot.content, rules: rules(bot) }).collect();
    let names: Vec<&str> = bots.iter().map(|bot| bot.file.key.as_str()).collect();
    let found = exchanges(&tried).findings(&names).into_iter();
    Ok(found.map(|(bot, finding)| (bots[bot].file.path.clone(), finding)).collect())
}

/// Tells on a terminal how far a long work is, in one line that is gone when it is done.
struct Waiting {
    since: Instant,
    /// When it was told last, if it was.
    told: Option<Instant>,
    is_seen: bool,
}

impl Waiting {
    /// What is done sooner is not told of.
    const PATIENCE: Duration = Duration::from_millis(700);
    const PAUSE: Duration = Duration::from_millis(100);

    fn new() -> Self {
        Self { since: Instant::now(), told: None, is_seen: std::io::stderr().is_terminal() }
    }

    fn tell(&mut self, what: impl FnOnce() -> String) {
        let is_time =
            self.told.map_or(self.since.elapsed() > Self::PATIENCE, |told| told.elapsed() > Self::PAUSE);
        if self.is_seen && is_time {
            self.told = Some(Instant::now());
            // Whether it can be written does not matter.
            let _ = write!(std::io::stderr(), "\r\x1b[Klooking at {}", what());
        }
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if self.told.is_some() {
            let _ = write!(std::io::stderr(), "\r\x1b[K");
        }
    }
}

/// A document as it stands in its file.
struct File {
    path: PathBuf,
    kind: Kind,
    name: String,
    text: String,
}

#[derive(Clone, Copy)]
enum Kind {
    Rules,
    Library,
    Scenario,
}

impl File {
    fn document(&self) -> Document<'_> {
        let Self { name, text, .. } = self;
        match self.kind {
            Kind::Rules => Document::Rules(text),
            Kind::Library => Document::Library { name, text },
            Kind::Scenario => Document::Scenario { name, text },
        }
    }
}

/// The content's documents as they stand in their files, in the order of their paths.
fn read(bundle: &Bundle) -> anyhow::Result<Vec<File>> {
    let rules = bundle.rules.iter().map(|(name, found)| (Kind::Rules, name, &found.path));
    let libraries = bundle.libraries.iter().map(|(name, found)| (Kind::Library, name, &found.path));
    let scenarios = bundle.scenarios.iter().map(|(name, found)| (Kind::Scenario, name, &found.path));
    let files = rules.chain(libraries).chain(scenarios).map(|(kind, name, path)| {
        let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        Ok(File { path: path.clone(), kind, name: name.clone(), text })
    });
    let mut files = files.collect::<anyhow::Result<Vec<_>>>()?;
    files.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(files)
}

fn text(path: &std::path::Path, finding: &Finding) -> String {
    let Finding { code, line, column, field, message, witness, fix } = finding;
    let level = format!("{}[{code}]", code.level());
    let level = match code.level() {
        Level::Error => bad(&level),
        Level::Warning => warning(&level),
        Level::Info => dim(&level),
    };
    let mut lines = vec![format!("{}:{line}:{column}: {level}: {}", path.display(), bold(message))];
    lines.extend((!field.is_empty()).then(|| dim(&format!("  at {field}"))));
    lines.extend(witness.as_ref().map(|witness| format!("  shown by {}", shown(witness))));
    lines.push(format!("  {} {fix}", good("fix:")));
    lines.join("\n")
}

/// A witness as a sentence.
fn shown(witness: &Witness) -> String {
    let Witness { text, media, time, outcome, .. } = witness;
    let mut said = if text.is_empty() { "a message without a text".to_owned() } else { format!("{text:?}") };
    if let Some(media) = media {
        said = format!("{said} with {}", attached(media));
    }
    said = format!("{said} {}", place(witness));
    if *time != Witness::NOON {
        said = format!("{said} on {}", told::week_time(*time));
    }
    let conditions = conditions(witness);
    if !conditions.is_empty() {
        said = format!("{said}, where {}", conditions.join(" and "));
    }
    format!("{said}: {outcome}")
}

fn attached(media: &Media) -> String {
    let size = told::size(media.bytes);
    match (media.kind, &media.mime) {
        (MediaKind::Photo, _) => format!("a photo of {size}"),
        (MediaKind::Document, Some(mime)) if mime.starts_with("image/") => {
            format!("an image of {size} as a file")
        }
        (MediaKind::Document, _) => format!("a file of {size}"),
        (MediaKind::Other, _) => "a place, a contact or a poll".to_owned(),
    }
}

/// Where and by whom it is said, as far as that matters.
fn place(witness: &Witness) -> String {
    let Witness { direct, chat, sender, username, call, .. } = witness;
    let mut place = match direct {
        true => "in a direct chat".to_owned(),
        false if *chat == Witness::SOMEWHERE => "in a group".to_owned(),
        false => format!("in the group {chat}"),
    };
    place.push_str(match call {
        Call::Nobody => "",
        Call::Mention => " as a mention of the bot",
        Call::Reply => " as a reply to the bot",
    });
    if *sender != Witness::SOMEBODY {
        place = format!("{place} by {sender}");
    }
    if let Some(username) = username {
        place = format!("{place} by @{username}");
    }
    place
}

/// What else has to be the case.
fn conditions(witness: &Witness) -> Vec<String> {
    let Witness { variables, bot_variables, draws, resting, .. } = witness;
    let rows = variables.iter().map(|(name, value)| format!("{name:?} is {value:?}"));
    let of_bot = bot_variables.iter().map(|(name, value)| format!("the bot's {name:?} is {value:?}"));
    let draws = draws.iter().map(|(group, draw)| {
        if *draw == 0 {
            format!("the chance of {group:?} comes true")
        } else {
            format!("the chance of {group:?} does not come true")
        }
    });
    let resting = resting.iter().map(|group| format!("{group:?} rests"));
    rows.chain(of_bot).chain(draws).chain(resting).collect()
}

fn summary(found: &[(&PathBuf, Finding)]) -> String {
    let count = |level: Level, word: &str| {
        let count = found.iter().filter(|(_, finding)| finding.code.level() == level).count();
        (count > 0).then(|| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
    };
    let errors = count(Level::Error, "error").map(|text| bad(&text));
    let warnings = count(Level::Warning, "warning").map(|text| warning(&text));
    let notes = count(Level::Info, "note").map(|text| dim(&text));
    let counts: Vec<_> = [errors, warnings, notes].into_iter().flatten().collect();
    if counts.is_empty() { good("nothing found") } else { counts.join(", ") }
}

fn value(path: &std::path::Path, finding: &Finding) -> Json {
    let Finding { code, line, column, field, message, witness, fix } = finding;
    let witness = witness.as_ref().map(|witness| {
        let Witness { text, direct, chat, sender, username, call, outcome, .. } = witness;
        let Witness { time, variables, bot_variables, media, draws, resting, .. } = witness;
        json!({
            "text": text, "direct": direct, "chat": chat, "sender": sender, "username": username,
            "call": call.as_str(), "time": time, "variables": variables, "bot_variables": bot_variables,
            "media": media, "draws": draws, "resting": resting, "outcome": outcome,
        })
    });
    json!({
        "file": path, "line": line, "column": column, "field": field,
        "level": code.level().to_string(), "code": code.as_str(), "title": code.title(),
        "message": message, "witness": witness, "fix": fix,
    })
}
