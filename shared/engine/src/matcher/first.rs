use super::{Builder, Folded, Matcher};
use crate::pattern::Pattern;

/// Patterns in an order, of which the first that matches counts: what remains of trigger groups without variables,
/// chats and reactions, for measuring and comparing.
#[derive(Debug)]
pub struct PatternSet {
    matcher: Matcher,
    /// The patterns that have to be looked at each time, in order.
    rest: Vec<u32>,
}

/// A pattern that is refused.
#[derive(Debug, thiserror::Error)]
#[error("pattern {number}: {reason}")]
pub struct PatternFault {
    /// Its place among the patterns, from 0.
    pub number: usize,
    /// What is wrong with it.
    pub reason: String,
}

impl PatternSet {
    /// Compiles regular expressions, with the bounds and the syntax that they have in a rule set.
    ///
    /// # Errors
    /// The first that is refused.
    pub fn new<'a>(patterns: impl IntoIterator<Item = &'a str>) -> Result<Self, PatternFault> {
        let mut builder = Builder::default();
        for (number, pattern) in patterns.into_iter().enumerate() {
            builder.add(Pattern::new(pattern).map_err(|reason| PatternFault { number, reason })?);
        }
        let count = builder.len();
        let matcher = builder.finish(|_| true);
        let rest = (0..count).filter(|pattern| !matcher.finds(*pattern)).collect();
        Ok(Self { matcher, rest })
    }

    /// The place of the first pattern that matches `text`.
    pub fn first(&self, text: &str) -> Option<usize> {
        let folded = Folded::new(text);
        let hits = self.matcher.look_up(text, &folded);
        let mut found = hits.numbers().iter().copied().peekable();
        let mut rest = self.rest.iter().copied().peekable();
        let next = || match (found.peek(), rest.peek()) {
            (Some(a), Some(b)) if b < a => rest.next(),
            (None, _) => rest.next(),
            _ => found.next(),
        };
        std::iter::from_fn(next).find(|pattern| hits.is_match(*pattern)).map(|pattern| pattern as usize)
    }
}
