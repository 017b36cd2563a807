//! What holds for every input: nothing panics, the same is decided twice, the state survives being stored.

use proptest::prelude::*;
use troupe_engine::{Library, Ruleset, Scenario, State};
use troupe_types::MediaKind;

use crate::talk::{Said, Talk, content, said};

/// Texts that are made of the pieces that documents and messages are made of, so that they get past the first bracket.
fn scraps(pieces: &'static [&'static str]) -> impl Strategy<Value = String> {
    let scrap = prop_oneof![
        8 => proptest::sample::select(pieces).prop_map(str::to_owned),
        1 => any::<String>(),
    ];
    proptest::collection::vec(scrap, 0..40).prop_map(|scraps| scraps.concat())
}

const JSON: &[&str] = &[
    "{",
    "}",
    "[",
    "]",
    ":",
    ",",
    "null",
    "true",
    "0",
    "1",
    "-2.5e3",
    "\"",
    "\\",
    "\\u",
    "d83d",
    "\"triggers\":{",
    "\"a\":{\"triggers\":[",
    "{\"triggerType\":\"Text\",",
    "\"modifier\":0,",
    "\"data\":\"a+\"",
    "\"data\":",
    "{}",
    "[]",
    "\"subgroup\":null",
    "\"reactions\":",
    "\"variables\":[",
    "{\"variable\":\"v\",\"value\":null}",
    "\n",
    " ",
];
const YAML: &[&str] = &[
    "entries:\n",
    "steps:\n",
    "  - ",
    "    ",
    "  ",
    "\n",
    "id: a\n",
    "phrases: [",
    "answers: ",
    "]",
    "{",
    "}",
    ": ",
    ", ",
    "hi",
    "'",
    "\"",
    "|\n",
    ">\n",
    "#",
    "&a ",
    "*a",
    "!t ",
    "---\n",
    "...\n",
    "a: {say: x, next: b}\n",
    "b: {end: goal}\n",
    "ask: ",
    "validate: ",
    "{choice: {a: [b]}}",
    "{{person.first_name}}",
    "{{",
    "}}",
    "null",
    "1",
    "\t",
    "? ",
    "- - -",
];
const TALK: &[&str] = &[
    "hi",
    "hello",
    " ",
    "stop",
    "again",
    "cancel",
    "pro",
    "basic",
    "ann@example.org",
    "комиссия",
    "fees",
    "@boris",
    "!",
    "what are the",
    "👋",
    "1",
    "\n",
    "ё",
    "order #1234",
];

proptest! {
    #[test]
    fn no_text_makes_a_parser_panic(json in scraps(JSON), yaml in scraps(YAML)) {
        for text in [json, yaml] {
            let _ = Ruleset::parse(&text);
            let _ = Library::parse("l", &text);
            let _ = Scenario::parse("s", 1, &text);
        }
    }

    #[test]
    fn the_json_reader_agrees_with_serde_json(text in scraps(JSON)) {
        // Only about what is JSON and what is not; serde_json gives up on numbers beyond f64 and on its own depth.
        let text = format!("[{text}]");
        let ours = match Ruleset::parse(&text) {
            Ok(_) => true,
            Err(faults) => faults.to_string().contains("expected a map, found a list")
                || faults.to_string().contains("is here for the second time"),
        };
        let theirs = serde_json::from_str::<serde_json::Value>(&text).is_ok();
        prop_assert_eq!(ours, theirs, "{}", text);
    }

    #[test]
    fn deciding_twice_agrees_and_the_state_survives(
        messages in proptest::collection::vec(anything_said(), 1..12), world: u64
    ) {
        // `Talk::say` decides twice, with and without a trace, and stores and loads the state in between.
        for mut talk in [rich(), Talk::new(content())] {
            let mut again = talk.clone().in_world(world);
            talk = talk.in_world(world);
            for message in &messages {
                let heard = talk.hear(message.clone());
                prop_assert_eq!(again.hear(message.clone()), heard);
            }
            prop_assert_eq!(again.states, talk.states);
        }
    }

    #[test]
    fn every_update_ends_in_one_reply_or_one_silence(
        messages in proptest::collection::vec(anything_said(), 1..12), world: u64
    ) {
        let mut talk = rich().in_world(world);
        for message in messages {
            let edited = message.edited;
            talk.say(message);
            let ends = talk.events().iter().filter(|event| ["Replied", "Silent"].contains(&event.as_str())).count();
            prop_assert_eq!(ends, usize::from(!edited));
        }
    }

    #[test]
    fn no_bytes_make_reading_a_state_panic(bytes: Vec<u8>, text in scraps(JSON)) {
        let _ = State::load(Some(&bytes), Some(text.as_bytes()), None);
    }
}

fn anything_said() -> impl Strategy<Value = Said> {
    let text = prop_oneof![4 => scraps(TALK), 1 => proptest::sample::select(TALK).prop_map(str::to_owned)];
    (text, 0..6_u8, 0..4_u8, any::<bool>()).prop_map(|(text, place, media, first_name)| {
        let mut message = said(&text);
        if !first_name {
            message.sender.first_name = text;
        }
        let message = match place {
            0 => message.in_group(),
            1 => message.addressed_in_group(),
            2 => message.edited(),
            _ => message,
        };
        match media {
            0 => message.with_photo(1.5),
            1 => message.with(MediaKind::Document, Some("image/png"), 3_000_000),
            _ => message,
        }
    })
}

/// A bot with content of every kind.
fn rich() -> Talk {
    let mut talk = Talk::with_scenario(
        "
stop: {words: [cancel], say: [Fine., 'As you like, {{person.first_name}}.']}
restart: [again]
steps:
  hello: {say: ['Hello {{person.first_name}}!', Hi!], next: plan}
  plan: {ask: Pro or basic?, validate: {choice: {pro: [pro], basic: [basic]}}, save: plan, next: fork, otherwise: bye}
  fork: {branch: [{variable: plan, is: pro, next: mail}], otherwise: bye}
  mail: {ask: E-mail?, validate: email, save: email, next: done}
  done: {end: goal, say: Done.}
  bye: {end: no_goal}
",
    );
    let library = Talk::with_library(
        "
fallback: {answers: [Hm?, '{{message.text}}', '{{variable.plan}}']}
entries:
  - {id: hi, phrases: [hi, hello], answers: {en: [Hello!, '{Hi|Hey {you|there}} {{person.first_name}}'], ru: Привет}, cooldown: {chat: 10s, person: 1m}}
  - {id: fees, phrases: [what are the fees], keywords: [fees, комиссия], answers: [one, two, {photo: three, text: '{{message.text}}'}], chance: 0.5}
  - {id: order, regexes: ['order #\\d+'], answers: Soon., when: addressed}
",
    );
    let rules = Talk::with_rules(
        r#"{
        "triggers": {
            "photo": {"triggers": [{"triggerType": "Image", "modifier": 0, "data": {"minSize": null, "maxSize": 2}}]},
            "set": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "^1$"}]},
            "get": {"triggers": [
                {"triggerType": "DictionaryVariable", "modifier": 1, "data": {"variable": "v", "value": null}},
                {"triggerType": "Text", "modifier": 0, "data": "!", "onFailMsg": "No!"}
            ]}
        },
        "reactions": {
            "photo": {"reactions": [{"reactionType": "IO", "modifier": 0, "data": {"minSize": 1, "maxSize": null}}]},
            "set": {"reactions": [
                {"reactionType": "DictionaryVariable", "modifier": 0, "data": {"variable": "v", "value": null}},
                {"reactionType": "Text", "modifier": 0, "data": "a", "subgroup": "s"},
                {"reactionType": "Text", "modifier": 0, "data": "b", "subgroup": "s"}
            ]},
            "get": {"reactions": [
                {"reactionType": "DictionaryVariable", "modifier": 1, "data": {"variable": "v"}},
                {"reactionType": "Text", "modifier": 0, "data": "Yes!"}
            ]}
        },
        "variables": [{"variableName": "v", "saveToDisk": false, "isDictionary": true, "value": null}]
    }"#,
    );
    talk.content.rules = rules.content.rules;
    talk.content.direct_library = library.content.direct_library;
    talk.content.group_library = library.content.group_library;
    talk
}

#[test]
fn an_empty_state_takes_a_few_bytes_and_none_need_be_stored() {
    let State { bot, chat, person } = State::default();
    assert_eq!([bot.stored(), chat.stored(), person.stored()], [None, None, None]);
    assert_eq!(
        State::load(Some(b"{\"v\":1}"), Some(b"{\"v\":1}"), Some(b"{\"v\":1}")).unwrap(),
        State::default()
    );
    let mut talk = Talk::new(content());
    talk.say("hi");
    assert_eq!(talk.ann().person.stored().unwrap(), b"{\"v\":1,\"first_seen\":1800000001000}");
}

#[test]
fn a_newer_state_is_refused_rather_than_misread() {
    let error = State::load(None, None, Some(b"{\"v\":2,\"mood\":\"blue\"}")).unwrap_err();
    assert_eq!(
        error.to_string(),
        "the person's state has version 2, and 1 is the newest that is understood here"
    );
    assert!(
        State::load(Some(b"{}"), None, None).unwrap_err().to_string().contains("cannot read the bot's state")
    );
}
