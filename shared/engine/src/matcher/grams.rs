use std::{
    collections::HashMap,
    hash::{BuildHasherDefault, Hasher},
};

use super::fold::{Folded, PADDING, each, width};

/// The lengths of the windows that are looked up, in bytes, the longest first.
const SIZES: [usize; 5] = [16, 8, 4, 2, 1];

/// Finds which of many texts are in a message.
///
/// Of each text one window is known, a rare one, as long as the text allows. At each character of a message the
/// windows that begin there are looked up in bitmaps that fit a processor's cache; where a bit is set, in a table; and
/// where that has something, the whole text is compared.
#[derive(Debug, Default)]
pub(super) struct Grams {
    /// All texts, one behind the other.
    texts: Vec<u8>,
    /// Windows of [`PREFIX`] bytes and more, which most texts have.
    long: Vec<Tier>,
    /// The first bytes of these: one look tells of most places that none begins there, however long.
    prefixes: Bits,
    short: Vec<Tier>,
}

/// The bytes of a long window that are looked up first.
const PREFIX: usize = 8;

/// The windows of one length.
#[derive(Debug)]
struct Tier {
    size: usize,
    bits: Bits,
    /// Where in `windows` those begin whose hashes have the same first bits, and at the end where all end.
    buckets: Vec<u32>,
    /// How far a hash is shifted to become a place in `buckets`.
    buckets_shift: u32,
    windows: Vec<Window>,
}

/// Bits at the places of hashes.
#[derive(Debug, Default)]
struct Bits {
    bits: Vec<u64>,
    /// How far a hash is shifted to become a place in `bits`.
    shift: u32,
}

/// A window of a text.
#[derive(Debug)]
struct Window {
    /// More of the hash than the bucket tells.
    check: u32,
    /// The text's number.
    text: u32,
    /// Where the text begins in [`Grams::texts`].
    begins: u32,
    length: u16,
    /// The place of the window in the text.
    at: u16,
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
        // The first bits of a product are the good ones, and a map asks for the last.
        self.0.rotate_left(24)
    }
}

fn load(bytes: &[u8], at: usize) -> u128 {
    u128::from_le_bytes(*bytes[at..].first_chunk().expect("a message is padded"))
}

/// The hash of the window of this length: the first bits are the good ones.
#[expect(clippy::cast_possible_truncation, reason = "what is beyond the window is cut off")]
const fn hash(size: usize, window: u128) -> u64 {
    const FACTOR: u64 = 0x9e37_79b9_7f4a_7c15;
    const HIGH_FACTOR: u64 = 0xbf58_476d_1ce4_e5b9;
    let low = window as u64;
    let folded = match size {
        16 => low ^ ((window >> 64) as u64).rotate_left(29).wrapping_mul(HIGH_FACTOR),
        _ => low & (u64::MAX >> (64 - 8 * size)),
    };
    folded.wrapping_mul(FACTOR)
}

/// How often each window occurs in all texts that may have to be found: the rare ones are the good ones.
#[derive(Debug, Default)]
pub(super) struct Frequencies([HashMap<u64, u32, BuildHasherDefault<Hashed>>; SIZES.len()]);

impl Frequencies {
    pub fn add(&mut self, text: &str) {
        windows(text.as_bytes(), |tier, _, hash| *self.0[tier].entry(hash).or_default() += 1);
    }

    /// What looking for `text` costs, roughly: how many texts share its rarest window, and more for shorter windows.
    pub fn cost(&self, text: &str) -> u64 {
        self.best(text.as_bytes()).map_or(u64::MAX / 1024, |best| best.cost)
    }

    fn best(&self, text: &[u8]) -> Option<Best> {
        let mut best: Option<Best> = None;
        windows(text, |tier, at, hash| {
            let count = u64::from(self.0[tier].get(&hash).copied().unwrap_or(1));
            // A short window is in more messages than its share among the texts tells.
            let cost = match SIZES[tier] {
                16 => count,
                8 => count * 4 + 2,
                4 => count * 16 + 100,
                2 => count * 16 + 2_000,
                _ => count * 16 + 20_000,
            };
            if best.as_ref().is_none_or(|best| cost < best.cost) {
                best = Some(Best { cost, tier, at, hash });
            }
        });
        best
    }
}

/// The window of a text that it is best found by.
struct Best {
    cost: u64,
    tier: usize,
    at: usize,
    hash: u64,
}

/// Tells each window of the greatest length that fits `text`, with the place of this length in [`SIZES`], its own
/// place and its hash.
fn windows(text: &[u8], mut tell: impl FnMut(usize, usize, u64)) {
    let Some(tier) = SIZES.iter().position(|size| *size <= text.len()) else { return };
    let size = SIZES[tier];
    let mut padded = text.to_vec();
    padded.resize(text.len() + PADDING, 0);
    let mut at = 0;
    while at + size <= text.len() {
        tell(tier, at, hash(size, load(&padded, at)));
        at += width(text[at]);
    }
}

impl Grams {
    pub fn new(texts: &[String], frequencies: &Frequencies) -> Self {
        let mut grams = Self::default();
        let mut found: [Vec<(u64, Window)>; SIZES.len()] = Default::default();
        let mut prefixes = Vec::new();
        for (number, text) in (0..).zip(texts) {
            let Some(Best { tier, at, hash, .. }) = frequencies.best(text.as_bytes()) else { continue };
            if SIZES[tier] >= PREFIX {
                let prefix = text.as_bytes()[at..].first_chunk().expect("the window is in the text");
                prefixes.push(self::hash(PREFIX, u64::from_le_bytes(*prefix).into()));
            }
            let short = |length: usize| u16::try_from(length).expect("the length of patterns is bounded");
            let begins = u32::try_from(grams.texts.len()).expect("the size of documents is bounded");
            let (length, at) = (short(text.len()), short(at));
            found[tier].push((hash, Window { check: check(hash), text: number, begins, length, at }));
            grams.texts.extend_from_slice(text.as_bytes());
        }
        grams.prefixes = Bits::new(&prefixes);
        let tiers = SIZES.into_iter().zip(found).filter(|(_, found)| !found.is_empty());
        let tiers = tiers.map(|(size, found)| Tier::new(size, found));
        (grams.long, grams.short) = tiers.partition(|tier| tier.size >= PREFIX);
        grams
    }

    /// Calls `hit` with the number of each text that is in `message`, once for each place where it is.
    ///
    /// Windows that begin at the end of the message reach beyond it: it takes the whole text to be a hit.
    pub fn find(&self, message: &Folded, mut hit: impl FnMut(u32)) {
        let (bytes, padded) = (message.bytes(), message.padded());
        // First a look at many places that has no branches, then one by one those where something may be.
        for (at, begin) in message.stretches() {
            if !self.long.is_empty() {
                each(at, begin & self.prefixes.among(PREFIX, &padded[at..]), |place| {
                    let window = load(padded, place);
                    for tier in &self.long {
                        let hash = hash(tier.size, window);
                        if tier.bits.has(hash) {
                            tier.compare(hash, place, bytes, &self.texts, &mut hit);
                        }
                    }
                });
            }
            for tier in &self.short {
                each(at, begin & tier.bits.among(tier.size, &padded[at..]), |place| {
                    let hash = hash(tier.size, load(padded, place));
                    tier.compare(hash, place, bytes, &self.texts, &mut hit);
                });
            }
        }
    }
}

/// The last of the bits of a hash that are good, beside those that choose a bucket.
#[expect(clippy::cast_possible_truncation, reason = "it is cut on purpose")]
const fn check(hash: u64) -> u32 {
    (hash >> 16) as u32
}

impl Tier {
    fn new(size: usize, mut found: Vec<(u64, Window)>) -> Self {
        found.sort_by_key(|(hash, window)| (*hash, window.text));
        let hashes: Vec<u64> = found.iter().map(|(hash, _)| *hash).collect();
        let bits = Bits::new(&hashes);
        let bucket_count = found.len().next_power_of_two().max(2);
        let buckets_shift = 64 - bucket_count.trailing_zeros();
        let mut buckets = vec![0; bucket_count + 1];
        for hash in hashes {
            buckets[place(hash, buckets_shift) + 1] += 1;
        }
        for bucket in 1..buckets.len() {
            buckets[bucket] += buckets[bucket - 1];
        }
        let windows = found.into_iter().map(|(_, window)| window).collect();
        Self { size, bits, buckets, buckets_shift, windows }
    }

    /// Calls `hit` with each text that has a window of this hash, and is around `place`.
    #[inline(never)] // It is rare, and leaves the registers to the loop that looks for it.
    fn compare(&self, hash: u64, place: usize, bytes: &[u8], texts: &[u8], hit: &mut impl FnMut(u32)) {
        for window in self.bucket(hash) {
            let begins = place.checked_sub(usize::from(window.at));
            if window.check == check(hash)
                && begins.is_some_and(|begins| bytes[begins..].starts_with(window.in_texts(texts)))
            {
                hit(window.text);
            }
        }
    }

    fn bucket(&self, hash: u64) -> &[Window] {
        let bucket = place(hash, self.buckets_shift);
        &self.windows[self.buckets[bucket] as usize..self.buckets[bucket + 1] as usize]
    }
}

impl Bits {
    /// At least sixteen bits for each hash: of the places that have nothing, few are looked up in vain.
    fn new(hashes: &[u64]) -> Self {
        let length = (hashes.len() * 16).next_power_of_two().clamp(1 << 10, 1 << 20);
        let shift = 64 - length.trailing_zeros();
        let mut bits = vec![0; length / 64];
        for hash in hashes {
            let bit = place(*hash, shift);
            bits[bit / 64] |= 1 << (bit % 64);
        }
        Self { bits, shift }
    }

    /// Which of the windows of `size` at most eight bytes may be there that begin at the first [`Folded::STRETCH`]
    /// bytes: a bit for each, the lowest for the first.
    fn among(&self, size: usize, padded: &[u8]) -> u64 {
        let padded = &padded[..padded.len().min(Folded::STRETCH + 7)];
        let has = |window: &[u8; 8]| u64::from(self.has(hash(size, u64::from_le_bytes(*window).into())));
        padded.array_windows::<8>().rev().fold(0, |among, window| among << 1 | has(window))
    }

    fn has(&self, hash: u64) -> bool {
        let bit = place(hash, self.shift);
        self.bits.get(bit / 64).is_some_and(|bits| bits >> (bit % 64) & 1 == 1)
    }
}

impl Window {
    fn in_texts<'a>(&self, texts: &'a [u8]) -> &'a [u8] {
        &texts[self.begins as usize..][..usize::from(self.length)]
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 32 bits are left")]
const fn place(hash: u64, shift: u32) -> usize {
    (hash >> shift) as usize
}
