use std::time::Duration;

use async_nats::{
    HeaderValue,
    header::NATS_MESSAGE_ID,
    jetstream::{self, ErrorCode, context::PublishErrorKind},
};
use bytes::Bytes;
use serde::Serialize;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use troupe_protocol::{Schedule, Subject, TraceContext};

use crate::{Bus, Error, headers, metrics};

/// The first wait before a publish is tried again; each further one is twice as long.
const BACKOFF_MIN: Duration = Duration::from_millis(50);
/// The longest wait before a publish is tried again.
const BACKOFF_MAX: Duration = Duration::from_secs(1);

/// A message that the broker has stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Published {
    /// Its number in its stream.
    pub sequence: u64,
    /// Whether the broker had it already, by its id.
    pub duplicate: bool,
}

impl Bus {
    /// Publishes `message` and waits until the broker has stored it.
    ///
    /// Messages with the same `id` are stored once, as far as the broker remembers (ten minutes).
    ///
    /// # Errors
    /// [`Error::Publish`] if that is not known to have happened: publish it again under the same id.
    /// [`Error::Encode`] and [`Error::TooLarge`] are for good.
    pub async fn publish<T: Serialize + ?Sized>(
        &self,
        subject: Subject,
        id: &str,
        message: &T,
        trace: &TraceContext,
    ) -> Result<Published, Error> {
        let payload = encode(&subject.to_string(), message)?;
        self.publish_stored(&subject.to_string(), id, payload, trace, None).await
    }

    /// Publishes `message`, again and again with longer and longer pauses, until the broker has stored it.
    ///
    /// # Errors
    /// [`Error::Stopped`] if `stop` came first. [`Error::Encode`] and [`Error::TooLarge`] are for good.
    pub async fn publish_until<T: Serialize + ?Sized>(
        &self,
        subject: Subject,
        id: &str,
        message: &T,
        trace: &TraceContext,
        stop: &CancellationToken,
    ) -> Result<Published, Error> {
        let payload = encode(&subject.to_string(), message)?;
        self.publish_stored_until(&subject.to_string(), id, payload, trace, None, stop).await
    }

    /// Publishes what was encoded before, such as an entry of the outbox; else like [`Bus::publish`].
    ///
    /// With a `schedule` the broker keeps it under `subject` until it is due, then publishes it on the target, once.
    /// What is published on `subject` meanwhile takes its place.
    ///
    /// # Errors
    /// [`Error::Publish`] if that is not known to have happened. [`Error::TooLarge`] is for good.
    pub async fn publish_stored(
        &self,
        subject: &str,
        id: &str,
        payload: Bytes,
        trace: &TraceContext,
        schedule: Option<&Schedule>,
    ) -> Result<Published, Error> {
        let begin = Instant::now();
        let published = self.try_to_publish(subject, id, payload, trace, schedule).await;
        metrics::published(subject, &published, begin.elapsed());
        published
    }

    async fn try_to_publish(
        &self,
        subject: &str,
        id: &str,
        payload: Bytes,
        trace: &TraceContext,
        schedule: Option<&Schedule>,
    ) -> Result<Published, Error> {
        let mut headers = headers::with_trace(trace);
        headers.insert(NATS_MESSAGE_ID, HeaderValue::from(id));
        if let Some(schedule) = schedule {
            headers::add_schedule(&mut headers, schedule);
        }
        let failed = |error: jetstream::context::PublishError| publish_error(subject, error);
        let sent = self
            .context()
            .publish_with_headers(subject.to_owned(), headers, payload)
            .await
            .map_err(failed)?;
        let ack = sent.await.map_err(failed)?;
        Ok(Published { sequence: ack.sequence, duplicate: ack.duplicate })
    }

    /// Publishes what was encoded before; else like [`Bus::publish_until`].
    ///
    /// # Errors
    /// [`Error::Stopped`] if `stop` came first. [`Error::TooLarge`] is for good.
    pub async fn publish_stored_until(
        &self,
        subject: &str,
        id: &str,
        payload: Bytes,
        trace: &TraceContext,
        schedule: Option<&Schedule>,
        stop: &CancellationToken,
    ) -> Result<Published, Error> {
        let attempts = async {
            let mut backoff = BACKOFF_MIN;
            loop {
                match self.publish_stored(subject, id, payload.clone(), trace, schedule).await {
                    Err(error) if error.is_passing() => {
                        if backoff == BACKOFF_MIN {
                            tracing::warn!(
                                subject,
                                error = &error as &dyn std::error::Error,
                                "publishing again"
                            );
                        }
                        tokio::time::sleep(backoff).await;
                        backoff = (backoff * 2).min(BACKOFF_MAX);
                    }
                    other => return other,
                }
            }
        };
        tokio::select! {
            biased;
            published = attempts => published,
            () = stop.cancelled() => Err(Error::Stopped { subject: subject.to_owned() }),
        }
    }
}

/// Writes a message as JSON.
pub(crate) fn encode<T: Serialize + ?Sized>(target: &str, message: &T) -> Result<Bytes, Error> {
    match serde_json::to_vec(message) {
        Ok(json) => Ok(json.into()),
        Err(source) => Err(Error::Encode { target: target.to_owned(), source }),
    }
}

/// Tells what is for good from what may pass.
fn publish_error(subject: &str, error: jetstream::context::PublishError) -> Error {
    let refusal =
        std::error::Error::source(&error).and_then(|source| source.downcast_ref::<jetstream::Error>());
    let too_large = error.kind() == PublishErrorKind::MaxPayloadExceeded
        || refusal.is_some_and(|refusal| refusal.error_code() == ErrorCode::STREAM_MESSAGE_EXCEEDS_MAXIMUM);
    let subject = subject.to_owned();
    if too_large { Error::TooLarge { subject } } else { Error::Publish { subject, source: error.into() } }
}
