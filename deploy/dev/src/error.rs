use std::fmt;

/// What failed, why, and what can be done about it; its text is meant to be read by whoever ran the command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    doing: String,
    cause: String,
    advice: Option<String>,
}

impl Error {
    /// Makes an error of what could not be done ("start redis") and the reason.
    pub fn new(doing: impl Into<String>, cause: impl fmt::Display) -> Self {
        Self { doing: doing.into(), cause: cause.to_string(), advice: None }
    }

    /// Says what to do about it.
    #[must_use]
    pub fn advise(self, advice: impl Into<String>) -> Self {
        Self { advice: Some(advice.into()), ..self }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cannot {}: {}", self.doing, self.cause)?;
        match &self.advice {
            Some(advice) => write!(f, "\n{advice}"),
            None => Ok(()),
        }
    }
}

impl std::error::Error for Error {}

/// Turns any error into ours, with what was being done when it happened.
pub(crate) trait Doing<T> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Error>;
}

impl<T, E: fmt::Display> Doing<T> for Result<T, E> {
    fn doing(self, doing: impl FnOnce() -> String) -> Result<T, Error> {
        self.map_err(|cause| Error::new(doing(), cause))
    }
}
