//! A set of rules and messages in the generator's format, as rules and as a library.

use std::{fs, path::Path};

use serde_json::{Map, Value, json};
use troupe_types::{
    BotId, Chat, ChatId, Message, MessageId, Person, Timestamp, UpdateKey, UpdateKind, UserId,
};

use troupe_engine::Update;

const PERSON: UserId = UserId::new(1001);

/// Rules in an order, of which the first that matches answers.
pub struct Set {
    rules: Vec<Rule>,
}

struct Rule {
    /// A regular expression that does not care about upper and lower case.
    pattern: String,
    /// The same as a phrase, if it is one.
    phrase: Option<String>,
    answers: Vec<Value>,
}

/// A message, and the number of the rule that has to answer it.
pub struct Said {
    pub expected: Option<usize>,
    pub update: Update,
}

impl Set {
    pub fn read(file: &Path) -> Result<Self, String> {
        let fault = |reason: &str| format!("{}: {reason}", file.display());
        let text = fs::read_to_string(file).map_err(|error| fault(&error.to_string()))?;
        let set: Value = serde_json::from_str(&text).map_err(|error| fault(&error.to_string()))?;
        let rules = set["rules"].as_array().ok_or_else(|| fault("no list \"rules\" as gen.py writes one"))?;
        let rule = |(number, rule): (usize, &Value)| {
            let expected = |what: &str| fault(&format!("rule {number} has no {what}"));
            let pattern = rule["pattern"].as_str().ok_or_else(|| expected("text \"pattern\""))?;
            let answers = rule["answers"].as_array().ok_or_else(|| expected("list \"answers\""))?;
            let is_regex = rule["kind"] == "regex";
            Ok(Rule {
                pattern: if is_regex { pattern.to_owned() } else { regex::escape(pattern) },
                phrase: (!is_regex).then(|| pattern.to_owned()),
                // More of them would make documents of 10,000 rules too great to load.
                answers: answers.iter().take(2).cloned().collect(),
            })
        };
        let rules = rules.iter().enumerate().map(rule).collect::<Result<_, String>>()?;
        Ok(Self { rules })
    }

    /// Each rule's regular expression, as it is written in a rule set.
    pub fn patterns(&self) -> impl Iterator<Item = String> {
        self.rules.iter().map(|rule| format!("(?i){}", rule.pattern))
    }

    /// A trigger group and a reaction group for each rule.
    pub fn rules(&self) -> String {
        let (mut triggers, mut reactions) = (Map::new(), Map::new());
        for (number, (rule, pattern)) in self.rules.iter().zip(self.patterns()).enumerate() {
            let name = format!("r{number:05}");
            let trigger = json!({"triggerType": "Text", "modifier": 0, "data": pattern});
            triggers.insert(name.clone(), json!({"triggers": [trigger]}));
            let said: Vec<_> = rule
                .answers
                .iter()
                .map(|answer| json!({"reactionType": "Text", "modifier": 0, "data": answer["text"], "subgroup": "a"}))
                .collect();
            reactions.insert(name, json!({"reactions": said}));
        }
        json!({"triggers": triggers, "reactions": reactions}).to_string()
    }

    /// An entry for each rule, whose answers are templates.
    pub fn library(&self) -> String {
        let entries: Vec<_> = self
            .rules
            .iter()
            .enumerate()
            .map(|(number, rule)| {
                let (field, pattern) = match &rule.phrase {
                    Some(phrase) => ("phrases", phrase),
                    None => ("regexes", &rule.pattern),
                };
                let text = |answer: &Value| {
                    format!(
                        "{{{{person.first_name|friend}}}}, {}",
                        answer["text"].as_str().unwrap_or_default()
                    )
                };
                let answers: Vec<_> = rule
                    .answers
                    .iter()
                    .map(|answer| json!({"text": text(answer), "weight": answer["weight"]}))
                    .collect();
                json!({"id": format!("r{number:05}"), field: [pattern], "answers": answers})
            })
            .collect();
        json!({"entries": entries}).to_string()
    }

    /// Whether the rule `answered` was to answer: itself, or one of the same pattern, which may be there twice.
    pub fn same(&self, answered: Option<usize>, expected: Option<usize>) -> bool {
        answered == expected
            || answered.zip(expected).is_some_and(|(answered, expected)| {
                self.rules[answered].pattern == self.rules[expected].pattern
            })
    }
}

/// The messages of `file`, in direct chats.
pub fn messages(file: &Path) -> Result<Vec<Said>, String> {
    let fault = |reason: String| format!("{}: {reason}", file.display());
    let lines = fs::read_to_string(file).map_err(|error| fault(error.to_string()))?;
    let said = |(number, line): (i32, &str)| {
        let (expected, rest) = line.split_once('\t')?;
        let (_, text) = rest.split_once('\t')?;
        // The generator writes -1 where no rule is to answer.
        Some(Said { expected: expected.parse().ok(), update: update(number, text) })
    };
    let said = (1..).zip(lines.lines()).map(|line| {
        said(line).ok_or_else(|| fault(format!("line {}: expected rule, kind and text between tabs", line.0)))
    });
    said.collect()
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
            last_name: None,
            username: None,
            language: Some("ru".into()),
            is_bot: false,
        },
        time: Timestamp::from_seconds(1_800_000_000),
        edited: false,
        message: Message { id, text: text.to_owned(), reply_to: None, mentions_bot: false, media: None },
    }
}
