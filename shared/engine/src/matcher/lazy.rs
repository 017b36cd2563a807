use std::{
    collections::{HashMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
};

use regex::Regex;

use crate::pattern::Pattern;

/// How many compiled regular expressions are kept, at most.
///
/// One takes [`crate::limits::REGEX_COMPILED_BYTES`] at the very most, and some tens of kilobytes as a rule.
const KEPT: usize = 32;

/// Regular expressions that are compiled when they are needed, of which some are kept: those that came last.
///
/// It is a matter of time and memory only; what is answered doesn't depend on it.
#[derive(Debug, Default)]
pub(super) struct Lazy {
    kept: Mutex<Kept>,
}

#[derive(Debug, Default)]
struct Kept {
    regexes: HashMap<u32, Arc<Regex>>,
    /// The one that came first stands first.
    order: VecDeque<u32>,
}

impl Lazy {
    pub fn is_match(&self, number: u32, pattern: &Pattern, text: &str) -> bool {
        self.get(number, pattern).is_match(text)
    }

    fn get(&self, number: u32, pattern: &Pattern) -> Arc<Regex> {
        // Whoever panicked while holding the lock left a map that is whole.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(regex) = kept.regexes.get(&number) {
            return Arc::clone(regex);
        }
        let regex =
            Arc::new(pattern.regex().expect("it was compiled when it was loaded, within the same bounds"));
        if kept.regexes.len() >= KEPT
            && let Some(first) = kept.order.pop_front()
        {
            kept.regexes.remove(&first);
        }
        kept.order.push_back(number);
        kept.regexes.insert(number, Arc::clone(&regex));
        regex
    }
}
