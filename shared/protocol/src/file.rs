use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use troupe_types::Timestamp;

use crate::ContentName;

/// The most bytes of a file to send: Telegram takes no larger photo.
///
/// Source: <https://core.telegram.org/bots/api#sendphoto>.
pub const FILE_BYTES_MAX: usize = 10 * 1024 * 1024;

/// A file that bots send, under [`FileRecord::key`] in [`crate::Bucket::Files`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Its name: what content calls it.
    pub name: ContentName,
    /// What a person sees a document called, e.g. `prices.pdf`.
    pub file_name: String,
    /// What it is, e.g. `image/png`.
    pub mime: String,
    /// When it was put, by the manager's clock.
    pub created: Timestamp,
    /// Where its bytes are.
    pub parts: Parts,
}

impl FileRecord {
    /// What the keys of all files begin with.
    pub const PREFIX: &str = "file.";

    /// The key of a file.
    pub fn key(name: &ContentName) -> String {
        format!("{}{name}", Self::PREFIX)
    }
}

/// Bytes that are too many for one record: kept in parts under `part.<hash>.<number>` in [`crate::Bucket::Files`], so
/// that the same bytes are kept once and never change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// The SHA-256 of all bytes, in hexadecimal.
    pub hash: String,
    /// How many bytes there are.
    pub bytes: u64,
    /// In how many parts.
    pub count: u32,
}

impl Parts {
    /// The most bytes of one part: with room to spare below what a NATS server takes in one message by default.
    pub const BYTES_MAX: usize = 512 * 1024;

    /// What `bytes` are kept as.
    pub fn of(bytes: &[u8]) -> Self {
        let digest = Sha256::digest(bytes);
        let hash = digest.iter().fold(String::new(), |hash, byte| hash + &format!("{byte:02x}"));
        let count = u32::try_from(bytes.len().div_ceil(Self::BYTES_MAX)).unwrap_or(u32::MAX);
        Self { hash, bytes: bytes.len() as u64, count }
    }

    /// The key of a part, from 0.
    pub fn key(&self, number: u32) -> String {
        format!("part.{}.{number}", self.hash)
    }
}
