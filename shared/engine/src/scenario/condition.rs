use std::sync::Arc;

use regex::Regex;

use crate::{
    Faults,
    document::{At, Object},
    limits, pattern, text,
    turn::Turn,
};

/// A way out of a step, and when it is taken.
#[derive(Debug)]
pub(super) struct Branch {
    pub condition: Condition,
    pub next: usize,
}

#[derive(Debug)]
pub(super) enum Condition {
    /// The person's variable is one of these, compared as words are.
    VariableIs { variable: Arc<str>, values: Vec<String> },
    /// The person has the variable, or has not.
    VariableExists { variable: Arc<str>, exists: bool },
    /// The person's variable is a number within these bounds.
    VariableBetween { variable: Arc<str>, min: f64, max: f64 },
    /// The message is one of these, normalised.
    ReplyIs(Vec<String>),
    /// The expression has a hit on the message.
    ReplyMatches(Regex),
}

pub(super) const FIELDS: &[&str] =
    &["variable", "is", "exists", "at_least", "at_most", "reply", "reply_matches", "next"];

impl Condition {
    pub fn read(at: &At<'_>, object: &Object<'_>, faults: &mut Faults) -> Option<Self> {
        let tests = ["variable", "reply", "reply_matches"];
        if tests.iter().filter(|name| object.set(name).is_some()).count() != 1 {
            faults.at(at, "a branch asks about one of variable, reply, reply_matches");
            return None;
        }
        let comparisons = ["is", "exists", "at_least", "at_most"];
        if object.set("variable").is_none()
            && let Some(comparison) = comparisons.iter().find_map(|name| object.set(name))
        {
            faults.at(&comparison, "only a variable is compared");
            return None;
        }
        if let Some(reply) = object.set("reply") {
            return Some(Self::ReplyIs(read_words(&reply, faults)?));
        }
        if let Some(pattern) = object.set("reply_matches") {
            let regex = pattern::compile_caseless(pattern.text(faults)?);
            return regex.map(Self::ReplyMatches).map_err(|reason| faults.at(&pattern, reason)).ok();
        }
        let variable: Arc<str> = object.set("variable")?.name(faults)?.into();
        match comparisons.map(|name| object.set(name)) {
            [Some(values), None, None, None] => {
                Some(Self::VariableIs { variable, values: read_words(&values, faults)? })
            }
            [None, Some(exists), None, None] => {
                Some(Self::VariableExists { variable, exists: exists.boolean(faults)? })
            }
            [None, None, min, max] if min.is_some() || max.is_some() => {
                let mut bound = |bound: Option<At<'_>>, default| match bound {
                    Some(bound) => bound.number(faults),
                    None => Some(default),
                };
                let (min, max) = (bound(min, f64::NEG_INFINITY), bound(max, f64::INFINITY));
                Some(Self::VariableBetween { variable, min: min?, max: max? })
            }
            _ => {
                faults.at(at, "a variable is asked one of: is, exists, or at_least and at_most");
                None
            }
        }
    }

    pub fn holds(&self, turn: &Turn<'_>) -> bool {
        match self {
            Self::VariableIs { variable, values } => {
                turn.variable(variable).is_some_and(|value| values.contains(&text::normalised(value)))
            }
            Self::VariableExists { variable, exists } => turn.variable(variable).is_some() == *exists,
            Self::VariableBetween { variable, min, max } => {
                let number = turn.variable(variable).and_then(|value| value.parse::<f64>().ok());
                number.is_some_and(|number| (*min..=*max).contains(&number))
            }
            Self::ReplyIs(texts) => texts.iter().any(|text| text == turn.words().as_str()),
            Self::ReplyMatches(regex) => regex.is_match(&turn.update.message.text),
        }
    }
}

/// A text or a list of texts, normalised; each has words in it.
pub(super) fn read_words(at: &At<'_>, faults: &mut Faults) -> Option<Vec<String>> {
    let mut word = |item: &At<'_>| {
        let word = text::normalised(item.text(faults)?);
        if word.is_empty() {
            faults.at(item, "there is no word in this");
            return None;
        }
        Some(word)
    };
    if !at.is_list() {
        return word(at).map(|word| vec![word]);
    }
    let words: Vec<_> = at.items().map(|item| word(&item)).collect();
    if words.is_empty() {
        faults.at(at, "the list is empty");
        return None;
    }
    if !at.list(limits::ENTRY_PATTERNS, faults) {
        return None;
    }
    words.into_iter().collect()
}
