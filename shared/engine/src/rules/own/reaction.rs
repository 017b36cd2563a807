use super::{list, size};
use crate::{
    Faults,
    answers::Answers,
    document::{At, Object},
    duration, limits,
    rules::{
        model::{Place, Reaction, ReactionKind, Saying, Subgroup, VariableName, Wanted},
        read::{place, read_value},
    },
    webhook::Webhook,
};

/// What can be done; an item of `react` does one of these.
pub(crate) const DEEDS: &[&str] = &[
    "say",
    "set",
    "save",
    "add",
    "remove",
    "store_file",
    "emoji",
    "forward",
    "wait",
    "goal",
    "start_scenario",
    "end_scenario",
    "hand_over",
    "webhook",
];
/// What can be done in direct chats alone.
const DIRECT_DEEDS: &[&str] = &["start_scenario", "end_scenario", "hand_over"];

/// Reads the reactions of one group.
pub(super) struct Reader<'a> {
    pub group: &'a str,
    /// Whether it is for direct chats alone.
    pub direct: bool,
}

impl Reader<'_> {
    /// Reads an item of `react`.
    pub fn read(&self, at: &At<'_>, faults: &mut Faults) -> Option<Subgroup<Reaction>> {
        let item = at.object(&[DEEDS, &["chat", "one_of", "name"]].concat(), faults)?;
        let name = item.set("name").and_then(|name| name.text(faults)).map(str::to_owned);
        let members = match item.set("one_of") {
            None => vec![self.reaction(at, &item, faults)?],
            Some(one_of) => {
                if let Some(deed) = DEEDS.iter().find(|name| item.get(name).is_some()) {
                    faults.at(at, format!("{deed:?} and \"one_of\" are two reactions: make each an item"));
                    return None;
                }
                if let Some(chat) = item.get("chat") {
                    faults.at(&chat, "put the chat beside what is said in it");
                    return None;
                }
                let read = list(&one_of, faults, |member, faults| {
                    self.reaction(member, &member.object(&[DEEDS, &["chat"]].concat(), faults)?, faults)
                })?;
                if read.is_empty() {
                    faults.at(&one_of, "there is nothing to choose from");
                    return None;
                }
                read
            }
        };
        Some(Subgroup { name, members })
    }

    fn reaction(&self, at: &At<'_>, object: &Object<'_>, faults: &mut Faults) -> Option<Reaction> {
        let mut done = DEEDS.iter().filter_map(|name| Some((*name, object.set(name)?)));
        let (Some((deed, field)), None) = (done.next(), done.next()) else {
            faults.at(at, format!("a reaction does one of {}", DEEDS.join(", ")));
            return None;
        };
        if let Some(chat) = object.get("chat").filter(|_| deed != "say") {
            faults.at(&chat, "only what is said is said in another chat");
            return None;
        }
        if !self.direct && DIRECT_DEEDS.contains(&deed) {
            faults.at(&field, format!("{deed:?} is for direct chats: the group needs `where: direct`"));
            return None;
        }
        let kind = match deed {
            "say" => {
                let text = saying(&field, &["rules", self.group, &field.pointer()], faults);
                let chat = match object.set("chat") {
                    Some(chat) => variable(&chat, Wanted::Chat, faults).map(Some),
                    None => Some(None),
                };
                ReactionKind::Say { text: text?, chat: chat? }
            }
            "set" => ReactionKind::Set(changes(&field, faults, |value, faults| {
                if value.is_null() {
                    faults.at(value, "a variable is set to a text; to forget it, write `remove`");
                    return None;
                }
                read_value(value, faults).map(Some)
            })?),
            "save" => ReactionKind::Set(vec![(variable(&field, Wanted::Any, faults)?, None)]),
            "add" => ReactionKind::Add(changes(&field, faults, amount)?),
            "remove" if field.is_list() => ReactionKind::Remove(list(&field, faults, |item, faults| {
                variable(item, Wanted::Any, faults)
            })?),
            "remove" => ReactionKind::Remove(vec![variable(&field, Wanted::Any, faults)?]),
            "store_file" => {
                let bounds = field.object(size::FIELDS, faults)?;
                ReactionKind::StoreFile(size::read(&field, &bounds, faults)?)
            }
            "emoji" => ReactionKind::React { emoji: emoji(&field, faults)? },
            "forward" => ReactionKind::Forward { chat: variable(&field, Wanted::Chat, faults)? },
            "wait" => {
                let time = duration::read(&field, faults)?;
                if time > limits::DELAY {
                    let most = limits::DELAY.as_secs() / 60;
                    faults.at(&field, format!("what follows can be done at most {most} minutes later"));
                    return None;
                }
                ReactionKind::Wait(time)
            }
            "start_scenario" => {
                let name = field.name(faults)?.into();
                faults.scenario(&field, &name);
                ReactionKind::StartScenario(name)
            }
            "end_scenario" => {
                if !field.boolean(faults)? {
                    faults.at(&field, "false does nothing: write true, or leave it out");
                    return None;
                }
                ReactionKind::EndScenario
            }
            "hand_over" => ReactionKind::HandOver(duration::read_within(&field, limits::WAIT, faults)?),
            "webhook" => ReactionKind::Webhook(Webhook::read(&field, faults)?),
            _ => ReactionKind::Goal(field.name(faults)?.to_owned()),
        };
        Some(Reaction { place: place(&field), kind })
    }
}

/// Reads what is said: answers as in a library, or `{plain: text}`. `id` tells it from others.
pub(super) fn saying(at: &At<'_>, id: &[&str], faults: &mut Faults) -> Option<Saying> {
    if at.fields().all(|(key, _)| key.text != "plain") {
        return Answers::read(at, id, faults).map(Saying::Answers);
    }
    let object = at.object(&["plain"], faults)?;
    let text = object.required("plain", faults)?.message(faults)?;
    Some(Saying::Plain(text.to_owned()))
}

/// Reads a variable's name.
pub(super) fn variable(at: &At<'_>, wanted: Wanted, faults: &mut Faults) -> Option<VariableName> {
    Some(VariableName { name: at.name(faults)?.to_owned(), place: place(at), wanted })
}

/// Reads a map from variables to what becomes of them.
fn changes<T>(
    at: &At<'_>,
    faults: &mut Faults,
    mut read: impl FnMut(&At<'_>, &mut Faults) -> Option<T>,
) -> Option<Vec<(VariableName, T)>> {
    if !at.map(limits::GROUP_ACTIONS, faults) {
        return None;
    }
    let changes: Vec<_> = at
        .fields()
        .map(|(key, field)| {
            let place = Place { mark: key.mark, field: field.pointer() };
            let name = VariableName { name: key.text.clone(), place, wanted: Wanted::Any };
            Some((name, read(&field, faults)?))
        })
        .collect();
    changes.into_iter().collect()
}

fn amount(at: &At<'_>, faults: &mut Faults) -> Option<f64> {
    at.number(faults)
}

fn emoji(at: &At<'_>, faults: &mut Faults) -> Option<String> {
    let emoji = at.text(faults)?;
    let fits = |char: char| !char.is_alphanumeric() && !char.is_whitespace() && !char.is_ascii();
    if emoji.is_empty() || !emoji.chars().all(fits) || emoji.chars().count() > limits::EMOJI_CHARS {
        faults.at(at, format!("expected one emoji, such as 👍, found {emoji:?}"));
        return None;
    }
    Some(emoji.to_owned())
}
