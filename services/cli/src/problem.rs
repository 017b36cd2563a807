//! What is wrong with files, each thing with its place, in the form that editors jump to.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use troupe_engine::Fault;

/// One thing that is wrong with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    file: PathBuf,
    /// `None` if it is about the file as such.
    fault: Option<Fault>,
    reason: String,
}

/// All that is wrong; never empty as an error. Displayed as a line for each.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Problems(Vec<Problem>);

impl Problems {
    /// A single problem with a file as such.
    pub fn of(file: &Path, reason: impl Into<String>) -> Self {
        let mut problems = Self::default();
        problems.file(file, reason);
        problems
    }

    /// Notes what is wrong with a file as such.
    pub fn file(&mut self, file: &Path, reason: impl Into<String>) {
        self.0.push(Problem { file: file.to_owned(), fault: None, reason: reason.into() });
    }

    /// Notes what is wrong at a place of a file.
    pub fn fault(&mut self, file: &Path, fault: Fault) {
        self.0.push(Problem { file: file.to_owned(), fault: Some(fault), reason: String::new() });
    }

    /// Notes what was found at places of a file.
    pub fn faults(&mut self, file: &Path, faults: impl IntoIterator<Item = Fault>) {
        faults.into_iter().for_each(|fault| self.fault(file, fault));
    }

    /// `value`, if nothing is wrong.
    pub fn or<T>(self, value: T) -> Result<T, Self> {
        if self.0.is_empty() { Ok(value) } else { Err(self) }
    }

    /// Whether nothing is wrong.
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Adds what is wrong with something else.
    pub fn add(&mut self, others: Self) {
        self.0.extend(others.0);
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.fault {
            Some(fault) => write!(f, "{}:{fault}", self.file.display()),
            None => write!(f, "{}: {}", self.file.display(), self.reason),
        }
    }
}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, problem) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{problem}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problems {}
