use super::{
    Entry,
    score::{self, Said, Scored},
    typos::Typos,
};
use crate::{
    MatchedBy,
    hashing::QuickMap,
    matcher::{Builder, Folded, Hits, Matcher},
    text::{self, Words},
};

/// Beyond this many words a message is not searched for typing errors: it is no question, and would cost too much.
const TYPO_WORDS_MAX: usize = 64;

/// Finds the entries that may match without walking them all.
///
/// A phrase of several words is filed under the two neighbours in it that fewest phrases have, a phrase of one word
/// and a keyword under their rarest word, a regular expression in the matcher.
#[derive(Debug, Default)]
pub(crate) struct Index {
    /// Every word of every phrase and keyword.
    words: QuickMap<String, u32>,
    typos: Typos,
    /// The entries' phrases and keywords as numbers of words.
    entries: Vec<Patterns>,
    /// The entries that are filed under each word, and under each two neighbours.
    by_word: Vec<Vec<u32>>,
    by_pair: QuickMap<(u32, u32), Vec<u32>>,
    regexes: Matcher,
    /// The entry of each regular expression.
    regex_entries: Vec<u32>,
    /// The entries with regular expressions that can't be looked up.
    always: Vec<u32>,
}

/// An entry's phrases and keywords as numbers of words.
#[derive(Debug)]
pub(super) struct Patterns {
    pub phrases: Vec<Vec<u32>>,
    pub keywords: Vec<Vec<u32>>,
}

/// An entry that matches.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub entry: usize,
    /// At most 1,000.
    pub score: u32,
    pub by: By,
    /// How many typing errors were forgiven.
    typos: u32,
}

/// What of an entry matched, by its place in the entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
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

impl Index {
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a super::Patterns>, regexes: Builder) -> Self {
        let mut index = Self { regexes: regexes.finish(|_| true), ..Self::default() };
        let mut letters = Vec::new();
        for (number, patterns) in (0..).zip(patterns) {
            let mut read = |patterns: &[String]| -> Vec<Vec<u32>> {
                patterns.iter().map(|pattern| index.number(&text::words(pattern), &mut letters)).collect()
            };
            let phrases = read(&patterns.phrases);
            let keywords = read(&patterns.keywords);
            index.entries.push(Patterns { phrases, keywords });
            // Regular expressions have their numbers in the order of the entries.
            index.regex_entries.extend(patterns.regexes.iter().map(|_| number));
            if patterns.regexes.iter().any(|regex| !index.regexes.finds(*regex)) {
                index.always.push(number);
            }
        }
        index.typos = Typos::new(letters);
        index.file();
        index
    }

    fn number(&mut self, words: &Words, letters: &mut Vec<Box<[char]>>) -> Vec<u32> {
        let number = |word: &str| {
            if let Some(number) = self.words.get(word) {
                return *number;
            }
            let number = u32::try_from(letters.len()).expect("the number of phrases is bounded");
            letters.push(word.chars().collect());
            self.words.insert(word.to_owned(), number);
            number
        };
        words.iter().map(number).collect()
    }

    /// Files every phrase and keyword under what is rarest in it.
    fn file(&mut self) {
        let mut words = vec![0_u32; self.words.len()];
        let mut pairs: QuickMap<(u32, u32), u32> = QuickMap::default();
        for Patterns { phrases, keywords } in &self.entries {
            phrases.iter().chain(keywords).flatten().for_each(|word| words[*word as usize] += 1);
            phrases
                .iter()
                .flat_map(|phrase| neighbours(phrase))
                .for_each(|pair| *pairs.entry(pair).or_default() += 1);
        }
        let rarest = |pattern: &[u32]| pattern.iter().copied().min_by_key(|word| words[*word as usize]);
        self.by_word = vec![Vec::new(); words.len()];
        for (number, Patterns { phrases, keywords }) in (0..).zip(&self.entries) {
            for phrase in phrases {
                if let Some(pair) = neighbours(phrase).min_by_key(|pair| pairs[pair]) {
                    self.by_pair.entry(pair).or_default().push(number);
                }
            }
            let short = phrases.iter().filter(|phrase| phrase.len() == 1).chain(keywords);
            for word in short.filter_map(|pattern| rarest(pattern)) {
                self.by_word[word as usize].push(number);
            }
        }
    }

    /// The entries that match, the best first, and of two that match equally well the one that stands first.
    ///
    /// `words` are the message's, normalised; regular expressions look at its `text` as it is, and are looked up
    /// in it `folded`.
    pub(super) fn find(&self, entries: &[Entry], words: &Words, text: &str, folded: &Folded) -> Vec<Match> {
        let hits = self.regexes.look_up(text, folded);
        let said = self.understand(words, |letters| self.typos.find(letters));
        let candidates = self.candidates(&said, hits.numbers());
        self.ranked(candidates.into_iter(), entries, &said, &hits)
    }

    /// The regular expression of this number, as it is written.
    pub fn expression(&self, number: u32) -> &str {
        self.regexes.source(number)
    }

    /// Whether there is no entry.
    pub const fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The entries of which a phrase or a keyword was said, in order, whatever the others are.
    pub fn said(&self, words: &Words) -> Vec<u32> {
        let said = self.understand(words, |letters| self.typos.find(letters));
        self.matching(self.candidates(&said, &[]), &said)
    }

    fn matching(&self, mut candidates: Vec<u32>, said: &[Said]) -> Vec<u32> {
        let letters = said.iter().map(Said::letters).sum();
        candidates
            .retain(|entry| score::score(&self.entries[*entry as usize], None, said, letters).is_some());
        candidates
    }

    /// The entries that may match, in order.
    fn candidates(&self, said: &[Said], regexes: &[u32]) -> Vec<u32> {
        let mut candidates = self.always.clone();
        candidates.extend(regexes.iter().map(|regex| self.regex_entries[*regex as usize]));
        for (place, here) in said.iter().enumerate() {
            for (word, _) in here.means() {
                candidates.extend_from_slice(&self.by_word[*word as usize]);
                let next = said.get(place + 1).map(Said::means).unwrap_or_default();
                let pairs = next.iter().filter_map(|(next, _)| self.by_pair.get(&(*word, *next)));
                pairs.for_each(|entries| candidates.extend_from_slice(entries));
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        candidates
    }

    fn ranked(
        &self,
        candidates: impl Iterator<Item = u32>,
        entries: &[Entry],
        said: &[Said],
        hits: &Hits<'_>,
    ) -> Vec<Match> {
        let letters = said.iter().map(Said::letters).sum();
        let scored = candidates.filter_map(|entry| {
            let entry = entry as usize;
            let regexes = &entries[entry].patterns.regexes;
            let regex = regexes.iter().position(|regex| hits.is_match(*regex));
            let Scored { score, by, typos } = score::score(&self.entries[entry], regex, said, letters)?;
            Some(Match { entry, score, by, typos })
        });
        let mut matches: Vec<_> = scored.collect();
        matches.sort_by_key(|found| (std::cmp::Reverse(found.score), found.entry));
        if self.is_ambiguous(&matches, said) {
            // Which of two things a misspelt word means is not for a bot to guess: what is left is what was written.
            matches.retain(|found| found.typos == 0);
        }
        matches
    }

    /// Whether the best matches are equally good and read the same misspelt words differently.
    fn is_ambiguous(&self, matches: &[Match], said: &[Said]) -> bool {
        let Some((best, others)) = matches.split_first().filter(|(best, _)| best.typos > 0) else {
            return false;
        };
        let reading = |found: &Match| score::reading(&self.entries[found.entry], found.by, said);
        let equal =
            others.iter().take_while(|other| other.score == best.score).filter(|other| other.typos > 0);
        let mut equal = equal.peekable();
        equal.peek().is_some() && {
            let best = reading(best);
            equal.any(|other| reading(other) != best)
        }
    }

    /// What each word may be: itself, or if it is unknown those that `misspelt` finds.
    fn understand(&self, words: &Words, misspelt: impl Fn(&[char]) -> Vec<(u32, u32)>) -> Vec<Said> {
        let mut letters: Vec<char> = Vec::new();
        let understand = |word: &str| {
            if let Some(number) = self.words.get(word) {
                return Said::known(*number, word.chars().count());
            }
            letters.clear();
            letters.extend(word.chars());
            // A number with a wrong digit is another number.
            let forgiving =
                words.len() <= TYPO_WORDS_MAX && !letters.iter().any(|char| text::is_number(*char));
            let means = if forgiving { misspelt(&letters) } else { Vec::new() };
            Said::unknown(means, letters.len())
        };
        words.iter().map(understand).collect()
    }
}

fn neighbours(phrase: &[u32]) -> impl Iterator<Item = (u32, u32)> {
    phrase.windows(2).map(|pair| (pair[0], pair[1]))
}

#[cfg(test)]
mod tests;
