//! Keeps the catalogue as the buckets say.

use std::{
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use serde_json::Value;
use tokio::sync::watch;
use troupe_bus::{Bus, Change, Watch};
use troupe_protocol::{BotRecord, Bucket, ContentDocument, ContentKind, ContentName, Parts};
use troupe_types::BotId;

use crate::catalogue::{Catalogue, Live, Missing};

/// The registry's keys of bots begin so.
const BOTS: &str = "bot.";

/// How long to wait before something is read again.
const AGAIN: Duration = Duration::from_millis(500);

/// The catalogue, shared by all partitions.
#[derive(Debug)]
pub(crate) struct Known {
    catalogue: RwLock<Catalogue>,
    /// How often it has changed; whoever waits for something looks again then.
    changes: watch::Sender<u64>,
}

impl Known {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self { catalogue: RwLock::default(), changes: watch::Sender::new(0) })
    }

    /// All that `bot` decides by; see [`Catalogue::content`].
    pub(crate) fn content<'p>(
        &self,
        bot: BotId,
        pinned: impl IntoIterator<Item = (&'p str, u32)>,
    ) -> Result<Live, Missing> {
        self.catalogue.read().unwrap_or_else(PoisonError::into_inner).content(bot, pinned)
    }

    /// How often the catalogue has changed.
    pub(crate) fn changes(&self) -> watch::Receiver<u64> {
        self.changes.subscribe()
    }

    fn change(&self, change: impl FnOnce(&mut Catalogue)) {
        change(&mut self.catalogue.write().unwrap_or_else(PoisonError::into_inner));
        self.changes.send_modify(|changes| *changes += 1);
    }
}

/// Follows both buckets until the bus is closed. `current` is called once everything that there is is known.
pub(crate) async fn follow(bus: Bus, known: Arc<Known>, current: impl FnOnce()) {
    let mut bots = bus.bucket(Bucket::Bots).watch(BOTS);
    // Documents, and the numbers of their newest versions.
    let mut content: Watch<Value> = bus.bucket(Bucket::Content).watch("");
    let mut listed = (false, false);
    let mut current = Some(current);
    loop {
        tokio::select! {
            change = bots.next() => match change {
                Some(change) => listed.0 |= follow_bot(&known, change),
                None => return,
            },
            change = content.next() => match change {
                Some(change) => listed.1 |= follow_content(&bus, &known, change).await,
                None => return,
            },
        }
        if listed == (true, true)
            && let Some(current) = current.take()
        {
            current();
        }
    }
}

/// Returns whether all bots have been listed.
fn follow_bot(known: &Known, change: Change<BotRecord>) -> bool {
    match change {
        Change::Put { value, .. } => known.change(|catalogue| catalogue.put_bot(value)),
        Change::Deleted { key } => {
            if let Some(bot) = key.strip_prefix(BOTS).and_then(|bot| bot.parse().ok()) {
                known.change(|catalogue| catalogue.delete_bot(bot));
            }
        }
        Change::Unreadable { key, error } => unreadable(&key, &error),
        Change::Current => return true,
    }
    false
}

/// Returns whether all documents have been listed.
async fn follow_content(bus: &Bus, known: &Known, change: Change<Value>) -> bool {
    match change {
        Change::Put { key, value, .. } => {
            if let Err(error) = put(bus, known, &key, value).await {
                tracing::error!(key, error = format!("{error:#}"), "a record cannot be read");
            }
        }
        // Versions are for ever. If one is deleted all the same, what is compiled here stays.
        Change::Deleted { key } => tracing::warn!(key, "content was deleted from its bucket"),
        Change::Unreadable { key, error } => unreadable(&key, &error),
        Change::Current => return true,
    }
    false
}

async fn put(bus: &Bus, known: &Known, key: &str, value: Value) -> anyhow::Result<()> {
    if let Some((kind, name)) = head(key) {
        let version = serde_json::from_value(value)?;
        known.change(|catalogue| catalogue.put_head(kind, name, version));
    } else {
        let mut document: ContentDocument = serde_json::from_value(value)?;
        if let Some(parts) = &document.parts {
            document.text = String::from_utf8(whole(bus, parts).await?)?;
        }
        known.change(|catalogue| catalogue.put_document(document));
    }
    Ok(())
}

/// What is stored in parts, as soon as the broker gives it.
async fn whole(bus: &Bus, parts: &Parts) -> Result<Vec<u8>, troupe_bus::Error> {
    loop {
        match bus.bucket(Bucket::Files).get_parts(parts).await {
            Err(error) if error.is_passing() => {
                tracing::warn!(error = &error as &dyn std::error::Error, "reading a large document again");
                tokio::time::sleep(AGAIN).await;
            }
            other => return other,
        }
    }
}

/// The document whose newest version `key` tells; `None` if it is the key of a document.
fn head(key: &str) -> Option<(ContentKind, ContentName)> {
    let (kind, name) = key.strip_suffix(".head")?.split_once('.')?;
    let kind = [ContentKind::Rules, ContentKind::Library, ContentKind::Scenario]
        .into_iter()
        .find(|each| each.to_string() == kind)?;
    Some((kind, name.parse().ok()?))
}

fn unreadable(key: &str, error: &(dyn std::error::Error + 'static)) {
    tracing::error!(key, error, "a record cannot be read");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_are_told_from_documents() {
        for kind in [ContentKind::Rules, ContentKind::Library, ContentKind::Scenario] {
            let name: ContentName = "head".parse().unwrap();
            assert_eq!(head(&ContentDocument::head_key(kind, &name)), Some((kind, name.clone())));
            assert_eq!(head(&ContentDocument::key(kind, &name, 1)), None);
        }
    }
}
