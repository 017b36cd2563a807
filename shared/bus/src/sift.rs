//! Finding messages by what they say, and removing them before their time.

use async_nats::jetstream::stream::{DeleteMessageErrorKind, RawMessageErrorKind, Stream as Kept};
use bytes::Bytes;
use futures::future::join_all;
use troupe_protocol::Stream;

use crate::{
    Bus, Error,
    ordered::{Item, Ordered, Resume},
};

/// How many messages are removed at a time.
const REMOVED_AT_ONCE: usize = 32;

/// A message that was found in a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Its number in the stream.
    pub sequence: u64,
    /// Its subject.
    pub subject: String,
    /// What it says.
    pub payload: Bytes,
}

impl Bus {
    /// The messages of `stream` under `subjects` that are `wanted`, in order, as far as there are any now. Waits while
    /// the broker is away.
    ///
    /// # Errors
    /// If the broker refuses to be read.
    pub async fn sift(
        &self,
        stream: Stream,
        subjects: Vec<String>,
        wanted: &(dyn Fn(&Found) -> bool + Sync),
    ) -> Result<Vec<Found>, Error> {
        let mut ordered = Ordered::open(self, self.stream(stream), subjects, Resume::After(0)).await?;
        let mut kept = Vec::new();
        while let Some(item) = ordered.next().await {
            let pending = match item {
                Item::Opened { pending, .. } => pending,
                Item::Message(message, place) => {
                    let subject = message.subject.to_string();
                    let found = Found { sequence: place.sequence, subject, payload: message.payload.clone() };
                    if wanted(&found) {
                        kept.push(found);
                    }
                    place.pending
                }
            };
            if pending == 0 {
                break;
            }
        }
        Ok(kept)
    }

    /// Whether `stream` still has the message with this number. What was removed before its time tells of somebody who was
    /// erased: nothing may come of it any more.
    ///
    /// # Errors
    /// If the broker does not answer.
    pub async fn has(&self, stream: Stream, sequence: u64) -> Result<bool, Error> {
        match self.stream(stream).get_raw_message(sequence).await {
            Ok(_) => Ok(true),
            Err(error) if matches!(error.kind(), RawMessageErrorKind::NoMessageFound) => Ok(false),
            Err(error) => Err(Error::Read {
                what: format!("message {sequence} of {}", stream.name()),
                source: error.into(),
            }),
        }
    }

    /// Removes the messages with these numbers from `stream`; the broker writes over what they said. One that is gone
    /// already is no error. Returns how many were there.
    ///
    /// # Errors
    /// If the broker does not answer; it can be done again.
    pub async fn remove(&self, stream: Stream, sequences: &[u64]) -> Result<u64, Error> {
        let kept = self.stream(stream);
        let mut count = 0;
        for some in sequences.chunks(REMOVED_AT_ONCE) {
            for was_there in join_all(some.iter().map(|sequence| remove(kept, *sequence))).await {
                count += u64::from(was_there?);
            }
        }
        Ok(count)
    }
}

async fn remove(kept: &Kept, sequence: u64) -> Result<bool, Error> {
    match kept.delete_message(sequence).await {
        Ok(removed) => Ok(removed),
        Err(error) => match error.kind() {
            DeleteMessageErrorKind::JetStream(refusal)
                if refusal.error_code() == async_nats::jetstream::ErrorCode::NO_MESSAGE_FOUND
                    || refusal.error_code() == async_nats::jetstream::ErrorCode::SEQUENCE_NOT_FOUND =>
            {
                Ok(false)
            }
            _ => Err(Error::Read {
                what: format!("message {sequence} of {}", kept.cached_info().config.name),
                source: error.into(),
            }),
        },
    }
}
