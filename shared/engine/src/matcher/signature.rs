use super::fold::{Folded, each};

/// Which windows of four bytes are in a folded text, more or less: what is not there is told for certain.
///
/// A pattern may need several texts and is found by one of them. Asking a signature for the others is a matter of a few
/// bits, and saves most of the patterns from being verified.
#[derive(Debug)]
pub(super) struct Signature([u64; BITS / 64]);

const BITS: usize = 2048;
/// The bytes of a window: two letters of most alphabets, or four of Latin.
const WINDOW: usize = 4;
/// How many windows of a text are asked for, at most.
const ASKED_MAX: usize = 6;

impl Signature {
    pub fn new(text: &Folded) -> Self {
        let mut signature = Self([0; BITS / 64]);
        windows(text, |bit| signature.0[usize::from(bit) / 64] |= 1 << (bit % 64));
        signature
    }

    fn has(&self, bit: u16) -> bool {
        self.0[usize::from(bit) / 64 % (BITS / 64)] >> (bit % 64) & 1 == 1
    }
}

/// Tells the bit of each window of `text`.
fn windows(text: &Folded, mut tell: impl FnMut(u16)) {
    let bytes = text.bytes();
    for (at, begin) in text.stretches() {
        each(at, begin, |place| {
            if let Some(window) = bytes[place..].first_chunk::<WINDOW>() {
                let hash = u32::from_le_bytes(*window).wrapping_mul(0x9e37_79b1);
                #[expect(clippy::cast_possible_truncation, reason = "few bits are left")]
                tell((hash >> (32 - BITS.trailing_zeros())) as u16);
            }
        });
    }
}

/// What is asked of a signature: for each of some sets of texts the number of its texts, and for each of these the
/// number of its bits and the bits.
pub(super) fn needs<'a>(sets: impl Iterator<Item = &'a Vec<String>>, program: &mut Vec<u16>) {
    for set in sets.filter(|set| set.iter().all(|text| text.len() >= WINDOW)) {
        program.push(count(set.len()));
        for text in set {
            let mut bits = Vec::new();
            windows(&Folded::new(text), |bit| bits.push(bit));
            let asked = bits.len().min(ASKED_MAX);
            program.push(count(asked));
            // Spread over the whole text: its beginning may be that of many.
            program.extend((0..asked).map(|index| bits[index * bits.len() / asked]));
        }
    }
}

/// Whether a message of this signature may have what `program` needs.
pub(super) fn may_be_met(program: &[u16], signature: &Signature) -> bool {
    let mut rest = program;
    while let [texts, after @ ..] = rest {
        rest = after;
        let mut met = false;
        for _ in 0..*texts {
            let Some((bits, after)) = rest.split_first() else { return true };
            let (bits, after) = after.split_at(usize::from(*bits));
            met = met || bits.iter().all(|bit| signature.has(*bit));
            rest = after;
        }
        if !met {
            return false;
        }
    }
    true
}

fn count(number: usize) -> u16 {
    u16::try_from(number).expect("the length of patterns is bounded")
}
