use std::{fmt, sync::Arc};

use crate::{
    Use, Uses,
    document::{At, Mark},
    limits,
};

/// One thing that is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The line, from 1.
    pub line: u32,
    /// The column in characters, from 1.
    pub column: u32,
    /// The field as a JSON pointer (RFC 6901), e.g. `/triggers/kyc wallet/triggers/0/data`; empty for the whole.
    pub field: String,
    /// What is wrong, in words for the document's author.
    pub reason: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}: ", self.line, self.column)?;
        if !self.field.is_empty() {
            write!(f, "{}: ", self.field)?;
        }
        f.write_str(&self.reason)
    }
}

/// All that is wrong with a document, in the order in which it was found; never empty as an error.
///
/// Displayed as one line for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Faults {
    list: Vec<Fault>,
    /// How many were found beyond those that are listed.
    more: usize,
    /// What the document names that stands elsewhere: no faults in themselves, but whoever takes the document can tell.
    uses: Uses,
}

impl Faults {
    /// Those that are listed; a document that is wrong all over lists the first hundred.
    pub fn iter(&self) -> std::slice::Iter<'_, Fault> {
        self.list.iter()
    }

    /// Whether nothing was found.
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    pub(crate) fn push(&mut self, mark: Mark, field: String, reason: impl Into<String>) {
        if self.list.len() < limits::FAULTS {
            self.list.push(Fault { line: mark.line, column: mark.column, field, reason: reason.into() });
        } else {
            self.more += 1;
        }
    }

    /// Reports `reason` about the place `at`.
    pub(crate) fn at(&mut self, at: &At<'_>, reason: impl Into<String>) {
        self.push(at.node.mark, at.pointer(), reason);
    }

    /// Notes that a file called `name` is shown at the place `at`.
    pub(crate) fn media(&mut self, at: &At<'_>, name: &Arc<str>) {
        self.uses.media.push(Use::of(name, at));
    }

    /// Notes that the scenario called `name` is started or called at the place `at`.
    pub(crate) fn scenario(&mut self, at: &At<'_>, name: &Arc<str>) {
        self.uses.scenarios.push(Use::of(name, at));
    }

    /// Takes what was noted of names.
    pub(crate) fn take_uses(&mut self) -> Uses {
        std::mem::take(&mut self.uses)
    }

    /// `value` if nothing was found, else what was found. Without a value, something was.
    pub(crate) fn or<T>(self, value: Option<T>) -> Result<T, Self> {
        match value {
            Some(value) if self.is_empty() => Ok(value),
            Some(_) => Err(self),
            None => {
                assert!(!self.is_empty(), "what was given up was reported");
                Err(self)
            }
        }
    }
}

impl<'a> IntoIterator for &'a Faults {
    type Item = &'a Fault;
    type IntoIter = std::slice::Iter<'a, Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl IntoIterator for Faults {
    type Item = Fault;
    type IntoIter = std::vec::IntoIter<Fault>;

    fn into_iter(self) -> Self::IntoIter {
        self.list.into_iter()
    }
}

impl fmt::Display for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, fault) in self.list.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{fault}")?;
        }
        if self.more > 0 {
            write!(f, "\nand {} more", self.more)?;
        }
        Ok(())
    }
}

impl std::error::Error for Faults {}
