/// Which pairs of characters are in a folded text, more or less: what is not there is told for certain.
///
/// A pattern may need several texts and is found by one of them. Asking a signature for the others is a matter of a few
/// bits, and saves most of the patterns from being verified.
#[derive(Debug, Default)]
pub(super) struct Signature([u64; BITS / 64]);

const BITS: usize = 1024;
/// The bytes of a window: two letters of most alphabets, or four of Latin.
const WINDOW: usize = 4;

impl Signature {
    pub fn new(bytes: &[u8]) -> Self {
        let mut signature = Self::default();
        windows(bytes, |bit| signature.0[usize::from(bit) / 64] |= 1 << (bit % 64));
        signature
    }

    fn has(&self, bit: u16) -> bool {
        self.0[usize::from(bit) / 64] >> (bit % 64) & 1 == 1
    }
}

fn windows(bytes: &[u8], mut tell: impl FnMut(u16)) {
    for window in bytes.windows(WINDOW) {
        if window[0] & 0xc0 != 0x80 {
            let number = window.iter().fold(0_u32, |number, byte| number << 8 | u32::from(*byte));
            tell(
                u16::try_from(number.wrapping_mul(0x9e37_79b1) >> (32 - BITS.trailing_zeros()))
                    .unwrap_or_default(),
            );
        }
    }
}

/// Sets of folded texts of each of which one has to be in a message.
#[derive(Debug, Default)]
pub(super) struct Needs {
    /// For each set the number of its texts, and for each of these the number of its bits and the bits.
    program: Box<[u16]>,
}

impl Needs {
    pub fn new<'a>(sets: impl Iterator<Item = &'a Vec<String>>) -> Self {
        let mut program = Vec::new();
        for set in sets.filter(|set| set.iter().all(|text| text.len() >= WINDOW)) {
            program.push(count(set.len()));
            for text in set {
                let mut bits = Vec::new();
                windows(text.as_bytes(), |bit| bits.push(bit));
                program.push(count(bits.len()));
                program.append(&mut bits);
            }
        }
        Self { program: program.into() }
    }

    /// Whether a message of this signature may have what is needed.
    pub fn may_be_met(&self, signature: &Signature) -> bool {
        let mut rest = &self.program[..];
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
}

fn count(number: usize) -> u16 {
    u16::try_from(number).expect("the length of patterns is bounded")
}
