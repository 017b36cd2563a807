//! What the registry says of every bot, kept up to date.

use std::{collections::BTreeMap, sync::Arc};

use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, Change, Records};
use troupe_protocol::{BotRecord, Bucket};
use troupe_service::health::Dependency;
use troupe_types::BotId;

/// Every bot's record.
pub type Registry = Arc<BTreeMap<BotId, BotRecord>>;

/// The registry's keys of bots begin so.
const PREFIX: &str = "bot.";

/// Follows the registry until `stop`. The first value is given out when all of it is known.
///
/// # Errors
/// If the bus has no registry.
pub async fn follow(
    bus: &Bus,
    sender: watch::Sender<Option<Registry>>,
    ready: Dependency,
    stop: CancellationToken,
) -> Result<(), troupe_bus::Error> {
    let records: Records = bus.bucket(Bucket::Bots);
    let mut watch = records.watch::<BotRecord>(PREFIX).await?;
    let mut bots = BTreeMap::new();
    let mut current = false;
    loop {
        let change = tokio::select! {
            biased;
            () = stop.cancelled() => return Ok(()),
            change = watch.next() => change,
        };
        match change {
            Some(Change::Put { value, .. }) => {
                bots.insert(value.id, value);
            }
            Some(Change::Deleted { key }) => {
                if let Some(id) = key.strip_prefix(PREFIX).and_then(|id| id.parse().ok()) {
                    bots.remove(&id);
                }
            }
            Some(Change::Unreadable { key, error }) => {
                tracing::error!(%key, error = &error as &dyn std::error::Error, "a bot's record cannot be read");
            }
            Some(Change::Current) => {
                current = true;
                ready.set(true);
            }
            None => return Ok(()),
        }
        if current {
            sender.send_replace(Some(Arc::new(bots.clone())));
        }
    }
}
