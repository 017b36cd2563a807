//! Reads a stream in order without acknowledging, over lost connections and restarts of the broker.

use std::time::Duration;

use async_nats::jetstream::{
    Message,
    consumer::{AckPolicy, DeliverPolicy, pull},
    stream::Stream as Kept,
};
use futures::future::BoxFuture;
use tokio::{runtime::Handle, sync::watch, time::sleep};

use crate::{Bus, Error, bus::Connection, error::Cause, pull::Puller};

/// How many messages one request may bring.
const BATCH: usize = 1024;
/// After how long the broker forgets a reader that died.
const FORGOTTEN: Duration = Duration::from_mins(2);
/// The first wait before reading is tried again; each further one is twice as long.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// The longest wait before reading is tried again.
const BACKOFF_MAX: Duration = Duration::from_secs(2);

/// Where to go on after the broker's consumer was lost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Resume {
    /// After the last message that was read.
    After(u64),
    /// With the last message of each subject again.
    Listing,
}

/// What a reader comes upon.
#[derive(Debug)]
pub(crate) enum Item {
    /// Reading began, or began again; so many messages are there to be read.
    Opened { pending: u64, last_sequence: u64 },
    /// The next message.
    Message(Box<Message>, Place),
}

/// Where a message is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place {
    pub(crate) sequence: u64,
    /// How many are behind it.
    pub(crate) pending: u64,
}

/// The reader.
pub(crate) struct Ordered {
    bus: Bus,
    stream: Kept,
    filters: Vec<String>,
    resume: Resume,
    open: Option<Open>,
    /// What is under way while nothing is open.
    opening: Option<Opening>,
    /// The first opening, where it was done before `next` is called.
    opened: Option<Item>,
    connection: watch::Receiver<Connection>,
    backoff: Duration,
}

/// Reading that begins. The reader keeps it, so that it goes on where it was when `next` is dropped half-way: who looks
/// at something else many times a second would never see it done otherwise.
type Opening = BoxFuture<'static, Result<(Open, Item), Error>>;

struct Open {
    messages: Puller,
    /// How many messages this consumer has given; a gap means that some were lost on the way.
    given: u64,
    #[expect(dead_code, reason = "removes the consumer when it is dropped")]
    place: ReadersPlace,
}

/// What the broker keeps for a reader: its consumer. Removed when nobody reads by it any more.
struct ReadersPlace {
    stream: Kept,
    consumer: String,
}

impl Drop for ReadersPlace {
    fn drop(&mut self) {
        // Where nothing runs any more the broker is left to forget it.
        let Ok(runtime) = Handle::try_current() else { return };
        let (stream, consumer) = (self.stream.clone(), std::mem::take(&mut self.consumer));
        runtime.spawn(async move {
            if let Err(error) = stream.delete_consumer(&consumer).await {
                // It may be gone already, with the connection that it was lost by.
                tracing::debug!(consumer, %error, "could not remove a reader's consumer");
            }
        });
    }
}

impl Ordered {
    /// A reader that begins as soon as the broker lets it.
    pub(crate) fn new(bus: &Bus, stream: &Kept, filters: Vec<String>, resume: Resume) -> Self {
        Self {
            bus: bus.clone(),
            stream: stream.clone(),
            filters,
            resume,
            open: None,
            opening: None,
            opened: None,
            connection: bus.connection(),
            backoff: BACKOFF_MIN,
        }
    }

    /// A reader that has begun: a broker that does not let it is told to who asked.
    pub(crate) async fn open(
        bus: &Bus,
        stream: &Kept,
        filters: Vec<String>,
        resume: Resume,
    ) -> Result<Self, Error> {
        let mut ordered = Self::new(bus, stream, filters, resume);
        let (open, opened) = ordered.begin(Duration::ZERO).await?;
        (ordered.open, ordered.opened) = (Some(open), Some(opened));
        Ok(ordered)
    }

    /// Returns what comes next; `None` once the bus is closed. Nothing is lost if it is dropped half-way.
    pub(crate) async fn next(&mut self) -> Option<Item> {
        let closed = self.bus.closed().clone();
        closed.run_until_cancelled(self.read()).await
    }

    async fn read(&mut self) -> Item {
        if let Some(opened) = self.opened.take() {
            return opened;
        }
        loop {
            let Some(open) = &mut self.open else {
                if self.opening.is_none() {
                    self.opening = Some(self.begin(Duration::ZERO));
                }
                let Some(opening) = &mut self.opening else { continue };
                let opened = opening.await;
                self.opening = None;
                match opened {
                    Ok((open, opened)) => {
                        self.open = Some(open);
                        return opened;
                    }
                    Err(error) => self.begin_later(&error),
                }
                continue;
            };
            let event = tokio::select! {
                biased;
                event = open.messages.next() => event,
                // A consumer without a disk is gone when the broker was restarted. Asking is dearer than making a
                // new one.
                changed = self.connection.changed() => {
                    if changed.is_ok() && self.connection.borrow_and_update().up {
                        self.open = None;
                    }
                    continue;
                }
            };
            match event {
                Ok(message) => match message.info() {
                    Ok(info) if info.consumer_sequence == open.given + 1 => {
                        open.given += 1;
                        let place = Place { sequence: info.stream_sequence, pending: info.pending };
                        if let Resume::After(last) = &mut self.resume {
                            *last = place.sequence;
                        }
                        self.backoff = BACKOFF_MIN;
                        return Item::Message(Box::new(message), place);
                    }
                    Ok(_) => {
                        tracing::warn!(
                            stream = self.name(),
                            "messages were lost on the way, reading them again"
                        );
                        self.open = None;
                    }
                    Err(error) => {
                        tracing::error!(stream = self.name(), error, "a message has no place in its stream");
                        self.open = None;
                    }
                },
                Err(error) => {
                    let error = Error::Read { what: self.name().to_owned(), source: error.into() };
                    self.open = None;
                    self.begin_later(&error);
                }
            }
        }
    }

    /// Begins to read, after a while.
    fn begin(&mut self, after: Duration) -> Opening {
        // Whatever becomes of the connection from now on, this may be lost with it.
        self.connection.borrow_and_update();
        let deliver_policy = match self.resume {
            Resume::Listing => DeliverPolicy::LastPerSubject,
            Resume::After(last) => DeliverPolicy::ByStartSequence { start_sequence: last + 1 },
        };
        let asked = pull::Config {
            deliver_policy,
            ack_policy: AckPolicy::None,
            filter_subjects: self.filters.clone(),
            inactive_threshold: FORGOTTEN,
            memory_storage: true,
            num_replicas: 1,
            ..pull::Config::default()
        };
        let (bus, stream) = (self.bus.clone(), self.stream.clone());
        Box::pin(async move {
            sleep(after).await;
            let what = stream.cached_info().config.name.clone();
            let failed = |source: Cause| Error::Read { what: what.clone(), source };
            let info = stream.get_info().await.map_err(|error| failed(error.into()))?;
            let consumer = stream.create_consumer(asked).await.map_err(|error| failed(error.into()))?;
            let made = consumer.cached_info();
            let opened = Item::Opened { pending: made.num_pending, last_sequence: info.state.last_sequence };
            let place = ReadersPlace { stream, consumer: made.name.clone() };
            let messages = Puller::new(bus.context(), &consumer, BATCH).await.map_err(failed)?;
            Ok((Open { messages, given: 0, place }, opened))
        })
    }

    fn begin_later(&mut self, error: &Error) {
        if self.backoff == BACKOFF_MIN {
            tracing::warn!(
                stream = self.name(),
                error = error as &dyn std::error::Error,
                "waiting for NATS to let this be read"
            );
        }
        self.opening = Some(self.begin(self.backoff));
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
    }

    fn name(&self) -> &str {
        &self.stream.cached_info().config.name
    }
}
