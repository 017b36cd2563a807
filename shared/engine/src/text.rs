//! What is done to text: measured, cut, normalised.

use std::sync::LazyLock;

use unicode_normalization::{UnicodeNormalization, char::is_combining_mark};

/// The length that Telegram counts.
pub(crate) fn utf16_len(text: &str) -> usize {
    text.chars().map(char::len_utf16).sum()
}

/// `text`, or its beginning with an ellipsis if it has more than `length_max` UTF-16 units; and its length if it was
/// cut.
pub(crate) fn cut(text: String, length_max: usize) -> (String, Option<usize>) {
    // A UTF-16 text is never longer than the same in UTF-8.
    if text.len() <= length_max {
        return (text, None);
    }
    let length = utf16_len(&text);
    if length <= length_max {
        return (text, None);
    }
    let mut left = length_max - 1;
    let fits = |char: &char| match left.checked_sub(char.len_utf16()) {
        Some(rest) => {
            left = rest;
            true
        }
        None => false,
    };
    let mut cut: String = text.chars().take_while(fits).collect();
    cut.push('…');
    (cut, Some(length))
}

/// The words of `text`, in the form in which words are compared: NFKC, case folded, without diacritics, apostrophes
/// and punctuation; ё is е. An emoji is a word of its own.
pub(crate) fn words(text: &str) -> Vec<String> {
    // Words have some seven letters.
    let mut words = Words { list: Vec::with_capacity(text.len() / 8 + 2), word: String::with_capacity(32) };
    let simple = &*SIMPLE;
    if text.chars().all(|char| simple.get(char as usize).map_or_else(|| stands_alone(char), Option::is_some))
    {
        for char in text.chars() {
            match simple.get(char as usize) {
                Some(Some(Part::Letters(letters))) => words.word.push_str(letters),
                Some(Some(Part::Nothing)) => {}
                Some(_) => words.end(),
                None => words.add(char),
            }
        }
    } else {
        text.nfkc().for_each(|char| words.add(char));
    }
    words.end();
    words.list
}

/// Words in the making.
#[derive(Default)]
struct Words {
    list: Vec<String>,
    word: String,
}

impl Words {
    /// Adds a character of a text in NFKC.
    fn add(&mut self, char: char) {
        if char.is_alphanumeric() || (is_combining_mark(char) && !self.word.is_empty()) {
            fold(char, &mut self.word);
        } else if !is_nothing(char) {
            self.end();
            if is_emoji(char) {
                self.list.push(char.to_string());
            }
        }
    }

    fn end(&mut self) {
        if !self.word.is_empty() {
            self.list.push(self.word.as_str().into());
            self.word.clear();
        }
    }
}

/// What a character gives to the words of a text.
enum Part {
    Letters(Box<str>),
    /// It neither belongs to a word nor ends one.
    Nothing,
    End,
}

/// What the characters of Latin and Cyrillic give, which nearly all texts consist of; `None` for those that may give
/// something else beside their neighbours. Unicode's tables take ten times as long.
static SIMPLE: LazyLock<Vec<Option<Part>>> = LazyLock::new(|| {
    let part = |char: char| {
        let mut composed = std::iter::once(char).nfkc();
        let (first, more) = (composed.next()?, composed.next());
        if more.is_some() || is_combining_mark(first) || is_emoji(first) {
            return None;
        }
        let mut letters = String::new();
        if first.is_alphanumeric() {
            fold(first, &mut letters);
            return Some(Part::Letters(letters.into()));
        }
        Some(if is_nothing(first) { Part::Nothing } else { Part::End })
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

/// [`words`] joined by one space: equal for texts that say the same.
pub(crate) fn normalised(text: &str) -> String {
    words(text).join(" ")
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

/// Whether `a` becomes `b` by at most `limit` insertions, deletions, substitutions and swaps of neighbours.
pub(crate) fn is_within(a: &[char], b: &[char], limit: usize) -> bool {
    if a.len().abs_diff(b.len()) > limit {
        return false;
    }
    // Three rows of the table of optimal string alignment: two back, one back, current.
    let mut rows = [Vec::new(), (0..=b.len()).collect::<Vec<_>>(), vec![0; b.len() + 1]];
    for (i, from) in a.iter().enumerate() {
        let [before, last, row] = &mut rows;
        row[0] = i + 1;
        for (j, to) in b.iter().enumerate() {
            let replaced = last[j] + usize::from(from != to);
            let mut best = replaced.min(last[j + 1] + 1).min(row[j] + 1);
            if i > 0 && j > 0 && *from == b[j - 1] && a[i - 1] == *to {
                best = best.min(before[j - 1] + 1);
            }
            row[j + 1] = best;
        }
        if row.iter().min().is_some_and(|best| *best > limit)
            && i > 0
            && last.iter().all(|best| *best > limit)
        {
            return false;
        }
        rows.rotate_left(1);
        if rows[2].len() != b.len() + 1 {
            rows[2] = vec![0; b.len() + 1];
        }
    }
    rows[1][b.len()] <= limit
}

/// Whether a character is a digit or another number, in whatever script.
pub(crate) fn is_number(char: char) -> bool {
    // The letters of most words, which need no table.
    !matches!(char, 'a'..='z' | 'а'..='я') && char.is_numeric()
}

/// How many typing errors a word of `length` letters is forgiven: short words are too close to each other.
pub(crate) const fn typos_allowed(length: usize) -> usize {
    match length {
        0..=4 => 0,
        5..=8 => 1,
        _ => 2,
    }
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
    fn a_text_is_cut_between_characters() {
        let exact = "😀".repeat(2048);
        assert_eq!(cut(exact.clone(), 4096), (exact, None));
        let (text, length) = cut("😀".repeat(2049), 4096);
        assert_eq!((utf16_len(&text), length), (4095, Some(4098)));
    }

    proptest! {
        #[test]
        fn the_quick_way_agrees_with_unicode_s(text in "[a-zёЁйÉß²½¨Σʼ'’ \u{ad}.,!–№👍🏽ж❤\u{fe0f}\u{200d}İ…¹ŉǆҐ\u{483}\u{0}-\u{52f}]{0,8}") {
            let mut slow = Words::default();
            text.nfkc().for_each(|char| slow.add(char));
            slow.end();
            prop_assert_eq!(words(&text), slow.list);
        }
    }

    /// Optimal string alignment by its definition.
    fn distance(a: &[char], b: &[char]) -> usize {
        match (a, b) {
            ([], rest) | (rest, []) => rest.len(),
            ([a0, a_rest @ ..], [b0, b_rest @ ..]) => {
                let mut best = distance(a_rest, b_rest) + usize::from(a0 != b0);
                best = best.min(distance(a_rest, b) + 1).min(distance(a, b_rest) + 1);
                if let ([_, a1, a_rest @ ..], [_, b1, b_rest @ ..]) = (a, b)
                    && (a0, a1) == (b1, b0)
                {
                    best = best.min(distance(a_rest, b_rest) + 1);
                }
                best
            }
        }
    }

    proptest! {
        #[test]
        fn is_within_agrees_with_the_definition(a in "[abc]{0,6}", b in "[abc]{0,6}", limit in 0..4_usize) {
            let [a, b] = [a, b].map(|text| text.chars().collect::<Vec<_>>());
            prop_assert_eq!(is_within(&a, &b, limit), distance(&a, &b) <= limit);
        }

        #[test]
        fn normalising_twice_changes_nothing(text in "[a-zA-ZёЁйЙéßΣςİıﬁ'’ .,!👍🏽ж\u{301}\u{306}०ि]{0,20}") {
            let once = normalised(&text);
            prop_assert_eq!(normalised(&once), once);
        }

        #[test]
        fn what_is_cut_can_be_sent(narrow in 0..4_usize, wide in 2040..2055_usize) {
            let text = format!("{}{}", "a".repeat(narrow), "😀".repeat(wide));
            prop_assert!(utf16_len(&cut(text, 4096).0) <= 4096);
        }
    }
}
