use std::{collections::BTreeSet, time::Duration};

use super::{Cooldown, Entry, Library, Patterns, Reply, When, index::Index};
use crate::{
    Faults, Uses,
    answers::{self, Answers},
    document::{At, Object, unknown},
    duration, limits,
    matcher::Builder,
    pattern::Pattern,
    text,
};

const LIBRARY: &[&str] = &["when", "fallback", "entries"];
const REPLY: &[&str] = &["answers", "when", "chance", "cooldown"];
const ENTRY: &[&str] = &["id", "phrases", "keywords", "regexes", "answers", "when", "chance", "cooldown"];

/// Reads a library; `None` if it can't be told what it would be, with the reason in `faults`.
pub(super) fn read(name: &str, at: &At<'_>, faults: &mut Faults) -> Option<Library> {
    let library = at.object(LIBRARY, faults)?;
    let when = read_when(&library, When::Always, faults);
    let fallback = match library.set("fallback") {
        Some(fallback) => {
            // A fallback that were not asked for would answer everything that is said in a group.
            let object = fallback.object(REPLY, faults)?;
            Some(read_reply(name, "", &object, When::Addressed, faults))
        }
        None => None,
    };
    let list = library.required("entries", faults)?;
    if !list.list(limits::ENTRIES, faults) {
        return None;
    }
    let mut ids = BTreeSet::new();
    let mut regexes = Builder::default();
    let entries: Vec<_> = list
        .items()
        .filter_map(|item| read_entry(name, &item, when, &mut ids, &mut regexes, faults))
        .collect();
    let index = Index::new(entries.iter().map(|entry| &entry.patterns), regexes);
    Some(Library { name: name.into(), entries, fallback: fallback.flatten(), index, uses: Uses::default() })
}

fn read_entry(
    library: &str,
    at: &At<'_>,
    when: When,
    ids: &mut BTreeSet<String>,
    regexes: &mut Builder,
    faults: &mut Faults,
) -> Option<Entry> {
    let entry = at.object(ENTRY, faults)?;
    let id_field = entry.required("id", faults)?;
    let id = id_field.name(faults)?;
    if !ids.insert(id.to_owned()) {
        faults.at(&id_field, format!("the id {id:?} is here for the second time"));
    }
    let patterns = Patterns {
        phrases: read_words(&entry, "phrases", faults),
        keywords: read_words(&entry, "keywords", faults),
        regexes: read_list(&entry, "regexes", faults, |text| {
            Pattern::caseless(text).map(|regex| regexes.add(regex))
        }),
    };
    let count = patterns.phrases.len() + patterns.keywords.len() + patterns.regexes.len();
    if count > limits::ENTRY_PATTERNS {
        let reason = format!("an entry has at most {} phrases, keywords and regexes", limits::ENTRY_PATTERNS);
        faults.at(at, reason);
    }
    if ["phrases", "keywords", "regexes"].iter().all(|name| entry.set(name).is_none()) {
        faults.at(at, "an entry needs phrases, keywords or regexes, or it never answers");
    }
    let reply = read_reply(library, id, &entry, when, faults)?;
    Some(Entry { id: id.into(), patterns, reply })
}

/// A list of texts that have words in them.
fn read_words(entry: &Object<'_>, name: &str, faults: &mut Faults) -> Vec<String> {
    read_list(entry, name, faults, |text| {
        if text::words(text).is_empty() {
            return Err("there is no word in this".to_owned());
        }
        Ok(text.to_owned())
    })
}

fn read_list<T>(
    entry: &Object<'_>,
    name: &str,
    faults: &mut Faults,
    mut read: impl FnMut(&str) -> Result<T, String>,
) -> Vec<T> {
    let Some(list) = entry.set(name) else { return Vec::new() };
    if !list.list(limits::ENTRY_PATTERNS, faults) {
        return Vec::new();
    }
    let item = |item: At<'_>| {
        let text = item.text(faults)?;
        read(text).map_err(|reason| faults.at(&item, reason)).ok()
    };
    list.items().filter_map(item).collect()
}

fn read_reply(
    library: &str,
    id: &str,
    object: &Object<'_>,
    when: When,
    faults: &mut Faults,
) -> Option<Reply> {
    let when = read_when(object, when, faults);
    let chance_per_million = match object.set("chance") {
        Some(chance) => read_chance(&chance, faults),
        None => Some(1_000_000),
    };
    let cooldown = match object.set("cooldown") {
        Some(cooldown) => read_cooldown(&cooldown, faults),
        None => Some(Cooldown::default()),
    };
    let names = ["library", library, id];
    let answers = Answers::read(&object.required("answers", faults)?, &names, faults)?;
    let hash = answers::hash(&names);
    Some(Reply { answers, when, chance_per_million: chance_per_million?, cooldown: cooldown?, hash })
}

/// A duration, which is the chat's, or one for the chat, the person or both.
pub(crate) fn read_cooldown(at: &At<'_>, faults: &mut Faults) -> Option<Cooldown> {
    if !at.is_map() {
        return Some(Cooldown { chat: duration::read(at, faults)?, ..Cooldown::default() });
    }
    let object = at.object(&["chat", "person"], faults)?;
    let mut read = |name: &str| match object.set(name) {
        Some(time) => duration::read(&time, faults),
        None => Some(Duration::ZERO),
    };
    let (chat, person) = (read("chat"), read("person"));
    Some(Cooldown { chat: chat?, person: person? })
}

fn read_when(object: &Object<'_>, default: When, faults: &mut Faults) -> When {
    let Some(when) = object.set("when") else { return default };
    match when.text(faults) {
        Some("always") => When::Always,
        Some("addressed") => When::Addressed,
        Some(other) => {
            faults.at(&when, unknown("time to answer", other, &["always", "addressed"]));
            default
        }
        None => default,
    }
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it is checked to be between 0 and 1"
)]
pub(crate) fn read_chance(at: &At<'_>, faults: &mut Faults) -> Option<u32> {
    let chance = at.number(faults)?;
    if !(0.0..=1.0).contains(&chance) {
        faults.at(at, "a chance is a number from 0, never, to 1, always");
        return None;
    }
    Some((chance * 1_000_000.0).round() as u32)
}
