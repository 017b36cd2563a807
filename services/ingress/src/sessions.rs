//! Where sessions are stored: sealed, in the bus's key-value store, never in files.

use std::sync::Arc;

use troupe_bus::{Bus, Records};
use troupe_protocol::Bucket;
use troupe_types::BotId;

use crate::{
    telegram::{MemorySession, PeersRecord, PositionRecord, SecretRecord},
    vault::{self, Sealed, Vault},
};

/// What can go wrong with stored sessions.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The key-value store failed.
    #[error("cannot read or write a stored session")]
    Bus(#[from] troupe_bus::Error),
    /// A record does not open.
    #[error(transparent)]
    Vault(#[from] vault::Error),
}

/// The stored sessions.
#[derive(Clone)]
pub struct Sessions {
    records: Records,
    vault: Arc<Vault>,
}

/// The three records of a session; see [`MemorySession`].
#[derive(Debug, Clone, Copy)]
enum Part {
    Secret,
    Position,
    Peers,
}

impl Part {
    fn key(self, bot: BotId) -> String {
        match self {
            Self::Secret => format!("{bot}.secret"),
            Self::Position => format!("{bot}.position"),
            Self::Peers => format!("{bot}.peers"),
        }
    }
}

impl Sessions {
    /// Opens the store.
    pub fn open(bus: &Bus, vault: Vault) -> Self {
        Self { records: bus.bucket(Bucket::Sessions), vault: Arc::new(vault) }
    }

    /// Restores a bot's session; `None` if it has none.
    ///
    /// # Errors
    /// If the store fails or a record does not open.
    pub async fn load(&self, bot: BotId) -> Result<Option<MemorySession>, Error> {
        let Some(secret) = self.read::<SecretRecord>(bot, Part::Secret).await? else { return Ok(None) };
        let position = self.read::<PositionRecord>(bot, Part::Position).await?.unwrap_or_default();
        let peers = self.read::<PeersRecord>(bot, Part::Peers).await?.unwrap_or_default();
        Ok(Some(MemorySession::restore(&secret, position, peers)))
    }

    /// Stores all of a session that has just signed in; the secret last, so that there is no session without the rest.
    ///
    /// An account that signs in anew goes on where it was: position and acquaintances are the account's, not the
    /// session's, and what was written to it while it was signed out would be lost otherwise.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn store_new(&self, bot: BotId, session: &MemorySession) -> Result<(), Error> {
        let before = self.read::<PositionRecord>(bot, Part::Position).await?;
        if before.and_then(|before| before.account()).is_none_or(|account| Some(account) != session.account())
        {
            self.checkpoint(bot, session).await?;
        }
        if let Some(secret) = session.secret() {
            self.write(bot, Part::Secret, &secret).await?;
        }
        Ok(())
    }

    /// Stores how far a session's updates were handled, and whom it has met if that changed.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn checkpoint(&self, bot: BotId, session: &MemorySession) -> Result<(), Error> {
        // One at a time: what was taken out first must not be written last.
        let _alone = session.storing().await;
        // Peers first: a position beyond a group that nobody can address would lose that group's news.
        if let Some(peers) = session.take_changed_peers()
            && let Err(error) = self.write(bot, Part::Peers, &peers).await
        {
            session.peers_not_stored();
            return Err(error);
        }
        self.write(bot, Part::Position, &session.position()).await
    }

    /// Forgets a session.
    ///
    /// # Errors
    /// If the store fails.
    pub async fn forget(&self, bot: BotId) -> Result<(), Error> {
        for part in [Part::Secret, Part::Position, Part::Peers] {
            self.records.delete(&part.key(bot)).await?;
        }
        Ok(())
    }

    /// Reads a record. One that was sealed with an old key is sealed with the current one, so that a key that was
    /// replaced is needed no longer once every session has been loaded.
    async fn read<T: serde::Serialize + for<'de> serde::Deserialize<'de>>(
        &self,
        bot: BotId,
        part: Part,
    ) -> Result<Option<T>, Error> {
        let key = part.key(bot);
        match self.records.get::<Sealed>(&key).await? {
            Some(entry) => {
                let record = self.vault.open(&key, &entry.value)?;
                if !self.vault.is_current(&entry.value) {
                    self.records.update(&key, &self.vault.seal(&key, &record), entry.revision).await?;
                }
                Ok(Some(record))
            }
            None => Ok(None),
        }
    }

    async fn write<T: serde::Serialize>(&self, bot: BotId, part: Part, record: &T) -> Result<(), Error> {
        let key = part.key(bot);
        self.records.put(&key, &self.vault.seal(&key, record)).await?;
        Ok(())
    }
}
