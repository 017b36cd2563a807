//! Which trigger groups a message can concern.
//!
//! Of each group one subgroup is chosen as its key: the group is looked at only if a trigger of its key may have been
//! triggered. A group whose key has failed does not fire; and it sends no `onFailMsg` either, since only a subgroup is
//! chosen that has none, and that has none before it: the first that fails is the key or one before it.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use troupe_types::ChatId;

use super::{
    Group, Subgroup, Trigger,
    evaluate::Heard,
    model::{Chats, Sender},
};
use crate::{matcher::Builder, turn::Turn};

#[derive(Debug, Default)]
pub(super) struct Index {
    /// The group that each pattern is in the key of, by the pattern's number.
    by_pattern: Vec<Option<u32>>,
    /// The group that each phrase is in the key of, by the phrase's number.
    by_phrase: Vec<Option<u32>>,
    by_row: HashMap<Arc<str>, Rows>,
    /// The groups that need a person without a row of the variable.
    no_row: BTreeMap<Arc<str>, Vec<u32>>,
    media: Vec<u32>,
    /// The groups that need a message which may be said to the bot.
    addressed: Vec<u32>,
    by_chat: HashMap<ChatId, Vec<u32>>,
    by_sender: HashMap<Sender, Vec<u32>>,
    /// The groups without a key: for all chats, for direct ones, and for groups of people.
    rest: Vec<u32>,
    rest_direct: Vec<u32>,
    rest_group: Vec<u32>,
}

/// The groups that need a row of one variable.
#[derive(Debug, Default)]
struct Rows {
    any: Vec<u32>,
    by_value: HashMap<String, Vec<u32>>,
}

/// What a trigger costs as part of a key, beside a text's: the number of texts that share its rarest window.
const VALUE: u64 = 4;
const SENDER: u64 = 4;
const PHRASE: u64 = 20;
const MEDIA: u64 = 50;
const ROW: u64 = 200;
/// Much is said in one chat.
const CHAT: u64 = 1_000;
/// Every direct message is addressed.
const ADDRESSED: u64 = 50_000;
/// Most people have no row of most variables.
const NO_ROW: u64 = 100_000;

impl Index {
    pub fn new(groups: &[Group], patterns: &Builder) -> Self {
        let mut index = Self::default();
        for (number, group) in (0..).zip(groups) {
            match key(group, patterns) {
                Some(key) => key.triggers.iter().for_each(|trigger| index.add(number, trigger)),
                None => match group.chats {
                    Chats::Any => index.rest.push(number),
                    Chats::Direct => index.rest_direct.push(number),
                    Chats::Group => index.rest_group.push(number),
                },
            }
        }
        index
    }

    fn add(&mut self, group: u32, trigger: &Trigger) {
        match trigger {
            Trigger::Text(pattern) => put(&mut self.by_pattern, *pattern, group),
            Trigger::Phrase(phrase) => put(&mut self.by_phrase, *phrase, group),
            Trigger::VariableIs { variable, value } => {
                let variable = Arc::clone(variable);
                let groups = match value {
                    Some(value) => {
                        self.by_row.entry(variable).or_default().by_value.entry(value.clone()).or_default()
                    }
                    None => self.no_row.entry(variable).or_default(),
                };
                groups.push(group);
            }
            Trigger::VariableExists { variable } => {
                self.by_row.entry(Arc::clone(variable)).or_default().any.push(group);
            }
            Trigger::Media(..) => self.media.push(group),
            Trigger::Addressed | Trigger::Mentioned | Trigger::Replied => self.addressed.push(group),
            Trigger::Chat(chat) => self.by_chat.entry(*chat).or_default().push(group),
            Trigger::Sender(sender) => self.by_sender.entry(sender.clone()).or_default().push(group),
            Trigger::Compare(_)
            | Trigger::Time(_)
            | Trigger::Chance { .. }
            | Trigger::Rested
            | Trigger::Not(_) => unreachable!("a key has a cost, and these have none"),
        }
    }

    /// Whether `pattern` is in a key.
    pub fn wants(&self, pattern: u32) -> bool {
        self.by_pattern.get(pattern as usize).is_some_and(Option::is_some)
    }

    /// The groups that may fire or send a message, in order; one that was found in several ways is there as often.
    pub fn candidates(&self, heard: &Heard<'_>, turn: &Turn<'_>) -> Vec<Candidate> {
        let by_pattern = heard.patterns.numbers().iter().filter_map(|pattern| {
            let group = self.by_pattern[*pattern as usize]?;
            Some(Candidate { group, pattern: Some(*pattern) })
        });
        let mut candidates: Vec<_> = by_pattern.collect();
        let others = self.groups_without_pattern(heard, turn).into_iter();
        candidates.extend(others.map(|group| Candidate { group, pattern: None }));
        candidates.sort_unstable();
        candidates
    }

    /// The groups that may fire or send a message, whatever patterns match it, in order.
    fn groups_without_pattern(&self, heard: &Heard<'_>, turn: &Turn<'_>) -> Vec<u32> {
        let (update, message) = (turn.update, &turn.update.message);
        let mut groups = self.rest.clone();
        groups.extend_from_slice(if update.is_direct() { &self.rest_direct } else { &self.rest_group });
        let phrases = heard.phrases.iter();
        groups.extend(phrases.filter_map(|phrase| *self.by_phrase.get(*phrase as usize)?));
        if message.media.is_some() {
            groups.extend_from_slice(&self.media);
        }
        if update.is_addressed() || message.reply_to.is_some() || message.text.contains('@') {
            groups.extend_from_slice(&self.addressed);
        }
        if let Some(here) = self.by_chat.get(&update.chat.id) {
            groups.extend_from_slice(here);
        }
        if !self.by_sender.is_empty() {
            let username = update.sender.username.as_ref();
            let names = username.map(|name| Sender::Username(name.to_ascii_lowercase()));
            for sender in names.into_iter().chain([Sender::Id(update.sender.id)]) {
                groups.extend(self.by_sender.get(&sender).into_iter().flatten());
            }
        }
        for (variable, value) in turn.rows() {
            if let Some(rows) = self.by_row.get(variable) {
                groups.extend_from_slice(&rows.any);
                groups.extend(rows.by_value.get(value).into_iter().flatten());
            }
        }
        for (variable, without) in &self.no_row {
            if turn.variable(variable).is_none() {
                groups.extend_from_slice(without);
            }
        }
        groups.sort_unstable();
        groups.dedup();
        groups
    }
}

fn put(groups: &mut Vec<Option<u32>>, number: u32, group: u32) {
    let number = number as usize;
    if groups.len() <= number {
        groups.resize(number + 1, None);
    }
    groups[number] = Some(group);
}

/// A group that may fire or send a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Candidate {
    pub group: u32,
    /// The pattern of its key by which it was found, if that may still not match: then it need not be looked at.
    pub pattern: Option<u32>,
}

/// The subgroup that is cheapest to look up, of those that may be a key.
fn key<'a>(group: &'a Group, patterns: &Builder) -> Option<&'a Subgroup> {
    let silent = group.subgroups.iter().take_while(|subgroup| subgroup.on_fail.is_none());
    let priced = silent.filter_map(|subgroup| Some((cost(subgroup, patterns)?, subgroup)));
    priced.min_by_key(|(cost, _)| *cost).map(|(_, subgroup)| subgroup)
}

fn cost(subgroup: &Subgroup, patterns: &Builder) -> Option<u64> {
    subgroup.triggers.iter().try_fold(0_u64, |sum, trigger| {
        let cost = match trigger {
            Trigger::Text(pattern) => patterns.cost(*pattern)?,
            Trigger::VariableIs { value: Some(_), .. } => VALUE,
            Trigger::VariableIs { value: None, .. } => NO_ROW,
            Trigger::VariableExists { .. } => ROW,
            Trigger::Phrase(_) => PHRASE,
            Trigger::Media(..) => MEDIA,
            Trigger::Sender(_) => SENDER,
            Trigger::Chat(_) => CHAT,
            Trigger::Addressed | Trigger::Mentioned | Trigger::Replied => ADDRESSED,
            // What most messages meet, or what can't be told without asking.
            Trigger::Compare(_)
            | Trigger::Time(_)
            | Trigger::Chance { .. }
            | Trigger::Rested
            | Trigger::Not(_) => return None,
        };
        Some(sum.saturating_add(cost))
    })
}
