//! The indexed evaluation against the plain one: every group in turn, every pattern by the `regex` crate.

use std::{collections::HashMap, sync::Arc};

use proptest::prelude::*;
use regex::Regex;
use serde_json::json;
use troupe_types::{
    BotId, Chat, ChatId, Media, MediaKind, Message, MessageId, Person, Timestamp, UpdateKey, UpdateKind,
    UserId,
};

use super::*;
use crate::{Account, Content, Decision, Groups, Seed, State, Update, rules::superbot_as_own, trace::Tracer};

/// Compiles and asks every pattern, without any index.
struct Plainly<'a> {
    rules: &'a Ruleset,
    regexes: HashMap<u32, Regex>,
    text: &'a str,
    phrases: Vec<u32>,
}

impl Texts for Plainly<'_> {
    fn is_match(&self, pattern: u32) -> bool {
        let regex = self.regexes.get(&pattern).cloned();
        let regex = regex.unwrap_or_else(|| Regex::new(self.rules.patterns.source(pattern)).unwrap());
        regex.is_match(self.text)
    }

    fn is_said(&self, phrase: u32) -> bool {
        self.phrases.contains(&phrase)
    }
}

fn plainly(content: &Content, state: &State, update: &Update, seed: Seed) -> Decision {
    let rules = content.rules.as_ref().unwrap();
    let mut turn = Turn::new(content, state, update, seed, Tracer::on());
    let phrases = rules.phrases.said_plainly(turn.words());
    let texts = Plainly { rules, regexes: HashMap::new(), text: &update.message.text, phrases };
    if answer_from(rules.groups.iter(), &texts, &mut turn) { turn.answered() } else { turn.finish() }
}

fn indexed(content: &Content, state: &State, update: &Update, seed: Seed, trace: Tracer) -> Decision {
    let rules = content.rules.as_ref().unwrap();
    let mut turn = Turn::new(content, state, update, seed, trace);
    if answer(rules, &mut turn) { turn.answered() } else { turn.finish() }
}

const WORDS: &[&str] = &["привет", "Цена", "hi", "where", "k", "7", "сколько стоит", "!", "", "STRASSE"];

fn pattern() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        5 => proptest::sample::select(WORDS),
        2 => proptest::sample::select(&[".+", "[0-9]", "\\b", "^", "$", "(?:hi|привет)", "(?: k)?", ".*"][..]),
    ];
    (any::<bool>(), proptest::collection::vec(piece, 1..4))
        .prop_map(|(caseless, pieces)| format!("{}{}", if caseless { "(?i)" } else { "" }, pieces.concat()))
}

fn trigger() -> impl Strategy<Value = serde_json::Value> {
    let variable = || proptest::sample::select(&["saved", "volatile", "free"][..]);
    let value = || proptest::option::of(proptest::sample::select(&["x", "y"][..]));
    let kind = prop_oneof![
        6 => pattern().prop_map(|data| serde_json::json!({"triggerType": "Text", "modifier": 0, "data": data})),
        2 => (variable(), value(), 0..2).prop_map(|(variable, value, modifier)| serde_json::json!({
            "triggerType": "DictionaryVariable", "modifier": modifier, "data": {"variable": variable, "value": value}
        })),
        1 => proptest::option::of(1..3).prop_map(|size| serde_json::json!({
            "triggerType": "Image", "modifier": 0, "data": {"minSize": size, "maxSize": null}
        })),
    ];
    let subgroup = proptest::option::of(proptest::sample::select(&["a", "b", ""][..]));
    let message = prop_oneof![
        18 => Just(None),
        1 => proptest::sample::select(SAYINGS).prop_map(Some),
        1 => Just(Some("")),
    ];
    (kind, subgroup, message).prop_map(|(mut trigger, subgroup, message)| {
        trigger["subgroup"] = subgroup.into();
        trigger["onFailMsg"] = message.into();
        trigger
    })
}

/// Texts that could mean something else where they are written otherwise.
const SAYINGS: &[&str] = &[
    "No.",
    "no",
    "{a|b}",
    "{{person.first_name}}",
    "a \\{b}: 'c' # \"d\"",
    "- x\n\n  y ",
    "7",
    " é😀\u{85}",
];

fn reaction() -> impl Strategy<Value = serde_json::Value> {
    let saying = || proptest::sample::select(SAYINGS);
    let variable = || proptest::sample::select(&["saved", "volatile", "free"][..]);
    let kind = prop_oneof![
        4 => saying().prop_map(|text| json!({"reactionType": "Text", "modifier": 0, "data": text})),
        1 => saying().prop_map(|text| {
            json!({"reactionType": "Text", "modifier": 0, "data": {"text": text, "chat": "office"}})
        }),
        3 => (variable(), proptest::option::of(saying()), 0..2).prop_map(|(variable, value, modifier)| json!({
            "reactionType": "DictionaryVariable", "modifier": modifier,
            "data": {"variable": variable, "value": value}
        })),
        1 => (proptest::option::of(0.0..2.0), proptest::option::of(2.0..3.0)).prop_map(|(min, max)| json!({
            "reactionType": "IO", "modifier": 0, "data": {"minSize": min, "maxSize": max}
        })),
    ];
    let subgroup = proptest::option::of(proptest::sample::select(&["t", ""][..]));
    (kind, subgroup).prop_map(|(mut reaction, subgroup)| {
        reaction["subgroup"] = subgroup.into();
        reaction
    })
}

fn rules() -> impl Strategy<Value = String> {
    let group = (
        proptest::bool::weighted(0.3),
        proptest::collection::vec(trigger(), 0..5)
            .prop_filter("a group without triggers hides all behind it", |triggers| !triggers.is_empty()),
        proptest::option::weighted(0.9, proptest::collection::vec(reaction(), 0..5)),
    );
    proptest::collection::vec(group, 1..25).prop_map(|groups| {
        let (mut triggers, mut reactions) = (serde_json::Map::new(), serde_json::Map::new());
        for (number, (private, asked, done)) in groups.into_iter().enumerate() {
            let name = format!("g{number}");
            if let Some(mut done) = done {
                done.push(serde_json::json!({"reactionType": "Text", "modifier": 0, "data": name}));
                reactions.insert(name.clone(), serde_json::json!({"reactions": done}));
            }
            triggers.insert(name, serde_json::json!({"privateTrigger": private, "triggers": asked}));
        }
        let variables = serde_json::json!([
            {"variableName": "saved", "saveToDisk": true, "isDictionary": true, "value": null},
            {"variableName": "volatile", "saveToDisk": false, "isDictionary": true, "value": null},
            {"variableName": "office", "saveToDisk": true, "isDictionary": false, "value": "-7"}
        ]);
        serde_json::json!({"triggers": triggers, "reactions": reactions, "variables": variables}).to_string()
    })
}

/// A condition of troupe's own format.
fn condition() -> impl Strategy<Value = serde_json::Value> {
    let variable = || proptest::sample::select(&["saved", "volatile", "free", "bot's"][..]);
    let value = || proptest::sample::select(&["x", "y", "7"][..]);
    let words = || proptest::collection::vec(proptest::sample::select(SPOKEN), 1..4);
    let simple = prop_oneof![
        4 => pattern().prop_map(|pattern| json!({"text": pattern})),
        3 => words().prop_map(|words| json!({"phrase": words.join(" ")})),
        2 => words().prop_map(|words| json!({"keyword": words})),
        2 => (variable(), value()).prop_map(|(name, value)| json!({"variable": name, "is": value})),
        1 => (variable(), variable())
            .prop_map(|(name, other)| json!({"variable": name, "is": {"variable": other}})),
        1 => (variable(), any::<bool>()).prop_map(|(name, exists)| json!({"variable": name, "exists": exists})),
        1 => (variable(), 5..9).prop_map(|(name, least)| json!({"variable": name, "at_least": least})),
        1 => proptest::sample::select(&["any", "photo", "image", "document", "other"][..])
            .prop_map(|kind| json!({"media": {"kind": kind, "max": "2 MB"}})),
        1 => (proptest::sample::select(&["addressed", "mentioned", "reply"][..]), any::<bool>())
            .prop_map(|(name, is)| json!({name: is})),
        1 => proptest::sample::select(&[-500, 1001, -1][..]).prop_map(|chat| json!({"chat": [chat, -2]})),
        1 => proptest::sample::select(&["@Ann_a", "ann", "bert"][..]).prop_map(|name| json!({"sender": name})),
        1 => proptest::sample::select(&[1001, 1002][..]).prop_map(|id| json!({"sender": [id, "@x"]})),
        1 => (0..24, 0..24).prop_map(|(from, to)| {
            json!({"time": {"from": format!("{from:02}:00"), "to": format!("{to:02}:30"), "zone": "+03:00"}})
        }),
        1 => Just(json!({"chance": 0.5})),
    ];
    let simple = simple.boxed();
    prop_oneof![
        5 => simple.clone(),
        1 => simple.clone().prop_map(|condition| json!({"not": condition})),
        2 => proptest::collection::vec(simple, 1..3).prop_map(|any| json!({"any": any})),
        1 => proptest::sample::select(&["chat", "person"][..])
            .prop_map(|of| json!({"cooldown": {of: "1h"}})),
    ]
}

const SPOKEN: &[&str] = &["where", "wherever", "сколько", "стоит", "hi", "strasse", "7"];

fn own_rules() -> impl Strategy<Value = String> {
    let group = (
        proptest::sample::select(&["any", "direct", "group"][..]),
        proptest::collection::vec((condition(), proptest::bool::weighted(0.1)), 1..4),
    );
    proptest::collection::vec(group, 1..15).prop_map(|groups| {
        let groups = groups.into_iter().enumerate().map(|(number, (place, conditions))| {
            let when = conditions.into_iter().map(|(mut condition, fails)| {
                if fails {
                    condition["else_say"] = json!(["No.", "Never."]);
                }
                condition
            });
            json!({"name": format!("g{number}"), "where": place, "when": when.collect::<Vec<_>>(), "react": [
                {"say": [format!("g{number}"), "other"]},
                {"set": {"bot's": "7"}},
                {"one_of": [{"add": {"saved": 1}}, {"remove": "free"}, {"wait": "1s"}]},
            ]})
        });
        let variables = json!({"volatile": {"saved": false}, "bot's": {"of": "bot", "start": "x"}});
        json!({"groups": groups.collect::<Vec<_>>(), "variables": variables}).to_string()
    })
}

fn update(text: String, direct: bool, photo: Option<u64>) -> Update {
    let (bot, user, id) = (BotId::new(7), UserId::new(1001), MessageId::new(1));
    let chat = if direct { ChatId::direct(user) } else { ChatId::new(-500) };
    Update {
        key: UpdateKey { bot, chat, message: id, kind: UpdateKind::New },
        bot,
        chat: Chat { id: chat, title: None },
        sender: Person {
            id: user,
            first_name: "Ann".into(),
            last_name: None,
            username: None,
            language: None,
            is_bot: false,
        },
        time: Timestamp::from_seconds(1_800_000_000),
        edited: false,
        message: Message {
            id,
            text,
            reply_to: None,
            mentions_bot: false,
            media: photo.map(|megabytes| Media {
                kind: MediaKind::Photo,
                bytes: megabytes << 20,
                mime: None,
            }),
        },
    }
}

/// What is said, one after another: words, whether in a direct chat, and the megabytes of a photo.
fn said() -> impl Strategy<Value = Vec<(Vec<&'static str>, bool, Option<u64>)>> {
    let words = proptest::sample::select([WORDS, SPOKEN, &["wherre", "@boris"]].concat());
    let message =
        (proptest::collection::vec(words, 0..5), any::<bool>(), proptest::option::weighted(0.3, 1..4_u64));
    proptest::collection::vec(message, 1..6)
}

fn state() -> impl Strategy<Value = State> {
    let variables = || {
        let name = proptest::sample::select(&["saved", "volatile", "free"][..]).prop_map(str::to_owned);
        let value = proptest::sample::select(&["x", "y", "z"][..]).prop_map(str::to_owned);
        proptest::collection::btree_map(name, value, 0..3)
    };
    (variables(), variables(), 0..2_u64).prop_map(|(variables, volatile, run)| {
        let mut state = State::default();
        state.person.variables = variables;
        state.person.volatile.variables = volatile;
        state.person.volatile.run = run;
        state
    })
}

fn content(rules: &str) -> Content {
    let username = Some("Boris".to_owned());
    let account = Account { user: UserId::new(9000), first_name: "Boris".into(), username };
    let mut content = Content::of(account);
    content.groups = Groups::All;
    content.rules = Some(Arc::new(Ruleset::parse(rules).unwrap()));
    content
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn the_indexed_evaluation_agrees_with_the_plain_one(
        rules in prop_oneof![rules(), own_rules()],
        cooling in any::<bool>(),
        named in any::<[bool; 3]>(),
        said in said(),
        mut state in state(),
        seed: u64,
    ) {
        let content = content(&rules);
        let seed = Seed::new(seed);
        for (words, direct, photo) in said {
            let mut update = update(words.join(" "), direct, photo);
            update.sender.username = named[0].then(|| "ann".to_owned());
            update.message.mentions_bot = named[1];
            update.message.reply_to = named[2].then_some(MessageId::new(3));
            let group = content.rules.as_ref().unwrap().groups[0].hash;
            if cooling {
                let time = std::time::Duration::from_secs(9);
                state.chat.cooldowns.cool(group, update.time, time);
                state.person.cooldowns.cool(group, update.time, time);
            }
            let plain = plainly(&content, &state, &update, seed);
            prop_assert_eq!(&indexed(&content, &state, &update, seed, Tracer::on()), &plain);
            let quiet = indexed(&content, &state, &update, seed, Tracer::off());
            prop_assert_eq!(quiet, Decision { trace: crate::Trace::default(), ..plain });
        }
    }

    #[test]
    fn superbot_s_rules_and_their_conversion_decide_alike(
        rules in rules(), said in said(), mut state in state(), seed: u64,
    ) {
        let own = superbot_as_own(&rules).unwrap();
        let (superbot, own) = (content(&rules), content(&own));
        let seed = Seed::new(seed);
        for (words, direct, photo) in said {
            let update = update(words.join(" "), direct, photo);
            let decision = indexed(&superbot, &state, &update, seed, Tracer::off());
            prop_assert_eq!(&decision, &indexed(&own, &state, &update, seed, Tracer::off()));
            state = decision.state;
        }
    }
}
