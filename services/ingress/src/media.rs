//! Files that rules store: a folder for each bot, each file named after the message and the person it came with, by their
//! numbers, never by its sender's words.

use std::{
    io,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use anyhow::Context as _;
use tokio::{fs, time::interval};
use troupe_service::Clock;
use troupe_types::{BotId, Timestamp, UpdateKey, UserId};

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

    /// Stores a file that `person` sent; the same message's file again replaces it. `ending` is ours, e.g. `jpg`.
    ///
    /// # Errors
    /// If the folder cannot be written to.
    pub async fn store(
        &self,
        key: &UpdateKey,
        person: UserId,
        ending: &str,
        bytes: &[u8],
    ) -> anyhow::Result<PathBuf> {
        let folder = self.config.folder.join(key.bot.to_string());
        fs::create_dir_all(&folder)
            .await
            .with_context(|| format!("cannot make the folder {}", folder.display()))?;
        let file = folder.join(format!("{}_{}_{person}.{ending}", key.chat, key.message));
        // Written beside and moved, so that nobody ever sees half a file.
        let part = file.with_extension("part");
        fs::write(&part, bytes).await.with_context(|| format!("cannot write {}", part.display()))?;
        fs::rename(&part, &file).await.with_context(|| format!("cannot write {}", file.display()))?;
        Ok(file)
    }

    /// The files that came from `person`, to `bot` or to any, by their paths in the folder.
    ///
    /// # Errors
    /// If the folder cannot be read.
    pub async fn sent_by(&self, person: UserId, bot: Option<BotId>) -> anyhow::Result<Vec<PathBuf>> {
        let folder = &self.config.folder;
        let bots = match bot {
            Some(bot) => vec![folder.join(bot.to_string())],
            None => entries(folder).await?,
        };
        let mut files = Vec::new();
        for bot in bots {
            let of_bot = entries(&bot).await?.into_iter().filter(|file| is_by(file, person));
            files.extend(of_bot.filter_map(|file| Some(file.strip_prefix(folder).ok()?.to_owned())));
        }
        files.sort();
        Ok(files)
    }

    /// Removes what was stored longer ago than files are kept. Looks each hour, for ever.
    pub async fn sweep_each_hour(&self, clock: &dyn Clock) {
        if self.config.keep_for.is_zero() {
            return;
        }
        let mut hour = interval(Duration::from_hours(1));
        loop {
            hour.tick().await;
            match self.sweep(clock.now()).await {
                Ok(0) => {}
                Ok(count) => tracing::info!(count, "removed files whose time was over"),
                Err(error) => {
                    tracing::warn!(error = format!("{error:#}"), "cannot remove files whose time is over");
                }
            }
        }
    }

    /// Removes what was stored longer ago than files are kept, seen from `now`. Returns how many there were.
    async fn sweep(&self, now: Timestamp) -> anyhow::Result<u64> {
        let mut count = 0;
        for bot in entries(&self.config.folder).await? {
            for file in entries(&bot).await? {
                let stored = match fs::metadata(&file).await.and_then(|about| about.modified()) {
                    Ok(stored) => stored,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
                    Err(error) => {
                        return Err(error).with_context(|| format!("cannot look at {}", file.display()));
                    }
                };
                let since = stored.duration_since(UNIX_EPOCH).unwrap_or_default();
                let stored = Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
                if now.since(stored) > self.config.keep_for {
                    self.remove(&file).await?;
                    count += 1;
                }
            }
        }
        Ok(count)
    }

    /// Removes a file of the folder; one that is gone already is no error.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub async fn remove(&self, file: &Path) -> anyhow::Result<()> {
        match fs::remove_file(self.config.folder.join(file)).await {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(error).with_context(|| format!("cannot remove {}", file.display()))
            }
            _ => Ok(()),
        }
    }
}

/// Whether a file is of a direct chat with `person`, or has the person at the end of its name.
fn is_by(file: &Path, person: UserId) -> bool {
    let name = file.file_stem().and_then(|name| name.to_str()).unwrap_or_default();
    let mut numbers = name.split('_').map(|number| number.parse().ok());
    let (chat, from) = (numbers.next().flatten(), numbers.nth(1).flatten());
    chat == Some(person) || from == Some(person)
}

/// What is in a folder; nothing if it is not there, or is none.
async fn entries(folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let cannot = || format!("cannot read the folder {}", folder.display());
    let mut listed = match fs::read_dir(folder).await {
        Ok(listed) => listed,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(error).with_context(cannot),
    };
    let mut entries = Vec::new();
    while let Some(entry) = listed.next_entry().await.with_context(cannot)? {
        entries.push(entry.path());
    }
    Ok(entries)
}

#[cfg(test)]
mod tests {
    use troupe_service::SystemClock;

    use super::*;

    #[tokio::test]
    async fn a_file_goes_when_its_time_is_over_and_not_before() {
        let folder = tempfile::tempdir().unwrap();
        let keep_for = Duration::from_hours(24);
        let config = MediaConfig { folder: folder.path().to_owned(), bytes_max: 9, keep_for };
        let media = MediaStore::new(config);
        let (key, person) = ("7/42/5/new".parse().unwrap(), UserId::new(42));
        let file = media.store(&key, person, "jpg", b"me").await.unwrap();
        let now = SystemClock.now();
        assert_eq!(media.sweep(now).await.unwrap(), 0);
        assert!(file.exists());
        assert_eq!(media.sweep(now + keep_for + Duration::from_mins(1)).await.unwrap(), 1);
        assert!(!file.exists());
        assert_eq!(media.sent_by(person, None).await.unwrap(), Vec::<PathBuf>::new());
    }

    #[test]
    fn a_file_is_by_whom_it_names_or_whose_chat_it_is_of() {
        let is_by = |name: &str| is_by(Path::new(name), UserId::new(42));
        assert!(is_by("7/42_5_42.jpg") && is_by("7/42_5.jpg") && is_by("7/-100200_5_42.part"));
        assert!(!is_by("7/-42_42_7.jpg") && !is_by("7/421_5_421.jpg") && !is_by("7/notes.txt"));
    }
}
