use sha2::{Digest, Sha256};
use troupe_types::UpdateKey;

/// What a decision's chance comes from: the same update has the same luck for ever.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Seed(u64);

impl Seed {
    /// The seed of an update: the first eight bytes of a SHA-256 over its key.
    pub fn of(key: &UpdateKey) -> Self {
        let digest = Sha256::digest(format!("troupe/seed/v1|{key}"));
        let bytes = digest.first_chunk().expect("SHA-256 gives 32 bytes");
        Self(u64::from_le_bytes(*bytes))
    }

    /// A seed of a bare number, for tests and simulation.
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The chance of the question `label`.
    ///
    /// Each question has a stream of its own, so that one more or one less question asked, say by the next version
    /// of the content, changes no other's answer.
    pub(crate) fn stream(self, label: &[&str]) -> Stream {
        // 64-bit FNV-1a: cheap, and the mixing is left to SplitMix64, which is built for seeds that differ in few bits.
        let mut hash = 0xcbf2_9ce4_8422_2325_u64;
        for byte in label.iter().flat_map(|part| part.bytes().chain([0xff])) {
            hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
        Stream(mix(self.0 ^ mix(hash)))
    }
}

/// Pseudo-random numbers: `SplitMix64` (Steele, Lea and Flood, 2014), which passes `BigCrush` and needs eight bytes.
#[derive(Debug, Clone)]
pub(crate) struct Stream(u64);

const fn mix(mut value: u64) -> u64 {
    value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    value ^ (value >> 31)
}

impl Stream {
    /// Any number, each as likely as the other.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        mix(self.0)
    }

    /// A number below `bound`, each as likely as the other; 0 for a bound of 0.
    ///
    /// Lemire's method: multiply, and draw again in the rare cases that would favour small numbers.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        if bound == 0 {
            return 0;
        }
        let reject_below = bound.wrapping_neg() % bound;
        loop {
            let product = u128::from(self.next()) * u128::from(bound);
            let [low, high] = [product, product >> 64].map(|part| part & u128::from(u64::MAX));
            if low >= u128::from(reject_below) {
                return u64::try_from(high).expect("the high half of a 128-bit product fits 64 bits");
            }
        }
    }

    /// An index below `count`, which is not 0.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        let bound = u64::try_from(count).expect("a count fits 64 bits");
        usize::try_from(self.below(bound)).expect("what is below a usize fits one")
    }

    /// An index into `weights`, each as likely as its weight says; the first if all are 0.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = u32> + Clone) -> usize {
        let total = weights.clone().map(u64::from).sum();
        let mut left = self.below(total);
        for (index, weight) in weights.enumerate() {
            match left.checked_sub(u64::from(weight)) {
                None => return index,
                Some(rest) => left = rest,
            }
        }
        0
    }

    /// Whether a thing of `per_million` chances in a million happens.
    pub(crate) fn happens(&mut self, per_million: u32) -> bool {
        self.below(1_000_000) < u64::from(per_million)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_is_as_likely_as_the_other_and_the_last_is_reached() {
        const DRAWS: u64 = 40_000;
        for choices in [2_usize, 3, 7] {
            let mut counts = vec![0_u64; choices];
            for seed in 0..DRAWS {
                counts[Seed::new(seed).stream(&["reaction", "greeting", "0"]).index(choices)] += 1;
            }
            let expected = DRAWS / u64::try_from(choices).unwrap();
            let squares: u64 = counts.iter().map(|&count| count.abs_diff(expected).pow(2)).sum();
            // Chi-square for 6 degrees of freedom is 22.5 at one in a thousand; fewer degrees have less.
            assert!(squares < 23 * expected, "{counts:?}");
        }
    }

    #[test]
    fn weights_are_shares() {
        let weights = [1_u32, 0, 3];
        let mut counts = [0_u32; 3];
        for seed in 0..40_000 {
            counts[Seed::new(seed).stream(&["variation"]).weighted(weights.into_iter())] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((9_500..10_500).contains(&counts[0]), "{counts:?}");
    }

    #[test]
    fn the_luck_of_an_update_never_changes() {
        // A released version's decisions have to be repeatable by the next: these numbers may never change.
        let seed = Seed::of(&"7/42/5/new".parse().unwrap());
        let mut stream = seed.stream(&["a", "b"]);
        assert_eq!([stream.below(1000), stream.below(1000), stream.below(1000)], GOLDEN);
    }

    const GOLDEN: [u64; 3] = [587, 350, 525];
}
