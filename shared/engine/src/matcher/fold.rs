use std::sync::LazyLock;

/// A text with each character folded, as bytes that can be looked at sixteen at a time.
///
/// Folding is by character and forgets upper and lower case. What is found in it is a hint: characters that a regular
/// expression tells apart may fold to one. What must be found is found, whatever the folding: both sides are folded.
#[derive(Debug, Default)]
pub(crate) struct Folded {
    /// The text, then [`PADDING`] zeros.
    padded: Vec<u8>,
    length: usize,
}

/// How far beyond the end of the text one may look.
pub(super) const PADDING: usize = 16;

/// The folded characters of those that two bytes of UTF-8 hold: Latin, Greek, Cyrillic, Armenian, Hebrew and Arabic.
static NARROW: LazyLock<Vec<char>> = LazyLock::new(|| ('\0'..'\u{800}').map(fold_slowly).collect());

/// The same in UTF-8, where that is two bytes for one that has two, else zeros.
static PAIRS: LazyLock<Vec<[u8; 2]>> = LazyLock::new(|| {
    let pair = |folded: &char| {
        let mut bytes = [0; 2];
        if folded.len_utf8() == 2 {
            folded.encode_utf8(&mut bytes);
        }
        bytes
    };
    NARROW.iter().map(pair).collect()
});

impl Folded {
    pub fn new(text: &str) -> Self {
        // What a character folds to may be half as long again: three bytes for two.
        let mut padded = Vec::with_capacity(text.len() + text.len() / 2 + PADDING);
        fold_into(text, &mut padded);
        let length = padded.len();
        padded.extend_from_slice(&[0; PADDING]);
        Self { padded, length }
    }

    pub fn bytes(&self) -> &[u8] {
        &self.padded[..self.length]
    }

    /// The text, then zeros.
    pub(super) fn padded(&self) -> &[u8] {
        &self.padded
    }
}

/// How many bytes the character has that begins with this one.
pub(super) fn width(first: u8) -> usize {
    const WIDTHS: [u8; 16] = [1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 3, 4];
    usize::from(WIDTHS[usize::from(first >> 4)])
}

/// `text`, folded, at the end of `bytes`.
fn fold_into(text: &str, bytes: &mut Vec<u8>) {
    if text.is_ascii() {
        let begins = bytes.len();
        bytes.extend_from_slice(text.as_bytes());
        bytes[begins..].make_ascii_lowercase();
        return;
    }
    let pairs = &**PAIRS;
    for char in text.chars() {
        if char.is_ascii() {
            bytes.push((char as u8).to_ascii_lowercase());
            continue;
        }
        match pairs.get(char as usize) {
            Some(pair) if *pair != [0; 2] => bytes.extend_from_slice(pair),
            _ => bytes.extend_from_slice(fold(char).encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
}

pub(super) fn fold(char: char) -> char {
    NARROW.get(char as usize).copied().unwrap_or_else(|| fold_wide(char))
}

/// Folds a character of three or four bytes. Beyond the second plane no script has upper and lower case.
fn fold_wide(char: char) -> char {
    if char < '\u{20000}' { fold_slowly(char) } else { char }
}

/// Upper case and then lower case, where each is a single character: it brings together what either alone leaves
/// apart, such as the two small sigmas.
fn fold_slowly(char: char) -> char {
    // The dotless i shares a capital with the common one, but regular expressions keep the two apart.
    if char == 'ı' {
        return char;
    }
    let upper = single(char.to_uppercase()).unwrap_or(char);
    single(upper.to_lowercase()).unwrap_or(upper)
}

fn single(mut chars: impl Iterator<Item = char>) -> Option<char> {
    let first = chars.next()?;
    chars.next().is_none().then_some(first)
}

/// How many characters fold to `folded`, itself included if it does.
pub(super) fn count_folding_to(folded: char) -> usize {
    static COUNTS: LazyLock<std::collections::HashMap<char, usize>> = LazyLock::new(|| {
        let mut counts = std::collections::HashMap::new();
        for char in '\0'..'\u{20000}' {
            let folded = fold_slowly(char);
            if folded != char {
                *counts.entry(folded).or_default() += 1;
            }
        }
        counts
    });
    usize::from(fold(folded) == folded) + COUNTS.get(&folded).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn upper_and_lower_case_fold_to_one() {
        for (text, folded) in
            [("ПРИВЕТ Ёж", "привет ёж"), ("Σς", "σσ"), ("Kſ", "ks"), ("İß", "İß"), ("😀Ⱥ", "😀ⱥ")]
        {
            assert_eq!(Folded::new(text).bytes(), folded.as_bytes(), "{text}");
        }
    }

    #[test]
    fn letters_fold_as_regular_expressions_fold_them() {
        for char in ('a'..='z').chain('а'..='я').chain("ёіїєґéüñçßώ".chars()) {
            let class = regex_syntax::parse(&format!("(?i){char}")).unwrap();
            let regex_syntax::hir::HirKind::Class(regex_syntax::hir::Class::Unicode(class)) = class.kind()
            else {
                panic!("{char} has no upper case")
            };
            let alike: usize = class.ranges().iter().map(regex_syntax::hir::ClassUnicodeRange::len).sum();
            assert_eq!(count_folding_to(char), alike, "{char}");
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for char in '\0'..char::MAX {
            assert_eq!(fold(fold(char)), fold(char), "{char:?}");
        }
    }
}
