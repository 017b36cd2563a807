//! Why a trigger group or an entry that is asked for by name did or did not answer.

use anyhow::bail;
use serde_json::{Value as Json, json};
use troupe_engine::{GroupOutcome, Tried};

use super::{library, nearest, rule, trace};
use crate::{
    bundle::Bot,
    paint::{bad, bold, dim, good},
    told::{self, Outcome},
    world::Heard,
};

/// A trigger group or an entry that was asked for by name.
pub enum Named {
    Group { name: String, verdict: String, fired: bool, subgroups: Vec<NamedSubgroup> },
    Entry { name: String, verdict: String, answered: bool },
}

pub struct NamedSubgroup {
    title: String,
    on_fail: Option<String>,
    /// Each with whether it fires by itself.
    triggers: Vec<(rule::Asked, Option<bool>)>,
}

impl Named {
    /// Finds it.
    ///
    /// # Errors
    /// If the bot has neither a trigger group nor an entry of this name.
    pub fn find(name: &str, heard: &Heard, bot: &Bot<'_>) -> anyhow::Result<Self> {
        let groups: Vec<&str> =
            bot.content.rules.as_deref().map(|rules| rules.group_names().collect()).unwrap_or_default();
        if groups.contains(&name) {
            return Ok(Self::group(name, heard, bot));
        }
        let entries: Vec<&str> =
            library(heard, bot).map(|library| library.entry_ids().collect()).unwrap_or_default();
        if entries.contains(&name) {
            return Ok(Self::entry(name, heard, bot));
        }
        let list = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
        bail!(
            "--rule: the bot has no trigger group or entry {name:?} for this chat; groups: {}; entries: {}",
            list(groups),
            list(entries)
        );
    }

    fn group(name: &str, heard: &Heard, bot: &Bot<'_>) -> Self {
        let tried = heard.decision.trace.steps.iter().find_map(|tried| match tried {
            Tried::TriggerGroup { group, outcome } if **group == *name => Some(outcome),
            _ => None,
        });
        let before = heard.decision.trace.steps.iter().find_map(|tried| match tried {
            Tried::Guard(_) => {
                Some("a guard stopped the message before any trigger group was asked".to_owned())
            }
            Tried::TriggerGroup { group, outcome: GroupOutcome::Fired } => {
                Some(format!("the trigger group {group:?}, which stands before it, fired"))
            }
            Tried::TriggerGroup { group, outcome: GroupOutcome::Failed { message: true, .. } } => {
                Some(format!("the onFailMsg of {group:?}, which stands before it, ended the search"))
            }
            _ => None,
        });
        let verdict = match tried {
            Some(GroupOutcome::Fired) => "it fired".to_owned(),
            Some(GroupOutcome::PrivateOnly) => {
                "it did not fire: it is for direct chats only, and this is a group".to_owned()
            }
            Some(GroupOutcome::GroupOnly) => {
                "it did not fire: it is for groups only, and this is a direct chat".to_owned()
            }
            Some(GroupOutcome::Failed { subgroup, name, message }) => {
                let then = if *message { ", and its onFailMsg ended the search" } else { "" };
                format!("it did not fire: {} failed{then}", rule::title(name.as_deref(), *subgroup))
            }
            None => {
                format!("it was not reached: {}", before.unwrap_or_else(|| "the search had ended".to_owned()))
            }
        };
        let source = bot.rules();
        let group = source.and_then(|rules| rule::group(&rules.source, name));
        let subgroups =
            group.into_iter().flat_map(|group| group.subgroups).enumerate().map(|(index, subgroup)| {
                let fires = |trigger| {
                    source.and_then(|rules| rule::fires(trigger, name, &rules.source, heard, &bot.content))
                };
                let triggers =
                    subgroup.triggers.iter().map(|trigger| (rule::asked(trigger, heard), fires(trigger)));
                NamedSubgroup {
                    title: subgroup.title(index),
                    on_fail: subgroup.on_fail().map(str::to_owned),
                    triggers: triggers.collect(),
                }
            });
        let fired = tried == Some(&GroupOutcome::Fired);
        Self::Group { name: name.to_owned(), verdict, fired, subgroups: subgroups.collect() }
    }

    fn entry(name: &str, heard: &Heard, bot: &Bot<'_>) -> Self {
        let outcome = Outcome::of(&heard.decision, heard.update.chat.id);
        let answered = outcome.replies.iter().any(|reply| {
            reply
                .source
                .strip_prefix("entry ")
                .and_then(|source| source.split_once('/'))
                .is_some_and(|(_, entry)| entry == name)
        });
        let refused = heard.decision.trace.steps.iter().find_map(|tried| match tried {
            Tried::Entry { entry, refused, .. } if **entry == *name => *refused,
            _ => None,
        });
        let text = &heard.update.message.text;
        let found =
            library(heard, bot).and_then(|library| library.matches(text).find(|(entry, ..)| *entry == name));
        let matched = found
            .map(|(_, score, by)| format!("it matches with score {score} by {}", trace::matched_words(&by)));
        let verdict = match (matched, answered, refused) {
            (Some(matched), true, _) => format!("{matched}, and answered"),
            (Some(matched), false, Some(reason)) => {
                format!("{matched}, but keeps silent: {reason}, {}", told::silence(reason.as_str()))
            }
            (Some(matched), false, None) => {
                format!("{matched}, but {} came first", outcome.sources().join(", "))
            }
            (None, ..) => {
                let phrases = library(heard, bot).map(|library| nearest::most_alike(library, name, text));
                let phrase = phrases.flatten().map_or_else(String::new, |alike| {
                    format!("; its phrase {:?} is alike by {} %", alike.phrase, alike.percent)
                });
                format!(
                    "it does not match: none of its phrases, keywords and regexes is in the message{phrase}"
                )
            }
        };
        Self::Entry { name: name.to_owned(), verdict, answered }
    }

    pub fn text(&self) -> String {
        let (name, verdict, well) = match self {
            Self::Group { name, verdict, fired, .. } => (name, verdict, *fired),
            Self::Entry { name, verdict, answered } => (name, verdict, *answered),
        };
        let paint = if well { good } else { bad };
        let mut lines = vec![format!("{} {}", bold(&format!("{name}:")), paint(verdict))];
        if let Self::Group { subgroups, .. } = self {
            for subgroup in subgroups {
                let fires = subgroup.triggers.iter().any(|(_, fires)| *fires == Some(true));
                let state = if fires { good("holds") } else { bad("fails") };
                let on_fail = subgroup.on_fail.as_ref().filter(|_| !fires);
                let on_fail = on_fail.map(|_| ", and its onFailMsg would be sent").unwrap_or_default();
                lines.push(format!("  {} {state}{on_fail}", subgroup.title));
                for (rule::Asked { line, question, found }, fires) in &subgroup.triggers {
                    let answer = match fires {
                        Some(true) => good("yes"),
                        Some(false) => bad("no"),
                        None => dim("not asked"),
                    };
                    lines.push(format!(
                        "    {} {question}: {answer}; found {found}",
                        dim(&format!("line {line}:"))
                    ));
                }
            }
        }
        lines.join("\n")
    }

    pub fn json(&self) -> Json {
        match self {
            Self::Group { name, verdict, fired, subgroups } => {
                let trigger = |(asked, fires): &(rule::Asked, Option<bool>)| json!({"line": asked.line, "asked": asked.question, "found": asked.found, "fires": fires});
                let subgroups: Vec<_> = subgroups
                    .iter()
                    .map(|subgroup| {
                        let triggers: Vec<_> = subgroup.triggers.iter().map(trigger).collect();
                        json!({"title": subgroup.title, "fail_message": subgroup.on_fail, "triggers": triggers})
                    })
                    .collect();
                json!({"group": name, "fired": fired, "verdict": verdict, "subgroups": subgroups})
            }
            Self::Entry { name, verdict, answered } => {
                json!({"entry": name, "answered": answered, "verdict": verdict})
            }
        }
    }
}
