use std::{
    collections::{BTreeMap, HashSet},
    sync::Arc,
};

use regex_syntax::hir::{Class, Hir, HirKind, Look};

/// How many positions a program may have, the last being the end of the pattern.
const POSITIONS_MAX: usize = 256;
/// A class of more ranges than this is kept apart: its boundaries would make the table of characters too long.
const SMALL_CLASS: usize = 24;

type Set = [u64; POSITIONS_MAX / 64];
type Ranges = Vec<(char, char)>;

/// A regular expression as a machine whose states are bits (Glushkov's construction).
///
/// It needs no memory of its own while it runs, and a kilobyte while it doesn't; its time is linear in the text.
/// A lazily built DFA is faster on long texts, but takes some 30 kB, which ten thousand patterns don't have.
#[derive(Debug)]
pub(super) enum Program {
    One(Bits<1>),
    Two(Bits<2>),
    Four(Bits<4>),
}

#[derive(Debug)]
pub(super) struct Bits<const W: usize> {
    /// The positions that a match may begin with.
    initial: [u64; W],
    /// The positions that may come after each.
    follow: Box<[[u64; W]]>,
    /// The positions that are assertions, in order: they take no character.
    looks: Box<[(u8, Look)]>,
    looks_set: [u64; W],
    /// The end of the pattern.
    accept: usize,
    /// From each of these characters up to the next, the positions that take it.
    starts: Box<[char]>,
    takes: Box<[[u64; W]]>,
    /// Great classes, with the positions that have them.
    great: Box<[Great<W>]>,
}

#[derive(Debug)]
struct Great<const W: usize> {
    ranges: Arc<[(char, char)]>,
    positions: [u64; W],
}

/// Great classes, of which each is kept once for all programs: `\w` alone takes 6 kB.
#[derive(Debug, Default)]
pub(super) struct Classes(HashSet<Arc<[(char, char)]>>);

impl Classes {
    fn shared(&mut self, ranges: Ranges) -> Arc<[(char, char)]> {
        if let Some(known) = self.0.get(ranges.as_slice()) {
            return Arc::clone(known);
        }
        let ranges: Arc<[(char, char)]> = ranges.into();
        self.0.insert(Arc::clone(&ranges));
        ranges
    }
}

impl Program {
    /// `None` if the pattern is too great, or has something that is rare enough to be left to others.
    pub fn new(hir: &Hir, classes: &mut Classes) -> Option<Self> {
        let mut builder = Builder::default();
        let Fragment { first, last, nullable } = builder.build(hir)?;
        let accept = builder.position(Item::End)?;
        builder.link(last, single(accept));
        let initial = if nullable { union(first, single(accept)) } else { first };
        Some(match accept {
            0..64 => Self::One(builder.finish(initial, accept, classes)),
            64..128 => Self::Two(builder.finish(initial, accept, classes)),
            _ => Self::Four(builder.finish(initial, accept, classes)),
        })
    }

    pub fn is_match(&self, text: &str) -> bool {
        match self {
            Self::One(bits) => bits.is_match(text),
            Self::Two(bits) => bits.is_match(text),
            Self::Four(bits) => bits.is_match(text),
        }
    }
}

impl<const W: usize> Bits<W> {
    fn is_match(&self, text: &str) -> bool {
        let mut chars = text.chars();
        let mut before = None;
        let mut open = self.initial;
        loop {
            let next = chars.next();
            if !self.looks.is_empty() {
                self.look(&mut open, before, next);
            }
            if open[self.accept / 64] >> (self.accept % 64) & 1 == 1 {
                return true;
            }
            let Some(char) = next else { return false };
            let took = self.take(&open, char);
            open = self.initial;
            for (word, bits) in took.into_iter().enumerate() {
                let mut bits = bits;
                while bits != 0 {
                    let follow = &self.follow[word * 64 + bits.trailing_zeros() as usize];
                    open.iter_mut().zip(follow).for_each(|(open, follow)| *open |= follow);
                    bits &= bits - 1;
                }
            }
            before = next;
        }
    }

    /// Opens what is behind the assertions that hold here.
    fn look(&self, open: &mut [u64; W], before: Option<char>, next: Option<char>) {
        if open.iter().zip(&self.looks_set).all(|(open, looks)| open & looks == 0) {
            return;
        }
        // What one assertion opens may be an assertion before it, in a repetition.
        loop {
            let start = *open;
            for (position, look) in &self.looks {
                let position = usize::from(*position);
                if open[position / 64] >> (position % 64) & 1 == 1 && holds(*look, before, next) {
                    open.iter_mut().zip(&self.follow[position]).for_each(|(open, follow)| *open |= follow);
                }
            }
            if *open == start {
                return;
            }
        }
    }

    /// The positions of `open` that take `char`.
    fn take(&self, open: &[u64; W], char: char) -> [u64; W] {
        let place = self.starts.partition_point(|start| *start <= char);
        let mut takes = place.checked_sub(1).map_or([0; W], |place| self.takes[place]);
        takes.iter_mut().zip(open).for_each(|(takes, open)| *takes &= open);
        for Great { ranges, positions } in &self.great {
            if open.iter().zip(positions).any(|(open, positions)| open & positions != 0)
                && is_in(ranges, char)
            {
                for ((takes, open), positions) in takes.iter_mut().zip(open).zip(positions) {
                    *takes |= open & positions;
                }
            }
        }
        takes
    }
}

fn is_in(ranges: &[(char, char)], char: char) -> bool {
    let place = ranges.partition_point(|(_, end)| *end < char);
    ranges.get(place).is_some_and(|(start, _)| *start <= char)
}

fn holds(look: Look, before: Option<char>, next: Option<char>) -> bool {
    let word = |char: Option<char>| char.is_some_and(regex_syntax::is_word_character);
    let ascii = |char: Option<char>| {
        char.is_some_and(|char| u8::try_from(char).is_ok_and(regex_syntax::is_word_byte))
    };
    match look {
        Look::Start => before.is_none(),
        Look::End => next.is_none(),
        Look::StartLF => before.is_none_or(|char| char == '\n'),
        Look::EndLF => next.is_none_or(|char| char == '\n'),
        Look::StartCRLF => before.is_none_or(|char| char == '\n' || (char == '\r' && next != Some('\n'))),
        Look::EndCRLF => next.is_none_or(|char| char == '\r' || (char == '\n' && before != Some('\r'))),
        Look::WordUnicode => word(before) != word(next),
        Look::WordUnicodeNegate => word(before) == word(next),
        Look::WordStartUnicode => !word(before) && word(next),
        Look::WordEndUnicode => word(before) && !word(next),
        Look::WordStartHalfUnicode => !word(before),
        Look::WordEndHalfUnicode => !word(next),
        Look::WordAscii => ascii(before) != ascii(next),
        Look::WordAsciiNegate => ascii(before) == ascii(next),
        Look::WordStartAscii => !ascii(before) && ascii(next),
        Look::WordEndAscii => ascii(before) && !ascii(next),
        Look::WordStartHalfAscii => !ascii(before),
        Look::WordEndHalfAscii => !ascii(next),
    }
}

/// A part of a pattern: where it may begin and end, and whether it may be left out.
#[derive(Clone, Copy)]
struct Fragment {
    first: Set,
    last: Set,
    nullable: bool,
}

const NOTHING: Fragment = Fragment { first: [0; 4], last: [0; 4], nullable: true };

enum Item {
    Class(Ranges),
    Look(Look),
    End,
}

#[derive(Default)]
struct Builder {
    items: Vec<Item>,
    follow: Vec<Set>,
}

fn single(position: usize) -> Set {
    let mut set = [0; 4];
    set[position / 64] = 1 << (position % 64);
    set
}

fn union(a: Set, b: Set) -> Set {
    std::array::from_fn(|word| a[word] | b[word])
}

impl Builder {
    fn position(&mut self, item: Item) -> Option<usize> {
        self.items.push(item);
        self.follow.push([0; 4]);
        (self.items.len() <= POSITIONS_MAX).then(|| self.items.len() - 1)
    }

    fn item(&mut self, item: Item) -> Option<Fragment> {
        let position = single(self.position(item)?);
        Some(Fragment { first: position, last: position, nullable: false })
    }

    fn link(&mut self, from: Set, to: Set) {
        for (position, follow) in self.follow.iter_mut().enumerate() {
            if from[position / 64] >> (position % 64) & 1 == 1 {
                *follow = union(*follow, to);
            }
        }
    }

    fn build(&mut self, hir: &Hir) -> Option<Fragment> {
        match hir.kind() {
            HirKind::Empty => Some(NOTHING),
            HirKind::Literal(literal) => {
                let text = std::str::from_utf8(&literal.0).ok()?;
                text.chars().try_fold(NOTHING, |whole, char| {
                    let next = self.item(Item::Class(vec![(char, char)]))?;
                    Some(self.join(whole, next))
                })
            }
            HirKind::Class(Class::Unicode(class)) => {
                let ranges = class.iter().map(|range| (range.start(), range.end()));
                self.item(Item::Class(ranges.collect()))
            }
            HirKind::Class(Class::Bytes(class)) => {
                let ranges = class.iter().map(|range| (char::from(range.start()), char::from(range.end())));
                class.is_ascii().then(|| self.item(Item::Class(ranges.collect())))?
            }
            HirKind::Look(look) => self.item(Item::Look(*look)),
            HirKind::Capture(capture) => self.build(&capture.sub),
            HirKind::Concat(parts) => parts.iter().try_fold(NOTHING, |whole, part| {
                let next = self.build(part)?;
                Some(self.join(whole, next))
            }),
            HirKind::Alternation(branches) => {
                let mut whole = Fragment { first: [0; 4], last: [0; 4], nullable: false };
                for branch in branches {
                    let Fragment { first, last, nullable } = self.build(branch)?;
                    whole.first = union(whole.first, first);
                    whole.last = union(whole.last, last);
                    whole.nullable |= nullable;
                }
                Some(whole)
            }
            HirKind::Repetition(repetition) => {
                let (least, most) = (repetition.min, repetition.max);
                let copies = most.unwrap_or(least.max(1));
                let mut whole = NOTHING;
                for copy in 0..copies {
                    let before = self.items.len();
                    let mut next = self.build(&repetition.sub)?;
                    if self.items.len() == before {
                        // Nothing, however often, is nothing.
                        break;
                    }
                    if most.is_none() && copy + 1 == copies {
                        self.link(next.last, next.first);
                    }
                    next.nullable |= copy >= least;
                    whole = self.join(whole, next);
                }
                Some(whole)
            }
        }
    }

    fn join(&mut self, before: Fragment, next: Fragment) -> Fragment {
        self.link(before.last, next.first);
        Fragment {
            first: if before.nullable { union(before.first, next.first) } else { before.first },
            last: if next.nullable { union(before.last, next.last) } else { next.last },
            nullable: before.nullable && next.nullable,
        }
    }

    fn finish<const W: usize>(self, initial: Set, accept: usize, classes: &mut Classes) -> Bits<W> {
        let cut = |set: &Set| -> [u64; W] { std::array::from_fn(|word| set[word]) };
        let mut great: BTreeMap<Ranges, Set> = BTreeMap::new();
        let mut small: Vec<(Ranges, Set)> = Vec::new();
        let (mut looks, mut looks_set) = (Vec::new(), [0; 4]);
        for (position, item) in self.items.into_iter().enumerate() {
            match item {
                Item::Class(ranges) if ranges.len() > SMALL_CLASS => {
                    let positions = great.entry(ranges).or_default();
                    *positions = union(*positions, single(position));
                }
                Item::Class(ranges) => small.push((ranges, single(position))),
                Item::Look(look) => {
                    looks.push((u8::try_from(position).expect("positions are bounded"), look));
                    looks_set = union(looks_set, single(position));
                }
                Item::End => {}
            }
        }
        // Each range begins something and ends it behind its last character.
        let ranges = || small.iter().flat_map(|(ranges, _)| ranges);
        let begins = ranges().map(|(start, _)| *start);
        let ends = ranges().filter_map(|(_, end)| (*end..=char::MAX).nth(1));
        let mut starts: Vec<char> = begins.chain(ends).collect();
        starts.sort_unstable();
        starts.dedup();
        let takes = starts.iter().map(|char| {
            let taking = small.iter().filter(|(ranges, _)| is_in(ranges, *char));
            cut(&taking.fold([0; 4], |set, (_, position)| union(set, *position)))
        });
        Bits {
            initial: cut(&initial),
            follow: self.follow.iter().map(cut).collect(),
            looks: looks.into(),
            looks_set: cut(&looks_set),
            accept,
            takes: takes.collect(),
            starts: starts.into(),
            great: great
                .into_iter()
                .map(|(ranges, set)| Great { ranges: classes.shared(ranges), positions: cut(&set) })
                .collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use regex::Regex;

    use super::*;

    fn pattern() -> impl Strategy<Value = String> {
        let leaf = prop_oneof![
            4 => proptest::sample::select(&["a", "b", "ё", "Б", " ", "ab", "k", "s"][..]),
            2 => proptest::sample::select(&[".", "[a-c]", "[^a]", "\\w", "\\d", "\\s", "\\pL", "[а-я]", "(?-u:[ab])"][..]),
            1 => proptest::sample::select(
                &["^", "$", "\\b", "\\B", "\\A", "\\z", "(?m:^)", "(?m:$)", "(?Rm:^)", "(?Rm:$)", "\\b{start}",
                  "\\b{end}", "\\b{start-half}", "\\b{end-half}", "(?-u:\\b)", ""][..]),
        ].prop_map(str::to_owned);
        leaf.prop_recursive(4, 24, 4, |inner| {
            prop_oneof![
                4 => proptest::collection::vec(inner.clone(), 1..5).prop_map(|parts| parts.concat()),
                2 => proptest::collection::vec(inner.clone(), 1..4).prop_map(|parts| format!("(?:{})", parts.join("|"))),
                2 => (inner.clone(), proptest::sample::select(&["*", "+", "?", "{2}", "{1,3}", "{2,}", "{0}", "*?"][..]))
                    .prop_map(|(inner, times)| format!("(?:{inner}){times}")),
                1 => inner.prop_map(|inner| format!("(?i:{inner})")),
            ]
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(1000))]

        #[test]
        fn a_program_agrees_with_the_regex_crate(pattern in pattern(), text in "[abckKſ БбёЁжA-C1\r\n😀]{0,12}") {
            if let Some(program) = Program::new(&regex_syntax::parse(&pattern).unwrap(), &mut Classes::default()) {
                let regex = Regex::new(&pattern).unwrap();
                prop_assert_eq!(program.is_match(&text), regex.is_match(&text), "{} on {:?}", pattern, text);
            }
        }
    }

    #[test]
    fn a_pattern_that_is_too_great_is_left_to_others() {
        assert!(Program::new(&regex_syntax::parse("a{255}").unwrap(), &mut Classes::default()).is_some());
        assert!(Program::new(&regex_syntax::parse("a{256}").unwrap(), &mut Classes::default()).is_none());
    }
}
