//! The content that ships with the demo: it loads, and it answers as its README says.

use std::{fs, path::PathBuf, sync::Arc};

use troupe_engine::{ActionBody, Content, Event, Library, Ruleset, Scenario, Source, WeightedScenario};
use troupe_types::UserId;

use crate::talk::{ANN, Talk, content, parsed, said};

fn path(of: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/demo/content").join(of)
}

fn read(file: &str) -> String {
    fs::read_to_string(path(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

fn library(name: &str) -> Arc<Library> {
    Arc::new(parsed(Library::parse(name, &read(&format!("libraries/{name}.yaml")))))
}

fn rules(name: &str) -> Arc<Ruleset> {
    let ending = if name == "sales" { "yaml" } else { "json" };
    Arc::new(parsed(Ruleset::parse(&read(&format!("rules/{name}.{ending}")))))
}

fn welcome() -> Arc<Scenario> {
    Arc::new(parsed(Scenario::parse("welcome", 1, &read("scenarios/welcome.yaml"))))
}

/// A bot with the content that the README's table gives it.
fn bot(name: &str) -> Content {
    let mut content = content();
    let library = library(if name == "anna" { "community" } else { "support" });
    content.group_library = Some(Arc::clone(&library));
    content.direct_library = Some(library);
    match name {
        "anna" => content.rules = Some(rules("safety")),
        "boris" => content.rules = Some(rules("kyc")),
        "clara" => {
            content.rules = Some(rules("sales"));
            content.scenarios = vec![WeightedScenario { scenario: welcome(), weight: 1 }];
        }
        other => panic!("there is no bot {other:?}"),
    }
    content
}

/// A source as the README writes it.
fn told(source: &Source) -> String {
    match source {
        Source::Guard => "guard".to_owned(),
        Source::TriggerGroup { group } => format!("trigger_group {group}"),
        Source::FailMessage { group } => format!("fail_message {group}"),
        Source::Step { scenario, step, .. } => format!("step {scenario}/{step}"),
        Source::Entry { library, entry, .. } => format!("entry {library}/{entry}"),
        Source::Fallback { library, .. } => format!("fallback {library}"),
    }
}

/// What came last, as the README writes it.
fn answered(talk: &Talk) -> Vec<String> {
    let decision = talk.last.as_ref().expect("something was said");
    let replies = decision.actions.iter().filter(|action| matches!(action.body, ActionBody::Reply { .. }));
    let silence = decision.events.iter().filter_map(|event| match event {
        Event::Silent { reason } => Some(format!("silent {reason}")),
        _ => None,
    });
    replies.map(|action| told(&action.source)).chain(silence).collect()
}

#[test]
fn every_file_loads_and_is_large_enough() {
    let (community, support) = (library("community"), library("support"));
    assert!(community.entry_ids().len() >= 40 && support.entry_ids().len() >= 40);
    assert!(welcome().step_names().len() >= 6);
    for folder in ["rules", "libraries", "scenarios"] {
        for file in fs::read_dir(path(folder)).unwrap() {
            let name = file.unwrap().file_name().into_string().unwrap();
            let known =
                ["kyc.json", "safety.json", "sales.yaml", "community.yaml", "support.yaml", "welcome.yaml"];
            assert!(known.contains(&name.as_str()), "{folder}/{name} is not tested");
        }
    }
}

#[test]
fn every_phrase_leads_to_its_own_entry() {
    let mut astray = Vec::new();
    for name in ["community", "support"] {
        let library = library(name);
        let mut content = content();
        content.direct_library = Some(Arc::clone(&library));
        for (entry, phrase) in library.phrases() {
            let mut talk = Talk::new(content.clone());
            talk.say(phrase);
            let answered = answered(&talk);
            if answered != [format!("entry {name}/{entry}")] {
                astray.push(format!("{name}/{entry}: {phrase:?} leads to {answered:?}"));
            }
        }
    }
    assert!(astray.is_empty(), "{astray:#?}");
}

#[test]
fn a_question_is_answered_in_its_own_language() {
    for name in ["community", "support"] {
        let library = library(name);
        let mut content = content();
        content.direct_library = Some(Arc::clone(&library));
        for (entry, phrase) in library.phrases() {
            let cyrillic = |text: &str| text.chars().any(|char| ('а'..='я').contains(&char));
            let heard = Talk::new(content.clone()).hear(phrase);
            assert_eq!(
                cyrillic(&heard[0]),
                cyrillic(phrase),
                "{name}/{entry}: {phrase:?} is answered {heard:?}"
            );
        }
    }
}

#[test]
fn the_readme_tells_what_answers() {
    let readme = read("README.md");
    let mut played = 0;
    for (number, block) in readme.split("```talk ").skip(1).enumerate() {
        let block = block.split("```").next().unwrap();
        let mut lines = block.lines();
        let (name, place) = lines.next().unwrap().split_once(' ').unwrap();
        let person = UserId::new(ANN.get() + i64::try_from(number).unwrap());
        let mut talk = Talk::new(bot(name));
        let mut lines = lines.peekable();
        while let Some(line) = lines.next() {
            let (addressed, text) = match (line.strip_prefix(">> "), line.strip_prefix("> ")) {
                (Some(text), _) => (true, text),
                (_, Some(text)) => (false, text),
                _ => panic!("{line:?} is neither said nor answered"),
            };
            let kilobytes = text.strip_prefix("[photo ").and_then(|text| text.strip_suffix(" KB]"));
            let mut message = match kilobytes {
                Some(kilobytes) => said("").with_photo(kilobytes.parse::<f64>().unwrap() / 1024.0),
                None => said(text),
            };
            message = match (place, addressed) {
                ("direct", false) => message.by(person),
                ("group", false) => message.in_group().by(person),
                ("group", true) => message.addressed_in_group().by(person),
                _ => panic!("{place:?} is no place where {line:?} can be said"),
            };
            talk.say(message);
            let mut expected = Vec::new();
            while let Some(source) = lines.peek().and_then(|line| line.strip_prefix("< ")) {
                expected.push(source.to_owned());
                lines.next();
            }
            assert_eq!(answered(&talk), expected, "{name} in {place}: {text:?}: {:#?}", talk.last);
            played += 1;
        }
    }
    assert!(played > 80, "{played}");
}
