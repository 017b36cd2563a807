use super::signature::{self, Signature};

/// Which patterns each text belongs to, and what else they need. Those of one text lie side by side in memory.
#[derive(Debug, Default)]
pub(super) struct Owners {
    /// Where in `patterns` those of each text begin, and at the end where all end.
    texts: Vec<u32>,
    /// Each pattern, with the place in `needs` behind its own.
    patterns: Vec<(u32, u32)>,
    /// What the patterns need beside the text, for [`signature::may_be_met`].
    needs: Vec<u16>,
}

/// Gathers owners.
#[derive(Debug, Default)]
pub(super) struct Builder(Vec<Vec<(u32, Box<[u16]>)>>);

impl Builder {
    /// Adds a pattern to those of `text`.
    pub fn add(&mut self, text: usize, pattern: u32, needs: &[u16]) {
        if self.0.len() <= text {
            self.0.resize_with(text + 1, Vec::new);
        }
        self.0[text].push((pattern, needs.into()));
    }

    pub fn finish(self) -> Owners {
        let place = |length: usize| u32::try_from(length).expect("the size of documents is bounded");
        let mut all = Owners::default();
        for owners in self.0 {
            all.texts.push(place(all.patterns.len()));
            for (pattern, needs) in owners {
                all.needs.extend_from_slice(&needs);
                all.patterns.push((pattern, place(all.needs.len())));
            }
        }
        all.texts.push(place(all.patterns.len()));
        all
    }
}

impl Owners {
    /// Adds to `numbers` the patterns of `text` that may match a message of this signature.
    pub fn find(&self, text: u32, signature: &Signature, numbers: &mut Vec<u32>) {
        let text = text as usize;
        let (begin, end) = (self.texts[text] as usize, self.texts[text + 1] as usize);
        let mut needs = begin.checked_sub(1).map_or(0, |before| self.patterns[before].1 as usize);
        for (pattern, needs_end) in &self.patterns[begin..end] {
            let needs_end = *needs_end as usize;
            if signature::may_be_met(&self.needs[needs..needs_end], signature) {
                numbers.push(*pattern);
            }
            needs = needs_end;
        }
    }
}
