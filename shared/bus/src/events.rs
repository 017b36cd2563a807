use ::metrics::Counter;
use async_nats::Message;
use serde::de::DeserializeOwned;
use troupe_protocol::{Event, Stream, TraceContext};
use troupe_types::Partition;

use crate::{
    Bus, Error,
    deliveries::{Letter, bury},
    headers, metrics,
    ordered::{Item, Ordered, Place, Resume},
};

/// A message that was read from its place in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored<T> {
    /// What it says.
    pub payload: T,
    /// Its number in the stream; it grows from message to message, with gaps.
    pub sequence: u64,
    /// The partition it belongs to.
    pub partition: Partition,
    /// The trace it was sent in.
    pub trace: TraceContext,
    /// How many messages are behind it.
    pub pending: u64,
}

/// Events in their order, without acknowledgements: who reads keeps the place.
pub struct EventReader {
    bus: Bus,
    ordered: Ordered,
    /// The number up to which events were read, told or skipped.
    read: u64,
    consumed: Counter,
}

impl Bus {
    /// Reads the events of `partitions`, from the one with the number `first_sequence` on.
    ///
    /// # Errors
    /// [`Error::Rewound`] if the stream ends before `first_sequence - 1`; else if the broker does not answer.
    pub async fn events_from(
        &self,
        partitions: &[Partition],
        first_sequence: u64,
    ) -> Result<EventReader, Error> {
        let prefix = Stream::Events.prefix();
        // One filter for all is several times cheaper for the broker than one for each.
        let filters = if partitions.len() == usize::from(self.partitions().get()) {
            vec![format!("{prefix}.>")]
        } else {
            partitions.iter().map(|partition| format!("{prefix}.{partition}.>")).collect()
        };
        let read = first_sequence.max(1) - 1;
        let last = self.last_sequence(Stream::Events).await?;
        if read > last {
            return Err(Error::Rewound { stream: Stream::Events, read, last });
        }
        let ordered = Ordered::open(self, self.stream(Stream::Events), filters, Resume::After(read)).await?;
        let consumed = metrics::consumed(Stream::Events);
        Ok(EventReader { bus: self.clone(), ordered, read, consumed })
    }
}

impl EventReader {
    /// Returns the next event; `None` once the bus is closed. Nothing is lost if it is dropped half-way.
    ///
    /// What cannot be decoded becomes a dead letter and is skipped.
    ///
    /// # Errors
    /// [`Error::Rewound`] if the broker has lost events that were read.
    pub async fn next(&mut self) -> Option<Result<Stored<Event>, Error>> {
        loop {
            let item = self.ordered.next().await?;
            if let Some(event) = self.take(item) {
                return Some(event);
            }
        }
    }

    /// Returns the next event if it has come already: what [`EventReader::next`] would return without waiting.
    pub fn received(&mut self) -> Option<Result<Stored<Event>, Error>> {
        loop {
            let item = self.ordered.received()?;
            if let Some(event) = self.take(item) {
                return Some(event);
            }
        }
    }

    fn take(&mut self, item: Item) -> Option<Result<Stored<Event>, Error>> {
        match item {
            Item::Opened { last_sequence, .. } if last_sequence < self.read => {
                let (read, last) = (self.read, last_sequence);
                Some(Err(Error::Rewound { stream: Stream::Events, read, last }))
            }
            Item::Opened { .. } => None,
            Item::Message(message, place) => {
                self.read = place.sequence;
                self.consumed.increment(1);
                match event(&message, place) {
                    Ok(event) => Some(Ok(event)),
                    Err(reason) => {
                        let letter = Letter::of(&message, Stream::Events, place.sequence, "stats", &reason);
                        let bus = self.bus.clone();
                        // Not awaited: it must happen even if the caller drops this call.
                        tokio::spawn(async move { bury(&bus, &letter).await });
                        None
                    }
                }
            }
        }
    }
}

fn event(message: &Message, place: Place) -> Result<Stored<Event>, String> {
    let payload = read(message)?;
    let partition = message.subject.split('.').nth(1).unwrap_or_default();
    Ok(Stored {
        payload,
        sequence: place.sequence,
        partition: partition.parse().map_err(|error| format!("its subject: {error}"))?,
        trace: headers::trace(message.headers.as_ref()),
        pending: place.pending,
    })
}

/// Decodes a message; the error tells why that cannot be done, now or ever.
pub(crate) fn read<T: DeserializeOwned>(message: &Message) -> Result<T, String> {
    headers::check_version(message.headers.as_ref())?;
    serde_json::from_slice(&message.payload)
        .map_err(|error| format!("cannot be decoded: {}", without_texts(&error.to_string())))
}

/// What is wrong with a message goes to the log, which is no place for what people write: `invalid type: string "…"`.
fn without_texts(error: &str) -> String {
    let Some((begin, rest)) = error.split_once('"') else { return error.to_owned() };
    let end = rest.rsplit_once('"').map_or("", |(_, end)| end);
    format!("{begin}\"…\"{end}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reason_tells_what_somebody_wrote() {
        let error = serde_json::from_str::<Vec<u8>>(r#"["my \"secret\" is out"]"#).unwrap_err().to_string();
        assert!(error.contains("secret"), "{error}");
        let told = without_texts(&error);
        assert_eq!(told, "invalid type: string \"…\", expected u8 at line 1 column 23");
        assert_eq!(without_texts("missing field `chat`"), "missing field `chat`");
    }
}
