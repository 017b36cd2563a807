use std::collections::{BTreeSet, HashMap};

use super::Entry;
use crate::{
    MatchedBy,
    matcher::{Builder, Folded, Hits, Matcher},
    text,
};

/// Beyond this many words a message is not searched for typing errors: it is no question, and would cost too much.
const TYPO_WORDS_MAX: usize = 64;
/// A phrase of fewer words than this matches only as most of the message: "hi" is not what "hi, and what are the
/// fees" is about.
const LONG_PHRASE_WORDS: usize = 3;
/// How much of a message a short phrase has to be, in percent of the letters.
const SHORT_PHRASE_PERCENT: usize = 40;

/// Finds the entries that may match without walking them all.
#[derive(Debug, Default)]
pub(super) struct Index {
    /// Every word of every phrase and keyword.
    words: HashMap<String, usize>,
    /// The same words as letters, with their numbers, by their length in letters.
    by_length: Vec<Vec<(Vec<char>, usize)>>,
    /// The entries that each word occurs in.
    occurs: Vec<Vec<usize>>,
    /// The entries' phrases and keywords as numbers of words.
    entries: Vec<Patterns>,
    regexes: Matcher,
    /// The entry of each regular expression.
    regex_entries: Vec<usize>,
    /// The entries with regular expressions that can't be looked up.
    always: Vec<usize>,
}

#[derive(Debug)]
struct Patterns {
    phrases: Vec<Vec<usize>>,
    keywords: Vec<Vec<usize>>,
}

/// An entry that matches.
#[derive(Debug, Clone)]
pub(super) struct Match {
    pub entry: usize,
    /// At most 1,000.
    pub score: u32,
    pub by: By,
}

/// What of an entry matched, by its place in the entry.
#[derive(Debug, Clone, Copy)]
pub(super) enum By {
    WholePhrase(usize),
    Phrase(usize),
    Keyword(usize),
    Regex(usize),
}

impl By {
    pub fn told(self, entry: &Entry, index: &Index) -> MatchedBy {
        let patterns = &entry.patterns;
        match self {
            Self::WholePhrase(place) => MatchedBy::WholePhrase(patterns.phrases[place].clone()),
            Self::Phrase(place) => MatchedBy::Phrase(patterns.phrases[place].clone()),
            Self::Keyword(place) => MatchedBy::Keyword(patterns.keywords[place].clone()),
            Self::Regex(place) => MatchedBy::Regex(index.regexes.source(patterns.regexes[place]).to_owned()),
        }
    }
}

/// A word of the message.
struct Said {
    /// The words of the index that it may be, with the number of typing errors that this takes.
    means: Vec<(usize, usize)>,
    letters: usize,
}

impl Said {
    fn typos(&self, word: usize) -> Option<usize> {
        self.means.iter().find(|(meant, _)| *meant == word).map(|(_, typos)| *typos)
    }
}

impl Index {
    pub fn new(entries: &[Entry], regexes: Builder) -> Self {
        let mut index = Self { regexes: regexes.finish(|_| true), ..Self::default() };
        for (number, entry) in entries.iter().enumerate() {
            let mut add = |patterns: &[String]| -> Vec<Vec<usize>> {
                patterns.iter().map(|pattern| index.add(&text::words(pattern), number)).collect()
            };
            let patterns =
                Patterns { phrases: add(&entry.patterns.phrases), keywords: add(&entry.patterns.keywords) };
            index.entries.push(patterns);
            // Regular expressions have their numbers in the order of the entries.
            index.regex_entries.extend(entry.patterns.regexes.iter().map(|_| number));
            if entry.patterns.regexes.iter().any(|regex| !index.regexes.finds(*regex)) {
                index.always.push(number);
            }
        }
        index
    }

    fn add(&mut self, words: &[String], entry: usize) -> Vec<usize> {
        let number = |word: &String| {
            let next = self.words.len();
            let number = *self.words.entry(word.clone()).or_insert(next);
            if number == next {
                let letters: Vec<char> = word.chars().collect();
                if self.by_length.len() <= letters.len() {
                    self.by_length.resize(letters.len() + 1, Vec::new());
                }
                self.by_length[letters.len()].push((letters, number));
                self.occurs.push(Vec::new());
            }
            if self.occurs[number].last() != Some(&entry) {
                self.occurs[number].push(entry);
            }
            number
        };
        words.iter().map(number).collect()
    }

    /// The entries that match, the best first, and of two that match equally well the one that stands first.
    ///
    /// `words` are the message's, normalised; regular expressions look at its `text` as it is, and are looked up
    /// in it `folded`.
    pub fn find(&self, entries: &[Entry], words: &[String], text: &str, folded: &Folded) -> Vec<Match> {
        let hits = self.regexes.look_up(text, folded);
        let by_regex = hits.numbers().iter().map(|regex| &self.regex_entries[*regex as usize]);
        let forgiving = words.len() <= TYPO_WORDS_MAX;
        let said: Vec<_> = words.iter().map(|word| self.understand(word, forgiving)).collect();
        let meant = said.iter().flat_map(|said| &said.means).flat_map(|(word, _)| &self.occurs[*word]);
        let candidates: BTreeSet<usize> = meant.chain(&self.always).chain(by_regex).copied().collect();
        let letters = said.iter().map(|said| said.letters).sum();
        let mut matches: Vec<_> = candidates
            .into_iter()
            .filter_map(|entry| {
                let (score, by) = self.score(entry, &entries[entry], &said, letters, &hits)?;
                Some(Match { entry, score, by })
            })
            .collect();
        matches.sort_by_key(|found| (std::cmp::Reverse(found.score), found.entry));
        matches
    }

    /// The words that `word` may be: itself, or if it is unknown those that it may be a misspelling of.
    fn understand(&self, word: &str, forgiving: bool) -> Said {
        let letters: Vec<char> = word.chars().collect();
        let means = match self.words.get(word) {
            Some(number) => vec![(*number, 0)],
            None if forgiving => self.misspelt(&letters),
            None => Vec::new(),
        };
        Said { means, letters: letters.len() }
    }

    fn misspelt(&self, letters: &[char]) -> Vec<(usize, usize)> {
        // A number with a wrong digit is another number.
        if letters.iter().any(|char| char.is_numeric()) {
            return Vec::new();
        }
        let most = text::typos_allowed(usize::MAX);
        let lengths = letters.len().saturating_sub(most)..=letters.len() + most;
        let mut found = Vec::new();
        for length in lengths.filter(|length| *length < self.by_length.len()) {
            let allowed = text::typos_allowed(length);
            for (word, number) in &self.by_length[length] {
                let typos = (1..=allowed).find(|typos| text::is_within(letters, word, *typos));
                found.extend(typos.map(|typos| (*number, typos)));
            }
        }
        found
    }

    fn score(
        &self,
        number: usize,
        entry: &Entry,
        said: &[Said],
        letters: usize,
        hits: &Hits<'_>,
    ) -> Option<(u32, By)> {
        let patterns = &self.entries[number];
        let phrases = patterns.phrases.iter().enumerate().filter_map(|(index, phrase)| {
            let (covered, typos) = phrase_in(phrase, said)?;
            if phrase.len() == said.len() {
                return Some((less(1000, typos), By::WholePhrase(index)));
            }
            let enough = phrase.len() >= LONG_PHRASE_WORDS || covered * 100 >= letters * SHORT_PHRASE_PERCENT;
            enough.then(|| (less(share(300, 500, covered, letters), typos), By::Phrase(index)))
        });
        let best_phrase = first_best(phrases);
        let keywords = keywords_in(&patterns.keywords, said).map(|(covered, typos, index)| {
            (less(share(250, 450, covered, letters), typos), By::Keyword(index))
        });
        let regex = entry.patterns.regexes.iter().position(|regex| hits.is_match(*regex));
        let regex = regex.map(|index| (850, By::Regex(index)));
        first_best([best_phrase, regex, keywords].into_iter().flatten())
    }
}

fn first_best(scores: impl Iterator<Item = (u32, By)>) -> Option<(u32, By)> {
    scores.reduce(|best, other| if other.0 > best.0 { other } else { best })
}

/// `base` and a share of `range`, by how many of the letters are covered.
fn share(base: u32, range: u32, covered: usize, letters: usize) -> u32 {
    let share = u64::from(range) * covered as u64 / (letters.max(1) as u64);
    base + u32::try_from(share).map_or(range, |share| share.min(range))
}

/// A typing error costs more than any difference in what is covered by one word more.
fn less(score: u32, typos: usize) -> u32 {
    score.saturating_sub(u32::try_from(typos).unwrap_or(u32::MAX).saturating_mul(60)).max(1)
}

/// Where `phrase` stands in the message, word after word: the letters that it covers and the fewest typing errors.
fn phrase_in(phrase: &[usize], said: &[Said]) -> Option<(usize, usize)> {
    let places = said.windows(phrase.len()).filter_map(|place| {
        let typos: Option<Vec<_>> = phrase.iter().zip(place).map(|(word, said)| said.typos(*word)).collect();
        Some((place.iter().map(|said| said.letters).sum(), typos?.into_iter().sum()))
    });
    places.min_by_key(|(_, typos)| *typos)
}

/// The letters that are covered by all keywords whose every word is in the message, the typing errors in them, and
/// the first of these keywords.
fn keywords_in(keywords: &[Vec<usize>], said: &[Said]) -> Option<(usize, usize, usize)> {
    let mut covered = BTreeSet::new();
    let mut first = None;
    for (index, keyword) in keywords.iter().enumerate() {
        let place =
            |word: &usize| said.iter().position(|said| said.typos(*word).is_some()).map(|at| (at, *word));
        let places: Option<Vec<_>> = keyword.iter().map(place).collect();
        if let Some(places) = places {
            covered.extend(places);
            first = first.or(Some(index));
        }
    }
    let letters = covered.iter().map(|(at, _)| *at).collect::<BTreeSet<_>>().into_iter();
    let letters = letters.map(|at| said[at].letters).sum();
    let typos = covered.iter().filter_map(|(at, word)| said[*at].typos(*word)).sum();
    first.map(|first| (letters, typos, first))
}
