//! A trigger group as its author wrote it, beside what the engine says of it: what each trigger asks, and what there was.
//!
//! Whether a trigger fires is asked of the engine, which gets it in a rule set of its own; only the wording is made here.

use std::sync::Arc;

use serde_json::json;
use troupe_engine::{Content, GroupOutcome, Groups, Ruleset, Seed, Tried, explain};

use crate::{document::Node, world::Heard};

/// A trigger group in the document.
pub struct Group<'a> {
    /// In the order of their first triggers, as the engine counts them.
    pub subgroups: Vec<Subgroup<'a>>,
}

pub struct Subgroup<'a> {
    pub name: Option<&'a str>,
    pub triggers: Vec<&'a Node>,
}

/// What a trigger asks, and what it found.
pub struct Asked {
    pub line: u32,
    pub question: String,
    pub found: String,
}

/// The trigger group `name` of a rule set.
pub fn group<'a>(source: &'a Node, name: &str) -> Option<Group<'a>> {
    if let Some(groups) = source.get("groups") {
        return own_group(groups, name);
    }
    let group = source.get("triggers")?.get(name)?;
    let mut subgroups: Vec<Subgroup<'a>> = Vec::new();
    for trigger in group.get("triggers")?.items() {
        let name = trigger.get("subgroup").and_then(Node::text);
        match subgroups.iter_mut().find(|subgroup| name.is_some() && subgroup.name == name) {
            Some(subgroup) => subgroup.triggers.push(trigger),
            None => subgroups.push(Subgroup { name, triggers: vec![trigger] }),
        }
    }
    Some(Group { subgroups })
}

/// The group `name` of a rule set in troupe's own format: each of its conditions is a subgroup.
fn own_group<'a>(groups: &'a Node, name: &str) -> Option<Group<'a>> {
    let mut groups = groups.items().iter();
    let group = groups.find(|group| group.get("name").and_then(Node::text) == Some(name))?;
    let subgroups = group.get("when")?.items().iter().map(|condition| Subgroup {
        name: condition.get("name").and_then(Node::text),
        triggers: match condition.get("any") {
            Some(any) => any.items().iter().collect(),
            None => vec![condition],
        },
    });
    Some(Group { subgroups: subgroups.collect() })
}

impl Subgroup<'_> {
    /// What people call it.
    pub fn title(&self, index: usize) -> String {
        title(self.name, index)
    }

    /// The message that ends the search if it fails.
    pub fn on_fail(&self) -> Option<&str> {
        let last = self.triggers.last()?;
        last.get("onFailMsg").or_else(|| last.get("else_say"))?.text().filter(|text| !text.is_empty())
    }
}

pub fn title(name: Option<&str>, index: usize) -> String {
    name.map_or_else(|| format!("subgroup {} (unnamed)", index + 1), |name| format!("subgroup {name:?}"))
}

/// Whether `trigger` by itself would be triggered, as the engine sees it; `None` if a guard keeps it from looking.
pub fn fires(trigger: &Node, group: &str, source: &Node, heard: &Heard, content: &Content) -> Option<bool> {
    let own = trigger.get("triggerType").is_none();
    let mut trigger = trigger.json();
    if let Some(fields) = trigger.as_object_mut() {
        fields.remove("subgroup");
        fields.remove("onFailMsg");
        fields.remove("else_say");
    }
    let variables = source.get("variables").map_or(json!(null), Node::json);
    // The chance and the cooldown of a group hang on its name.
    let rules = if own {
        json!({"groups": [{"name": group, "when": [trigger]}], "variables": variables})
    } else {
        json!({"triggers": {group: {"triggers": [trigger]}}, "variables": variables})
    };
    let mut content = Content { stopped: false, groups: Groups::All, ..content.clone() };
    content.fleet = Arc::default();
    content.rules = Some(Arc::new(Ruleset::parse(&rules.to_string()).ok()?));
    let mut state = heard.before.clone();
    state.person.opted_out = None;
    let decision = explain(&content, &state, &heard.update, Seed::of(&heard.update.key));
    decision.trace.steps.iter().find_map(|tried| match tried {
        Tried::TriggerGroup { outcome, .. } => Some(*outcome == GroupOutcome::Fired),
        _ => None,
    })
}

/// What `trigger` asks, in words, and what there was to find.
pub fn asked(trigger: &Node, heard: &Heard) -> Asked {
    let data = trigger.get("data");
    let field = |name: &str| data.and_then(|data| data.get(name)).and_then(Node::text);
    let modifier = trigger.get("modifier").and_then(Node::text).unwrap_or("0");
    if trigger.get("triggerType").is_none() {
        return asked_by_own(trigger, heard);
    }
    let message = &heard.update.message;
    let text = || if message.text.is_empty() { "no text".to_owned() } else { format!("{:?}", message.text) };
    let (question, found) = match (trigger.get("triggerType").and_then(Node::text), modifier) {
        (Some("Text"), _) => {
            (format!("the text matches {}", data.and_then(Node::text).unwrap_or_default()), text())
        }
        (Some("DictionaryVariable"), modifier) => {
            let variable = field("variable").unwrap_or_default();
            let value =
                value(heard, variable).map_or_else(|| "not set".to_owned(), |value| format!("{value:?}"));
            let question = match (modifier, field("value")) {
                ("0", Some(value)) => format!("{variable} is {value:?}"),
                ("0", None) => format!("{variable} is not set"),
                _ => format!("{variable} is set"),
            };
            (question, value)
        }
        (Some("Image"), _) => {
            let bound = |name: &str, word: &str| field(name).map(|size| format!(" {word} {size} MB"));
            let bounds = [bound("minSize", "of at least"), bound("maxSize", "of at most")];
            let found = message.media.as_ref().map_or_else(
                || "no image".to_owned(),
                |media| format!("{:?} of {} bytes", media.kind, media.bytes).to_lowercase(),
            );
            (format!("there is an image{}", bounds.into_iter().flatten().collect::<String>()), found)
        }
        (kind, _) => {
            let data = data.map(|data| data.json().to_string()).unwrap_or_default();
            (format!("{} {data}", kind.unwrap_or("trigger")), text())
        }
    };
    Asked { line: trigger.line, question, found }
}

/// What a condition of troupe's own format asks, as it is written there, and what there was to find.
fn asked_by_own(condition: &Node, heard: &Heard) -> Asked {
    let mut question = condition.json();
    if let Some(fields) = question.as_object_mut() {
        fields.remove("name");
        fields.remove("else_say");
    }
    let asked = condition.get("not").unwrap_or(condition);
    let message = &heard.update.message;
    let found = if let Some(variable) = asked.get("variable").and_then(Node::text) {
        value(heard, variable).map_or_else(|| "not set".to_owned(), |value| format!("{value:?}"))
    } else if asked.get("media").is_some() {
        let media = message.media.as_ref();
        media.map_or_else(
            || "no media".to_owned(),
            |media| format!("{:?} of {} bytes", media.kind, media.bytes).to_lowercase(),
        )
    } else if asked.get("time").is_some() {
        crate::told::time(heard.update.time)
    } else if asked.get("chat").is_some() {
        heard.update.chat.id.to_string()
    } else if asked.get("sender").is_some() {
        let sender = &heard.update.sender;
        let name = sender.username.as_ref().map(|name| format!(" @{name}")).unwrap_or_default();
        format!("{}{name}", sender.id)
    } else if ["addressed", "mentioned", "reply"].iter().any(|name| asked.get(name).is_some()) {
        if heard.update.is_addressed() { "it is said to the bot" } else { "it is not said to the bot" }
            .to_owned()
    } else if asked.get("chance").is_some() {
        "the luck of this message".to_owned()
    } else if asked.get("cooldown").is_some() {
        "when the group fired last".to_owned()
    } else {
        format!("{:?}", message.text)
    };
    Asked { line: condition.line, question: question.to_string(), found }
}

/// The value that the person had in `variable` when the message came.
fn value<'a>(heard: &'a Heard, variable: &str) -> Option<&'a str> {
    let person = &heard.before.person;
    let bot = &heard.before.bot;
    let values = [&person.variables, &person.volatile.variables, &bot.variables, &bot.volatile.variables];
    values.into_iter().find_map(|values| values.get(variable)).map(String::as_str)
}
