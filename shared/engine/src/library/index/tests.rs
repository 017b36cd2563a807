//! The index against scoring every entry, each word compared with every other.

use proptest::prelude::*;

use super::*;
use crate::Library;

fn plainly(library: &Library, text: &str) -> Vec<Match> {
    let index = &library.index;
    let folded = Folded::new(text);
    let hits = index.regexes.look_up(text, &folded);
    let said = index.understand(&text::words(text), |letters| index.misspelt_plainly(letters));
    index.ranked(0..u32::try_from(library.entries.len()).unwrap(), &library.entries, &said, &hits)
}

impl Index {
    fn misspelt_plainly(&self, letters: &[char]) -> Vec<(u32, u32)> {
        let near = self.words.iter().filter_map(|(word, number)| {
            let word: Vec<char> = word.chars().collect();
            let allowed = text::typos_allowed(word.len());
            let typos = (1..=allowed).find(|typos| text::is_within(letters, &word, *typos))?;
            Some((*number, u32::try_from(typos).unwrap()))
        });
        let mut near: Vec<(u32, u32)> = near.collect();
        near.sort_unstable();
        near
    }

    /// As [`Self::said`], looking at each entry.
    pub fn said_plainly(&self, words: &Words) -> Vec<u32> {
        let said = self.understand(words, |letters| self.misspelt_plainly(letters));
        self.matching((0..u32::try_from(self.entries.len()).unwrap()).collect(), &said)
    }
}

const WORDS: &[&str] = &[
    "fee",
    "fees",
    "transfer",
    "transfers",
    "trasnfer",
    "комиссия",
    "комисия",
    "комиссии",
    "withdrawal",
    "withdrawels",
    "hi",
    "what",
    "are",
    "the",
    "7",
    "money",
    "honey",
    "👋",
];

fn words(count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
    proptest::collection::vec(proptest::sample::select(WORDS), count).prop_map(|words| words.join(" "))
}

fn entry() -> impl Strategy<Value = serde_json::Value> {
    let regex = proptest::sample::select(&["fees?", "^hi", "\\d+", ".*money", "(?:a|b)c|комисс", "."][..]);
    (
        proptest::collection::vec(words(1..5), 0..3),
        proptest::collection::vec(words(1..3), 0..3),
        proptest::collection::vec(regex, 0..2),
    )
        .prop_map(|(phrases, keywords, regexes)| {
            serde_json::json!({"phrases": phrases, "keywords": keywords, "regexes": regexes, "answers": "x"})
        })
}

proptest! {
    #[test]
    fn the_index_finds_what_scoring_every_entry_finds(
        entries in proptest::collection::vec(entry(), 1..30), said in proptest::collection::vec(words(0..7), 1..6)
    ) {
        let numbered = entries.into_iter().enumerate().map(|(number, mut entry)| {
            entry["id"] = format!("e{number}").into();
            entry
        });
        let document = serde_json::json!({"entries": numbered.collect::<Vec<_>>()}).to_string();
        let library = Library::parse("library", &document).unwrap();
        for text in said {
            let found = library.index.find(&library.entries, &text::words(&text), &text, &Folded::new(&text));
            prop_assert_eq!(found, plainly(&library, &text), "{}", text);
        }
    }
}

#[test]
fn a_misspelt_word_that_may_mean_two_things_means_neither() {
    let library = "entries: [{id: a, keywords: [money], answers: A}, {id: b, keywords: [honey], answers: B}]";
    let library = Library::parse("library", library).unwrap();
    let found = |text: &str| library.matches(text).map(|(entry, ..)| entry.to_owned()).collect::<Vec<_>>();
    assert_eq!(found("money"), ["a"]);
    assert_eq!(found("boney"), [""; 0]);
    let same = "entries: [{id: a, keywords: [money], answers: A}, {id: b, keywords: [money], answers: B}]";
    let same = Library::parse("library", same).unwrap();
    assert_eq!(same.matches("monye").map(|(entry, ..)| entry).collect::<Vec<_>>(), ["a", "b"]);
}
