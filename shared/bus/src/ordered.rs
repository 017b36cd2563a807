//! Reads a stream in order without acknowledging, over lost connections and restarts of the broker.

use std::time::Duration;

use async_nats::jetstream::{
    Message,
    consumer::{AckPolicy, DeliverPolicy, pull},
    stream::Stream as Kept,
};
use tokio::sync::watch;

use crate::{Bus, Error, bus::Connection, error::Cause, pull::Puller};

/// How many messages one request may bring.
const BATCH: usize = 256;
/// After how long the broker forgets a reader that went away.
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
    /// The first opening, done before `next` is called, so that errors can be told to who asked.
    opened: Option<Item>,
    connection: watch::Receiver<Connection>,
    backoff: Duration,
}

struct Open {
    messages: Puller,
    /// How many messages this consumer has given; a gap means that some were lost on the way.
    given: u64,
}

impl Ordered {
    pub(crate) async fn open(
        bus: &Bus,
        stream: &Kept,
        filters: Vec<String>,
        resume: Resume,
    ) -> Result<Self, Error> {
        let mut ordered = Self {
            bus: bus.clone(),
            stream: stream.clone(),
            filters,
            resume,
            open: None,
            opened: None,
            connection: bus.connection(),
            backoff: BACKOFF_MIN,
        };
        ordered.opened = Some(Box::pin(ordered.begin()).await?);
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
                match Box::pin(self.begin()).await {
                    Ok(opened) => return opened,
                    Err(error) => self.pause(&error).await,
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
                    self.pause(&error).await;
                    self.open = None;
                }
            }
        }
    }

    async fn begin(&mut self) -> Result<Item, Error> {
        self.connection.borrow_and_update();
        let failed =
            |source: Cause| Error::Read { what: self.stream.cached_info().config.name.clone(), source };
        let deliver_policy = match self.resume {
            Resume::Listing => DeliverPolicy::LastPerSubject,
            Resume::After(last) => DeliverPolicy::ByStartSequence { start_sequence: last + 1 },
        };
        let info = self.stream.get_info().await.map_err(|error| failed(error.into()))?;
        let consumer = self
            .stream
            .create_consumer(pull::Config {
                deliver_policy,
                ack_policy: AckPolicy::None,
                filter_subjects: self.filters.clone(),
                inactive_threshold: FORGOTTEN,
                memory_storage: true,
                num_replicas: 1,
                ..pull::Config::default()
            })
            .await
            .map_err(|error| failed(error.into()))?;
        let pending = consumer.cached_info().num_pending;
        let messages = Puller::new(self.bus.context(), &consumer, BATCH).await.map_err(failed)?;
        self.open = Some(Open { messages, given: 0 });
        Ok(Item::Opened { pending, last_sequence: info.state.last_sequence })
    }

    async fn pause(&mut self, error: &Error) {
        if self.backoff == BACKOFF_MIN {
            tracing::warn!(error = error as &dyn std::error::Error, "reading again");
        }
        tokio::time::sleep(self.backoff).await;
        self.backoff = (self.backoff * 2).min(BACKOFF_MAX);
    }

    fn name(&self) -> &str {
        &self.stream.cached_info().config.name
    }
}
