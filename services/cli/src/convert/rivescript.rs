//! RiveScript, by its working draft of version 2.

mod brain;
mod reply;
mod trigger;

use std::path::PathBuf;

use clap::Args;
use regex::{Regex, RegexBuilder};

use self::{
    brain::{Brain, Line, Trigger},
    reply::Told,
    trigger::{Rank, Uncompiled},
};
use super::{
    Converted, Target,
    library::{Answer, Entry, Ids, Library},
};

/// What `troupe convert rivescript` takes.
#[derive(Debug, Args)]
#[command(after_help = HELP)]
pub struct Arguments {
    /// The scripts, of one brain.
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    #[command(flatten)]
    target: Target,
}

impl Arguments {
    pub(super) const fn target(&self) -> &Target {
        &self.target
    }
}

const HELP: &str = "\
Triggers become regular expressions in RiveScript's own order, so that the same one answers; replies become variations
with their weights, redirects the replies that they lead to, `+ *` the fallback. Wildcards, alternatives, optionals,
arrays, substitutions, continuations, {random} and variables of the bot are understood, <get name> asks for a variable.

A library remembers no conversation: topics, %Previous, conditions, <set>, <star> and object macros are left out and told.

Example:
  troupe convert rivescript begin.rive brain.rive --out brain.yaml";

/// How many redirects may follow each other.
const REDIRECTS: usize = 16;

/// Reads the scripts and converts them.
pub fn run(arguments: &Arguments) -> anyhow::Result<Converted> {
    let mut brain = Brain::default();
    for path in &arguments.files {
        brain.read(path, &super::read(path)?);
    }
    Ok(convert(brain))
}

/// A trigger that can be matched.
struct Compiled {
    trigger: Trigger,
    rank: Rank,
    source: String,
    regex: Regex,
}

fn convert(mut brain: Brain) -> Converted {
    let mut compiled = Vec::new();
    for trigger in std::mem::take(&mut brain.triggers) {
        match trigger::compile(&trigger.text, &brain) {
            Ok(Uncompiled { source, rank }) => {
                match RegexBuilder::new(&source).case_insensitive(true).build() {
                    Ok(regex) => compiled.push(Compiled { trigger, rank, source, regex }),
                    Err(_) => {
                        brain.leave_out(&trigger.line, "the trigger is too large as a regular expression");
                    }
                }
            }
            Err(reason) => brain.leave_out(&trigger.line, reason),
        }
    }
    // The sort is stable: of equal ones the first in the files stays the first.
    compiled.sort_by_key(|compiled| compiled.rank);
    let mut ids = Ids::default();
    let mut library = Library::default();
    for place in 0..compiled.len() {
        let Compiled { trigger, rank, source, .. } = &compiled[place];
        let answers = answers(place, &compiled, &mut brain, 0);
        if answers.is_empty() {
            continue;
        }
        if rank.is_anything() {
            library.fallback = answers;
        } else {
            library.entries.push(Entry {
                id: ids.name(&trigger::without_weight(&trigger.text).0),
                phrases: Vec::new(),
                regexes: vec![source.clone()],
                answers,
            });
        }
    }
    let anything = compiled.iter().filter(|compiled| compiled.rank.is_anything()).skip(1);
    for another in anything {
        brain.leave_out(&another.trigger.line, "there is more than one trigger for anything");
    }
    Converted { library, left_out: brain.left_out }
}

/// What is answered by the trigger at `place`, redirects followed.
fn answers(place: usize, compiled: &[Compiled], brain: &mut Brain, depth: usize) -> Vec<Answer> {
    let Compiled { trigger, rank, .. } = &compiled[place];
    if let Some(to) = &trigger.redirect {
        return redirected(to, compiled, brain, depth);
    }
    if trigger.replies.is_empty() && depth == 0 {
        brain.leave_out(&trigger.line, "nothing of this trigger's replies can be said by a library");
    }
    let mut answers: Vec<Answer> = Vec::new();
    for reply in &trigger.replies {
        match reply::told(&reply.text, brain, rank.is_anything()) {
            Ok(Told { texts, weight, without }) => {
                for text in texts {
                    answers.push(Answer { text, weight });
                }
                if depth == 0 {
                    for reason in without {
                        brain.leave_out(reply, reason);
                    }
                }
            }
            Err(reply::Unsaid::Redirect(to)) => {
                let to = Line { text: to, ..reply.clone() };
                answers.extend(redirected(&to, compiled, brain, depth));
            }
            Err(reply::Unsaid::Because(reason)) if depth == 0 => brain.leave_out(reply, reason),
            Err(reply::Unsaid::Because(_)) => {}
        }
    }
    answers
}

fn redirected(to: &Line, compiled: &[Compiled], brain: &mut Brain, depth: usize) -> Vec<Answer> {
    if depth >= REDIRECTS {
        brain.leave_out(to, "the redirect leads in a circle, or too far");
        return Vec::new();
    }
    if to.text.contains(['<', '{']) {
        brain.leave_out(to, "where the redirect leads depends on what was said");
        return Vec::new();
    }
    let Some(place) = compiled.iter().position(|compiled| compiled.regex.is_match(&to.text)) else {
        brain.leave_out(to, format!("no trigger answers {:?}", to.text));
        return Vec::new();
    };
    answers(place, compiled, brain, depth + 1)
}
