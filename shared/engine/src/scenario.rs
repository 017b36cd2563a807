use std::sync::Arc;

use crate::{Faults, document};
/// A scenario, compiled.
#[derive(Debug)]
pub struct Scenario {
    name: Arc<str>,
    version: u32,
}
impl Scenario {
    /// Reads and compiles `version` of the scenario `name`.
    ///
    /// # Errors
    /// All that is wrong with it.
    pub fn parse(name: &str, version: u32, text: &str) -> Result<Self, Faults> {
        document::read(text)?;
        Ok(Self { name: name.into(), version })
    }
    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
    /// Its version.
    pub const fn version(&self) -> u32 {
        self.version
    }
}
