//! Words that a misspelt word may be meant for.

use std::{collections::HashMap, hash::BuildHasherDefault};

use crate::{matcher::Hashed, text};

/// Finds the words that differ from another by few typing errors, without comparing it with each.
///
/// Two words that differ by so many errors become alike when no more letters are left out of either. So each word is
/// filed under all that leaving out letters makes of it (Garbe's symmetric deletions). Only the first letters count:
/// where two words are aligned with few errors, so are their beginnings.
#[derive(Debug, Default)]
pub(super) struct Typos {
    words: Vec<Box<[char]>>,
    /// Bits at the places of all hashes: most words of a message are filed nowhere, and end here.
    bits: Vec<u64>,
    shift: u32,
    filed: HashMap<u64, (u32, u32), BuildHasherDefault<Hashed>>,
    numbers: Vec<u32>,
}

/// How many letters count.
const PREFIX: usize = 8;

impl Typos {
    /// An index of `words`, whose numbers are their places.
    pub fn new(words: Vec<Box<[char]>>) -> Self {
        let mut pairs: Vec<(u64, u32)> = Vec::new();
        for (number, word) in (0..).zip(&words) {
            let allowed = text::typos_allowed(word.len());
            if allowed > 0 {
                shortened(word, allowed, |hash| pairs.push((hash, number)));
            }
        }
        pairs.sort_unstable();
        pairs.dedup();
        let length = (pairs.len() * 8).next_power_of_two().clamp(1 << 10, 1 << 24);
        let shift = 64 - length.trailing_zeros();
        let mut bits = vec![0; length / 64];
        let mut filed: HashMap<u64, (u32, u32), _> = HashMap::default();
        for (place, (hash, _)) in (0..).zip(&pairs) {
            let (word, bit) = bit(*hash, shift);
            bits[word] |= bit;
            filed.entry(*hash).or_insert((place, place)).1 = place + 1;
        }
        Self { words, bits, shift, filed, numbers: pairs.into_iter().map(|(_, number)| number).collect() }
    }

    /// The words that `letters` may be a misspelling of, with the number of typing errors, in order.
    pub fn find(&self, letters: &[char]) -> Vec<(u32, u32)> {
        // Words of nine letters and more are forgiven two errors, so that they may have shrunk to seven.
        let left_out = match letters.len() {
            0..=3 => return Vec::new(),
            4..=6 => 1,
            _ => 2,
        };
        let mut near = Vec::new();
        shortened(letters, left_out, |hash| {
            let (word, bit) = bit(hash, self.shift);
            if self.bits.get(word).is_some_and(|bits| bits & bit != 0)
                && let Some((begin, end)) = self.filed.get(&hash)
            {
                near.extend_from_slice(&self.numbers[*begin as usize..*end as usize]);
            }
        });
        near.sort_unstable();
        near.dedup();
        let typos = |number: &u32| {
            let word = &self.words[*number as usize];
            (1..=text::typos_allowed(word.len())).find(|typos| text::is_within(letters, word, *typos))
        };
        let found = near.iter().filter_map(|number| Some((*number, u32::try_from(typos(number)?).ok()?)));
        found.collect()
    }
}

#[expect(clippy::cast_possible_truncation, reason = "at most 24 bits are left")]
const fn bit(hash: u64, shift: u32) -> (usize, u64) {
    let place = (hash >> shift) as usize;
    (place / 64, 1 << (place % 64))
}

/// Tells the hash of each text that leaving out at most `left_out` (1 or 2) of the first letters makes.
fn shortened(letters: &[char], left_out: usize, mut tell: impl FnMut(u64)) {
    const BASE: u64 = 0x9e37_79b9_7f4a_7c15;
    const POWERS: [u64; PREFIX + 1] = {
        let mut powers = [1_u64; PREFIX + 1];
        let mut power = 1;
        while power <= PREFIX {
            powers[power] = powers[power - 1].wrapping_mul(BASE);
            power += 1;
        }
        powers
    };
    let mut tell = |hash: u64| {
        let mixed = (hash ^ (hash >> 31)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        tell(mixed ^ (mixed >> 29));
    };
    let letters = &letters[..letters.len().min(PREFIX)];
    let count = letters.len();
    // The polynomial hashes of all beginnings: of a text with a letter left out it is told from two of them.
    let mut begin = [1_u64; PREFIX + 1];
    for (place, letter) in letters.iter().enumerate() {
        begin[place + 1] = begin[place].wrapping_mul(BASE).wrapping_add(u64::from(u32::from(*letter)) + 1);
    }
    tell(begin[count]);
    for i in 0..count {
        let without = |end: usize| {
            // The hash of the letters before `end`, without that at `i`.
            let lost = begin[i + 1].wrapping_sub(begin[i]).wrapping_mul(POWERS[end - 1 - i]);
            begin[end].wrapping_sub(lost)
        };
        tell(without(count));
        if left_out < 2 {
            continue;
        }
        for j in i + 1..count {
            let behind = begin[count].wrapping_sub(begin[j + 1].wrapping_mul(POWERS[count - 1 - j]));
            tell(without(j).wrapping_mul(POWERS[count - 1 - j]).wrapping_add(behind));
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_index_finds_what_comparing_with_each_word_finds(
            words in proptest::collection::btree_set("[abж]{3,12}", 1..40), misspelt in "[abж]{1,13}", more in 0..40_usize,
            swap in 0..12_usize,
        ) {
            let words: Vec<Box<[char]>> = words.into_iter().map(|word| word.chars().collect()).collect();
            let index = Typos::new(words.clone());
            let mut near = words[more % words.len()].to_vec();
            let place = swap % (near.len() - 1);
            near.swap(place, place + 1);
            near.remove(swap % near.len());
            for letters in [misspelt.chars().collect(), near] {
                let expected: Vec<_> = (0..).zip(&words).filter_map(|(number, word)| {
                    let allowed = text::typos_allowed(word.len());
                    let typos = (1..=allowed).find(|typos| text::is_within(&letters, word, *typos))?;
                    Some((number, u32::try_from(typos).unwrap()))
                }).collect();
                prop_assert_eq!(index.find(&letters), expected);
            }
        }
    }
}
