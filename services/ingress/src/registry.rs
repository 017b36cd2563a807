//! What the registry says of every bot, kept up to date.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};
use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, Change, Records};
use troupe_protocol::{BotRecord, Bucket};
use troupe_service::health::Dependency;
use troupe_types::BotId;

/// Every bot's record.
pub type Registry = Arc<BTreeMap<BotId, BotRecord>>;

/// The registry's keys of bots begin so.
const PREFIX: &str = "bot.";

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
    let records: Records = bus.bucket(Bucket::Bots);
    let mut watch = loop {
        match records.watch::<BotRecord>(PREFIX).await {
            Ok(watch) => break watch,
            Err(error) if error.is_passing() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "cannot see the registry yet");
                if stop.run_until_cancelled(sleep(AGAIN)).await.is_none() {
                    return Ok(());
                }
            }
            Err(error) => return Err(error),
        }
    };
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
