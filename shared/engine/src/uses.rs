use std::sync::Arc;

use crate::document::At;

/// What a document names that stands elsewhere: whoever takes the document can look whether it is there. Each in the order
/// of the document.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Uses {
    /// The files that it shows.
    pub media: Vec<Use>,
    /// The scenarios that it starts or calls: they have to be the bot's.
    pub scenarios: Vec<Use>,
}

/// A place in a document that names something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Use {
    /// The name.
    pub name: Arc<str>,
    /// The line of the place, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// The field as a JSON pointer.
    pub field: String,
}

impl Use {
    /// That the place `at` names `name`.
    pub(crate) fn of(name: &Arc<str>, at: &At<'_>) -> Self {
        let (line, column) = (at.node.mark.line, at.node.mark.column);
        Self { name: Arc::clone(name), line, column, field: at.pointer() }
    }
}
