//! RiveScript, by its working draft of version 2.

mod brain;
mod reply;
mod trigger;

use std::path::PathBuf;

use clap::Args;
use regex::{Regex, RegexBuilder};
use troupe_engine::limits;

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

/// How many redirects of one trigger are followed: replies that redirect to each other would never end.
const REDIRECTS: usize = 32;

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

/// Compiles an expression within the bounds that the engine sets.
fn bounded(source: &str) -> Result<Regex, regex::Error> {
    RegexBuilder::new(source)
        .case_insensitive(true)
        .size_limit(limits::REGEX_COMPILED_BYTES)
        .nest_limit(limits::REGEX_NESTING)
        .build()
}

fn convert(mut brain: Brain) -> Converted {
    let mut compiled = Vec::new();
    for trigger in std::mem::take(&mut brain.triggers) {
        match trigger::compile(&trigger.text, &brain) {
            Ok(Uncompiled { source, rank }) => match bounded(&source) {
                Ok(regex) => compiled.push(Compiled { trigger, rank, source, regex }),
                Err(_) => {
                    brain.leave_out(&trigger.line, "the trigger is too large as a regular expression");
                }
            },
            Err(reason) => brain.leave_out(&trigger.line, reason),
        }
    }
    // The sort is stable: of equal ones the first in the files stays the first.
    compiled.sort_by_key(|compiled| compiled.rank);
    let mut ids = Ids::default();
    let mut library = Library::default();
    for place in 0..compiled.len() {
        let Compiled { trigger, rank, source, .. } = &compiled[place];
        let answers = answers(place, &compiled, &mut brain, &mut { REDIRECTS });
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
fn answers(place: usize, compiled: &[Compiled], brain: &mut Brain, left: &mut usize) -> Vec<Answer> {
    let Compiled { trigger, rank, .. } = &compiled[place];
    let is_asked = *left == REDIRECTS;
    if let Some(to) = &trigger.redirect {
        return redirected(to, compiled, brain, left);
    }
    if trigger.replies.is_empty() && is_asked {
        brain.leave_out(&trigger.line, "nothing of this trigger's replies can be said by a library");
    }
    let mut answers: Vec<Answer> = Vec::new();
    for reply in &trigger.replies {
        match reply::told(&reply.text, brain, rank.is_anything()) {
            Ok(Told { texts, weight, without }) => {
                for text in texts {
                    answers.push(Answer { text, weight });
                }
                if is_asked {
                    for reason in without {
                        brain.leave_out(reply, reason);
                    }
                }
            }
            Err(reply::Unsaid::Redirect(to)) => {
                let to = Line { text: to, ..reply.clone() };
                answers.extend(redirected(&to, compiled, brain, left));
            }
            Err(reply::Unsaid::Because(reason)) if is_asked => brain.leave_out(reply, reason),
            Err(reply::Unsaid::Because(_)) => {}
        }
    }
    if answers.len() > limits::VARIATIONS {
        let most = limits::VARIATIONS;
        brain.leave_out(
            &trigger.line,
            format!("an answer has at most {most} variations: the others are left out"),
        );
        answers.truncate(most);
    }
    answers
}

fn redirected(to: &Line, compiled: &[Compiled], brain: &mut Brain, left: &mut usize) -> Vec<Answer> {
    if *left == 0 {
        return Vec::new();
    }
    *left -= 1;
    if *left == 0 {
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
    answers(place, compiled, brain, left)
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn whatever_is_in_a_script_what_comes_out_loads() {
        let examples: [&[u8]; 3] = [
            b"+ (a|b [c]) @d *\n- x{random}y|z{/random}{weight=3}\n@ a b\n^ c\n! array d = e f\n",
            "+ \u{451}ж's _ #\n- <get a> {{x}} {y|z} \\n\n! sub i'm = i am\n! var n = v\n".as_bytes(),
            b"+ *\n- a\n/* x\n*/ // y\n> topic t\n+ b\n< topic\n> begin\n+ request\n- {ok}\n< begin\n",
        ];
        // Few, for each compiles several expressions twice.
        troupe_fuzz::fuzz(&examples, 300, |data| {
            let mut brain = Brain::default();
            brain.read(Path::new("brain.rive"), &String::from_utf8_lossy(data));
            let library = convert(brain).library.to_string();
            let loaded = troupe_engine::Library::parse("brain", &library);
            assert!(loaded.is_ok(), "{}\n{library}", loaded.unwrap_err());
        });
    }
}
