//! What is done to text: measured, cut, normalised.

mod words;

pub(crate) use words::{Words, normalised, words};

/// The words of a message, normalised, but for the `@names` in it, those behind a `/command` included: they say whom it is
/// for, not what it says.
pub(crate) fn spoken(text: &str) -> Words {
    if !text.contains('@') {
        return words(text);
    }
    let said = text.split_whitespace().map(|word| match word.split_once('@') {
        Some((command, _)) if command.is_empty() || command.starts_with('/') => command,
        _ => word,
    });
    words(&said.collect::<Vec<_>>().join(" "))
}

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
    fn a_text_is_cut_between_characters() {
        let exact = "😀".repeat(2048);
        assert_eq!(cut(exact.clone(), 4096), (exact, None));
        let (text, length) = cut("😀".repeat(2049), 4096);
        assert_eq!((utf16_len(&text), length), (4095, Some(4098)));
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
        fn what_is_cut_can_be_sent(narrow in 0..4_usize, wide in 2040..2055_usize) {
            let text = format!("{}{}", "a".repeat(narrow), "😀".repeat(wide));
            prop_assert!(utf16_len(&cut(text, 4096).0) <= 4096);
        }
    }
}
