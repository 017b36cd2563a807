//! Files that bots send, as the manager stored them.

use troupe_bus::{Bus, Error, Records};
use troupe_protocol::{Bucket, ContentName, FileRecord};

/// Where the files are.
#[derive(Debug, Clone)]
pub struct Files(Records);

impl Files {
    /// The files of the installation.
    pub fn new(bus: &Bus) -> Self {
        Self(bus.bucket(Bucket::Files))
    }

    /// What is stored under `name`; `None` if nothing is.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn find(&self, name: &str) -> Result<Option<FileRecord>, Error> {
        let Ok(name) = name.parse::<ContentName>() else { return Ok(None) };
        Ok(self.0.get(&FileRecord::key(&name)).await?.map(|found| found.value))
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// If the broker does not answer, or has lost some of them.
    pub async fn read(&self, file: &FileRecord) -> Result<Vec<u8>, Error> {
        self.0.get_parts(&file.parts).await
    }
}
