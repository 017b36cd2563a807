//! Two versions of the content side by side, and where they part.

use std::{collections::BTreeMap, fmt::Write as _};

use serde_json::{Value as Json, json};
use troupe_engine::{
    Content, Seed, State, Update, decide,
    state::{BotState, ChatState, PersonState, Shared},
};
use troupe_types::{ChatId, UserId};

use crate::{
    bundle::Bot,
    paint::{bad, bold, dim, good},
    told::{self, Outcome},
};

/// A bot in one version of its content, with all that it remembers.
pub struct Side {
    content: Content,
    bot: Shared<BotState>,
    chats: BTreeMap<ChatId, Shared<ChatState>>,
    people: BTreeMap<UserId, Shared<PersonState>>,
}

impl Side {
    pub fn new(bot: &Bot<'_>) -> Self {
        Self {
            content: bot.content.clone(),
            bot: Shared::default(),
            chats: BTreeMap::new(),
            people: BTreeMap::new(),
        }
    }

    fn decide(&mut self, update: &Update) -> Outcome {
        let (chat, person) = (update.chat.id, update.sender.id);
        let state = State {
            bot: self.bot.clone(),
            chat: self.chats.get(&chat).cloned().unwrap_or_default(),
            person: self.people.get(&person).cloned().unwrap_or_default(),
        };
        let decision = decide(&self.content, &state, update, Seed::of(&update.key));
        let outcome = Outcome::of(&decision, chat);
        self.bot = decision.state.bot;
        self.chats.insert(chat, decision.state.chat);
        self.people.insert(person, decision.state.person);
        outcome
    }
}

/// What answers in the old version and in the new one.
type Change = (String, String);

/// What came differently, by what answered and by chat.
pub struct Differences {
    /// How many updates were decided on.
    pub compared: usize,
    texts_too: bool,
    found: BTreeMap<Change, BTreeMap<ChatId, Vec<Example>>>,
}

struct Example {
    chat: String,
    key: String,
    said: String,
    old: Vec<String>,
    new: Vec<String>,
}

impl Differences {
    pub const fn new(texts_too: bool) -> Self {
        Self { compared: 0, texts_too, found: BTreeMap::new() }
    }

    /// Lets both sides decide on `update`, and notes it if they part.
    pub fn compare(&mut self, update: &Update, old: &mut Side, new: &mut Side) {
        self.compared += 1;
        let (old, new) = (old.decide(update), new.decide(update));
        let same = if self.texts_too {
            let seen = |outcome: &Outcome| -> Vec<_> {
                let reply = |reply: &told::Reply| (reply.elsewhere, reply.source.clone(), reply.shown());
                outcome.replies.iter().map(reply).collect()
            };
            seen(&old) == seen(&new) && old.silent == new.silent && old.deeds == new.deeds
        } else {
            old.sources() == new.sources()
        };
        if same {
            return;
        }
        let texts = |outcome: &Outcome| outcome.replies.iter().map(told::Reply::shown).collect();
        let kind = if update.is_direct() { "direct" } else { "group" };
        let title = update.chat.title.as_deref().or(Some(update.sender.first_name.as_str()));
        let title =
            title.filter(|title| !title.is_empty()).map(|title| format!(" ({title})")).unwrap_or_default();
        let example = Example {
            chat: format!("{kind} {}{title}", update.chat.id),
            key: update.key.to_string(),
            said: update.message.text.clone(),
            old: texts(&old),
            new: texts(&new),
        };
        let change = (old.sources().join(", "), new.sources().join(", "));
        self.found.entry(change).or_default().entry(update.chat.id).or_default().push(example);
    }

    /// How many updates came differently.
    pub fn count(&self) -> usize {
        self.found.values().map(count).sum()
    }

    /// The changes, that with the most updates first.
    fn sorted(&self) -> Vec<(&Change, &BTreeMap<ChatId, Vec<Example>>)> {
        let mut sorted: Vec<_> = self.found.iter().collect();
        sorted.sort_by_key(|(_, chats)| std::cmp::Reverse(count(chats)));
        sorted
    }

    /// As lines for people, with so many examples of each change.
    pub fn text(&self, examples: usize) -> String {
        let mut text = String::new();
        for ((old, new), chats) in self.sorted() {
            let change = if old == new { format!("{old}: another text") } else { format!("{old} -> {new}") };
            let _ =
                writeln!(text, "{} {}", bold(&change), dim(&format!("({})", told::updates(count(chats)))));
            let mut left = examples;
            for found in chats.values() {
                let name = found.first().map_or("", |example| example.chat.as_str());
                let _ = writeln!(text, "  {name}: {}", found.len());
                for example in found.iter().take(left) {
                    let _ = writeln!(text, "    > {} {}", example.said, dim(&format!("[{}]", example.key)));
                    let mut side = |mark: &str, texts: &[String], paint: fn(&str) -> String| {
                        for line in texts.iter().flat_map(|text| text.lines()) {
                            let _ = writeln!(text, "    {}", paint(&format!("{mark} {line}")));
                        }
                    };
                    side("-", &example.old, bad);
                    side("+", &example.new, good);
                }
                left = left.saturating_sub(found.len());
            }
        }
        text
    }

    /// As JSON, with every update.
    pub fn json(&self) -> Json {
        let example = |example: &Example| json!({"key": example.key, "said": example.said, "old": example.old, "new": example.new});
        let chat = |(id, found): (&ChatId, &Vec<Example>)| json!({"chat": id, "count": found.len(), "updates": found.iter().map(example).collect::<Vec<_>>()});
        let change = |((old, new), chats): (&Change, &BTreeMap<ChatId, Vec<Example>>)| json!({"old": old, "new": new, "count": count(chats), "chats": chats.iter().map(chat).collect::<Vec<_>>()});
        let changes: Vec<_> = self.sorted().into_iter().map(change).collect();
        json!({"compared": self.compared, "different": self.count(), "changes": changes})
    }
}

fn count(chats: &BTreeMap<ChatId, Vec<Example>>) -> usize {
    chats.values().map(Vec::len).sum()
}
