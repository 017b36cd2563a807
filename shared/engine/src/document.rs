//! Reads JSON and YAML into one tree that knows where each value stands.
//!
//! Not by way of serde: it stops at the first fault, forgets the places of what it has read, and drops or keeps one of
//! two fields of the same name as it pleases. An author wants all faults at once, each with its line.

mod access;
mod json;
mod yaml;

use std::collections::BTreeSet;

pub(crate) use access::{At, Object, is_plain_name, unknown};

use crate::{Faults, limits};

/// A place in a document, both numbers from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub line: u32,
    pub column: u32,
}

impl Mark {
    pub const START: Self = Self { line: 1, column: 1 };
}

/// A value and where it begins.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Node {
    pub mark: Mark,
    pub value: Value,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Value {
    Null,
    Bool(bool),
    /// As it is written.
    Number(String),
    Text(String),
    List(Vec<Node>),
    /// In the order of the document.
    Map(Vec<(Key, Node)>),
}

impl Value {
    /// The value's kind, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool(_) => "a truth value",
            Self::Number(_) => "a number",
            Self::Text(_) => "a text",
            Self::List(_) => "a list",
            Self::Map(_) => "a map",
        }
    }
}

impl Node {
    /// Where the value stands that `pointer` leads to, or as far as it leads; a list or a map in a field, at its name.
    pub fn mark_of(&self, pointer: &str) -> Mark {
        let (mut node, mut mark) = (self, self.mark);
        for segment in pointer.split('/').skip(1) {
            let name = segment.replace("~1", "/").replace("~0", "~");
            let below = match &node.value {
                Value::Map(fields) => {
                    fields.iter().find(|(key, _)| key.text == name).map(|(key, node)| (key.mark, node))
                }
                Value::List(items) => {
                    name.parse::<usize>().ok().and_then(|item| items.get(item)).map(|node| (node.mark, node))
                }
                _ => None,
            };
            let Some((key, below)) = below else { break };
            mark = if matches!(below.value, Value::List(_) | Value::Map(_)) { key } else { below.mark };
            node = below;
        }
        mark
    }
}

/// A field's name and where it stands.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Key {
    pub mark: Mark,
    pub text: String,
}

/// Reads `text`: as JSON if it begins with `{` or `[`, else as YAML.
///
/// YAML's own flow style looks like JSON and is nearly a superset of it, but not quite: it has no surrogate pairs in
/// `\u` escapes, which JSON writers emit for every emoji.
///
/// `None` if it is neither; a field that is there twice is a fault, and both are kept for the rest to be looked at.
pub(crate) fn read(text: &str, faults: &mut Faults) -> Option<Node> {
    if text.len() > limits::DOCUMENT_BYTES {
        let reason = format!("the document has {} bytes, more than {}", text.len(), limits::DOCUMENT_BYTES);
        faults.push(Mark::START, String::new(), reason);
        return None;
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let read = if text.trim_start().starts_with(['{', '[']) { json::read(text) } else { yaml::read(text) };
    match read {
        Ok(node) => {
            refuse_repeated_fields(&At::root(&node), faults);
            Some(node)
        }
        Err(SyntaxError { mark, reason }) => {
            faults.push(mark, String::new(), reason);
            None
        }
    }
}

/// Why a text is no document.
#[derive(Debug)]
struct SyntaxError {
    mark: Mark,
    reason: String,
}

fn refuse_repeated_fields(at: &At<'_>, faults: &mut Faults) {
    match &at.node.value {
        Value::List(_) => at.items().for_each(|item| refuse_repeated_fields(&item, faults)),
        Value::Map(fields) => {
            let mut seen = BTreeSet::new();
            for (key, node) in fields {
                let field = at.field(&key.text, node);
                if !seen.insert(&key.text) {
                    faults.push(
                        key.mark,
                        field.pointer(),
                        format!("{:?} is here for the second time", key.text),
                    );
                }
                refuse_repeated_fields(&field, faults);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Text(_) => {}
    }
}

/// Counts what a reader makes, so that a small text can't take much memory.
struct Budget {
    nodes: usize,
}

impl Budget {
    const fn new() -> Self {
        Self { nodes: 0 }
    }

    fn take(&mut self, mark: Mark) -> Result<(), SyntaxError> {
        self.nodes += 1;
        if self.nodes > limits::NODES {
            return Err(SyntaxError { mark, reason: format!("more than {} values", limits::NODES) });
        }
        Ok(())
    }
}

fn too_deep(mark: Mark) -> SyntaxError {
    SyntaxError { mark, reason: format!("nested deeper than {} levels", limits::NESTING) }
}

#[cfg(test)]
mod tests;
