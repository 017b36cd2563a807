//! What the registry says of every bot, kept up to date.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, Change};
use troupe_protocol::{BotRecord, Bucket};
use troupe_service::health::Dependency;
use troupe_types::BotId;

/// What the registry says.
#[derive(Debug, Clone, Default)]
pub struct Registry {
    /// Every bot's record.
    pub bots: Arc<BTreeMap<BotId, BotRecord>>,
    /// Bots that were deleted and whose sessions may still be stored.
    pub deleted: Arc<BTreeSet<BotId>>,
}

/// The registry's keys of bots begin so.
const BOTS: &str = "bot.";

/// The registry's keys of bots that were deleted begin so.
const DELETED: &str = "deleted.";

/// Follows the registry until `stop`, or until the bus is closed. The first value is given out when all of it is known. A
/// broker that is away is waited for.
pub async fn follow(
    bus: &Bus,
    sender: watch::Sender<Option<Registry>>,
    ready: Dependency,
    stop: CancellationToken,
) {
    let records = bus.bucket(Bucket::Bots);
    let (mut bots, mut deleted) = (records.watch::<BotRecord>(BOTS), records.watch::<BotId>(DELETED));
    let mut known = Registry::default();
    let mut current = (false, false);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return,
            change = bots.next() => match change {
                Some(Change::Put { value, .. }) => {
                    Arc::make_mut(&mut known.bots).insert(value.id, value);
                }
                Some(Change::Deleted { key }) => {
                    if let Some(id) = id(&key, BOTS) {
                        Arc::make_mut(&mut known.bots).remove(&id);
                    }
                }
                Some(Change::Unreadable { key, error }) => {
                    tracing::error!(%key, error = &error as &dyn std::error::Error, "a bot's record cannot be read");
                }
                Some(Change::Current) => current.0 = true,
                None => return,
            },
            change = deleted.next() => match change {
                Some(Change::Put { value, .. }) => {
                    Arc::make_mut(&mut known.deleted).insert(value);
                }
                Some(Change::Deleted { key }) => {
                    if let Some(id) = id(&key, DELETED) {
                        Arc::make_mut(&mut known.deleted).remove(&id);
                    }
                }
                Some(Change::Unreadable { key, error }) => {
                    tracing::error!(%key, error = &error as &dyn std::error::Error, "a deletion cannot be read");
                }
                Some(Change::Current) => current.1 = true,
                None => return,
            },
        }
        if current == (true, true) {
            ready.set(true);
            sender.send_replace(Some(known.clone()));
        }
    }
}

fn id(key: &str, prefix: &str) -> Option<BotId> {
    key.strip_prefix(prefix)?.parse().ok()
}

/// Takes note that a deleted bot's session is forgotten.
///
/// # Errors
/// If the broker does not answer.
pub async fn forgotten(bus: &Bus, bot: BotId) -> Result<(), troupe_bus::Error> {
    bus.bucket(Bucket::Bots).delete(&format!("{DELETED}{bot}")).await
}
