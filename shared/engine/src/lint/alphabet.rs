use std::{
    collections::{BTreeMap, HashMap},
    sync::LazyLock,
};

use regex_syntax::hir::{Class, HirKind};

/// Characters, as ranges with both ends inside.
pub(super) type Set = Vec<(char, char)>;

/// The characters that `\w` means, which Unicode's word boundaries are about.
static WORD: LazyLock<Set> = LazyLock::new(|| {
    let word = regex_syntax::parse(r"\w").expect("this is a regular expression");
    let HirKind::Class(Class::Unicode(class)) = word.kind() else { return Set::new() };
    class.ranges().iter().map(|range| (range.start(), range.end())).collect()
});

/// What an assertion such as `^` or `\b` sees of a character: 0 for none, at either end of the text.
pub(super) type Side = u8;
const CHARACTER: Side = 1;
pub(super) const LINE_FEED: Side = 2;
pub(super) const CARRIAGE_RETURN: Side = 4;
pub(super) const WORD_CHARACTER: Side = 8;
pub(super) const WORD_ASCII: Side = 16;

/// The sets of characters that some patterns tell apart.
#[derive(Debug, Default)]
pub(super) struct Sets {
    numbers: BTreeMap<Set, usize>,
    /// What assertions look at.
    sides: Side,
}

impl Sets {
    /// The number of a set.
    pub fn number(&mut self, set: Set) -> usize {
        let next = self.numbers.len();
        *self.numbers.entry(set).or_insert(next)
    }

    /// Notes that an assertion looks at this of the characters beside it.
    pub const fn look_at(&mut self, sides: Side) {
        self.sides |= sides;
    }
}

/// Characters that no pattern in question tells from each other.
#[derive(Debug)]
pub(super) struct Letter {
    /// The one to write.
    pub char: char,
    pub side: Side,
    /// The sets that these characters are in, a bit for each.
    sets: Vec<u64>,
}

impl Letter {
    pub fn is_in(&self, set: usize) -> bool {
        self.sets[set / 64] >> (set % 64) & 1 == 1
    }
}

/// All characters, as few letters as will do, those first that people would write.
pub(super) fn letters(mut sets: Sets) -> Vec<Letter> {
    let looked_at = sets.sides;
    let sides: Vec<(Side, usize)> = [
        (LINE_FEED, vec![('\n', '\n')]),
        (CARRIAGE_RETURN, vec![('\r', '\r')]),
        (WORD_CHARACTER, WORD.clone()),
        (WORD_ASCII, vec![('0', '9'), ('A', 'Z'), ('_', '_'), ('a', 'z')]),
    ]
    .into_iter()
    .filter(|(side, _)| looked_at & side != 0)
    .map(|(side, set)| (side, sets.number(set)))
    .collect();
    let mut bounds = vec![0, END];
    for (from, to) in sets.numbers.keys().flatten() {
        bounds.extend([u32::from(*from), u32::from(*to) + 1]);
    }
    bounds.sort_unstable();
    bounds.dedup();
    let width = sets.numbers.len().div_ceil(64).max(1);
    let mut members = vec![vec![0_u64; width]; bounds.len() - 1];
    for (set, number) in &sets.numbers {
        for (from, to) in set {
            let first = bounds.partition_point(|bound| *bound < u32::from(*from));
            let covered = bounds[first..].iter().take_while(|bound| **bound <= u32::from(*to)).count();
            for member in &mut members[first..first + covered] {
                member[number / 64] |= 1 << (number % 64);
            }
        }
    }
    let mut known: HashMap<Vec<u64>, (usize, char)> = HashMap::new();
    for (member, range) in members.into_iter().zip(bounds.windows(2)) {
        let Some(nicest) = nicest(range[0], range[1] - 1) else { continue };
        let best = known.entry(member).or_insert(nicest);
        *best = (*best).min(nicest);
    }
    let mut letters: Vec<_> = known.into_iter().map(|(sets, nicest)| (nicest, sets)).collect();
    letters.sort_unstable();
    letters
        .into_iter()
        .map(|((_, char), members)| {
            let mut letter = Letter { char, side: CHARACTER, sets: members };
            for (side, set) in &sides {
                if letter.is_in(*set) {
                    letter.side |= side;
                }
            }
            letter
        })
        .collect()
}

const END: u32 = 0x11_0000;

/// What people write, the likeliest first.
const LIKELY: &[(char, char)] = &[
    ('a', 'z'),
    ('0', '9'),
    ('а', 'я'),
    ('A', 'Z'),
    ('А', 'Я'),
    ('!', '~'),
    (' ', ' '),
    ('\u{a1}', '\u{2fff}'),
    ('\n', '\n'),
    ('\u{3000}', '\u{d7ff}'),
    ('\u{e000}', '\u{10ffff}'),
    ('\0', '\u{a0}'),
];

/// The likeliest character of a range, with how likely it is; `None` if there is none in it.
fn nicest(from: u32, to: u32) -> Option<(usize, char)> {
    LIKELY.iter().enumerate().find_map(|(rank, (first, last))| {
        let char = char::from_u32(from.max(u32::from(*first)))?;
        (u32::from(char) <= to.min(u32::from(*last))).then_some((rank, char))
    })
}
