use std::sync::Arc;

/// A place in a document that names a file to send: whoever takes the document can look whether there is one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MediaUse {
    /// The file's name.
    pub name: Arc<str>,
    /// The line of the place, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// The field as a JSON pointer.
    pub field: String,
}
