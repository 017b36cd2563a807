use std::sync::LazyLock;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The words of a text, joined by one space: equal for texts that say the same.
///
/// They are in the form in which words are compared: NFKC, case folded, without diacritics, apostrophes and
/// punctuation; ё is е. An emoji is a word of its own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Words {
    joined: String,
    /// Where each of them ends.
    ends: Vec<usize>,
}

/// The words of `text`.
pub(crate) fn words(text: &str) -> Words {
    // Folding makes few texts longer, and words have some seven letters.
    let mut words =
        Words { joined: String::with_capacity(text.len() + 8), ends: Vec::with_capacity(text.len() / 8 + 2) };
    let simple = &*SIMPLE;
    for char in text.chars() {
        match simple.get(char as usize) {
            Some(Part::Letter(letter)) => words.letters().push(*letter),
            Some(Part::End) => words.end(),
            Some(Part::Nothing) => {}
            Some(Part::Letters) => std::iter::once(char).nfkc().for_each(|char| words.add(char)),
            None if stands_alone(char) => words.add(char),
            None | Some(Part::Depends) => return Words::slowly(text),
        }
    }
    words.end();
    words
}

/// [`words`] joined by one space: equal for texts that say the same.
pub(crate) fn normalised(text: &str) -> String {
    words(text).joined
}

impl Words {
    /// Joined by one space.
    pub fn as_str(&self) -> &str {
        &self.joined
    }

    pub const fn len(&self) -> usize {
        self.ends.len()
    }

    pub const fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        let mut begins = 0;
        self.ends.iter().map(move |end| &self.joined[std::mem::replace(&mut begins, end + 1)..*end])
    }

    /// Each in a text of its own.
    pub fn to_vec(&self) -> Vec<String> {
        self.iter().map(str::to_owned).collect()
    }

    fn slowly(text: &str) -> Self {
        let mut words = Self::default();
        text.nfkc().for_each(|char| words.add(char));
        words.end();
        words
    }

    /// Adds a character of a text in NFKC.
    fn add(&mut self, char: char) {
        if char.is_alphanumeric() || (is_combining_mark(char) && self.is_in_word()) {
            fold(char, self.letters());
        } else if !is_nothing(char) {
            self.end();
            if is_emoji(char) {
                self.letters().push(char);
                self.end();
            }
        }
    }

    /// Where the text ends that the words so far make.
    fn ended(&self) -> usize {
        self.ends.last().copied().unwrap_or_default()
    }

    /// Whether the last word has letters and goes on.
    fn is_in_word(&self) -> bool {
        self.joined.len() > self.ended() + usize::from(!self.ends.is_empty())
    }

    /// What the next letters are to be added to.
    fn letters(&mut self) -> &mut String {
        if self.joined.len() == self.ended() && !self.ends.is_empty() {
            self.joined.push(' ');
        }
        &mut self.joined
    }

    fn end(&mut self) {
        if self.is_in_word() {
            self.ends.push(self.joined.len());
        } else {
            // A letter that is nothing but a diacritic may have left a space.
            self.joined.truncate(self.ended());
        }
    }
}

/// What a character gives to the words of a text.
#[derive(Debug, Clone, Copy)]
enum Part {
    Letter(char),
    /// Several, or one that Unicode's tables have to be asked for.
    Letters,
    /// It neither belongs to a word nor ends one.
    Nothing,
    End,
    /// It may give something else beside its neighbours.
    Depends,
}

/// What the characters of Latin and Cyrillic give, which nearly all texts consist of. Unicode's tables take ten times as
/// long.
static SIMPLE: LazyLock<Vec<Part>> = LazyLock::new(|| {
    let part = |char: char| {
        let mut composed = std::iter::once(char).nfkc();
        let first = composed.next().filter(|_| composed.next().is_none());
        let Some(first) = first.filter(|first| !is_combining_mark(*first) && !is_emoji(*first)) else {
            return Part::Depends;
        };
        if first.is_alphanumeric() {
            let mut letters = String::new();
            fold(first, &mut letters);
            let mut letters = letters.chars();
            return match (letters.next(), letters.next()) {
                (Some(letter), None) => Part::Letter(letter),
                _ => Part::Letters,
            };
        }
        if is_nothing(first) { Part::Nothing } else { Part::End }
    };
    ('\0'..'\u{530}').map(part).collect()
});

/// Characters beyond [`SIMPLE`] that are common in messages and are in NFKC whatever their neighbours.
const fn stands_alone(char: char) -> bool {
    matches!(
        char,
        '\u{1f300}'..='\u{1faff}' | '\u{2600}'..='\u{27bf}' | '–' | '—' | '‘' | '’' | '“' | '”' | '„' | '\u{fe0f}' | '\u{200d}'
    )
}

/// Whether a character is left out of the words without parting them. "don't" and "dont" are one word, as are the
/// parts of a word with a soft hyphen; a joiner or a variation selector belongs to the emoji before it.
const fn is_nothing(char: char) -> bool {
    matches!(char, '\'' | '’' | '‘' | 'ʼ' | '`' | '\u{ad}' | '\u{200d}' | '\u{fe0f}')
}

fn fold(char: char, word: &mut String) {
    match char {
        // й is a letter of its own, and not an и with an accent, though Unicode takes it apart like one.
        'й' | 'Й' => word.push('й'),
        _ => {
            // Upper and lower case one after the other fold what lower case alone leaves apart: ß and ss, ς and σ.
            let folded = char.to_uppercase().flat_map(char::to_lowercase);
            let stripped =
                folded.flat_map(|char| std::iter::once(char).nfd()).filter(|char| !is_diacritic(*char));
            word.extend(stripped);
        }
    }
}

/// The accents of Latin, Greek and Cyrillic. Not all combining marks: in other scripts they are vowels.
const fn is_diacritic(char: char) -> bool {
    matches!(char, '\u{300}'..='\u{36f}')
}

const fn is_emoji(char: char) -> bool {
    matches!(char, '\u{2190}'..='\u{21ff}' | '\u{2600}'..='\u{27bf}' | '\u{1f000}'..='\u{1faff}')
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn texts_that_say_the_same_have_the_same_words() {
        for (text, expected) in [
            ("Hello,   WORLD!", "hello world"),
            ("Don’t  don't dont", "dont dont dont"),
            ("Ёлка, Йод", "елка йод"),
            ("Crème Brûlée", "creme brulee"),
            ("Straße STRASSE", "strasse strasse"),
            ("ΣΊΣΥΦΟΣ σίσυφος", "σισυφοσ σισυφοσ"),
            ("ﬁne １２３", "fine 123"),
            ("ok👍🏽", "ok 👍 🏽"),
            ("हिन्दी", "हिन्दी"),
            ("...", ""),
            ("e-mail", "e mail"),
        ] {
            assert_eq!(normalised(text), expected, "{text:?}");
        }
    }

    #[test]
    fn what_stands_alone_is_composed_already() {
        for char in ('\u{530}'..='\u{1ffff}').filter(|char| stands_alone(*char)) {
            assert!(std::iter::once(char).nfkc().eq([char]), "{char:?}");
        }
    }

    #[test]
    fn words_are_what_the_spaces_part() {
        let words = words(" Hello, W👍orld");
        assert_eq!(words.as_str(), "hello w 👍 orld");
        assert_eq!(words.to_vec(), ["hello", "w", "👍", "orld"]);
    }

    proptest! {
        #[test]
        fn the_quick_way_agrees_with_unicode_s(text in "[a-zёЁйÉß²½¨Σʼ'’ \u{ad}.,!–№👍🏽ж❤\u{fe0f}\u{200d}İ…¹ŉǆҐ\u{483}\u{0}-\u{52f}]{0,8}") {
            prop_assert_eq!(words(&text), Words::slowly(&text));
        }

        #[test]
        fn normalising_twice_changes_nothing(text in "[a-zA-ZёЁйЙéßΣςİıﬁ'’ .,!👍🏽ж\u{301}\u{306}०ि]{0,20}") {
            let once = normalised(&text);
            prop_assert_eq!(normalised(&once), once);
        }
    }
}
