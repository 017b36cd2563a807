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

    /// How many places [`Folded::stretches`] tells of at once.
    pub(super) const STRETCH: usize = 64;

    /// The text by stretches of [`Folded::STRETCH`] bytes: the place of each, and a bit for each of its bytes, the
    /// lowest for the first, that tells whether a character begins there.
    ///
    /// To ask each character for the place of the next would be to wait for memory at each.
    pub(super) fn stretches(&self) -> impl Iterator<Item = (usize, u64)> {
        (0..self.length).step_by(Self::STRETCH).map(|at| {
            let end = self.length.min(at + Self::STRETCH);
            // Zeros follow the text, in which characters begin, too.
            let chunks = self.padded[at..end.next_multiple_of(8).min(self.padded.len())].as_chunks::<8>().0;
            let begin = chunks.iter().rev().fold(0, |begin, chunk| begin << 8 | beginnings(*chunk));
            (at, begin & (u64::MAX >> (at + Self::STRETCH - end)))
        })
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

/// Tells the place of each bit that is set, from `at`.
pub(super) fn each(at: usize, mut bits: u64, mut tell: impl FnMut(usize)) {
    while bits != 0 {
        tell(at + bits.trailing_zeros() as usize);
        bits &= bits - 1;
    }
}

/// Where characters begin among the eight bytes of UTF-8: one bit for each, the lowest for the first.
fn beginnings(chunk: [u8; 8]) -> u64 {
    let bytes = u64::from_le_bytes(chunk);
    // The middle of a character has the bits 10 in front; the first bit of each byte is set where that is not so.
    let begin = (!bytes | (bytes << 1)) & 0x8080_8080_8080_8080;
    // The product brings these eight bits together.
    (begin >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
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
    fn characters_begin_where_they_are_told_to() {
        for text in ["", "a", "Ёж и 😀 в é лесу", "12345678", "123456ё", "1234567ё", "ёёёёёёёёё€€€€"]
        {
            for text in [text, &text.repeat(7), &text.repeat(8), &text.repeat(9)] {
                let folded = Folded::new(text);
                let folded = std::str::from_utf8(folded.bytes()).unwrap();
                let begins = |(at, begin): (usize, u64)| {
                    (0..64).filter(move |place| begin >> place & 1 == 1).map(move |place| at + place)
                };
                let told: Vec<usize> = Folded::new(text).stretches().flat_map(begins).collect();
                assert_eq!(told, folded.char_indices().map(|(place, _)| place).collect::<Vec<_>>(), "{text}");
            }
        }
    }

    #[test]
    fn folding_twice_changes_nothing() {
        for char in '\0'..char::MAX {
            assert_eq!(fold(fold(char)), fold(char), "{char:?}");
        }
    }
}
