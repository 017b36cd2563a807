//! Publishes what was committed, until the broker has it.

use futures::future::join_all;
use tokio_util::sync::CancellationToken;
use troupe_bus::Bus;
use troupe_protocol::Stream;
use troupe_store::{Pending, Store};
use troupe_types::{Partition, UpdateKey};

use crate::{
    backoff::Backoff,
    faults::{Faults, Point},
    metrics,
};

/// Publishes `pending` in order, and removes it from the outbox of `partition`. Goes on until both are done, however
/// long that takes. `update` is the one in work, if any.
pub(crate) async fn publish(
    bus: &Bus,
    store: &Store,
    partition: Partition,
    pending: &[Pending],
    faults: &Faults,
    update: Option<&UpdateKey>,
) {
    // Actions and timers first, and each only when the one before it is stored: a person sees the order of actions, and
    // of two timers the later one counts. Events are only counted, so they need not wait for each other.
    let prefix = format!("{}.", Stream::Events.prefix());
    let (events, ordered): (Vec<_>, Vec<_>) =
        pending.iter().partition(|pending| pending.entry.subject.starts_with(&prefix));
    let mut first = true;
    for message in ordered {
        send(bus, message).await;
        if std::mem::take(&mut first)
            && let Some(update) = update
        {
            faults.at(Point::FirstPublished, update).await;
        }
    }
    join_all(events.into_iter().map(|event| send(bus, event))).await;
    if let Some(update) = update {
        faults.at(Point::Published, update).await;
    }
    remove(store, partition, pending).await;
    if let Some(update) = update {
        faults.at(Point::Removed, update).await;
    }
}

async fn send(bus: &Bus, Pending { place, entry }: &Pending) {
    // Waits as long as the broker is away; the task ends with the process.
    let never = CancellationToken::new();
    let sent = bus.publish_stored_until(
        &entry.subject,
        &entry.id,
        entry.payload.clone().into(),
        &entry.trace,
        entry.schedule.as_ref(),
        &never,
    );
    if let Err(error) = sent.await {
        // Only what the broker will never take ends here. Keeping it would hold up everything behind it for ever.
        let error = &error as &dyn std::error::Error;
        tracing::error!(error, id = entry.id, subject = entry.subject, place, "a message was lost");
    }
}

async fn remove(store: &Store, partition: Partition, pending: &[Pending]) {
    let mut backoff = Backoff::default();
    loop {
        let places = pending.iter().map(|pending| pending.place.as_str());
        match store.published(partition, places).await {
            Ok(()) => break,
            Err(error) => {
                backoff.pause(&error, "cannot empty the outbox").await;
            }
        }
    }
    #[expect(clippy::cast_precision_loss, reason = "an outbox has some thousand messages at most")]
    metrics::outbox(-(pending.len() as f64));
}

/// Reads what is in the outbox of `partition`, however long that takes.
pub(crate) async fn read(store: &Store, partition: Partition) -> Vec<Pending> {
    let mut backoff = Backoff::default();
    loop {
        match store.outbox(partition).await {
            Ok(pending) => {
                #[expect(
                    clippy::cast_precision_loss,
                    reason = "an outbox has some thousand messages at most"
                )]
                metrics::outbox(pending.len() as f64);
                return pending;
            }
            Err(error) => backoff.pause(&error, "cannot read the outbox").await,
        }
    }
}
