//! Feeds parsers with examples that were broken at random. Only ever a dev-dependency; depends on nothing.
//!
//! Each run does the same, so that a failure comes again. It sees no coverage: what it finds is what is near the
//! examples. `shared/engine/fuzz` gives the engine's targets to libFuzzer, which does see it.

use std::panic::{RefUnwindSafe, catch_unwind};

/// Inputs do not grow beyond this.
const BYTES_MAX: usize = 8 * 1024;
/// How many times an input is changed at most.
const CHANGES_MAX: usize = 8;
/// Bytes at which parsers decide.
const TELLING: &[u8] = b"\0\x01\x7f\x80\xc3\xff\"'\\{}[]()<>|*#@&!%^:;,.-+=/~`$ \t\r\n09aZ";

/// Calls `target` with each of `examples`, and then `runs` times with what comes of breaking them.
///
/// # Panics
/// If `target` does, with the input that it failed on.
pub fn fuzz(examples: &[&[u8]], runs: u32, target: impl Fn(&[u8]) + RefUnwindSafe) {
    assert!(!examples.is_empty(), "there has to be an example to begin with");
    let call = |input: &[u8]| {
        let outcome = catch_unwind(|| target(input));
        assert!(outcome.is_ok(), "it fails on b\"{}\"", input.escape_ascii());
    };
    for example in examples {
        call(example);
    }
    let mut chance = Chance(0x9e37_79b9_7f4a_7c15);
    for _ in 0..runs {
        let mut input = examples[chance.below(examples.len())].to_vec();
        for _ in 0..=chance.below(CHANGES_MAX) {
            change(&mut input, examples, &mut chance);
        }
        input.truncate(BYTES_MAX);
        call(&input);
    }
}

fn change(input: &mut Vec<u8>, examples: &[&[u8]], chance: &mut Chance) {
    let (from, to) = chance.range(input.len());
    match chance.below(8) {
        0 if !input.is_empty() => {
            let place = chance.below(input.len());
            input[place] ^= 1 << chance.below(8);
        }
        1 if !input.is_empty() => {
            let place = chance.below(input.len());
            input[place] = TELLING[chance.below(TELLING.len())];
        }
        2 => {
            let telling = TELLING[chance.below(TELLING.len())];
            input.splice(from..from, std::iter::repeat_n(telling, 1 + chance.below(4)));
        }
        3 => {
            input.drain(from..to);
        }
        4 => {
            let part = input[from..to].to_vec();
            input.splice(to..to, part);
        }
        5 => input.truncate(from),
        6 => {
            let other = examples[chance.below(examples.len())];
            let (begin, end) = chance.range(other.len());
            input.splice(from..to, other[begin..end].iter().copied());
        }
        _ => {
            // The same part again and again: nesting.
            let part = input[from..to.min(from + 8)].to_vec();
            input.splice(from..from, part.repeat(1 + chance.below(64)));
        }
    }
}

/// xorshift64*: chance enough for breaking things, and the same each time.
struct Chance(u64);

impl Chance {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// A number below `bound`; 0 if there is none.
    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).unwrap_or(u64::MAX).max(1);
        usize::try_from(self.next() % bound).unwrap_or_default()
    }

    /// A range within `length`, short ones more often.
    fn range(&mut self, length: usize) -> (usize, usize) {
        let from = self.below(length + 1);
        let most = if self.below(2) == 0 { length - from } else { (length - from).min(16) };
        (from, from + self.below(most + 1))
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    fn inputs() -> Vec<Vec<u8>> {
        let seen = Mutex::new(Vec::new());
        fuzz(&[b"{\"a\": [1, 2]}", b"x"], 2000, |input| seen.lock().unwrap().push(input.to_vec()));
        seen.into_inner().unwrap()
    }

    #[test]
    fn each_run_is_the_same_and_its_inputs_differ() {
        let first = inputs();
        assert_eq!(first, inputs());
        assert_eq!(first[..2], [b"{\"a\": [1, 2]}".to_vec(), b"x".to_vec()]);
        let different: std::collections::BTreeSet<_> = first.iter().collect();
        assert!(different.len() > 1000, "{}", different.len());
        assert!(first.iter().all(|input| input.len() <= BYTES_MAX));
        assert!(first.contains(&Vec::new()));
    }

    #[test]
    #[should_panic(expected = "it fails on")]
    fn an_input_that_a_parser_fails_on_is_told() {
        fuzz(&[b"ab"], 2000, |input| assert!(!input.starts_with(b"b")));
    }
}
