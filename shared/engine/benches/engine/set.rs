//! A generated set of rules and messages, as rules and as a library.

use std::{fs, path::PathBuf, process::Command};

use serde_json::{Map, Value, json};
use troupe_engine::{Account, Content, Decision, Groups, Source, Update};
use troupe_types::{
    BotId, Chat, ChatId, Message, MessageId, Person, Timestamp, UpdateKey, UpdateKind, UserId,
};

const PERSON: UserId = UserId::new(1001);

/// The sizes that are measured.
pub fn sizes() -> [usize; 3] {
    [100, 1_000, 10_000]
}

pub struct Set {
    count: usize,
    rules: Vec<Value>,
}

fn folder() -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("bench");
    if !folder.join("rules_10000.json").exists() {
        let generator = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/bench/gen.py");
        let status = Command::new("python3").arg(generator).arg("--out").arg(&folder).status();
        assert!(status.is_ok_and(|status| status.success()), "{generator} failed");
    }
    folder
}

impl Set {
    pub fn load(count: usize) -> Self {
        let text =
            fs::read_to_string(folder().join(format!("rules_{count}.json"))).expect("it was generated");
        let mut set: Value = serde_json::from_str(&text).expect("the generator writes JSON");
        let Value::Array(rules) = set["rules"].take() else { panic!("the generator writes a list of rules") };
        Self { count, rules }
    }

    /// Each rule's regular expression, which is to be read without regard to case.
    pub fn patterns(&self) -> impl Iterator<Item = String> {
        self.rules.iter().map(|rule| {
            let pattern = text(&rule["pattern"]);
            if rule["kind"] == "regex" { pattern.to_owned() } else { regex::escape(pattern) }
        })
    }

    /// A trigger group and a reaction group for each rule.
    pub fn rules(&self) -> String {
        let (mut triggers, mut reactions) = (Map::new(), Map::new());
        for (rule, pattern) in self.rules.iter().zip(self.patterns()) {
            let name = format!("r{:05}", rule["id"].as_u64().expect("rules are numbered"));
            let trigger = json!({"triggerType": "Text", "modifier": 0, "data": format!("(?i){pattern}")});
            triggers.insert(name.clone(), json!({"triggers": [trigger]}));
            let answers = rule["answers"].as_array().into_iter().flatten();
            let said: Vec<_> = answers
                .map(|answer| json!({"reactionType": "Text", "modifier": 0, "data": answer["text"], "subgroup": "a"}))
                .collect();
            reactions.insert(name, json!({"reactions": said}));
        }
        json!({"triggers": triggers, "reactions": reactions}).to_string()
    }

    /// An entry for each rule.
    pub fn library(&self) -> String {
        let entries: Vec<_> = self
            .rules
            .iter()
            .map(|rule| {
                let field = if rule["kind"] == "regex" { "regexes" } else { "phrases" };
                let id = format!("r{:05}", rule["id"].as_u64().expect("rules are numbered"));
                json!({"id": id, field: [rule["pattern"]], "answers": rule["answers"]})
            })
            .collect();
        json!({"entries": entries}).to_string()
    }

    fn lines(&self, file: &str) -> String {
        fs::read_to_string(folder().join(format!("{file}_{}.tsv", self.count))).expect("it was generated")
    }

    /// The rules that the messages of `file` are about.
    pub fn expected(&self, file: &str) -> Vec<Option<usize>> {
        let lines = self.lines(file);
        let numbers =
            lines.lines().map(|line| line.split('\t').next().and_then(|number| number.parse().ok()));
        numbers.collect()
    }

    /// The messages of `file`, in direct chats.
    pub fn updates(&self, file: &str) -> Vec<Update> {
        let lines = self.lines(file);
        let texts = lines.lines().map(|line| line.splitn(3, '\t').nth(2).expect("a line has three fields"));
        (1..).zip(texts).map(|(number, text)| update(number, text)).collect()
    }

    /// Whether the rule `answered` was to answer: itself, or one of the same pattern.
    pub fn same(&self, answered: usize, expected: Option<usize>) -> bool {
        expected.is_some_and(|expected| {
            answered == expected || self.rules[answered]["pattern"] == self.rules[expected]["pattern"]
        })
    }
}

fn text(value: &Value) -> &str {
    value.as_str().expect("the generator writes a text")
}

fn update(number: i32, text: &str) -> Update {
    let (bot, chat, id) = (BotId::new(7), ChatId::direct(PERSON), MessageId::new(number));
    Update {
        key: UpdateKey { bot, chat, message: id, kind: UpdateKind::New },
        bot,
        chat: Chat { id: chat, title: None },
        sender: Person {
            id: PERSON,
            first_name: "Ann".into(),
            username: None,
            language: Some("ru".into()),
            is_bot: false,
        },
        time: Timestamp::from_seconds(1_800_000_000),
        edited: false,
        message: Message { id, text: text.to_owned(), reply_to: None, mentions_bot: false, media: None },
    }
}

/// A bot that says nothing yet.
pub fn content() -> Content {
    let account = Account { user: UserId::new(9000), first_name: "Boris".into(), username: None };
    let mut content = Content::of(account);
    content.groups = Groups::All;
    content
}

/// The number of the rule that answered.
pub fn answered(decision: &Decision) -> Option<usize> {
    let name = decision.actions.iter().find_map(|action| match &action.source {
        Source::TriggerGroup { group } => Some(group),
        Source::Entry { entry, .. } => Some(entry),
        _ => None,
    });
    name.and_then(|name| name.strip_prefix('r')).and_then(|number| number.parse().ok())
}

/// The memory that the process holds (`VmRSS`), or held at most (`VmHWM`).
pub fn resident_kb(field: &str) -> u64 {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or_default()
}
