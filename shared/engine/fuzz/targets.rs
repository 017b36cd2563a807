//! What is fuzzed: plain functions of bytes. The tests call each for a moment (`tests/it/fuzz.rs`), libFuzzer for as long
//! as you like (`fuzz_targets`).

use std::sync::Arc;

use troupe_engine::{
    Account, Content, Groups, Library, Ruleset, Scenario, Seed, State, Update, WeightedScenario, decide,
    explain,
};
use troupe_types::{
    BotId, Chat, ChatId, Media, MediaKind, Message, MessageId, Person, Timestamp, UpdateKey, UpdateKind,
    UserId,
};

/// Rule sets, and with them the reader of JSON.
pub fn rules(data: &[u8]) {
    let _ = Ruleset::parse(&String::from_utf8_lossy(data));
}

/// Answer libraries, and with them the reader of YAML.
pub fn library(data: &[u8]) {
    let _ = Library::parse("library", &String::from_utf8_lossy(data));
}

/// Scenarios.
pub fn scenario(data: &[u8]) {
    let _ = Scenario::parse("scenario", 1, &String::from_utf8_lossy(data));
}

/// Templates: one that is accepted is filled in.
pub fn template(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let library = serde_json::json!({"entries": [{"id": "a", "regexes": [""], "answers": [text, {"text": text, "weight": 2}]}]});
    say_to(|content| content.direct_library = library_of(&library), "a message {{person.first_name}}", None);
}

/// Regular expressions: one that is accepted is looked up in the other half of the data.
pub fn pattern(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (pattern, message) = text.split_once('\n').unwrap_or((&text, "a message"));
    let trigger = serde_json::json!({"triggerType": "Text", "modifier": 0, "data": pattern});
    let rules = serde_json::json!({"triggers": {"a": {"triggers": [trigger]}}}).to_string();
    let library = serde_json::json!({"entries": [{"id": "a", "regexes": [pattern], "phrases": [pattern], "answers": "a"}]});
    say_to(
        |content| {
            content.rules = Ruleset::parse(&rules).ok().map(Arc::new);
            content.direct_library = library_of(&library);
        },
        message,
        None,
    );
}

/// Durations.
pub fn duration(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let library =
        serde_json::json!({"entries": [{"id": "a", "phrases": ["a"], "cooldown": text, "answers": "a"}]});
    say_to(|content| content.direct_library = library_of(&library), "a", None);
}

/// States as they are stored.
pub fn state(data: &[u8]) {
    for state in [
        State::load(Some(data), None, None),
        State::load(None, Some(data), None),
        State::load(None, None, Some(data)),
    ]
    .into_iter()
    .flatten()
    {
        say_to(|_| {}, "a", Some(state));
    }
}

/// Deciding: the first byte chooses how a message comes, the rest is what is said to a bot with content of every kind.
pub fn deciding(data: &[u8]) {
    let (how, text) = data.split_first().unwrap_or((&0, &[]));
    let text = String::from_utf8_lossy(text);
    let mut state = State::default();
    for (number, text) in (1..).zip(text.split('\n').take(8)) {
        let update = update(number, *how, text);
        let content = everything();
        let seed = Seed::of(&update.key);
        let decision = decide(content, &state, &update, seed);
        assert_eq!(decision, decide(content, &state, &update, seed));
        let explained = explain(content, &state, &update, seed);
        assert_eq!(
            (&decision.actions, &decision.state, &decision.events),
            (&explained.actions, &explained.state, &explained.events)
        );
        state = decision.state;
    }
}

/// The content of the demo.
fn everything() -> &'static Content {
    static CONTENT: std::sync::OnceLock<Content> = std::sync::OnceLock::new();
    CONTENT.get_or_init(|| {
        let mut content = content();
        let support = include_str!("../../../deploy/demo/content/libraries/support.yaml");
        let support = Library::parse("support", support).map(Arc::new).ok();
        let welcome = include_str!("../../../deploy/demo/content/scenarios/welcome.yaml");
        let rules = include_str!("../../../deploy/demo/content/rules/kyc.json");
        content.rules = Ruleset::parse(rules).ok().map(Arc::new);
        content.direct_library.clone_from(&support);
        content.group_library = support;
        let scenario = Scenario::parse("welcome", 1, welcome).map(Arc::new);
        content.scenarios =
            scenario.map(|scenario| WeightedScenario { scenario, weight: 1 }).into_iter().collect();
        assert!(content.rules.is_some() && content.direct_library.is_some() && !content.scenarios.is_empty());
        content
    })
}

fn library_of(library: &serde_json::Value) -> Option<Arc<Library>> {
    Library::parse("library", &library.to_string()).ok().map(Arc::new)
}

fn content() -> Content {
    let mut content = Content::of(Account {
        user: UserId::new(9000),
        first_name: "Bot".into(),
        username: Some("bot".into()),
    });
    content.groups = Groups::All;
    content
}

/// Says `text` to a bot whose content is filled in by `fill`.
fn say_to(fill: impl FnOnce(&mut Content), text: &str, state: Option<State>) {
    let mut content = content();
    fill(&mut content);
    let update = update(1, 0, text);
    let decision = decide(&content, &state.unwrap_or_default(), &update, Seed::of(&update.key));
    // What was decided can be stored and loaded.
    let State { bot, chat, person } = &decision.state;
    let stored = [bot.stored(), chat.stored(), person.stored()];
    let loaded = State::load(stored[0].as_deref(), stored[1].as_deref(), stored[2].as_deref());
    assert_eq!(loaded.ok().as_ref(), Some(&decision.state));
}

/// A message: `how` says where, whether it was edited, and what is attached.
fn update(number: i32, how: u8, text: &str) -> Update {
    let (bot, message, person) = (BotId::new(1), MessageId::new(number), UserId::new(1001));
    let chat = if how & 1 == 0 { ChatId::direct(person) } else { ChatId::new(-500) };
    let time = Timestamp::from_seconds(1_800_000_000 + i64::from(number) * i64::from(how));
    let edited = how & 2 != 0;
    let kind = if edited { UpdateKind::Edited(time) } else { UpdateKind::New };
    let media = (how & 4 != 0).then(|| Media {
        kind: if how & 8 == 0 { MediaKind::Photo } else { MediaKind::Document },
        bytes: u64::from(how) << 16,
        mime: (how & 16 != 0).then(|| text.to_owned()),
    });
    Update {
        key: UpdateKey { bot, chat, message, kind },
        bot,
        chat: Chat { id: chat, title: None },
        sender: Person {
            id: person,
            first_name: if how & 32 == 0 { "Ann".into() } else { text.to_owned() },
            last_name: None,
            username: None,
            language: (how & 64 != 0).then(|| text.chars().take(5).collect()),
            is_bot: false,
        },
        time,
        edited,
        message: Message {
            id: message,
            text: text.to_owned(),
            reply_to: None,
            mentions_bot: how & 128 != 0,
            media,
        },
    }
}
