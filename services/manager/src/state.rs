//! What every call works with.

use std::sync::Arc;

use tokio::sync::{Mutex, MutexGuard, OnceCell};
use troupe_bus::{Bus, Records};
use troupe_protocol::{Bucket, Pseudonyms};
use troupe_service::Clock;
use troupe_store::Store;
use troupe_types::Timestamp;

use crate::{config::Config, statistics::Reader};

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
}

impl Manager {
    /// Puts it together.
    pub fn new(
        config: Config,
        pseudonyms: Pseudonyms,
        bus: Bus,
        clock: Arc<dyn Clock>,
        reader: Reader,
    ) -> Self {
        let (store, erasing) = (OnceCell::new(), Mutex::default());
        Self(Arc::new(Inner { config, bus, clock, pseudonyms, reader, store, erasing }))
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
}
