//! Texts with values and alternatives in them.

mod parse;
mod values;

use std::cell::LazyCell;

pub(crate) use values::{Lookup, Values};

use self::values::Asked;
use crate::{chance::Stream, text};

/// A text with places that values are put into, and with alternatives.
///
/// `{{person.first_name}}` is a value, `{{person.first_name|friend}}` one with a substitute for where it is absent or
/// empty. `{Hi|Hello {there|again}}` is one of its alternatives, each as likely as the others. Braces without a bar
/// between them are braces, and so are those behind a backslash: `\{`, `\|`, `\}`. What begins with `{{` is always a
/// value, so alternatives do not begin with alternatives.
///
/// There is no logic in it, and values are put in as they are: what a person writes can't become a template.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Template {
    parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Text(String),
    Value { asked: Asked, substitute: String },
    OneOf(Vec<Vec<Self>>),
}

impl Template {
    /// Reads `text`; the error says what is wrong with it.
    pub fn parse(text: &str) -> Result<Self, String> {
        parse::parts(text).map(|parts| Self { parts })
    }

    /// The length in UTF-16 units that the text has at most, without the values that are put in.
    pub fn utf16_max(&self) -> usize {
        utf16_max(&self.parts)
    }

    /// Whether there is a choice of alternatives that leaves nothing to send.
    pub fn may_be_blank(&self) -> bool {
        may_be_blank(&self.parts)
    }

    /// The text with `values` in their places, and alternatives chosen by `chance`, which is not asked for if there
    /// are none.
    pub fn expand(&self, values: &Values<'_>, chance: impl FnOnce() -> Stream) -> String {
        let mut text = String::new();
        let mut chance = LazyCell::new(chance);
        expand(&self.parts, values, &mut chance, &mut text);
        text
    }
}

fn utf16_max(parts: &[Part]) -> usize {
    let length = |part: &Part| match part {
        Part::Text(text) | Part::Value { substitute: text, .. } => text::utf16_len(text),
        Part::OneOf(alternatives) => alternatives.iter().map(|parts| utf16_max(parts)).max().unwrap_or(0),
    };
    parts.iter().map(length).sum()
}

fn may_be_blank(parts: &[Part]) -> bool {
    parts.iter().all(|part| match part {
        Part::Text(text) => text.trim().is_empty(),
        Part::Value { .. } => false,
        Part::OneOf(alternatives) => alternatives.iter().any(|parts| may_be_blank(parts)),
    })
}

fn expand<F: FnOnce() -> Stream>(
    parts: &[Part],
    values: &Values<'_>,
    chance: &mut LazyCell<Stream, F>,
    text: &mut String,
) {
    for part in parts {
        match part {
            Part::Text(part) => text.push_str(part),
            Part::Value { asked, substitute } => {
                let value = asked.value(values).filter(|value| !value.trim().is_empty());
                text.push_str(value.as_deref().unwrap_or(substitute));
            }
            Part::OneOf(alternatives) => {
                expand(&alternatives[chance.index(alternatives.len())], values, chance, text);
            }
        }
    }
}

#[cfg(test)]
mod tests;
