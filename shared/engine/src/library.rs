use crate::{Faults, document};
/// An answer library, compiled.
#[derive(Debug)]
pub struct Library {}
impl Library {
    /// Reads and compiles the library `name`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(_name: &str, text: &str) -> Result<Self, Faults> {
        document::read(text)?;
        Ok(Self {})
    }
}
