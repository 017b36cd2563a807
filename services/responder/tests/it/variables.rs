//! `saveToDisk`: what a bot keeps over its restarts, and Redis over its own.

use troupe_engine::state::BotState;
use troupe_protocol::{ActionBody, BotSettings, ContentKind};
use troupe_responder::Faults;
use troupe_store::{Commit, Document, Store};
use troupe_types::BotId;

use crate::world::{Responder, World, name, update};

/// `set` gives the person both variables; anything else tells which of them there are.
const RULES: &str = r#"{
    "triggers": {
        "set": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "^set"}]},
        "both": {"triggers": [
            {"triggerType": "DictionaryVariable", "modifier": 0, "data": {"variable": "saved", "value": "set 2"}},
            {"triggerType": "DictionaryVariable", "modifier": 1, "data": {"variable": "volatile", "value": null}}
        ]},
        "saved": {"triggers": [
            {"triggerType": "DictionaryVariable", "modifier": 0, "data": {"variable": "saved", "value": "set 2"}}
        ]},
        "none": {"triggers": []}
    },
    "reactions": {
        "set": {"reactions": [
            {"reactionType": "DictionaryVariable", "modifier": 0, "data": {"variable": "saved", "value": null}},
            {"reactionType": "DictionaryVariable", "modifier": 0, "data": {"variable": "volatile", "value": null}},
            {"reactionType": "Text", "modifier": 0, "data": "set"}
        ]},
        "both": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "both"}]},
        "saved": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "saved"}]},
        "none": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "none"}]}
    },
    "variables": [
        {"variableName": "saved", "saveToDisk": true, "isDictionary": true, "value": null},
        {"variableName": "volatile", "saveToDisk": false, "isDictionary": true, "value": null}
    ]
}"#;

fn settings() -> BotSettings {
    BotSettings { rules: Some(name("rules")), ..BotSettings::default() }
}

async fn world(rules: &str) -> World {
    let world = World::with_bots(0).await;
    world.put_content(ContentKind::Rules, "rules", 1, rules).await;
    world.put_bot(1, settings()).await;
    world
}

/// What the bot answers to person 11's messages, each in turn, the first of them being number `first`.
async fn answers(world: &World, responder: Responder, first: i32, texts: &[&str]) -> Vec<String> {
    for (message, text) in (first..).zip(texts) {
        world.say_text(1, 11, message, text).await;
    }
    world.settled().await;
    responder.stop().await;
    let said = world.said().await;
    let new = said[&(1, 11)].iter().filter(|(message, _)| *message >= first);
    new.map(|(_, text)| text.clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_change_of_a_saved_variable_outlives_a_restart_of_the_bot_and_of_redis() {
    let mut world = world(RULES).await;
    let responder = world.responder(Faults::default());
    assert_eq!(
        answers(&world, responder, 1, &["?", "set 1", "set 2", "?"]).await,
        ["none", "set", "set", "both"]
    );
    // Another responder is no restart of the bot; nor is a Redis that was killed one.
    world.redis.kill();
    world.redis.restart().await.unwrap();
    let responder = world.responder(Faults::default());
    assert_eq!(answers(&world, responder, 5, &["?"]).await, ["both"]);
    world.put_bot_of(1, 1, settings()).await;
    let responder = world.responder(Faults::default());
    assert_eq!(answers(&world, responder, 6, &["?", "set 2", "?"]).await, ["saved", "set", "both"]);
}

/// Tells the staff's chat, whose id is a single variable's value.
const REPORT: &str = r#"{
    "triggers": {"any": {"triggers": []}},
    "reactions": {"any": {"reactions": [
        {"reactionType": "Text", "modifier": 0, "data": {"text": "report", "chat": "staff"}}
    ]}},
    "variables": [{"variableName": "staff", "saveToDisk": true, "isDictionary": false, "value": "-700"}]
}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_stored_value_of_a_single_variable_wins_over_its_start_value() {
    let world = world(REPORT).await;
    let responder = world.responder(Faults::default());
    world.say_text(1, 11, 1, "a").await;
    world.settled().await;
    responder.stop().await;
    // Its value is changed in the store, under the number of a message that is said to another responder.
    let mut state = BotState::default();
    state.variables.insert("staff".into(), "-800".into());
    let changed = Commit {
        partition: world.partition(1),
        sequence: 2,
        update: update(1, 11, 2).key,
        person: update(1, 11, 2).sender.id,
        erased: None,
        keep_for: None,
        writes: vec![(Document::Bot(BotId::new(1)), state.stored())],
        outbox: Vec::new(),
    };
    world.say_text(1, 11, 2, "b").await;
    let store = Store::connect(&world.config.redis, world.bus.key()).await.unwrap();
    store.commit(&changed).await.unwrap();
    world.put_bot_of(1, 1, settings()).await;
    let responder = world.responder(Faults::default());
    world.say_text(1, 11, 3, "c").await;
    world.settled().await;
    responder.stop().await;
    let actions = world.actions().await.into_iter().map(|(action, _)| action);
    let reports = actions.filter(|action| matches!(action.body, ActionBody::Reply { .. }));
    let chats: Vec<_> = reports.map(|report| (report.key.update.message.get(), report.chat.get())).collect();
    assert_eq!(chats, [(1, -700), (3, -800)]);
}
