//! How well an entry matches.

use super::index::{By, Patterns};

/// A phrase of fewer words than this matches only as most of the message: "hi" is not what "hi, and what are the
/// fees" is about.
const LONG_PHRASE_WORDS: usize = 3;
/// How much of a message a short phrase has to be, in percent of the letters.
const SHORT_PHRASE_PERCENT: usize = 40;

/// A word of the message.
#[derive(Debug)]
pub(super) struct Said {
    /// What it is, if it is known.
    known: Option<(u32, u32)>,
    /// If it is not, the words that it may be, with the number of typing errors that this takes.
    maybe: Vec<(u32, u32)>,
    letters: usize,
}

impl Said {
    pub const fn known(word: u32, letters: usize) -> Self {
        Self { known: Some((word, 0)), maybe: Vec::new(), letters }
    }

    pub const fn unknown(maybe: Vec<(u32, u32)>, letters: usize) -> Self {
        Self { known: None, maybe, letters }
    }

    pub const fn letters(&self) -> usize {
        self.letters
    }

    pub fn means(&self) -> &[(u32, u32)] {
        self.known.as_ref().map_or(&self.maybe, std::slice::from_ref)
    }

    fn typos(&self, word: u32) -> Option<u32> {
        self.means().iter().find(|(meant, _)| *meant == word).map(|(_, typos)| *typos)
    }
}

/// How well an entry matches, and by what.
#[derive(Debug, Clone, Copy)]
pub(super) struct Scored {
    pub score: u32,
    pub by: By,
    pub typos: u32,
}

/// How well an entry matches a message of so many letters; `regex` is the first of its expressions that does.
pub(super) fn score(
    patterns: &Patterns,
    regex: Option<usize>,
    said: &[Said],
    letters: usize,
) -> Option<Scored> {
    let phrases = patterns.phrases.iter().enumerate().filter_map(|(index, phrase)| {
        let Place { covered, typos, .. } = phrase_in(phrase, said)?;
        if phrase.len() == said.len() {
            return Some(Scored { score: less(1000, typos), by: By::WholePhrase(index), typos });
        }
        let enough = phrase.len() >= LONG_PHRASE_WORDS || covered * 100 >= letters * SHORT_PHRASE_PERCENT;
        let score = less(share(300, 500, covered, letters), typos);
        enough.then_some(Scored { score, by: By::Phrase(index), typos })
    });
    let best_phrase = first_best(phrases);
    let keywords = keywords_in(&patterns.keywords, said).map(|(covered, typos, index)| Scored {
        score: less(share(250, 450, covered, letters), typos),
        by: By::Keyword(index),
        typos,
    });
    let regex = regex.map(|index| Scored { score: 850, by: By::Regex(index), typos: 0 });
    first_best([best_phrase, regex, keywords].into_iter().flatten())
}

/// The misspelt words that `by` reads in the message, each with its place and what it is taken for.
pub(super) fn reading(patterns: &Patterns, by: By, said: &[Said]) -> Vec<(usize, u32)> {
    let read: Vec<(usize, u32)> = match by {
        By::WholePhrase(index) | By::Phrase(index) => {
            let phrase = &patterns.phrases[index];
            let begins = phrase_in(phrase, said).map(|place| place.begins);
            begins.into_iter().flat_map(|begins| (begins..).zip(phrase.iter().copied())).collect()
        }
        By::Keyword(index) => {
            patterns.keywords[index].iter().filter_map(|word| Some((place_of(*word, said)?, *word))).collect()
        }
        By::Regex(_) => Vec::new(),
    };
    let mut misspelt: Vec<_> =
        read.into_iter().filter(|(at, word)| said[*at].typos(*word).is_some_and(|typos| typos > 0)).collect();
    misspelt.sort_unstable();
    misspelt.dedup();
    misspelt
}

fn first_best(scores: impl Iterator<Item = Scored>) -> Option<Scored> {
    scores.reduce(|best, other| if other.score > best.score { other } else { best })
}

/// `base` and a share of `range`, by how many of the letters are covered.
fn share(base: u32, range: u32, covered: usize, letters: usize) -> u32 {
    let share = u64::from(range) * covered as u64 / (letters.max(1) as u64);
    base + u32::try_from(share).map_or(range, |share| share.min(range))
}

/// A typing error costs more than any difference in what is covered by one word more.
fn less(score: u32, typos: u32) -> u32 {
    score.saturating_sub(typos.saturating_mul(60)).max(1)
}

/// Where a phrase stands in the message.
struct Place {
    begins: usize,
    /// The letters that it covers.
    covered: usize,
    typos: u32,
}

/// Where `phrase` stands in the message, word after word, with the fewest typing errors.
fn phrase_in(phrase: &[u32], said: &[Said]) -> Option<Place> {
    let places = said.windows(phrase.len()).enumerate().filter_map(|(begins, place)| {
        let mut words = phrase.iter().zip(place);
        let typos = words.try_fold(0, |sum, (word, said)| Some(sum + said.typos(*word)?))?;
        Some(Place { begins, covered: place.iter().map(Said::letters).sum(), typos })
    });
    places.min_by_key(|place| place.typos)
}

fn place_of(word: u32, said: &[Said]) -> Option<usize> {
    said.iter().position(|said| said.typos(word).is_some())
}

/// The letters that are covered by all keywords whose every word is in the message, the typing errors in them, and
/// the first of these keywords.
fn keywords_in(keywords: &[Vec<u32>], said: &[Said]) -> Option<(usize, u32, usize)> {
    let mut covered: Vec<(usize, u32)> = Vec::new();
    let mut first = None;
    for (index, keyword) in keywords.iter().enumerate() {
        let before = covered.len();
        for word in keyword {
            let Some(at) = place_of(*word, said) else {
                covered.truncate(before);
                break;
            };
            covered.push((at, *word));
        }
        if covered.len() > before {
            first = first.or(Some(index));
        }
    }
    covered.sort_unstable();
    covered.dedup();
    let typos = covered.iter().filter_map(|(at, word)| said[*at].typos(*word)).sum();
    covered.dedup_by_key(|(at, _)| *at);
    let letters = covered.iter().map(|(at, _)| said[*at].letters).sum();
    first.map(|first| (letters, typos, first))
}
