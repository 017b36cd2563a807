//! Reads the events of the partitions that this instance owns, in their order, and writes them.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use futures::{
    FutureExt as _,
    future::{BoxFuture, pending, select_all},
};
use tokio::time::{Instant, sleep, sleep_until, timeout};
use tokio_util::sync::CancellationToken;
use tracing::{Instrument as _, Span, info_span};
use troupe_bus::{Bus, Stored, ownership::Lease};
use troupe_protocol::{Event, Pseudonyms, Stream};
use troupe_service::{Clock, health::Dependency, telemetry};
use troupe_types::Partition;

use crate::{
    batch::{Batch, Notes},
    config::{BatchConfig, TextsConfig},
    database::{self, Database},
    metrics::{self, Inserted},
    reading::Reading,
    row::EventRow,
};

/// The first wait before a write is tried again; each further one is twice as long.
const BACKOFF_MIN: Duration = Duration::from_millis(100);
/// The longest wait before a write is tried again.
const BACKOFF_MAX: Duration = Duration::from_secs(5);
/// How often it is said that ClickHouse is still away.
const SAY_EVERY: Duration = Duration::from_mins(1);
/// How long letting go waits for what is being written. What is not written then is read again by the next owner.
const LET_GO_MAX: Duration = Duration::from_secs(5);

/// Writes events.
pub(crate) struct Writer {
    pub(crate) bus: Bus,
    pub(crate) database: Database,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) batch: BatchConfig,
    pub(crate) texts: TextsConfig,
    pub(crate) pseudonyms: Pseudonyms,
    /// Whether the last write succeeded.
    pub(crate) reachable: Dependency,
}

/// Up to where the events of each owned partition are written.
pub(crate) type Positions = BTreeMap<Partition, u64>;

impl Writer {
    /// Writes the events of the partitions that are `owned`, until `stop` or until a lease is lost. After `stop` what was
    /// read is written first, if that does not take too long.
    ///
    /// Dropping it at any point is safe: where to go on is read from ClickHouse.
    ///
    /// # Errors
    /// If the bus is closed.
    pub(crate) async fn run(
        &self,
        owned: &BTreeMap<Partition, Lease>,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        let lost = owned.values().map(|lease| Box::pin(lease.lost.cancelled()));
        tokio::select! {
            biased;
            // Dropping the rest breaks off an insert that is under way, before somebody else may own the partition.
            _ = select_all(lost) => {
                tracing::warn!("a lease could not be renewed: writing is broken off");
                Ok(())
            }
            written = self.write_all(owned, stop) => written,
        }
    }

    async fn write_all(
        &self,
        owned: &BTreeMap<Partition, Lease>,
        stop: &CancellationToken,
    ) -> anyhow::Result<()> {
        let mut forget = false;
        loop {
            let opened = stop.run_until_cancelled(self.open(owned, forget)).await;
            let Some((mut reader, positions)) = opened else { return Ok(()) };
            match self.follow(owned, &mut reader, &positions, stop).await {
                Followed::Stopped => return Ok(()),
                Followed::Closed => anyhow::bail!("the bus was closed"),
                Followed::Failed(error @ troupe_bus::Error::Rewound { .. }) => {
                    tracing::error!(error = &error as &dyn std::error::Error, "reading all events again");
                    forget = true;
                }
                Followed::Failed(error) => {
                    tracing::warn!(error = &error as &dyn std::error::Error, "cannot read events");
                    sleep(BACKOFF_MIN).await;
                }
            }
        }
    }

    /// Reads the positions and opens a reader there, however long ClickHouse or the broker is away. To `forget` them is
    /// to begin with the oldest event that there is.
    async fn open(&self, owned: &BTreeMap<Partition, Lease>, forget: bool) -> (Reading, Positions) {
        let partitions: Vec<Partition> = owned.keys().copied().collect();
        let mut trouble = Trouble::default();
        loop {
            match self.try_open(&partitions, forget).await {
                Ok(opened) => return opened,
                Err(error) => {
                    self.reachable.set(false);
                    sleep(trouble.pause(&*error, "cannot find out where to go on")).await;
                }
            }
        }
    }

    async fn try_open(
        &self,
        partitions: &[Partition],
        forget: bool,
    ) -> Result<(Reading, Positions), Box<dyn std::error::Error + Send + Sync>> {
        let created = self.bus.created(Stream::Events);
        let mut positions = self.database.positions(created, partitions).await?;
        self.reachable.set(true);
        let last = self.bus.last_sequence(Stream::Events).await?;
        let read = positions.values().copied().max().unwrap_or_default();
        if forget || read > last {
            if !forget {
                tracing::error!(
                    read,
                    last,
                    "the broker has lost events that were written: reading all events again"
                );
            }
            // The numbers after the loss are given anew, so none may be skipped. What is written twice has the same id
            // and is counted once.
            positions = partitions.iter().map(|partition| (*partition, 0)).collect();
        }
        let first = positions.values().copied().min().unwrap_or_default() + 1;
        let reader = Reading::open(&self.bus, &positions).await?;
        tracing::info!(partitions = partitions.len(), first, readers = reader.count(), "reading events");
        Ok((reader, positions))
    }

    /// Reads and writes: one batch is put together while the one before is being written, and of the one before that it is
    /// being noted what it reached. What is read but not noted is never more than that, whatever ClickHouse does.
    async fn follow(
        &self,
        owned: &BTreeMap<Partition, Lease>,
        reader: &mut Reading,
        positions: &Positions,
        stop: &CancellationToken,
    ) -> Followed {
        let created = self.bus.created(Stream::Events);
        let mut batch = Batch::default();
        let mut writing: Option<BoxFuture<'_, Notes>> = None;
        let mut noting: Option<BoxFuture<'_, ()>> = None;
        loop {
            let due = batch.due(&self.batch);
            if writing.is_none()
                && (batch.is_full(&self.batch) || due.is_some_and(|due| due <= Instant::now()))
            {
                let full = std::mem::take(&mut batch);
                writing = Some(self.write(full, noting.take(), owned).boxed());
                continue;
            }
            tokio::select! {
                biased;
                () = stop.cancelled() => break,
                notes = done(&mut writing) => {
                    writing = None;
                    noting = Some(self.note(notes, owned).boxed());
                }
                () = done(&mut noting) => noting = None,
                () = sleep_until(due.unwrap_or_else(Instant::now)), if writing.is_none() && due.is_some() => {}
                more = reader.wait(), if !batch.is_full(&self.batch) => {
                    if !more {
                        return Followed::Closed;
                    }
                    let now = self.clock.now();
                    while !batch.is_full(&self.batch) && let Some(read) = reader.next() {
                        match read {
                            Ok(stored) if is_new(&stored, positions) => {
                                let trace = stored.trace.clone();
                                let stored = Stored { payload: self.pseudonyms.event(stored.payload), ..stored };
                                batch.push(EventRow::new(stored, created, self.texts), trace, now);
                            }
                            Ok(_) => {}
                            Err(error) => return Followed::Failed(error),
                        }
                    }
                    metrics::behind(reader.behind());
                }
            }
        }
        let finish = async {
            if let Some(writing) = writing {
                noting = Some(self.note(writing.await, owned).boxed());
            }
            if !batch.is_empty() {
                let notes = self.write(batch, noting.take(), owned).await;
                noting = Some(self.note(notes, owned).boxed());
            }
            if let Some(noting) = noting {
                noting.await;
            }
        };
        if timeout(LET_GO_MAX, finish).await.is_err() {
            tracing::info!("what was read but not written is left to the next owner");
        }
        Followed::Stopped
    }

    /// Writes a batch, and returns what is to be noted of it. What is `noting` of the batch before goes on beside that, and
    /// has come to its end afterwards, so that never more than one batch is stored and not noted.
    async fn write(
        &self,
        batch: Batch,
        noting: Option<BoxFuture<'_, ()>>,
        owned: &BTreeMap<Partition, Lease>,
    ) -> Notes {
        let store = self.store(&batch, owned);
        match noting {
            Some(noting) => _ = tokio::join!(store, noting),
            None => store.await,
        }
        batch.notes()
    }

    async fn store(&self, batch: &Batch, owned: &BTreeMap<Partition, Lease>) {
        let token = batch.token();
        let spans = event_spans(batch, &token);
        let (first, last) = batch.ends();
        let span =
            info_span!("stats.insert", rows = batch.rows(), first, last, attempts = tracing::field::Empty);
        let begin = Instant::now();
        let attempts =
            self.until_done(owned, || self.database.insert(batch, &token)).instrument(span.clone()).await;
        span.record("attempts", attempts);
        drop(spans);
        let now = self.clock.now();
        metrics::inserted(&Inserted {
            rows: batch.rows(),
            bytes: batch.packed().len(),
            took: begin.elapsed(),
            delay: now.since(batch.oldest().unwrap_or(now)),
            at_ms: now.as_millis(),
        });
        tracing::debug!(rows = batch.rows(), attempts, "wrote events");
    }

    /// Notes what a batch reached that is stored with all that views make of it.
    async fn note(&self, notes: Notes, owned: &BTreeMap<Partition, Lease>) {
        // Whether a day is over is asked now that its rows are stored, however long that took.
        self.until_done(owned, || self.database.note(&notes, self.clock.now())).await;
    }

    /// Does something again and again until ClickHouse says that it is done, and returns how often it was tried. Nothing is
    /// written without a lease.
    async fn until_done<F>(&self, owned: &BTreeMap<Partition, Lease>, write: impl Fn() -> F) -> u32
    where
        F: Future<Output = Result<(), database::Error>>,
    {
        let mut trouble = Trouble::default();
        let mut attempts = 0;
        loop {
            // `run` breaks this off at the moment a lease is lost; this guards the one in which that is not yet seen. It may
            // also turn out to be renewed at the last moment, so this does not give up by itself.
            if !owned.values().all(Lease::valid) {
                sleep(BACKOFF_MIN).await;
                continue;
            }
            attempts += 1;
            let again = attempts > 1;
            let written = async {
                if again {
                    // Another server may answer now: what was told before is looked for among what is there.
                    self.database.catch_up().await?;
                }
                write().await
            };
            match written.await {
                Ok(()) => break,
                Err(error) => {
                    self.reachable.set(false);
                    metrics::insert_failed();
                    sleep(trouble.pause(&error, "cannot write events; they are kept, and written later"))
                        .await;
                }
            }
        }
        if attempts > 1 {
            tracing::info!(attempts, "events are written again");
        }
        self.reachable.set(true);
        attempts
    }
}

/// Whether an event is still to be written.
fn is_new(stored: &Stored<Event>, positions: &Positions) -> bool {
    positions.get(&stored.partition).is_some_and(|position| stored.sequence > *position)
}

/// How following ended.
enum Followed {
    Stopped,
    Closed,
    Failed(troupe_bus::Error),
}

async fn done<T>(under_way: &mut Option<BoxFuture<'_, T>>) -> T {
    match under_way {
        Some(under_way) => under_way.await,
        None => pending().await,
    }
}

/// A span in the trace of each event, as long as the write of its row takes: the end of the way of a message.
fn event_spans(batch: &Batch, token: &str) -> Vec<Span> {
    let spans = batch.traced().iter().map(|event| {
        let span = info_span!(
            parent: None,
            "stats.write",
            event.kind = event.kind,
            bot.id = event.bot,
            partition = event.partition,
            seq = event.seq,
            batch = token
        );
        telemetry::continue_from(&span, &event.trace);
        span
    });
    spans.collect()
}

/// Something that fails again and again: how long to wait, and when to say so.
#[derive(Default)]
struct Trouble {
    pause: Duration,
    said: Option<Instant>,
}

impl Trouble {
    fn pause(&mut self, error: &(dyn std::error::Error + 'static), what: &str) -> Duration {
        if self.said.is_none_or(|said| said.elapsed() >= SAY_EVERY) {
            self.said = Some(Instant::now());
            tracing::warn!(error, "{what}");
        }
        self.pause = (self.pause * 2).clamp(BACKOFF_MIN, BACKOFF_MAX);
        self.pause
    }
}
