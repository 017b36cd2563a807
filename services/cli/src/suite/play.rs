//! Plays a test and compares what comes with what is expected.

use std::sync::Arc;

use troupe_engine::Library;

use super::{
    read::{Expected, Step, Test},
    webhooks,
};
use crate::{
    bundle::Bot,
    declared, explain,
    told::{self, Outcome, Reply},
    world::{Heard, Place, Said, World},
};

/// Something that came otherwise than expected.
#[derive(Debug, Clone)]
pub struct Failure {
    pub line: u32,
    /// What was said before, if anything.
    pub said: Option<String>,
    pub expected: String,
    /// What came instead, with what it came of.
    pub came: String,
    /// Why, as `troupe explain` tells it.
    pub why: String,
}

/// Plays `test`; hands every message with what came of it to `heard`. Returns the first failure of each step.
pub fn play(test: &Test, bot: &Bot<'_>, mut heard: impl FnMut(&Heard)) -> Vec<Failure> {
    let mut world = World::of(bot);
    world.language.clone_from(&test.language);
    world.chance = test.seed;
    world.time = test.time.unwrap_or(world.time);
    let (mut person, mut place) = (test.person.clone(), test.place);
    let mut failures = Vec::new();
    let set = |world: &mut World, person: &str, vars: &[(String, Option<String>)]| {
        for (name, value) in vars {
            world.set(person, name, value.as_deref(), declared::find(bot, name));
        }
    };
    let put = |world: &mut World, person: &str, at: Option<&(String, String)>, line: u32| {
        let (scenario, step) = at?;
        let reason = world.put_at(person, scenario, step).err()?;
        let (expected, why) = (format!("to begin at {scenario}/{step}"), String::new());
        Some(Failure { line, said: None, expected, came: reason, why })
    };
    set(&mut world, &person, &test.vars);
    if let Some(failure) = put(&mut world, &person, test.at.as_ref(), test.line) {
        return vec![failure];
    }
    for step in &test.talk {
        person = step.person.clone().unwrap_or(person);
        place = step.place.unwrap_or(place);
        let mut came = step.wait.map(|time| world.pass(time)).unwrap_or_default();
        if step.hand_back {
            came.push(world.hand_back(&person));
        }
        set(&mut world, &person, &step.vars);
        failures.extend(put(&mut world, &person, step.at.as_ref(), step.line));
        if let Some(message) = &step.said {
            came.push(world.say(Said {
                by: person.clone(),
                place,
                text: message.text.clone(),
                mention: message.mention,
                media: message.media.clone(),
                edit: message.edit,
            }));
        }
        came.iter().for_each(&mut heard);
        failures.extend(compare(step, &came, bot));
        for (line, name, value) in &step.expect_vars {
            let found = world.variable(&person, name);
            if found != *value {
                let told =
                    |value: Option<&String>| value.map_or("not set".to_owned(), |value| format!("{value:?}"));
                failures.push(Failure {
                    line: *line,
                    said: step.said.as_ref().map(|message| message.text.clone()),
                    expected: format!("the variable {name} to be {}", told(value.as_ref())),
                    came: told(found.as_ref()),
                    why: String::new(),
                });
            }
        }
    }
    failures
}

/// Says each phrase of `library` to a bot that has nothing else, and expects its own entry to answer.
pub fn phrases(
    library: &Arc<Library>,
    line: u32,
    bot: &Bot<'_>,
    mut heard: impl FnMut(&Heard),
) -> Vec<Failure> {
    let mut alone = bot.clone();
    alone.content.rules = None;
    alone.content.scenarios.clear();
    alone.content.direct_library = Some(Arc::clone(library));
    let said = |phrase: &str| Said {
        by: "ann".to_owned(),
        place: Place::Direct,
        text: phrase.to_owned(),
        mention: false,
        media: None,
        edit: false,
    };
    let mut failures = Vec::new();
    for (entry, phrase) in library.phrases() {
        let came = World::of(&alone).say(said(phrase));
        heard(&came);
        let expected = format!("entry {}/{entry}", library.name());
        let outcome = Outcome::of(&came.decision, came.update.chat.id);
        if outcome.sources() != [expected.as_str()] {
            let (said, why) = (Some(phrase.to_owned()), explain::text(&came, &alone));
            failures.push(Failure { line, said, expected, came: outcome.sources().join(", "), why });
        }
    }
    failures
}

/// Compares what came in a step, of all that happened in it one after the other.
fn compare(step: &Step, came: &[Heard], bot: &Bot<'_>) -> Option<Failure> {
    let outcome =
        Outcome::joined(came.iter().map(|heard| Outcome::of(&heard.decision, heard.update.chat.id)));
    let failure = |line: u32, expected: String, told: String| Failure {
        line,
        said: step.said.as_ref().map(|message| message.text.clone()),
        expected,
        came: told,
        why: came.iter().map(|heard| explain::text(heard, bot)).collect::<Vec<_>>().join("\n"),
    };
    let silent = || match outcome.silent.as_deref() {
        None if step.said.is_none() => "nothing".to_owned(),
        reason => {
            let reason = reason.unwrap_or("wordless");
            format!("silent {reason}: {}", told::silence(reason))
        }
    };
    if let Some(expected) = &step.expect_webhooks
        && let Some((line, expected, came)) = webhooks::compare(expected, &outcome.webhooks)
    {
        return Some(failure(line.unwrap_or(step.line), expected, came));
    }
    let expect = step.expect.as_ref()?;
    for (index, expected) in expect.iter().enumerate() {
        let reply = outcome.replies.get(index);
        let fits = match (&expected.silent, reply) {
            (Some(reason), None) => {
                index == 0 && (reason == "any" || outcome.silent.as_ref() == Some(reason))
            }
            (None, Some(reply)) => expected.fits(reply),
            _ => false,
        };
        if !fits {
            let came = match reply {
                Some(reply) => told_reply(reply),
                None if index > 0 => "nothing more".to_owned(),
                None => silent(),
            };
            return Some(failure(expected.line, expected.told(), came));
        }
    }
    let said = expect.iter().filter(|expected| expected.silent.is_none()).count();
    outcome.replies.get(said).map(|reply| {
        let expected = if said == 0 { "silence" } else { "nothing more" };
        failure(step.line, expected.to_owned(), told_reply(reply))
    })
}

fn told_reply(reply: &Reply) -> String {
    format!("{}: {:?}", reply.source, reply.shown())
}

impl Expected {
    fn fits(&self, reply: &Reply) -> bool {
        self.source.as_ref().is_none_or(|source| *source == reply.source)
            && (self.texts.is_empty()
                || [&reply.text, &reply.shown()].iter().any(|text| self.texts.contains(text)))
            && self.matches.as_ref().is_none_or(|regex| regex.is_match(&reply.text))
    }

    fn told(&self) -> String {
        if let Some(reason) = &self.silent {
            return if reason == "any" { "silence".to_owned() } else { format!("silent {reason}") };
        }
        let source = self.source.clone();
        let texts = (!self.texts.is_empty())
            .then(|| self.texts.iter().map(|text| format!("{text:?}")).collect::<Vec<_>>().join(" or "));
        let matches = self.matches.as_ref().map(|regex| format!("a text that matches {:?}", regex.as_str()));
        [source, texts, matches].into_iter().flatten().collect::<Vec<_>>().join(": ")
    }
}
