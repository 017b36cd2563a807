use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};
use troupe_types::Timestamp;

use crate::Parts;

/// The kinds of document that tell bots what to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ContentKind {
    /// Trigger groups, reaction groups and variables.
    Rules,
    /// An answer library.
    Library,
    /// A scenario.
    Scenario,
}

impl fmt::Display for ContentKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Rules => "rules",
            Self::Library => "library",
            Self::Scenario => "scenario",
        })
    }
}

/// A name that operators give, to a document, a file to send or a webhook: 1 to 64 of `a-z`, `0-9`, `-` and `_`, so that it can stand in a URL and in a key.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ContentName(String);

/// A text that is no such name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no name: use 1 to 64 of a-z, 0-9, - and _")]
pub struct NameError {
    text: String,
}

impl ContentName {
    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for ContentName {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        let fits =
            |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'_';
        if (1..=64).contains(&text.len()) && text.bytes().all(fits) {
            Ok(Self(text))
        } else {
            Err(NameError { text })
        }
    }
}

impl FromStr for ContentName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        text.to_owned().try_into()
    }
}

impl From<ContentName> for String {
    fn from(name: ContentName) -> Self {
        name.0
    }
}

impl fmt::Display for ContentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// One version of a document. A version never changes; a change is a new version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ContentDocument {
    /// What it is.
    pub kind: ContentKind,
    /// Its name, unique among its kind.
    pub name: ContentName,
    /// Counts from 1.
    pub version: u32,
    /// When it was put, by the manager's clock.
    pub created: Timestamp,
    /// The document as its author wrote it, comments and all. Empty if it is in parts.
    #[serde(default)]
    pub text: String,
    /// Where the text is, if it is too large to stand here.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub parts: Option<Parts>,
}

impl ContentDocument {
    /// The key of a version in [`crate::Bucket::Content`].
    pub fn key(kind: ContentKind, name: &ContentName, version: u32) -> String {
        format!("{kind}.{name}.{version}")
    }

    /// The key under which [`crate::Bucket::Content`] keeps the number of the newest version.
    pub fn head_key(kind: ContentKind, name: &ContentName) -> String {
        format!("{kind}.{name}.head")
    }
}
