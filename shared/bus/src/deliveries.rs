use std::{future::Future, marker::PhantomData, time::Duration};

use async_nats::{
    Message as Received,
    jetstream::{
        AckKind, Message,
        consumer::{AckPolicy, DeliverPolicy, PullConsumer, pull},
        stream::{LastRawMessageErrorKind, RawMessageErrorKind},
    },
};
use futures::TryStreamExt as _;
use serde::de::DeserializeOwned;
use tokio::{sync::watch, time::Instant};
use tokio_util::sync::CancellationToken;
use troupe_protocol::{Action, ContentName, DeadLetter, Stream, Subject, TraceContext, Update, Webhook};
use troupe_service::{Clock, SystemClock};
use troupe_types::{BotId, Partition};

use crate::{
    Bus, Error,
    bus::Connection,
    events::read,
    headers,
    metrics::{self, Settled},
    pull::Puller,
    setup,
};

/// The first wait before messages are asked for again; each further one is twice as long.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// The longest wait before messages are asked for again.
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// The messages of one partition, bot or webhook, handed out by the broker until they are acknowledged.
pub struct Deliveries<T> {
    bus: Bus,
    source: Source,
    messages: Option<Puller>,
    /// The connection was lost since `messages` was opened: it is emptied and opened again.
    stale: bool,
    connection: watch::Receiver<Connection>,
    backoff: Duration,
    payload: PhantomData<fn() -> T>,
}

/// Where messages come from.
#[derive(Debug, Clone)]
struct Source {
    stream: Stream,
    /// Which of the stream's messages.
    of: Of,
    service: &'static str,
    /// How many may be in work at a time.
    window: u16,
    /// Where the broker begins if it does not know this consumer: after this number.
    after: u64,
    /// How many are asked for at a time.
    batch: u16,
}

/// Which of a stream's messages.
#[derive(Debug, Clone)]
enum Of {
    Partition(Partition),
    Bot(Partition, BotId),
    Target(ContentName),
    Everybody,
}

impl Source {
    fn durable(&self) -> String {
        let service = self.service;
        match &self.of {
            Of::Partition(partition) => format!("{service}-{partition}"),
            Of::Bot(partition, bot) => format!("{service}-{partition}-{bot}"),
            Of::Target(target) => format!("{service}-{target}"),
            Of::Everybody => service.to_owned(),
        }
    }

    fn subjects(&self) -> String {
        let prefix = self.stream.prefix();
        match &self.of {
            Of::Partition(partition) => format!("{prefix}.{partition}.>"),
            Of::Bot(partition, bot) => format!("{prefix}.{partition}.{bot}"),
            Of::Target(target) => format!("{prefix}.{target}.>"),
            Of::Everybody => format!("{prefix}.>"),
        }
    }
}

impl Bus {
    /// The updates of `partition`. The broker hands out one at a time, to whichever responder asks, and the next one
    /// only after that one is acknowledged.
    ///
    /// `applied` is the number up to which they are known to be applied: if the broker does not know the consumer, it
    /// begins after it.
    ///
    /// # Errors
    /// If the broker does not answer, or misunderstands what is asked of it.
    pub async fn updates(&self, partition: Partition, applied: u64) -> Result<Deliveries<Update>, Error> {
        Deliveries::open(self, updates(partition, applied)).await
    }

    /// Up to where every update of `partition` has been acknowledged; 0 if the broker does not know that.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn updates_acknowledged(&self, partition: Partition) -> Result<u64, Error> {
        let source = updates(partition, 0);
        let consumer = consumer(self, &source).await?;
        Ok(consumer.cached_info().ack_floor.stream_sequence)
    }

    /// Whether no responder has an update of `partition` up to the number `applied` in work any more: all that came of
    /// those is published.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn is_update_settled(&self, partition: Partition, applied: u64) -> Result<bool, Error> {
        let consumer = consumer(self, &updates(partition, 0)).await?;
        let info = consumer.cached_info();
        Ok(info.ack_floor.stream_sequence >= applied || info.num_ack_pending == 0)
    }

    /// Makes the broker hand out again every update of `partition` with a number above `applied`, acknowledged or
    /// not: what had been applied was lost.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn rewind_updates(&self, partition: Partition, applied: u64) -> Result<(), Error> {
        let source = updates(partition, applied);
        let failed =
            |source| Error::Setup { what: "the consumer of a partition's updates".to_owned(), source };
        // Making it again is the only way that every supported server knows.
        self.stream(source.stream)
            .delete_consumer(&source.durable())
            .await
            .map_err(|error| failed(error.into()))?;
        consumer(self, &source).await?;
        Ok(())
    }

    /// The update with the number `sequence`; `None` if it is gone, or is no update.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn update_at(&self, sequence: u64) -> Result<Option<Update>, Error> {
        match self.stream(Stream::Updates).get_raw_message(sequence).await {
            Ok(message) => Ok(serde_json::from_slice(&message.payload).ok()),
            Err(error) if matches!(error.kind(), RawMessageErrorKind::NoMessageFound) => Ok(None),
            Err(error) => Err(Error::Read { what: format!("update {sequence}"), source: error.into() }),
        }
    }

    /// The actions of `partition`, as many at a time as the settings allow. Only the partition's owner may ask for
    /// them, and keeps their order for each bot.
    ///
    /// # Errors
    /// If the broker does not answer, or misunderstands what is asked of it.
    pub async fn actions(&self, partition: Partition) -> Result<Deliveries<Action>, Error> {
        let window = self.config().actions_window;
        Deliveries::open(self, actions(partition, None, window, 0)).await
    }

    /// The actions of `bot` alone, beginning with the number `from` unless the broker knows this consumer already. For a
    /// bot that is behind: what waits here takes no room from its neighbours in [`Self::actions`]. The broker keeps the
    /// consumer until [`Deliveries::remove`].
    ///
    /// # Errors
    /// If the broker does not answer, or misunderstands what is asked of it.
    pub async fn actions_aside(
        &self,
        partition: Partition,
        bot: BotId,
        from: u64,
    ) -> Result<Deliveries<Action>, Error> {
        let source = actions(partition, Some(bot), ASIDE_WINDOW, from.saturating_sub(1));
        Deliveries::open(self, source).await
    }

    /// The calls of the webhook `target`, of all bots, to whichever instance asks: at most `window` of them in work at a
    /// time, those that wait to be tried again included. They come in no order. Without a `target` the calls of all, once
    /// more, for whoever looks for those that nobody else asks for.
    ///
    /// # Errors
    /// If the broker does not answer, or misunderstands what is asked of it.
    pub async fn webhooks(
        &self,
        target: Option<&ContentName>,
        window: u16,
    ) -> Result<Deliveries<Webhook>, Error> {
        let of = target.map_or(Of::Everybody, |target| Of::Target(target.clone()));
        // One at a time: what is asked for has to be worked on at once, or it is handed out again.
        let source = Source { stream: Stream::Webhooks, of, service: "webhooks", window, after: 0, batch: 1 };
        Deliveries::open(self, source).await
    }

    /// The bots of `partition` whose actions are handed out by [`Self::actions_aside`].
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn bots_aside(&self, partition: Partition) -> Result<Vec<BotId>, Error> {
        let prefix = format!("{}-", actions(partition, None, 1, 0).durable());
        let names = self.stream(Stream::Actions).consumer_names();
        let of_bot = |name: String| name.strip_prefix(&prefix)?.parse::<BotId>().ok();
        names.try_filter_map(|name| std::future::ready(Ok(of_bot(name)))).try_collect().await.map_err(
            |error| Error::Read { what: "the consumers of actions".to_owned(), source: error.into() },
        )
    }

    /// Whether every action of `bot` that is with the broker now was handed out by [`Self::actions_aside`] and settled.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn is_aside_drained(&self, partition: Partition, bot: BotId) -> Result<bool, Error> {
        let source = actions(partition, Some(bot), ASIDE_WINDOW, 0);
        // Not by the count of what is pending: for a moment a new consumer says that there is nothing.
        let newest = self.stream(Stream::Actions).get_last_raw_message_by_subject(&source.subjects()).await;
        let newest = match newest {
            Ok(message) => message.sequence,
            Err(error) if matches!(error.kind(), LastRawMessageErrorKind::NoMessageFound) => return Ok(true),
            Err(error) => {
                return Err(Error::Read {
                    what: "the newest action of a bot".to_owned(),
                    source: error.into(),
                });
            }
        };
        let consumer = consumer(self, &source).await?;
        Ok(consumer.cached_info().ack_floor.stream_sequence >= newest)
    }
}

/// How many actions of a bot that is behind may be in work at a time.
const ASIDE_WINDOW: u16 = 64;
/// How many actions are asked for at a time.
const BATCH: u16 = 64;

fn actions(partition: Partition, bot: Option<BotId>, window: u16, after: u64) -> Source {
    let of = bot.map_or(Of::Partition(partition), |bot| Of::Bot(partition, bot));
    Source { stream: Stream::Actions, of, service: "ingress", window, after, batch: window.min(BATCH) }
}

const fn updates(partition: Partition, applied: u64) -> Source {
    let of = Of::Partition(partition);
    Source { stream: Stream::Updates, of, service: "responder", window: 1, after: applied, batch: 1 }
}

async fn consumer(bus: &Bus, source: &Source) -> Result<PullConsumer, Error> {
    let Source { stream, after, window, .. } = source;
    let asked = pull::Config {
        durable_name: Some(source.durable()),
        deliver_policy: match after {
            0 => DeliverPolicy::All,
            after => DeliverPolicy::ByStartSequence { start_sequence: after + 1 },
        },
        ack_policy: AckPolicy::Explicit,
        ack_wait: bus.config().ack_wait,
        // Attempts are counted by who handles the message: the broker would skip it in silence.
        max_deliver: -1,
        filter_subject: source.subjects(),
        max_ack_pending: i64::from(*window),
        ..pull::Config::default()
    };
    setup::consumer(bus.stream(*stream), asked).await
}

impl<T: DeserializeOwned> Deliveries<T> {
    async fn open(bus: &Bus, source: Source) -> Result<Self, Error> {
        let mut deliveries = Self {
            bus: bus.clone(),
            source,
            messages: None,
            stale: false,
            connection: bus.connection(),
            backoff: BACKOFF_MIN,
            payload: PhantomData,
        };
        Box::pin(deliveries.begin()).await?;
        Ok(deliveries)
    }

    /// Waits for the next message; `None` once the bus is closed. Nothing is lost if it is dropped half-way.
    ///
    /// Lost connections and restarts of the broker are waited out. What cannot be decoded becomes
    /// a dead letter and is skipped.
    pub async fn next(&mut self) -> Option<Delivery<T>> {
        loop {
            match self.next_of_any_kind().await? {
                Ok(delivery) => return Some(delivery),
                Err(unreadable) => unreadable.settle().await,
            }
        }
    }

    /// Does what [`Self::next`] does, but leaves it to the caller to settle what cannot be decoded.
    pub async fn next_of_any_kind(&mut self) -> Option<Result<Delivery<T>, Unreadable>> {
        let closed = self.bus.closed().clone();
        closed.run_until_cancelled(self.read()).await
    }

    async fn read(&mut self) -> Result<Delivery<T>, Unreadable> {
        loop {
            let Some(messages) = &mut self.messages else {
                if let Err(error) = Box::pin(self.begin()).await {
                    self.pause(&error).await;
                }
                continue;
            };
            let message = if self.stale {
                // What was received before the connection broke is still good; after it nothing more comes here.
                let Some(Ok(message)) = messages.received() else {
                    self.messages = None;
                    continue;
                };
                message
            } else {
                let next = tokio::select! {
                    biased;
                    next = messages.next() => next,
                    // What was asked for over the old connection is not answered on the new one.
                    changed = self.connection.changed() => {
                        self.stale = changed.is_ok() && self.connection.borrow_and_update().up;
                        continue;
                    }
                };
                match next {
                    Ok(message) => message,
                    Err(error) => {
                        let what = format!("the messages of {}", self.source.durable());
                        self.messages = None;
                        self.pause(&Error::Read { what, source: error.into() }).await;
                        continue;
                    }
                }
            };
            self.backoff = BACKOFF_MIN;
            if let Some(received) = self.receive(message) {
                return received;
            }
        }
    }

    async fn begin(&mut self) -> Result<(), Error> {
        self.connection.borrow_and_update();
        self.stale = false;
        let consumer = consumer(&self.bus, &self.source).await?;
        let messages = Puller::new(self.bus.context(), &consumer, self.source.batch.into())
            .await
            .map_err(|source| Error::Setup { what: self.source.durable(), source })?;
        self.messages = Some(messages);
        Ok(())
    }

    fn receive(&self, message: Received) -> Option<Result<Delivery<T>, Unreadable>> {
        let message = Message { message, context: self.bus.context().clone() };
        let place = message.info().map(|info| {
            (info.stream_sequence, u64::try_from(info.delivered).unwrap_or_default(), info.pending)
        });
        let (sequence, attempt, pending) = match place {
            Ok(place) => place,
            Err(error) => {
                tracing::error!(error, subject = %message.subject, "a message has no place in its stream");
                return None;
            }
        };
        metrics::consumed(self.source.stream).increment(1);
        let (bus, source, received) = (self.bus.clone(), self.source.clone(), Instant::now());
        let receipt = Receipt { bus, source, message, sequence, received };
        Some(match read(&receipt.message) {
            Ok(payload) => Ok(Delivery {
                payload,
                sequence,
                subject: receipt.message.subject.to_string(),
                attempt,
                trace: headers::trace(receipt.message.headers.as_ref()),
                pending,
                receipt,
            }),
            Err(reason) => Err(Unreadable { sequence, reason, receipt }),
        })
    }

    async fn pause(&mut self, error: &Error) {
        if self.backoff == BACKOFF_MIN {
            tracing::warn!(error = error as &dyn std::error::Error, "asking for messages again");
        }
        tokio::time::sleep(self.backoff).await;
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
    }

    /// Makes the broker forget the consumer.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn remove(self) -> Result<(), Error> {
        let durable = self.source.durable();
        match self.bus.stream(self.source.stream).delete_consumer(&durable).await {
            Ok(_) => Ok(()),
            Err(error) => Err(Error::Setup { what: durable, source: error.into() }),
        }
    }

    /// Gives back what was received but not handled, so that somebody else gets it at once.
    pub async fn close(mut self) {
        let Some(mut messages) = self.messages.take() else { return };
        while let Some(Ok(message)) = messages.received() {
            let message = Message { message, context: self.bus.context().clone() };
            settle(&message, AckKind::Nak(None)).await;
        }
    }
}

/// A message that has to be settled: acknowledged, given back or buried. If it is dropped instead, the broker hands it
/// out again after the time that the settings give as `ack_wait`.
#[derive(Debug)]
pub struct Delivery<T> {
    /// What it says.
    pub payload: T,
    /// Its number in the stream.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// How often it has been handed out, this time included.
    pub attempt: u64,
    /// The trace it was sent in.
    pub trace: TraceContext,
    /// How many messages of the same source are waiting behind it.
    pub pending: u64,
    receipt: Receipt,
}

impl<T> Delivery<T> {
    /// Whether it was handed out by [`Bus::actions_aside`].
    pub const fn is_aside(&self) -> bool {
        matches!(self.receipt.source.of, Of::Bot(..))
    }

    /// Tells the broker that it was handled. Only a hint: it may be handed out again all the same.
    pub async fn ack(&self) {
        settle(&self.receipt.message, AckKind::Ack).await;
        self.receipt.settled(Settled::Done);
    }

    /// Gives it back, to be handed out again after `delay`.
    pub async fn retry_after(&self, delay: Duration) {
        settle(&self.receipt.message, AckKind::Nak(Some(delay))).await;
        self.receipt.settled(Settled::GivenBack);
    }

    /// Tells the broker that it is being worked on.
    pub async fn progress(&self) {
        settle(&self.receipt.message, AckKind::Progress).await;
    }

    /// Does `work`, however long it takes, and keeps telling the broker that it is being worked on.
    pub async fn during<W: Future>(&self, work: W) -> W::Output {
        self.receipt.during(work).await
    }

    /// Puts it among the dead letters, and waits until it is there. It still has to be ended.
    pub async fn bury(&self, reason: &str) {
        self.receipt.bury(reason).await;
    }

    /// Whether the broker still has it: if not, somebody who was erased is in it, and nothing may be told of it.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn is_kept(&self) -> Result<bool, Error> {
        self.receipt.bus.has(self.receipt.source.stream, self.sequence).await
    }

    /// Tells the broker not to hand it out again.
    pub async fn end(&self) {
        settle(&self.receipt.message, AckKind::Term).await;
        self.receipt.settled(Settled::DeadLetter);
    }
}

/// A message that cannot be decoded. It has to be settled all the same.
#[derive(Debug)]
pub struct Unreadable {
    /// Its number in the stream.
    pub sequence: u64,
    reason: String,
    receipt: Receipt,
}

impl Unreadable {
    /// Puts it among the dead letters, and waits until it is there. It still has to be ended.
    pub async fn bury(&self) {
        self.receipt.bury(&self.reason).await;
    }

    /// Tells the broker not to hand it out again.
    pub async fn end(&self) {
        settle(&self.receipt.message, AckKind::Term).await;
        self.receipt.settled(Settled::DeadLetter);
    }

    async fn settle(&self) {
        self.bury().await;
        self.end().await;
    }
}

/// What settling a message needs.
#[derive(Debug)]
struct Receipt {
    bus: Bus,
    source: Source,
    message: Message,
    sequence: u64,
    received: Instant,
}

impl Receipt {
    async fn during<W: Future>(&self, work: W) -> W::Output {
        let mut interval = tokio::time::interval(self.bus.config().ack_wait / 3);
        interval.tick().await;
        let mut work = std::pin::pin!(work);
        loop {
            tokio::select! {
                biased;
                output = &mut work => return output,
                _ = interval.tick() => settle(&self.message, AckKind::Progress).await,
            }
        }
    }

    async fn bury(&self, reason: &str) {
        let letter =
            Letter::of(&self.message, self.source.stream, self.sequence, self.source.service, reason);
        self.during(Box::pin(bury(&self.bus, &letter))).await;
    }

    fn settled(&self, how: Settled) {
        metrics::processed(self.source.stream, how, self.received.elapsed());
    }
}

async fn settle(message: &Message, kind: AckKind) {
    if let Err(error) = message.ack_with(kind).await {
        // It is handed out again, and recognised then.
        tracing::debug!(error, ?kind, "cannot settle a message");
    }
}

/// A dead letter and the trace that it belongs to.
pub(crate) struct Letter {
    letter: DeadLetter,
    trace: TraceContext,
}

impl Letter {
    pub(crate) fn of(message: &Received, stream: Stream, sequence: u64, service: &str, reason: &str) -> Self {
        Self {
            letter: DeadLetter {
                stream,
                sequence,
                subject: message.subject.to_string(),
                service: service.to_owned(),
                reason: reason.to_owned(),
                time: SystemClock.now(),
                payload: String::from_utf8_lossy(&message.payload).into_owned(),
            },
            trace: headers::trace(message.headers.as_ref()),
        }
    }
}

/// Publishes a dead letter until it is stored. It goes again if what it tells of was removed from its stream meanwhile:
/// whoever erases a person removes that first, then looks for letters.
pub(crate) async fn bury(bus: &Bus, Letter { letter, trace }: &Letter) {
    let DeadLetter { stream, sequence, subject, reason, .. } = letter;
    tracing::error!(subject, sequence, reason, "a message became a dead letter");
    metrics::dead_letter(*stream);
    let id = format!("dead/{}/{sequence}", stream.prefix());
    let never = CancellationToken::new();
    match bus.publish_until(Subject::Dead(*stream), &id, letter, trace, &never).await {
        Ok(buried) => {
            if let Err(error) = unbury_if_erased(bus, letter, buried.sequence).await {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, subject, sequence, "cannot look whether a dead letter may stay");
            }
        }
        Err(error) => {
            let error = &error as &dyn std::error::Error;
            tracing::error!(error, subject, sequence, "a dead letter was lost");
        }
    }
}

async fn unbury_if_erased(bus: &Bus, letter: &DeadLetter, buried: u64) -> Result<(), Error> {
    if !bus.has(letter.stream, letter.sequence).await? {
        bus.remove(Stream::Dead, &[buried]).await?;
    }
    Ok(())
}
