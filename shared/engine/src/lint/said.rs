//! Phrases and keywords as questions about a text. What typing errors and likeness let through cannot be told by an
//! expression; what surely says one can, and so can that one is said whenever another is.

use regex_syntax::hir::Hir;

use crate::{library::Patterns, text};

/// A phrase or a keyword, as its words in the form in which they are compared.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Said {
    Phrase(Vec<String>),
    /// Each of its words once, in order.
    Keyword(Vec<String>),
}

/// A phrase of fewer words has to be a good part of the message: see [`crate::library`].
const LONG_PHRASE_WORDS: usize = 3;

impl Said {
    pub fn phrase(text: &str) -> Self {
        Self::Phrase(text::words(text).to_vec())
    }

    pub fn keyword(text: &str) -> Self {
        let mut words = text::words(text).to_vec();
        words.sort_unstable();
        words.dedup();
        Self::Keyword(words)
    }

    /// What a library finds it by.
    pub fn patterns(&self) -> Patterns {
        let (phrases, keywords) = match self {
            Self::Phrase(words) => (vec![words.join(" ")], Vec::new()),
            Self::Keyword(words) => (Vec::new(), vec![words.join(" ")]),
        };
        Patterns { phrases, keywords, regexes: Vec::new() }
    }

    /// Whether every message that says this says `other` as well.
    pub fn implies(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Phrase(words), Self::Phrase(part)) => {
                words == part
                    || (part.len() >= LONG_PHRASE_WORDS
                        && words.windows(part.len()).any(|words| words == part))
            }
            (Self::Phrase(words) | Self::Keyword(words), Self::Keyword(part)) => {
                part.iter().all(|word| words.contains(word))
            }
            (Self::Keyword(_), Self::Phrase(_)) => false,
        }
    }

    /// Texts that say it for sure: its words as they are, between spaces. There are others.
    pub fn surely(&self) -> Option<Hir> {
        let pattern = match self {
            Self::Phrase(words) if words.len() < LONG_PHRASE_WORDS => {
                format!("^{}[.!?]*$", spaced(words, " +"))
            }
            Self::Phrase(words) => format!("(?:^| ){}(?:[ .,!?\\n]|$)", spaced(words, " +")),
            Self::Keyword(words) => {
                format!("(?:^| ){}(?:[ .,!?\\n]|$)", spaced(words, "[.,!?\\n]? (?:(?s:.)* )?"))
            }
        };
        regex_syntax::parse(&pattern).ok()
    }
}

/// An expression that hits `words` with `between` between them.
fn spaced(words: &[String], between: &str) -> String {
    let words: Vec<String> = words.iter().map(|word| word.chars().map(letter).collect()).collect();
    words.join(between)
}

/// An expression that hits `char` in lower and upper case, if both are the same to words.
fn letter(char: char) -> String {
    let escaped = regex_syntax::escape(char.encode_utf8(&mut [0; 4]));
    let mut upper = char.to_uppercase();
    match (upper.next(), upper.next()) {
        (Some(upper), None)
            if upper != char && text::normalised(upper.encode_utf8(&mut [0; 4])) == char.to_string() =>
        {
            format!("[{escaped}{upper}]")
        }
        _ => escaped,
    }
}

#[cfg(test)]
mod tests {
    use proptest::{prelude::*, sample::select};
    use regex::Regex;

    use super::*;
    use crate::{library::PhraseIndex, matcher::Builder};

    const WORDS: &[&str] =
        &["fee", "fees", "Комиссия", "straße", "йод", "ёж", "don't", "transfers", "👍", "7", "हिन्दी"];

    fn words(count: std::ops::Range<usize>) -> impl Strategy<Value = String> {
        proptest::collection::vec(select(WORDS), count).prop_map(|words| words.join(" "))
    }

    fn said() -> impl Strategy<Value = Said> {
        (words(1..5), any::<bool>())
            .prop_map(|(text, phrase)| if phrase { Said::phrase(&text) } else { Said::keyword(&text) })
    }

    /// A message of such words, some of them misspelt or in upper case, between which anything stands.
    fn message() -> impl Strategy<Value = String> {
        let word = (select(WORDS), 0..6_u8).prop_map(|(word, how)| match how {
            0 => word.to_uppercase(),
            1 => word.chars().skip(1).collect(),
            _ => word.to_owned(),
        });
        let between =
            select(&[" ", " ", " ", ", ", "  ", "!", "\n", "@", " @", "/", "' ", "\u{301}", "\u{301} "][..]);
        proptest::collection::vec((word, between), 0..7)
            .prop_map(|parts| parts.into_iter().map(|(word, between)| word + between).collect())
    }

    proptest! {
        #[test]
        fn what_surely_says_it_does_and_says_what_it_implies(
            all in proptest::collection::vec(said(), 2..5), message in message(), spelt in message(),
        ) {
            let patterns: Vec<_> = all.iter().map(Said::patterns).collect();
            let index = PhraseIndex::new(&patterns, Builder::default());
            let exact = Regex::new(&all[0].surely().unwrap().to_string()).unwrap();
            let literal = match &all[0] { Said::Phrase(words) | Said::Keyword(words) => words.join(" ") };
            for text in [format!("{spelt} {literal} {message}"), message, literal] {
                let found = index.said(&text::spoken(&text));
                if exact.is_match(&text) {
                    prop_assert!(found.contains(&0), "{:?} in {text:?}", all[0]);
                }
                for (number, one) in (0..).zip(&all) {
                    for (other, implied) in (0..).zip(&all).filter(|(_, other)| one.implies(other)) {
                        let both = !found.contains(&number) || found.contains(&other);
                        prop_assert!(both, "{one:?} without {implied:?} in {text:?}");
                    }
                }
            }
        }
    }

    #[test]
    fn a_phrase_or_keyword_as_it_is_written_surely_says_it() {
        for said in ["fees", "what are the fees", "сколько стоит"] {
            for said in [Said::phrase(said), Said::keyword(said)] {
                let (Said::Phrase(words) | Said::Keyword(words)) = &said;
                let exact = Regex::new(&said.surely().unwrap().to_string()).unwrap();
                assert!(exact.is_match(&words.join(" ")), "{said:?}");
                assert!(exact.is_match(&words.join(" ").to_uppercase()), "{said:?}");
            }
        }
    }
}
