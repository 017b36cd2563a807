//! Reads a stream in order without acknowledging, over lost connections and restarts of the broker.

use std::time::Duration;

use async_nats::{
    Message,
    jetstream::{
        consumer::{AckPolicy, DeliverPolicy, pull},
        stream::Stream as Kept,
    },
};
use futures::future::BoxFuture;
use tokio::{runtime::Handle, sync::watch, time::sleep};

use crate::{
    Bus, Error,
    bus::Connection,
    error::Cause,
    pull::{Ended, Puller},
};

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
            let received = tokio::select! {
                biased;
                received = open.messages.next() => received,
                // A consumer without a disk is gone when the broker was restarted. Asking is dearer than making a
                // new one.
                changed = self.connection.changed() => {
                    if changed.is_ok() && self.connection.borrow_and_update().up {
                        self.open = None;
                    }
                    continue;
                }
            };
            if let Some(item) = self.take(received) {
                return item;
            }
        }
    }

    /// The next message, if it has come already.
    pub(crate) fn received(&mut self) -> Option<Item> {
        if self.opened.is_some() {
            return None;
        }
        let received = self.open.as_mut()?.messages.received()?;
        self.take(received)
    }

    /// What was received, if it is the next message. Otherwise reading begins again.
    fn take(&mut self, received: Result<Message, Ended>) -> Option<Item> {
        let open = self.open.as_mut()?;
        match received {
            Ok(message) => match message.reply.as_deref().and_then(place) {
                Some((given, place)) if given == open.given + 1 => {
                    open.given = given;
                    if let Resume::After(last) = &mut self.resume {
                        *last = place.sequence;
                    }
                    self.backoff = BACKOFF_MIN;
                    return Some(Item::Message(Box::new(message), place));
                }
                Some(_) => {
                    tracing::warn!(stream = self.name(), "messages were lost on the way, reading them again");
                    self.open = None;
                }
                None => {
                    let reply = message.reply.as_deref().unwrap_or_default();
                    tracing::error!(stream = self.name(), reply, "a message has no place in its stream");
                    self.open = None;
                }
            },
            Err(error) => {
                let error = Error::Read { what: self.name().to_owned(), source: error.into() };
                self.open = None;
                self.begin_later(&error);
            }
        }
        None
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

/// The how manieth message of its consumer's a message is, and where it is in the stream, as the subject for its
/// acknowledgement tells. The client library would tell too, but of messages that can be acknowledged, each of which has a
/// client of its own.
///
/// Source: ADR-15 of NATS: `$JS.ACK.<stream>.<consumer>.<tries>.<sequence>.<sequence for the consumer>.<time>.<pending>`, or
/// with `<domain>.<account>` before the stream and anything behind.
fn place(reply: &str) -> Option<(u64, Place)> {
    let tokens = reply.strip_prefix("$JS.ACK.")?.split('.');
    let before = match tokens.clone().count() {
        7 => 0,
        9.. => 2,
        _ => return None,
    };
    let mut numbers = tokens.skip(before + 3).map(str::parse);
    let mut next = || numbers.next()?.ok();
    let (sequence, given, _time, pending) = (next()?, next()?, next()?, next()?);
    Some((given, Place { sequence, pending }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_is_read_from_both_forms_of_the_reply() {
        let check = |reply, expected| {
            let place = place(reply).map(|(given, Place { sequence, pending })| (given, sequence, pending));
            assert_eq!(place, expected, "{reply}");
        };
        let expected = Some((7, 1234, 9));
        check("$JS.ACK.EVENTS.reader.1.1234.7.1763780000123456789.9", expected);
        check("$JS.ACK._.ACCOUNT.EVENTS.reader.1.1234.7.1763780000123456789.9", expected);
        check("$JS.ACK.hub.ACCOUNT.EVENTS.reader.1.1234.7.1763780000123456789.9.token.more", expected);
        check("$JS.ACK.EVENTS.reader.1.1234.7.1763780000123456789", None);
        check("$JS.ACK.EVENTS.reader.1.many.7.1763780000123456789.9", None);
        check("_INBOX.1", None);
    }
}
