//! The library's entries that come nearest to a message: those that match, with the engine's score, and those that only
//! look like it.

use std::collections::BTreeMap;

use troupe_engine::{Library, MatchedBy};

/// How many are told of each.
const MOST: usize = 5;
/// Less alike than this, in percent, is not worth telling.
const ALIKE_MIN: usize = 35;

/// An entry that matches.
pub struct Match {
    pub entry: String,
    pub score: u32,
    pub by: MatchedBy,
}

/// An entry that does not, with the phrase that is most like the message.
pub struct Alike {
    pub entry: String,
    pub phrase: String,
    /// In percent, by pairs of letters.
    pub percent: usize,
}

/// The best matches, the best first.
pub fn matches(library: &Library, text: &str) -> Vec<Match> {
    let found = library.matches(text).take(MOST);
    found.map(|(entry, score, by)| Match { entry: entry.to_owned(), score, by }).collect()
}

/// The entries that are most like `text` without matching it, the most alike first.
pub fn alike(library: &Library, text: &str) -> Vec<Alike> {
    let said = pairs(text);
    let matching: Vec<&str> = library.matches(text).map(|(entry, ..)| entry).collect();
    let mut best: Vec<Alike> = Vec::new();
    for (entry, phrase) in library.phrases().filter(|(entry, _)| !matching.contains(entry)) {
        let percent = share(&said, &pairs(phrase));
        let found = || Alike { entry: entry.to_owned(), phrase: phrase.to_owned(), percent };
        match best.last_mut().filter(|last| last.entry == entry) {
            Some(last) if percent > last.percent => *last = found(),
            Some(_) => {}
            None => best.push(found()),
        }
    }
    best.retain(|alike| alike.percent >= ALIKE_MIN);
    best.sort_by_key(|alike| std::cmp::Reverse(alike.percent));
    best.truncate(MOST);
    best
}

/// The phrase of `entry` that is most like `text`, if one is like it at all.
pub fn most_alike(library: &Library, entry: &str, text: &str) -> Option<Alike> {
    let said = pairs(text);
    let phrases = library.phrases().filter(|(id, _)| *id == entry);
    let phrases = phrases.map(|(_, phrase)| (share(&said, &pairs(phrase)), phrase));
    let (percent, phrase) = phrases.max_by_key(|(percent, _)| *percent)?;
    (percent >= ALIKE_MIN).then(|| Alike { entry: entry.to_owned(), phrase: phrase.to_owned(), percent })
}

type Pairs = BTreeMap<(char, char), usize>;

fn pairs(text: &str) -> Pairs {
    let letters: Vec<char> = text.to_lowercase().chars().filter(|char| char.is_alphanumeric()).collect();
    let mut pairs = Pairs::new();
    for pair in letters.windows(2) {
        *pairs.entry((pair[0], pair[1])).or_default() += 1;
    }
    pairs
}

/// Dice's coefficient: twice what they share, of all that they have.
fn share(one: &Pairs, other: &Pairs) -> usize {
    let shared: usize = one.iter().map(|(pair, count)| *count.min(other.get(pair).unwrap_or(&0))).sum();
    let all: usize = one.values().chain(other.values()).sum();
    (200 * shared).checked_div(all).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_most_alike_comes_first() {
        let library = "entries:\n- {id: fees, phrases: [what are the fees], answers: x}\n\
                       - {id: seats, phrases: [how many seats are there], answers: x}\n\
                       - {id: cat, phrases: [purring], answers: x}\n";
        let library = Library::parse("lib", library).unwrap();
        let alike: Vec<_> =
            alike(&library, "what were these fees").into_iter().map(|alike| alike.entry).collect();
        assert_eq!(alike.first().map(String::as_str), Some("fees"));
        assert!(!alike.contains(&"cat".to_owned()));
    }
}
