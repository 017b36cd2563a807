use crate::{Faults, document};
/// Rules, compiled.
#[derive(Debug)]
pub struct Ruleset {}
impl Ruleset {
    /// Reads and compiles a rule set.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(text: &str) -> Result<Self, Faults> {
        document::read(text)?;
        Ok(Self {})
    }
}
