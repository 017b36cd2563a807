//! What the registry says of every bot, kept up to date.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use serde::de::DeserializeOwned;
use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, Change, Records, Watch};
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

/// How long a broker that does not answer is left alone.
const AGAIN: Duration = Duration::from_millis(500);

/// Follows the registry until `stop`. The first value is given out when all of it is known. A broker that is away is
/// waited for.
///
/// # Errors
/// If the bus has no registry.
pub async fn follow(
    bus: &Bus,
    sender: watch::Sender<Option<Registry>>,
    ready: Dependency,
    stop: CancellationToken,
) -> Result<(), troupe_bus::Error> {
    let records = bus.bucket(Bucket::Bots);
    let Some(mut bots) = stop.run_until_cancelled(watch::<BotRecord>(&records, BOTS)).await.transpose()?
    else {
        return Ok(());
    };
    let Some(mut deleted) = stop.run_until_cancelled(watch::<BotId>(&records, DELETED)).await.transpose()?
    else {
        return Ok(());
    };
    let mut known = Registry::default();
    let mut current = (false, false);
    loop {
        tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
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
                None => return Ok(()),
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
                None => return Ok(()),
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

/// Watches what begins with `prefix`, as soon as the broker answers.
async fn watch<T: DeserializeOwned>(records: &Records, prefix: &str) -> Result<Watch<T>, troupe_bus::Error> {
    loop {
        match records.watch(prefix).await {
            Ok(watch) => return Ok(watch),
            Err(error) if error.is_passing() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot see the registry yet");
                sleep(AGAIN).await;
            }
            Err(error) => return Err(error),
        }
    }
}

/// Takes note that a deleted bot's session is forgotten.
///
/// # Errors
/// If the broker does not answer.
pub async fn forgotten(bus: &Bus, bot: BotId) -> Result<(), troupe_bus::Error> {
    bus.bucket(Bucket::Bots).delete(&format!("{DELETED}{bot}")).await
}
