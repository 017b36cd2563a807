//! What every call works with.

use std::{
    collections::BTreeMap,
    sync::{Arc, PoisonError},
};

use tokio::sync::{Mutex, MutexGuard, OnceCell};
use troupe_bus::{Bus, Records};
use troupe_protocol::{Bucket, Pseudonyms};
use troupe_service::Clock;
use troupe_store::Store;
use troupe_types::{BotId, Timestamp};

use crate::{config::Config, statistics::Reader};

/// How often a code or a password may be wrong before the login has to begin again.
const TRIES_MAX: u32 = 5;

/// What every call works with. Clones share it.
#[derive(Clone)]
pub struct Manager(Arc<Inner>);

struct Inner {
    config: Config,
    bus: Bus,
    clock: Arc<dyn Clock>,
    pseudonyms: Pseudonyms,
    reader: Reader,
    store: OnceCell<Store>,
    erasing: Mutex<()>,
    tries: std::sync::Mutex<BTreeMap<BotId, u32>>,
}

impl Manager {
    /// Puts it together.
    pub fn new(config: Config, pseudonyms: Pseudonyms, bus: Bus, clock: Arc<dyn Clock>) -> Self {
        let reader = Reader::new(&config.clickhouse);
        Self(Arc::new(Inner {
            config,
            bus,
            clock,
            pseudonyms,
            reader,
            store: OnceCell::new(),
            erasing: Mutex::default(),
            tries: std::sync::Mutex::default(),
        }))
    }

    /// The settings.
    pub fn config(&self) -> &Config {
        &self.0.config
    }

    /// The bus.
    pub fn bus(&self) -> &Bus {
        &self.0.bus
    }

    /// The time of day.
    pub fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Where counts are read from.
    pub fn reader(&self) -> &Reader {
        &self.0.reader
    }

    /// What people are called in what is counted.
    pub fn pseudonyms(&self) -> &Pseudonyms {
        &self.0.pseudonyms
    }

    /// The state of conversations. Connected to when it is asked for first: all else works without it.
    ///
    /// # Errors
    /// If Redis does not answer; it can be tried again.
    pub async fn store(&self) -> Result<&Store, troupe_store::Error> {
        let connect = || Store::connect(&self.0.config.redis, self.0.bus.key());
        self.0.store.get_or_try_init(connect).await
    }

    /// Waits until nobody is being erased from ClickHouse, and lets nobody else be until the guard is dropped.
    pub async fn erasing(&self) -> MutexGuard<'_, ()> {
        self.0.erasing.lock().await
    }

    /// The registry of bots.
    pub fn bots(&self) -> Records {
        self.0.bus.bucket(Bucket::Bots)
    }

    /// How the bots' sessions fare.
    pub fn statuses(&self) -> Records {
        self.0.bus.bucket(Bucket::Status)
    }

    /// The documents.
    pub fn content(&self) -> Records {
        self.0.bus.bucket(Bucket::Content)
    }

    /// The files that bots send, and large documents.
    pub fn files(&self) -> Records {
        self.0.bus.bucket(Bucket::Files)
    }

    /// Notes a wrong code or password. Returns whether another try is allowed.
    pub fn wrong(&self, bot: BotId) -> bool {
        let mut tries = self.0.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let count = tries.entry(bot).or_default();
        *count += 1;
        *count < TRIES_MAX
    }

    /// Whether a login has had its tries.
    pub fn is_worn_out(&self, bot: BotId) -> bool {
        let tries = self.0.tries.lock().unwrap_or_else(PoisonError::into_inner);
        tries.get(&bot).is_some_and(|count| *count >= TRIES_MAX)
    }

    /// Forgets the wrong tries of a login that begins or has ended.
    pub fn forget_tries(&self, bot: BotId) {
        self.0.tries.lock().unwrap_or_else(PoisonError::into_inner).remove(&bot);
    }
}
