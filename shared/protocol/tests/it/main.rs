//! What crosses the bus stays readable: messages of each released version, as they were written then.
//!
//! `tests/golden/v<version>/` is added to and never edited. To add a file for a new message, run the tests with
//! `UPDATE_GOLDEN=1`: it writes those that are absent and leaves the others alone.

use std::{collections::BTreeMap, fmt::Debug, fs, path::Path};

use serde::{Serialize, de::DeserializeOwned};
use troupe_protocol::{
    Action, ActionBody, Attachment, AttachmentKind, BotRecord, BotSettings, BotStatus, ContentDocument,
    ContentKind, DeadLetter, Desired, Event, EventBody, FileRecord, GroupPolicy, Identity, LoginReply,
    LoginRequest, LoginStep, Parts, Refusal, Secret, SessionState, Source, Stream, Update, UpdateBody,
    VERSION, Webhook, WeightedScenario,
};
use troupe_types::{
    BotId, Chat, ChatId, Media, MediaKind, Message, MessageId, Person, Timestamp, UpdateKey, UserId,
};

const BOT: BotId = BotId::new(7);
const CHAT: ChatId = ChatId::new(42);
const PERSON: UserId = UserId::new(42);
const TIME: Timestamp = Timestamp::from_millis(1_800_000_000_123);

fn check<T: Serialize + DeserializeOwned + PartialEq + Debug>(name: &str, value: &T) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/v{VERSION}"));
    let file = folder.join(format!("{name}.json"));
    #[expect(clippy::disallowed_methods, reason = "a switch for whoever works on this file")]
    let update = std::env::var("UPDATE_GOLDEN").is_ok();
    if update && !file.exists() {
        fs::write(&file, serde_json::to_string_pretty(value).expect("it is plain data") + "\n")
            .expect("it can be written");
    }
    let golden = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    assert_eq!(
        &serde_json::from_str::<T>(&golden).expect("what was written then is read now"),
        value,
        "{name}"
    );
    let written: serde_json::Value = serde_json::to_value(value).expect("it is plain data");
    assert_eq!(
        written,
        serde_json::from_str::<serde_json::Value>(&golden).expect("it is JSON"),
        "{name} is written differently"
    );
}

fn key(text: &str) -> UpdateKey {
    text.parse().expect("it is a key")
}

fn message() -> Message {
    Message {
        id: MessageId::new(5),
        text: "привет".to_owned(),
        reply_to: Some(MessageId::new(4)),
        mentions_bot: true,
        media: Some(Media { kind: MediaKind::Photo, bytes: 1000, mime: Some("image/jpeg".to_owned()) }),
    }
}

#[test]
fn updates_are_read_as_they_were_written() {
    let update = |key: UpdateKey, body: UpdateBody| Update {
        key,
        bot: BOT,
        chat: Chat { id: CHAT, title: None },
        sender: Person {
            id: PERSON,
            first_name: "Anna".to_owned(),
            last_name: None,
            username: Some("anna".to_owned()),
            language: None,
            is_bot: false,
        },
        time: TIME,
        received: TIME,
        body,
    };
    check("update_message", &update(key("7/42/5/new"), UpdateBody::Message(message())));
    let mut of_both_names = update(key("7/42/5/new"), UpdateBody::Message(message()));
    of_both_names.sender.last_name = Some("Lee".to_owned());
    check("update_message_last_name", &of_both_names);
    check("update_edited", &update(key("7/42/5/edited-1800000000"), UpdateBody::Edited(message())));
    check("update_timer", &update(key("7/42/0/timer-18446744073709551615"), UpdateBody::Timer));
    check("update_handed_back", &update(key("7/42/0/handed_back-1800000000123"), UpdateBody::HandedBack));
}

#[test]
fn actions_are_read_as_they_were_written() {
    let bodies = [
        ("action_read", ActionBody::Read { message: MessageId::new(5) }),
        (
            "action_reply",
            ActionBody::Reply { text: "hi".to_owned(), media: None, reply_to: Some(MessageId::new(5)) },
        ),
        (
            "action_reply_photo",
            ActionBody::Reply {
                text: "here".to_owned(),
                media: Some(Attachment { kind: AttachmentKind::Photo, name: "map".to_owned() }),
                reply_to: None,
            },
        ),
        ("action_store_file", ActionBody::StoreFile { message: MessageId::new(5) }),
        ("action_react", ActionBody::React { message: MessageId::new(5), emoji: "👍".to_owned() }),
        (
            "action_forward_later",
            ActionBody::Forward { from: ChatId::new(-1_001_000_000_001), message: MessageId::new(5) },
        ),
    ];
    let call = Webhook {
        key: "7/42/5/new#1".parse().expect("it is a key"),
        bot: BOT,
        chat: CHAT,
        person: PERSON,
        decided: TIME,
        source: Source::TriggerGroup { group: "order".to_owned(), version: Some(3) },
        delay_ms: 2000,
        target: "crm".parse().expect("it is a name"),
        send: [("name".to_owned(), "Anna".to_owned())].into(),
    };
    check("webhook", &call);
    check("webhook_bare", &Webhook { delay_ms: 0, send: BTreeMap::new(), ..call });
    for (name, body) in bodies {
        let action = Action {
            key: "7/42/5/new#0".parse().expect("it is a key"),
            bot: BOT,
            chat: CHAT,
            person: PERSON,
            decided: TIME,
            received: TIME,
            source: Source::Entry {
                library: "support".to_owned(),
                entry: "hello".to_owned(),
                variation: 1,
                version: None,
            },
            delay_ms: if name.ends_with("later") { 5_000 } else { 0 },
            body,
        };
        check(name, &action);
        // Telegram recognises a repeated send by this for good: it may never change for the same action.
        assert_eq!(action.random_id(), 6_850_199_718_795_682_746);
    }
}

#[test]
fn events_are_read_as_they_were_written() {
    let action = "7/42/5/new#0".parse().expect("it is a key");
    let step = || ("welcome".to_owned(), 3, "name".to_owned());
    let (scenario, version, name) = step();
    let bodies = [
        (
            "event_message_received",
            EventBody::MessageReceived {
                message: MessageId::new(5),
                media: Some(MediaKind::Document),
                own_bot: false,
                text: None,
            },
        ),
        (
            "event_message_received_with_text",
            EventBody::MessageReceived {
                message: MessageId::new(5),
                media: None,
                own_bot: false,
                text: Some("привет".to_owned()),
            },
        ),
        ("event_message_edited", EventBody::MessageEdited { message: MessageId::new(5) }),
        ("event_message_deleted", EventBody::MessageDeleted { message: MessageId::new(5) }),
        ("event_replied", EventBody::Replied { source: Source::Guard, decide_us: 900 }),
        ("event_silent", EventBody::Silent { reason: "no_match".to_owned(), decide_us: 900 }),
        ("event_person_first_seen", EventBody::PersonFirstSeen),
        ("event_opted_out", EventBody::OptedOut),
        ("event_scenario_started", EventBody::ScenarioStarted { scenario: scenario.clone(), version }),
        (
            "event_step_reached",
            EventBody::StepReached { scenario: scenario.clone(), version, step: name.clone() },
        ),
        (
            "event_step_answered",
            EventBody::StepAnswered { scenario: scenario.clone(), version, step: name.clone(), valid: true },
        ),
        ("event_scenario_assigned", EventBody::ScenarioAssigned { scenario: scenario.clone(), version }),
        (
            "event_step_reminded",
            EventBody::StepReminded { scenario: scenario.clone(), version, step: name.clone(), number: 2 },
        ),
        (
            "event_step_expired",
            EventBody::StepExpired { scenario: scenario.clone(), version, step: name.clone() },
        ),
        ("event_handed_over", EventBody::HandedOver),
        ("event_handed_back", EventBody::HandedBack { reason: "time".to_owned() }),
        ("event_scenario_ended", EventBody::ScenarioEnded { scenario, version, step: name, goal: true }),
        ("event_variable_changed", EventBody::VariableChanged { variable: "kyc status".to_owned() }),
        ("event_goal_reached", EventBody::GoalReached { goal: "kyc".to_owned() }),
        (
            "event_message_sent",
            EventBody::MessageSent {
                message: MessageId::new(6),
                action,
                source: Source::Step { scenario: "welcome".to_owned(), version: 3, step: "name".to_owned() },
                reply_ms: 1200,
                media: None,
            },
        ),
        (
            "event_message_sent_photo",
            EventBody::MessageSent {
                message: MessageId::new(6),
                action,
                source: Source::Guard,
                reply_ms: 1200,
                media: Some(MediaKind::Photo),
            },
        ),
        ("event_delivery_failed", EventBody::DeliveryFailed { action, reason: "USER_IS_BLOCKED".to_owned() }),
        ("event_bot_blocked", EventBody::BotBlocked),
        ("event_file_stored", EventBody::FileStored { action, bytes: 1000 }),
        ("event_flood_wait", EventBody::FloodWait { seconds: 31, method: "send".to_owned() }),
        (
            "event_webhook_called",
            EventBody::WebhookCalled { name: "crm".to_owned(), outcome: "delivered".to_owned(), tries: 3 },
        ),
        ("event_session", EventBody::Session { state: SessionState::LoggedOut }),
        (
            "event_operator_acted",
            EventBody::OperatorActed {
                operator: "olga".to_owned(),
                act: "content.put".to_owned(),
                object: "scenario/welcome".to_owned(),
                version: Some(4),
            },
        ),
        (
            "event_shadow_decided",
            EventBody::ShadowDecided {
                content: "rules/kyc".to_owned(),
                version: Some(5),
                source: Some(Source::TriggerGroup { group: "kyc wallet".to_owned(), version: Some(5) }),
                reason: String::new(),
            },
        ),
    ];
    for (name, body) in bodies {
        let event = Event {
            id: "7/42/5/new!0".to_owned(),
            bot: BOT,
            chat: Some(CHAT),
            person: Some(PERSON),
            update: Some(key("7/42/5/new")),
            time: TIME,
            body,
        };
        check(name, &event);
    }
    for (name, source) in [
        ("source_trigger_group", Source::TriggerGroup { group: "kyc wallet".to_owned(), version: None }),
        ("source_fail_message", Source::FailMessage { group: "kyc wallet".to_owned(), version: None }),
        ("source_fallback", Source::Fallback { library: "support".to_owned(), variation: 0, version: None }),
    ] {
        check(name, &source);
    }
    let (group, version) = ("kyc wallet".to_owned(), Some(4));
    check("source_trigger_group_of_a_version", &Source::TriggerGroup { group: group.clone(), version });
    check("source_fail_message_of_a_version", &Source::FailMessage { group, version });
    let (library, entry) = ("support".to_owned(), "hello".to_owned());
    check(
        "source_fallback_of_a_version",
        &Source::Fallback { library: library.clone(), variation: 0, version },
    );
    check("source_entry_of_a_version", &Source::Entry { library, entry, variation: 1, version });
}

#[test]
fn records_are_read_as_they_were_written() {
    let identity = Identity {
        user: UserId::new(700),
        first_name: "Clara".to_owned(),
        username: Some("clara".to_owned()),
    };
    let name = |text: &str| text.parse().expect("it is a name");
    let record = |zone: &str| BotRecord {
        id: BOT,
        name: "clara".to_owned(),
        created: TIME,
        identity: Some(identity.clone()),
        desired: Desired::Running,
        generation: 2,
        settings: BotSettings {
            rules: Some(name("kyc")),
            group_library: Some(name("community")),
            direct_library: Some(name("support")),
            scenarios: vec![WeightedScenario { name: name("welcome"), weight: 3 }],
            groups: GroupPolicy::Only([ChatId::new(-1_001_000_000_001)].into()),
            zone: zone.parse().expect("it is a zone"),
        },
    };
    check("bot_record", &record("UTC"));
    check("bot_record_zone", &record("-05:30"));
    check(
        "bot_status",
        &BotStatus {
            state: SessionState::Connecting,
            detail: Some("reconnecting".to_owned()),
            since: TIME,
            instance: "host-1".to_owned(),
            generation: 2,
        },
    );
    check(
        "content_document",
        &ContentDocument {
            kind: ContentKind::Library,
            name: name("support"),
            version: 4,
            created: TIME,
            text: "entries: []\n".to_owned(),
            parts: None,
        },
    );
    check(
        "content_document_in_parts",
        &ContentDocument {
            kind: ContentKind::Library,
            name: name("support"),
            version: 5,
            created: TIME,
            text: String::new(),
            parts: Some(Parts::of(b"entries: []\n")),
        },
    );
    check(
        "file_record",
        &FileRecord {
            name: name("map"),
            file_name: "map.png".to_owned(),
            mime: "image/png".to_owned(),
            created: TIME,
            parts: Parts::of(b"not really a picture"),
        },
    );
    check(
        "dead_letter",
        &DeadLetter {
            stream: Stream::Updates,
            sequence: 9,
            subject: "update.3.7".to_owned(),
            service: "responder".to_owned(),
            reason: "no such bot".to_owned(),
            time: TIME,
            payload: "{}".to_owned(),
        },
    );
    let request = |step: LoginStep| LoginRequest { bot: BOT, step };
    check("login_send_code", &request(LoginStep::SendCode { phone: Secret::new("+1") }));
    check("login_code", &request(LoginStep::Code { code: Secret::new("12345") }));
    check("login_password", &request(LoginStep::Password { password: Secret::new("p") }));
    check("login_token", &request(LoginStep::Token { token: Secret::new("1:t") }));
    check("login_reply_code_sent", &LoginReply::CodeSent);
    check("login_reply_password_needed", &LoginReply::PasswordNeeded { hint: Some("a horse".to_owned()) });
    check("login_reply_signed_in", &LoginReply::SignedIn { identity });
    check(
        "login_reply_refused",
        &LoginReply::Refused { refusal: Refusal::Code, message: "wrong".to_owned() },
    );
}

#[test]
fn no_secret_shows_in_debug_output() {
    let request =
        LoginRequest { bot: BOT, step: LoginStep::Password { password: Secret::new("correct horse") } };
    assert!(!format!("{request:?}").contains("horse"));
}

/// Reads `data` as a `T`; what can be read is written in a way that is read as the same.
fn survives<T: Serialize + DeserializeOwned + PartialEq + Debug>(data: &[u8]) {
    let Ok(value) = serde_json::from_slice::<T>(data) else { return };
    let written = serde_json::to_vec(&value).expect("what was read can be written");
    assert_eq!(serde_json::from_slice::<T>(&written).expect("what was written can be read"), value);
}

#[test]
fn no_bytes_make_reading_a_message_panic_and_what_is_read_survives() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/v1");
    let mut files: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    let golden: Vec<Vec<u8>> = files.iter().map(|file| fs::read(file).unwrap()).collect();
    let mut examples: Vec<&[u8]> = golden.iter().map(Vec::as_slice).collect();
    examples.extend([b"7/42/5/new".as_slice(), b"7/42/5/edited.1800000000/3", b"\"7/42/5/new\""]);
    troupe_fuzz::fuzz(&examples, 10_000, |data| {
        survives::<Update>(data);
        survives::<Action>(data);
        survives::<Event>(data);
        survives::<BotRecord>(data);
        survives::<BotStatus>(data);
        survives::<ContentDocument>(data);
        survives::<DeadLetter>(data);
        survives::<Source>(data);
        let _ = serde_json::from_slice::<LoginRequest>(data);
        let _ = serde_json::from_slice::<LoginReply>(data);
        let text = String::from_utf8_lossy(data);
        if let Ok(key) = text.parse::<UpdateKey>() {
            assert_eq!(key.to_string().parse::<UpdateKey>().ok(), Some(key));
        }
    });
}
