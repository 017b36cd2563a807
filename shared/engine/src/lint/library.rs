//! Findings in answer libraries: entries that others answer for, and expressions that say nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    Code, Notes, Witness,
    search::{self, Found},
    solver::both,
    variables::{field, text_of},
};
use crate::{
    Library,
    document::{At, Node, Value},
    matcher::{Builder, Folded, Matcher},
    pattern::Pattern,
    text,
};

/// An entry as far as linting reads it.
struct Entry {
    id: String,
    field: String,
    /// Whether it answers only who addresses the bot.
    addressed: bool,
    /// The words of each phrase, with the phrase and its place.
    phrases: Vec<(Vec<String>, String, String)>,
    keywords: BTreeSet<Vec<String>>,
    /// The places of its expressions, which are numbered through the library.
    regexes: Vec<(usize, String)>,
}

/// The regular expressions of a library.
#[derive(Default)]
struct Regexes {
    patterns: Vec<Pattern>,
    /// The entry of each.
    owners: Vec<usize>,
    matcher: Matcher,
}

pub(super) fn lint(name: &str, text: &str, document: &Node, notes: &mut Notes) {
    let Ok(library) = Library::parse(name, text) else { return };
    let mut regexes = Regexes::default();
    let entries = read(&At::root(document), &mut regexes);
    note_regexes(&entries, &regexes, notes);
    let mut first_with: BTreeMap<&[String], usize> = BTreeMap::new();
    for (number, entry) in entries.iter().enumerate() {
        if !note_dead(number, &entries, &first_with, &regexes, &library, notes) {
            note_phrases(entry, &entries, &first_with, notes);
        }
        for (words, ..) in &entry.phrases {
            let first = first_with.entry(words).or_insert(number);
            // Of two that know a phrase, the one that answers everybody stands for both.
            if entries[*first].addressed && !entry.addressed {
                *first = number;
            }
        }
    }
}

fn read(root: &At<'_>, regexes: &mut Regexes) -> Vec<Entry> {
    let of_all = text_of(root, "when") == Some("addressed");
    let mut builder = Builder::default();
    let mut entries = Vec::new();
    let Some(list) = field(root, "entries") else { return entries };
    for (number, item) in list.items().enumerate() {
        let mut phrases = Vec::new();
        each(&item, "phrases", |at, phrase| {
            phrases.push((text::words(phrase).to_vec(), phrase.to_owned(), at.pointer()));
        });
        let mut keywords = BTreeSet::new();
        each(&item, "keywords", |_, keyword| {
            keywords.insert(text::words(keyword).to_vec());
        });
        let mut own = Vec::new();
        each(&item, "regexes", |at, regex| {
            if let (Ok(kept), Ok(built)) = (Pattern::caseless(regex), Pattern::caseless(regex)) {
                builder.add(built);
                own.push((regexes.patterns.len(), at.pointer()));
                regexes.patterns.push(kept);
                regexes.owners.push(number);
            }
        });
        entries.push(Entry {
            id: text_of(&item, "id").unwrap_or_default().to_owned(),
            field: item.pointer(),
            addressed: text_of(&item, "when").map_or(of_all, |when| when == "addressed"),
            phrases,
            keywords,
            regexes: own,
        });
    }
    regexes.matcher = builder.finish(|_| true);
    entries
}

/// Shows each text of the list `name`.
fn each(entry: &At<'_>, name: &str, mut show: impl FnMut(&At<'_>, &str)) {
    let Some(list) = field(entry, name) else { return };
    for item in list.items() {
        if let Value::Text(text) = &item.node.value {
            show(&item, text);
        }
    }
}

/// Tells of an entry all of whose phrases, keywords and expressions earlier entries answer with the same score or a
/// better one; of two that score the same, the earlier one answers.
fn note_dead(
    number: usize,
    entries: &[Entry],
    first_with: &BTreeMap<&[String], usize>,
    regexes: &Regexes,
    library: &Library,
    notes: &mut Notes,
) -> bool {
    let entry = &entries[number];
    let answers_for = |other: usize| other < number && (!entries[other].addressed || entry.addressed);
    let mut takers = BTreeSet::new();
    for (words, ..) in &entry.phrases {
        match first_with.get(words.as_slice()) {
            Some(first) if answers_for(*first) => takers.insert(*first),
            _ => return false,
        };
    }
    if !entry.keywords.is_empty() {
        // How much of a message keywords cover depends on all of them.
        let same =
            (0..number).find(|other| answers_for(*other) && entries[*other].keywords == entry.keywords);
        let Some(same) = same else { return false };
        takers.insert(same);
    }
    let mut example = entry.phrases.first().map(|(_, phrase, _)| phrase.clone());
    for (regex, _) in &entry.regexes {
        let Some((taker, text)) = including(*regex, regexes, answers_for) else { return false };
        takers.insert(taker);
        example = example.or(Some(text));
    }
    let example = example.or_else(|| entry.keywords.first().map(|words| words.join(" ")));
    let Some(example) = example else { return false };
    // Put to the library, as it is going to be.
    let answering = library.matches(&example).next().map(|(id, ..)| id.to_owned());
    let Some(answering) = answering.filter(|answering| *answering != entry.id) else { return false };
    let list = super::names(takers.iter().map(|taker| entries[*taker].id.as_str()));
    let message = format!("{:?} never answers: {list} before it knows all that it knows", entry.id);
    let shown = Witness::said(example, format!("entry {answering:?} answers"));
    let fix = "remove what the earlier entries know, or put the answers of both into one entry";
    notes.add_shown(Code::L101, &entry.field, message, Some(shown), fix);
    true
}

/// An entry with an expression that hits all that this one hits, and a text.
fn including(
    regex: usize,
    regexes: &Regexes,
    answers_for: impl Fn(usize) -> bool,
) -> Option<(usize, String)> {
    let pattern = &regexes.patterns[regex];
    let Found::Text(example) = search::find(&[vec![pattern.hir()]], &[]) else { return None };
    let folded = Folded::new(&example);
    let hits = regexes.matcher.look_up(&example, &folded);
    let candidates = (0..regexes.patterns.len())
        .zip(0_u32..)
        .filter(|(other, number)| answers_for(regexes.owners[*other]) && hits.is_match(*number));
    let mut including = candidates.map(|(other, _)| other).filter(|other| {
        let other = &regexes.patterns[*other];
        other.source() == pattern.source()
            || search::find(&[vec![pattern.hir()]], &[other.hir()]) == Found::Nothing
    });
    including.next().map(|other| (regexes.owners[other], example))
}

/// Phrases that an earlier entry answers.
fn note_phrases(
    entry: &Entry,
    entries: &[Entry],
    first_with: &BTreeMap<&[String], usize>,
    notes: &mut Notes,
) {
    for (words, phrase, place) in &entry.phrases {
        let Some(first) = first_with.get(words.as_slice()).map(|first| &entries[*first]) else { continue };
        if first.addressed && !entry.addressed {
            continue;
        }
        let message =
            format!("{phrase:?} is a phrase of {:?}, too, which stands before and answers it", first.id);
        let fix = format!("leave it to {:?}, or take it away there", first.id);
        notes.add(Code::L102, place, message, fix);
    }
}

fn note_regexes(entries: &[Entry], regexes: &Regexes, notes: &mut Notes) {
    for (number, place) in entries.iter().flat_map(|entry| &entry.regexes) {
        let pattern = &regexes.patterns[*number];
        let (hit, miss) = both(pattern);
        if hit == Found::Nothing {
            let message = format!("no text has a hit of {:?}", pattern.source());
            notes.add(Code::L103, place, message, "write what people say, or leave the expression out");
        } else if miss == Found::Nothing {
            let message =
                format!("every text has a hit of {:?}: the entry answers everything", pattern.source());
            notes.add(Code::L104, place, message, "say what has to be there, or write a fallback instead");
        }
    }
}
