//! What holds for every input: nothing panics, the same is decided twice, the state survives being stored.

use proptest::prelude::*;
use troupe_engine::{Library, Ruleset, Scenario, State, StepOutcome, Tried};
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
            Err(faults) => faults.to_string().contains("expected a map with some of")
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

/// What can happen to somebody who is in the middle of a scenario.
#[derive(Debug, Clone)]
enum Happening {
    Said(Box<Said>),
    /// Some time passes, in minutes.
    Passes(u32),
    /// A timer fires that was set at some time, once more or out of order.
    FiresAgain(prop::sample::Index),
    HandedBack,
    /// The bot is told to stop, or to go on.
    Stopped(bool),
}

fn happening() -> impl Strategy<Value = Happening> {
    const TEXTS: &[&str] = &["Ann", "help", "cancel", "again", "stop", "hm", ""];
    prop_oneof![
        4 => proptest::sample::select(TEXTS).prop_map(|text| Happening::Said(Box::new(said(text)))),
        1 => Just(Happening::Said(Box::new(said("hm").in_group()))),
        4 => prop_oneof![1..90_u32, 1000..12_000_u32].prop_map(Happening::Passes),
        3 => any::<prop::sample::Index>().prop_map(Happening::FiresAgain),
        1 => Just(Happening::HandedBack),
        1 => any::<bool>().prop_map(Happening::Stopped),
    ]
}

/// Somebody who waits for something has the timer for it, and nobody else has one.
fn check_timer(talk: &Talk) {
    let person = talk.ann().person;
    let due = talk.content.due(&person).map(|(due, _)| due);
    match person.timer {
        // A stopped bot's timer is put off.
        Some(timer) => assert!(due.is_some_and(|due| due <= timer.due), "{person:?}"),
        None => assert_eq!(due, None, "{person:?}"),
    }
}

proptest! {
    #[test]
    fn timers_that_fire_in_any_order_late_or_twice_double_nothing(
        happenings in proptest::collection::vec(happening(), 1..40), quiet: bool
    ) {
        let mut talk = if quiet { crate::time::in_bursts() } else { crate::time::waiting() };
        let mut every: Vec<_> = Vec::new();
        for happening in happenings {
            match happening {
                Happening::Said(said) => {
                    talk.say(*said);
                }
                Happening::Passes(minutes) => {
                    talk.wait(&format!("{minutes}m"));
                }
                Happening::FiresAgain(index) if !every.is_empty() => {
                    let (timer, person): &(troupe_engine::Timer, _) = index.get(&every);
                    let before = talk.ann();
                    let set = before.person.timer.map(|set| troupe_types::UpdateKind::Timer(set.token));
                    let decision = talk.fire(timer, Clone::clone(person)).clone();
                    if set != Some(timer.key.kind) {
                        prop_assert_eq!(&decision.actions, &[]);
                        prop_assert_eq!(&decision.events, &[]);
                        prop_assert_eq!(talk.ann(), before);
                    }
                    // Now it is out of date, whatever it was.
                    let after = talk.ann();
                    let again = talk.fire(timer, Clone::clone(person)).clone();
                    prop_assert_eq!(&again.actions, &[]);
                    prop_assert_eq!(talk.ann(), after);
                }
                Happening::FiresAgain(_) => {}
                Happening::HandedBack => {
                    talk.hand_back();
                }
                Happening::Stopped(stopped) => talk.content.stopped = stopped,
            }
            check_timer(&talk);
            every.extend(talk.timers.values().cloned());
        }
    }

    #[test]
    fn a_scenario_of_any_steps_ends_or_waits(
        kinds in proptest::collection::vec((0..8_u8, 0..12_usize, 0..12_usize), 1..12),
        happenings in proptest::collection::vec(happening(), 1..20)
    ) {
        let count = kinds.len();
        let step = |(number, (kind, next, other)): (usize, &(u8, usize, usize))| {
            let (next, other) = (next % count, other % count);
            let step = match kind {
                0 => format!("say: s{number}, next: s{next}"),
                1 => format!("ask: s{number}, validate: number, retries: 1, next: s{next}, otherwise: s{other}"),
                2 => format!("ask: s{number}, remind: [{{after: 5m, say: r}}], expire: {{after: 1h, next: s{other}}}, next: s{next}"),
                3 => format!("branch: [{{reply: hm, next: s{other}}}], otherwise: s{next}"),
                4 => format!("set: {{v: '{{{{message.text}}}}'}}, next: s{next}"),
                5 => format!("wait: 30m, next: s{next}"),
                6 => format!("hand_over: 1h, next: s{next}"),
                _ => "end: goal".to_owned(),
            };
            format!("  s{number}: {{{step}}}\n")
        };
        let steps: String = kinds.iter().enumerate().map(step).collect();
        let text = format!("restart: [again]\nsteps:\n{steps}");
        // Steps in a circle that never waits are refused; all else has to work.
        if Scenario::parse("welcome", 1, &text).is_ok() {
            let mut talk = Talk::with_scenario(&text);
            for happening in happenings {
                match happening {
                    Happening::Said(said) => {
                        talk.say(*said);
                    }
                    Happening::Passes(minutes) => {
                        talk.wait(&format!("{}m", minutes % 600));
                    }
                    _ => {
                        talk.hand_back();
                    }
                }
                check_timer(&talk);
                let tried = talk.last.iter().flat_map(|decision| &decision.trace.steps);
                let lost = tried.filter(|tried| matches!(tried, Tried::Scenario {
                    outcome: StepOutcome::TooManySteps | StepOutcome::StepMissing, ..
                }));
                prop_assert_eq!(lost.count(), 0);
            }
        }
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
fn a_state_from_before_there_were_timers_is_read_and_written_as_it_was() {
    let stored = concat!(
        r#"{"v":1,"first_seen":1800000000000,"assigned":"welcome","#,
        r#""scenario":{"scenario":"welcome","version":3,"step":"name","refused":1,"language":"ru","#,
        r#""started":1800000001000,"since":1800000002000}}"#
    );
    let state = State::load(None, None, Some(stored.as_bytes())).unwrap();
    assert_eq!(String::from_utf8(state.person.stored().unwrap()).unwrap(), stored);
}

#[test]
fn a_state_with_time_in_it_is_read_and_written_as_it_was() {
    let stored = concat!(
        r#"{"v":1,"scenario":{"scenario":"address","version":4,"step":"city","started":1,"since":2,"reminded":1,"#,
        r#""burst":{"text":"a\nb","messages":2,"last":7,"until":3000},"#,
        r#""callers":[{"scenario":"welcome","version":1,"step":"call"}]},"#,
        r#""handed_over":{"since":5,"until":6},"timer":{"due":6,"token":18446744073709551615}}"#
    );
    let state = State::load(None, None, Some(stored.as_bytes())).unwrap();
    assert_eq!(String::from_utf8(state.person.stored().unwrap()).unwrap(), stored);
}

#[test]
fn a_state_with_a_person_whom_an_operator_talks_to_is_read_and_written_as_it_was() {
    let stored = concat!(
        r#"{"v":1,"handed_over":{"since":5,"until":6,"#,
        r#""person":{"id":1001,"first_name":"Ann","username":"ann_a","is_bot":false}}}"#
    );
    let state = State::load(None, None, Some(stored.as_bytes())).unwrap();
    assert_eq!(String::from_utf8(state.person.stored().unwrap()).unwrap(), stored);
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
