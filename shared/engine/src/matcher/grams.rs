use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use super::fold::{Folded, PADDING};

/// The lengths of the windows that are looked up, in bytes, the longest first.
const SIZES: [usize; 5] = [16, 8, 4, 2, 1];

/// Finds which of many texts are in a message.
///
/// Of each text one window is known, a rare one, as long as the text allows. At each character of a message the
/// windows that begin there are looked up in bitmaps that fit a processor's cache; where a bit is set, in a table; and
/// where that has something, the whole text is compared.
#[derive(Debug, Default)]
pub(super) struct Grams {
    texts: Vec<Box<[u8]>>,
    tiers: Vec<Tier>,
}

/// The windows of one length.
#[derive(Debug)]
struct Tier {
    size: usize,
    bits: Vec<u64>,
    /// How far a hash is shifted to become a place in `bits`.
    shift: u32,
    /// Where in `entries` each window's are.
    windows: HashMap<u64, (u32, u32), BuildHasherDefault<Hashed>>,
    /// The texts' numbers, each with the place of the window in the text.
    entries: Vec<(u32, u16)>,
}

/// Takes keys that are hashes already.
#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Hashed(u64);

impl Hasher for Hashed {
    fn write(&mut self, _: &[u8]) {
        unreachable!("only numbers are hashed")
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = number;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

const fn mix(low: u64, high: u64) -> u64 {
    let mixed =
        (low ^ high.rotate_left(29).wrapping_mul(0xbf58_476d_1ce4_e5b9)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed ^ (mixed >> 32)
}

fn load(bytes: &[u8], at: usize) -> (u64, u64) {
    let window: &[u8; PADDING] = bytes[at..].first_chunk().expect("a message is padded");
    let whole = u128::from_le_bytes(*window);
    #[expect(clippy::cast_possible_truncation, reason = "the two halves are taken apart")]
    (whole as u64, (whole >> 64) as u64)
}

fn hash(size: usize, (low, high): (u64, u64)) -> u64 {
    match size {
        16 => mix(low, high),
        8 => mix(low, 8),
        4 => mix(low & 0xffff_ffff, 4),
        2 => mix(low & 0xffff, 2),
        _ => mix(low & 0xff, 1),
    }
}

const fn begins_char(byte: u8) -> bool {
    byte & 0xc0 != 0x80
}

/// How often each window occurs in all texts that may have to be found: the rare ones are the good ones.
#[derive(Debug, Default)]
pub(super) struct Frequencies(HashMap<u64, u32, BuildHasherDefault<Hashed>>);

impl Frequencies {
    pub fn add(&mut self, text: &str) {
        windows(text.as_bytes(), |_, _, hash| *self.0.entry(hash).or_default() += 1);
    }

    /// What looking for `text` costs, roughly: how many texts share its rarest window, and more for shorter windows.
    pub fn cost(&self, text: &str) -> u64 {
        self.best(text.as_bytes()).map_or(u64::MAX / 1024, |(cost, ..)| cost)
    }

    fn best(&self, text: &[u8]) -> Option<(u64, usize, usize)> {
        let mut best: Option<(u64, usize, usize)> = None;
        windows(text, |size, at, hash| {
            let count = u64::from(self.0.get(&hash).copied().unwrap_or(1));
            // A short window is in more messages than its share among the texts tells.
            let cost = match size {
                16 => count,
                8 => count * 4 + 2,
                4 => count * 16 + 100,
                2 => count * 16 + 2_000,
                _ => count * 16 + 20_000,
            };
            if best.is_none_or(|(least, ..)| cost < least) {
                best = Some((cost, size, at));
            }
        });
        best
    }
}

/// Tells each window of the greatest length that fits `text`, with its length, place and hash.
fn windows(text: &[u8], mut tell: impl FnMut(usize, usize, u64)) {
    let mut padded = text.to_vec();
    padded.resize(text.len() + PADDING, 0);
    for size in SIZES.into_iter().filter(|size| *size <= text.len()).take(1) {
        for at in (0..=text.len() - size).filter(|at| begins_char(text[*at])) {
            tell(size, at, hash(size, load(&padded, at)));
        }
    }
}

impl Grams {
    pub fn new(texts: Vec<String>, frequencies: &Frequencies) -> Self {
        let mut found: [Vec<(u64, u32, u16)>; SIZES.len()] = Default::default();
        let texts: Vec<Box<[u8]>> = texts.into_iter().map(|text| text.into_bytes().into()).collect();
        for (number, text) in texts.iter().enumerate() {
            let Some((_, size, at)) = frequencies.best(text) else { continue };
            let mut padded = text.to_vec();
            padded.resize(text.len() + PADDING, 0);
            let tier = SIZES.iter().position(|known| *known == size).unwrap_or_default();
            let number = u32::try_from(number).expect("the number of patterns is bounded");
            let at_short = u16::try_from(at).expect("the length of patterns is bounded");
            found[tier].push((hash(size, load(&padded, at)), number, at_short));
        }
        let tiers = SIZES.into_iter().zip(found).filter(|(_, found)| !found.is_empty());
        Self { tiers: tiers.map(|(size, found)| Tier::new(size, found)).collect(), texts }
    }

    /// Calls `hit` with the number of each text that is in `message`, once for each place where it is.
    pub fn find(&self, message: &Folded, mut hit: impl FnMut(u32)) {
        let (bytes, padded) = (message.bytes(), message.padded());
        for (place, byte) in bytes.iter().enumerate() {
            if !begins_char(*byte) {
                continue;
            }
            let window = load(padded, place);
            for tier in &self.tiers {
                for (text, at) in tier.look_up(hash(tier.size, window)) {
                    let begins = place.checked_sub(usize::from(*at));
                    if begins.is_some_and(|begins| bytes[begins..].starts_with(&self.texts[*text as usize])) {
                        hit(*text);
                    }
                }
            }
        }
    }
}

impl Tier {
    fn new(size: usize, mut found: Vec<(u64, u32, u16)>) -> Self {
        found.sort_unstable();
        // Eight bits for each window: one in eight places that have nothing is looked up in vain.
        let length = (found.len() * 8).next_power_of_two().clamp(1 << 10, 1 << 20);
        let shift = 64 - length.trailing_zeros();
        let mut bits = vec![0; length / 64];
        let mut windows = HashMap::default();
        for (index, (hash, ..)) in found.iter().enumerate() {
            let bit = place(*hash, shift);
            bits[bit / 64] |= 1 << (bit % 64);
            let index = u32::try_from(index).expect("the number of patterns is bounded");
            let range = windows.entry(*hash).or_insert((index, index));
            range.1 = index + 1;
        }
        let entries = found.into_iter().map(|(_, text, at)| (text, at)).collect();
        Self { size, bits, shift, windows, entries }
    }

    fn look_up(&self, hash: u64) -> &[(u32, u16)] {
        let bit = place(hash, self.shift);
        if self.bits[bit / 64] >> (bit % 64) & 1 == 0 {
            return &[];
        }
        match self.windows.get(&hash) {
            Some((begin, end)) => &self.entries[*begin as usize..*end as usize],
            None => &[],
        }
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 20 bits are left")]
const fn place(hash: u64, shift: u32) -> usize {
    (hash >> shift) as usize
}
