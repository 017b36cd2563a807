//! Matches a message against thousands of patterns without looking at each.
//!
//! For each pattern the cheapest way that is exact:
//! - A pattern that stands for a few texts, upper and lower case alike, is found by looking up windows of the message.
//! - Any other pattern that no message matches without one of a few texts is looked at only if one of them is there:
//!   by a machine of bits if it is small enough, else by the `regex` crate, compiled when it is first needed.
//! - What is left is looked at each time.

mod bits;
mod first;
mod fold;
mod grams;
mod lazy;
mod owners;
mod required;
mod signature;

use std::collections::HashMap;

pub use first::{PatternFault, PatternSet};
pub(crate) use fold::Folded;
pub(crate) use grams::Hashed;

use crate::pattern::Pattern;

/// Many patterns, each with a number from 0.
#[derive(Debug, Default)]
pub(crate) struct Matcher {
    /// As they are written.
    patterns: Vec<Pattern>,
    entries: Vec<Entry>,
    grams: grams::Grams,
    owners: owners::Owners,
    lazy: lazy::Lazy,
}

/// A pattern.
#[derive(Debug)]
struct Entry {
    found: Found,
    check: Check,
}

/// How it is found that a pattern may match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Found {
    /// One of its texts is in the message.
    ByText,
    /// It has no such texts, or nobody asked for it to be found.
    NotFound,
}

/// How it is told that a pattern matches.
#[derive(Debug)]
enum Check {
    /// One of these texts is in the folded message.
    Folded(Box<[Box<str>]>),
    /// The text is in the message.
    Text(Box<str>),
    Bits(Box<bits::Program>),
    Regex,
}

/// Gathers patterns.
#[derive(Debug, Default)]
pub(crate) struct Builder {
    patterns: Vec<(Pattern, Check, Vec<required::Alternatives>)>,
    frequencies: grams::Frequencies,
    classes: bits::Classes,
}

impl Builder {
    /// Adds a pattern; its number is how many were added before.
    pub fn add(&mut self, pattern: Pattern) -> u32 {
        let required = required::required(pattern.hir());
        for text in required.all.iter().flatten() {
            self.frequencies.add(text);
        }
        let check = if required.sufficient {
            Check::Folded(required.all[0].iter().map(|text| text.as_str().into()).collect())
        } else if let Some(text) = pattern.literal() {
            Check::Text(text.into())
        } else {
            let program = bits::Program::new(pattern.hir(), &mut self.classes);
            program.map_or(Check::Regex, |program| Check::Bits(program.into()))
        };
        self.patterns.push((pattern.without_hir(), check, required.all));
        self.len() - 1
    }

    /// How many patterns were added.
    pub fn len(&self) -> u32 {
        u32::try_from(self.patterns.len()).expect("the number of patterns is bounded at load")
    }

    /// What finding the pattern costs, roughly; `None` if it can't be found but by looking at it.
    pub fn cost(&self, pattern: u32) -> Option<u64> {
        self.best(&self.patterns[pattern as usize].2).map(|(cost, _)| cost)
    }

    fn best<'a>(&self, sets: &'a [required::Alternatives]) -> Option<(u64, &'a required::Alternatives)> {
        let cost = |set: &required::Alternatives| set.iter().map(|text| self.frequencies.cost(text)).sum();
        sets.iter().map(|set| (cost(set), set)).min_by_key(|(cost, _): &(u64, _)| *cost)
    }

    /// Compiles; only the patterns that `wanted` names are found by their texts.
    pub fn finish(self, wanted: impl Fn(u32) -> bool) -> Matcher {
        let mut texts: Vec<String> = Vec::new();
        let mut owners = owners::Builder::default();
        let mut numbers: HashMap<&str, usize> = HashMap::new();
        let mut found = vec![Found::NotFound; self.patterns.len()];
        for (number, (.., sets)) in (0..).zip(&self.patterns) {
            if !wanted(number) {
                continue;
            }
            let Some((_, best)) = self.best(sets) else { continue };
            found[number as usize] = Found::ByText;
            // Most patterns that have one text that they need lack another: they are not worth a closer look.
            let mut needs = Vec::new();
            signature::needs(sets.iter().filter(|set| !std::ptr::eq(*set, best)), &mut needs);
            for text in best {
                let place = *numbers.entry(text).or_insert_with(|| {
                    texts.push(text.clone());
                    texts.len() - 1
                });
                owners.add(place, number, &needs);
            }
        }
        let grams = grams::Grams::new(&texts, &self.frequencies);
        let mut patterns = Vec::with_capacity(self.patterns.len());
        let mut entries = Vec::with_capacity(self.patterns.len());
        for ((pattern, check, _), found) in self.patterns.into_iter().zip(found) {
            patterns.push(pattern);
            entries.push(Entry { found, check });
        }
        Matcher { patterns, entries, grams, owners: owners.finish(), lazy: lazy::Lazy::default() }
    }
}

impl Matcher {
    /// The pattern as it is written.
    pub fn source(&self, pattern: u32) -> &str {
        self.patterns[pattern as usize].source()
    }

    /// Whether `pattern` is found by its texts: if it is not among [`Hits::numbers`], it does not match.
    pub fn finds(&self, pattern: u32) -> bool {
        self.entries[pattern as usize].found == Found::ByText
    }

    /// Looks up which patterns may match.
    pub fn look_up<'a>(&'a self, text: &'a str, folded: &'a Folded) -> Hits<'a> {
        let mut texts = Vec::with_capacity(16);
        self.grams.find(folded, |text| texts.push(text));
        let mut numbers = Vec::with_capacity(texts.len() * 2);
        if !texts.is_empty() {
            let signature = signature::Signature::new(folded);
            for text in texts {
                self.owners.find(text, &signature, &mut numbers);
            }
            numbers.sort_unstable();
            numbers.dedup();
        }
        Hits { matcher: self, text, folded, numbers }
    }
}

/// The patterns that may match a message.
#[derive(Debug)]
pub(crate) struct Hits<'a> {
    matcher: &'a Matcher,
    text: &'a str,
    folded: &'a Folded,
    numbers: Vec<u32>,
}

impl Hits<'_> {
    /// The patterns that may match, in order, of those that can be found.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// Whether `pattern` matches the message.
    pub fn is_match(&self, pattern: u32) -> bool {
        let Matcher { patterns, entries, lazy, .. } = self.matcher;
        let entry = &entries[pattern as usize];
        let was_found = entry.found == Found::ByText;
        if was_found && self.numbers.binary_search(&pattern).is_err() {
            return false;
        }
        match &entry.check {
            Check::Folded(_) if was_found => true,
            Check::Folded(texts) => {
                let folded = std::str::from_utf8(self.folded.bytes()).unwrap_or_default();
                texts.iter().any(|text| folded.contains(&**text))
            }
            Check::Text(text) => self.text.contains(&**text),
            Check::Bits(program) => program.is_match(self.text),
            Check::Regex => lazy.is_match(pattern, &patterns[pattern as usize], self.text),
        }
    }
}

#[cfg(test)]
mod tests;
