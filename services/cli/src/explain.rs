//! `troupe explain`: what a bot makes of one message, and why.

mod named;
pub mod nearest;
pub mod rule;
pub mod trace;

use std::path::PathBuf;

use anyhow::bail;
use clap::Args;
use serde_json::{Value as Json, json};
use troupe_engine::{Library, Tried};
use troupe_types::{Media, MediaKind, UpdateKind};

use self::named::Named;
use crate::{
    Verdict,
    bundle::{Bot, Bundle},
    declared, output,
    paint::{bad, bold, dim, good},
    told::{self, Outcome},
    world::{Heard, Place, Said, World},
};

/// What `troupe explain` takes.
#[derive(Debug, Args)]
pub struct Arguments {
    /// Content: folders, files, or one bot file.
    #[arg(required = true)]
    content: Vec<PathBuf>,
    /// What is said.
    #[arg(long, default_value = "", required_unless_present = "photo", hide_default_value = true)]
    say: String,
    /// Which bot hears it, if the content has several: the name of its bot file.
    #[arg(long)]
    bot: Option<String>,
    /// Who says it; `bot:NAME` is the bot of that bot file.
    #[arg(long, default_value = "ann")]
    person: String,
    /// Where: `direct` or `group`.
    #[arg(long, default_value = "direct", value_parser = place)]
    chat: Place,
    /// As a mention of the bot or a reply to it.
    #[arg(long)]
    mention: bool,
    /// With a photo of this size, e.g. 200kB.
    #[arg(long, value_parser = photo)]
    photo: Option<Media>,
    /// The person's language, e.g. ru.
    #[arg(long)]
    language: Option<String>,
    /// Sets a variable beforehand; may be given several times.
    #[arg(long = "var", value_name = "NAME=VALUE", value_parser = variable)]
    variables: Vec<(String, String)>,
    /// Puts the person at a step that waits for an answer, before the message.
    #[arg(long, value_name = "SCENARIO/STEP", value_parser = step)]
    step: Option<(String, String)>,
    /// Tells why this trigger group or library entry did or did not answer.
    #[arg(long, value_name = "NAME")]
    rule: Option<String>,
}

/// Reads `direct` or `group`.
pub fn place(text: &str) -> Result<Place, String> {
    match text {
        "direct" => Ok(Place::Direct),
        "group" => Ok(Place::Group),
        _ => Err("expected direct or group".to_owned()),
    }
}

fn photo(text: &str) -> Result<Media, String> {
    let bytes = told::bytes(text).ok_or("expected a size such as 200kB or 1.5MB")?;
    Ok(Media { kind: MediaKind::Photo, bytes, mime: None })
}

fn variable(text: &str) -> Result<(String, String), String> {
    let (name, value) = text.split_once('=').ok_or("expected NAME=VALUE")?;
    Ok((name.to_owned(), value.to_owned()))
}

/// Reads `scenario/step`.
pub fn step(text: &str) -> Result<(String, String), String> {
    let (scenario, step) = text.split_once('/').ok_or("expected SCENARIO/STEP, e.g. welcome/email")?;
    Ok((scenario.to_owned(), step.to_owned()))
}

/// Runs the command.
pub fn run(arguments: Arguments, as_json: bool) -> anyhow::Result<Verdict> {
    let bundle = Bundle::load(&arguments.content)?;
    let bot = bundle.bot(arguments.bot.as_deref())?;
    let mut world = World::of(&bot);
    world.language = arguments.language;
    for (name, value) in &arguments.variables {
        world.set(&arguments.person, name, Some(value), declared::find(&bot, name));
    }
    if let Some((scenario, step)) = &arguments.step
        && let Err(reason) = world.put_at(&arguments.person, scenario, step)
    {
        bail!("--step: {reason}");
    }
    let heard = world.say(Said {
        by: arguments.person,
        place: arguments.chat,
        text: arguments.say,
        mention: arguments.mention,
        media: arguments.photo,
        edit: false,
    });
    let named = match &arguments.rule {
        Some(name) => Some(Named::find(name, &heard, &bot)?),
        None => None,
    };
    if as_json {
        let mut told = json(&heard, &bot);
        if let Some(named) = named {
            told["rule"] = named.json();
        }
        output::line(serde_json::to_string_pretty(&told)?)?;
    } else {
        output::line(text(&heard, &bot))?;
        if let Some(named) = named {
            output::line(format!("\n{}", named.text()))?;
        }
    }
    Ok(Verdict::Fine)
}

/// The library that answers where the message was.
fn library<'a>(heard: &Heard, bot: &'a Bot<'_>) -> Option<&'a Library> {
    let content = &bot.content;
    let library = if heard.update.is_direct() { &content.direct_library } else { &content.group_library };
    library.as_deref()
}

/// What came of a message and why, for people.
pub fn text(heard: &Heard, bot: &Bot<'_>) -> String {
    let update = &heard.update;
    let place = if update.is_direct() { "in a direct chat" } else { "in the group" };
    let addressed = if !update.is_direct() && update.message.mentions_bot { ", to the bot" } else { "" };
    let media = update.message.media.as_ref();
    let media =
        media.map(|media| format!(" with a {:?} of {} bytes", media.kind, media.bytes).to_lowercase());
    let (person, bot_name) = (&update.sender.first_name, &bot.file.first_name);
    let title = match update.key.kind {
        UpdateKind::New | UpdateKind::Edited(_) => {
            let media = media.unwrap_or_default();
            format!("{:?}{media} from {person} {place}{addressed}, to {bot_name}", update.message.text)
        }
        UpdateKind::Timer(_) => format!("a timer of {bot_name}'s for {person}"),
        UpdateKind::HandedBack(_) => format!("an operator gives {person} back to {bot_name}"),
    };
    let mut lines = vec![bold(&title)];
    lines.extend(trace::lines(heard, bot));
    let outcome = Outcome::of(&heard.decision, update.chat.id);
    lines.extend(nearest_lines(heard, bot, &outcome));
    lines.extend(outcome_lines(&outcome));
    lines.join("\n")
}

/// What was said and by what; or why nothing was.
pub fn outcome_lines(outcome: &Outcome) -> Vec<String> {
    let mut lines = Vec::new();
    for reply in &outcome.replies {
        let elsewhere = reply.elsewhere.map(|chat| format!(" in chat {chat}")).unwrap_or_default();
        lines.push(format!("{} {}{elsewhere}", good("answered by"), bold(&reply.source)));
        lines.extend(reply.shown().lines().map(|line| format!("  {line}")));
    }
    for deed in &outcome.deeds {
        lines.push(good(deed));
    }
    if let Some(reason) = &outcome.silent {
        lines.push(format!("{} {}: {}", bad("silent"), bold(reason), told::silence(reason)));
    }
    lines
}

/// The library's other entries: those that match and were not looked at, and those that nearly do.
fn nearest_lines(heard: &Heard, bot: &Bot<'_>, outcome: &Outcome) -> Vec<String> {
    let Some(library) = library(heard, bot).filter(|_| asked_library(heard, outcome)) else {
        return Vec::new();
    };
    let text = &heard.update.message.text;
    let told: Vec<&str> = entries_tried(heard);
    let mut lines: Vec<_> = nearest::matches(library, text)
        .into_iter()
        .filter(|found| !told.contains(&found.entry.as_str()))
        .map(|found| {
            let by = trace::matched_words(&found.by);
            dim(&format!("entry {}: score {} by {by}: not needed", found.entry, found.score))
        })
        .collect();
    if outcome.replies.is_empty() || outcome.sources().iter().any(|source| source.starts_with("fallback")) {
        lines.extend(nearest::alike(library, text).into_iter().map(|alike| {
            let nearest::Alike { entry, phrase, percent } = alike;
            dim(&format!("entry {entry}: no match; its phrase {phrase:?} is alike by {percent} %"))
        }));
    }
    lines
}

/// Whether it came to the library, rather than something before it having answered or silenced the bot.
fn asked_library(heard: &Heard, outcome: &Outcome) -> bool {
    let guarded = heard.decision.trace.steps.iter().any(|tried| matches!(tried, Tried::Guard(_)));
    let from_library = |source: &String| ["entry ", "fallback "].iter().any(|word| source.starts_with(word));
    let silent = outcome.silent.as_deref();
    let before_it = ["wordless", "collecting"].map(Some).contains(&silent);
    !guarded && !before_it && (silent.is_some() || outcome.sources().iter().any(from_library))
}

fn entries_tried(heard: &Heard) -> Vec<&str> {
    let tried = heard.decision.trace.steps.iter();
    tried
        .filter_map(|tried| match tried {
            Tried::Entry { entry, .. } => Some(&**entry),
            _ => None,
        })
        .collect()
}

/// What came of a message and why, as JSON.
pub fn json(heard: &Heard, bot: &Bot<'_>) -> Json {
    let update = &heard.update;
    let outcome = Outcome::of(&heard.decision, update.chat.id);
    let replies: Vec<_> = outcome
        .replies
        .iter()
        .map(|reply| {
            json!({"source": reply.source, "variation": reply.variation, "text": reply.text, "media": reply.media,
                "chat": reply.elsewhere.unwrap_or(update.chat.id)})
        })
        .collect();
    let trace: Vec<_> =
        heard.decision.trace.steps.iter().map(|tried| trace::json(tried, heard, bot)).collect();
    let library = library(heard, bot);
    let matches: Vec<_> = library
        .map(|library| nearest::matches(library, &update.message.text))
        .unwrap_or_default()
        .into_iter()
        .map(|found| {
            let (by, pattern) = trace::matched(&found.by);
            json!({"entry": found.entry, "score": found.score, "by": by, "pattern": pattern})
        })
        .collect();
    let alike: Vec<_> = library
        .map(|library| nearest::alike(library, &update.message.text))
        .unwrap_or_default()
        .into_iter()
        .map(|found| json!({"entry": found.entry, "phrase": found.phrase, "percent": found.percent}))
        .collect();
    json!({
        "bot": bot.file.key,
        "message": {"text": update.message.text, "person": update.sender.first_name, "chat": update.chat.id,
            "direct": update.is_direct(), "addressed": update.is_addressed(), "media": update.message.media},
        "replies": replies,
        "deeds": outcome.deeds,
        "silent": outcome.silent,
        "trace": trace,
        "library": library.map(|library| json!({"name": library.name(), "matches": matches, "alike": alike})),
    })
}

/// Why the trigger group or entry `name` did or did not answer.
///
/// # Errors
/// If the bot has none of this name.
pub fn named(name: &str, heard: &Heard, bot: &Bot<'_>) -> anyhow::Result<String> {
    Ok(Named::find(name, heard, bot)?.text())
}
