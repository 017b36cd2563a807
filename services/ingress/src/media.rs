//! Files that rules store: a folder for each bot, each file named after the message it came with, never by its sender.

use std::path::PathBuf;

use anyhow::Context as _;
use tokio::fs;
use troupe_types::UpdateKey;

use crate::config::MediaConfig;

/// The folder of stored files.
#[derive(Debug, Clone)]
pub struct MediaStore {
    config: MediaConfig,
}

impl MediaStore {
    /// Uses the configured folder.
    pub const fn new(config: MediaConfig) -> Self {
        Self { config }
    }

    /// Larger files are refused, in bytes.
    pub const fn bytes_max(&self) -> u64 {
        self.config.bytes_max
    }

    /// Stores a file; the same message's file again replaces it. `ending` is ours, e.g. `jpg`.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub async fn store(&self, key: &UpdateKey, ending: &str, bytes: &[u8]) -> anyhow::Result<PathBuf> {
        let folder = self.config.folder.join(key.bot.to_string());
        fs::create_dir_all(&folder)
            .await
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let file = folder.join(format!("{}_{}.{ending}", key.chat, key.message));
        // Written beside and moved, so that nobody ever sees half a file.
        let part = file.with_extension("part");
        fs::write(&part, bytes).await.with_context(|| format!("cannot write {}", part.display()))?;
        fs::rename(&part, &file).await.with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }
}
