use std::time::Duration;

use async_nats::{Message, RequestErrorKind, Subscriber, client};
use bytes::Bytes;
use futures::StreamExt;
use serde::{Serialize, de::DeserializeOwned};
use troupe_protocol::{Stream, Subject, TraceContext};

use crate::{Bus, Error, RequestError, headers};

impl Bus {
    /// Asks whoever serves `subject`, and waits for the answer for `timeout` at most. Nothing is stored.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn request<Q: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        subject: Subject,
        question: &Q,
        trace: &TraceContext,
        timeout: Duration,
    ) -> Result<A, RequestError> {
        let subject = subject.to_string();
        let payload = serde_json::to_vec(question)
            .map_err(|source| RequestError::Encode { subject: subject.clone(), source })?;
        let request = client::Request::new()
            .payload(payload.into())
            .headers(headers::with_trace(trace))
            .timeout(Some(timeout));
        let answer = match self.client().send_request(subject.clone(), request).await {
            Ok(answer) => answer,
            Err(error) => {
                return Err(match error.kind() {
                    RequestErrorKind::NoResponders => RequestError::NoResponder { subject },
                    RequestErrorKind::TimedOut => RequestError::Timeout { subject },
                    _ => RequestError::Send { subject, source: error.into() },
                });
            }
        };
        serde_json::from_slice(&answer.payload).map_err(|source| RequestError::Decode { subject, source })
    }

    /// Asks everybody who serves `subject`, and waits until `count` of them have answered, for `timeout` at most. Nothing
    /// is stored. Fewer answers than that are no error here.
    ///
    /// # Errors
    /// See [`RequestError`].
    pub async fn request_all<Q: Serialize + ?Sized, A: DeserializeOwned>(
        &self,
        subject: Subject,
        question: &Q,
        trace: &TraceContext,
        count: usize,
        timeout: Duration,
    ) -> Result<Vec<A>, RequestError> {
        let subject = subject.to_string();
        let payload = serde_json::to_vec(question)
            .map_err(|source| RequestError::Encode { subject: subject.clone(), source })?;
        let failed = |source| RequestError::Send { subject: subject.clone(), source };
        let (client, inbox) = (self.client(), self.client().new_inbox());
        let mut answers = client.subscribe(inbox.clone()).await.map_err(|error| failed(error.into()))?;
        client
            .publish_with_reply_and_headers(
                subject.clone(),
                inbox,
                headers::with_trace(trace),
                payload.into(),
            )
            .await
            .map_err(|error| failed(error.into()))?;
        let deadline = tokio::time::Instant::now() + timeout;
        let mut all = Vec::new();
        while all.len() < count {
            let Ok(Some(answer)) = tokio::time::timeout_at(deadline, answers.next()).await else { break };
            if answer.status == Some(async_nats::StatusCode::NO_RESPONDERS) {
                return Err(RequestError::NoResponder { subject });
            }
            let decoded = serde_json::from_slice(&answer.payload);
            all.push(decoded.map_err(|source| RequestError::Decode { subject: subject.clone(), source })?);
        }
        Ok(all)
    }

    /// Answers what is asked on `subject`, until it is dropped.
    ///
    /// # Errors
    /// If the broker does not take the subscription.
    pub async fn serve(&self, subject: Subject) -> Result<Requests, Error> {
        let what = format!("the requests on {subject}");
        let failed = |source| Error::Setup { what: what.clone(), source };
        let subscriber =
            self.client().subscribe(subject.to_string()).await.map_err(|error| failed(error.into()))?;
        // A call and its answer: the broker has seen the subscription, which was sent before.
        self.last_sequence(Stream::Updates).await?;
        Ok(Requests { bus: self.clone(), subscriber })
    }
}

/// What is asked on a subject.
pub struct Requests {
    bus: Bus,
    subscriber: Subscriber,
}

impl Requests {
    /// Waits for the next request; `None` once the bus is closed. Nothing is lost if it is dropped half-way.
    pub async fn next(&mut self) -> Option<Request> {
        let closed = self.bus.closed().clone();
        loop {
            let message = closed.run_until_cancelled(self.subscriber.next()).await??;
            let trace = headers::trace(message.headers.as_ref());
            if message.reply.is_some() {
                return Some(Request {
                    payload: message.payload.clone(),
                    trace,
                    message,
                    bus: self.bus.clone(),
                });
            }
            tracing::debug!(subject = %message.subject, "a request without a place for the answer");
        }
    }
}

/// Something that was asked. Its `Debug` does not tell what: it may hold secrets.
pub struct Request {
    /// What was asked, as it came.
    pub payload: Bytes,
    /// The trace it was asked in.
    pub trace: TraceContext,
    message: Message,
    bus: Bus,
}

impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Request").field("subject", &self.message.subject).finish_non_exhaustive()
    }
}

impl Request {
    /// What was asked.
    ///
    /// # Errors
    /// If it is no `Q`, or from a newer troupe.
    pub fn decode<Q: DeserializeOwned>(&self) -> Result<Q, String> {
        headers::check_version(self.message.headers.as_ref())?;
        // The error must not quote the payload: it may hold a password.
        serde_json::from_slice(&self.payload)
            .map_err(|error| format!("cannot be decoded, at line {} column {}", error.line(), error.column()))
    }

    /// Answers.
    ///
    /// # Errors
    /// If the answer cannot be encoded or sent. Whether it arrives is not known.
    pub async fn respond<A: Serialize + ?Sized>(&self, answer: &A) -> Result<(), RequestError> {
        let subject = self.message.subject.to_string();
        let Some(reply) = self.message.reply.clone() else { return Ok(()) };
        let payload = serde_json::to_vec(answer)
            .map_err(|source| RequestError::Encode { subject: subject.clone(), source })?;
        self.bus
            .client()
            .publish_with_headers(reply, headers::with_trace(&self.trace), payload.into())
            .await
            .map_err(|error| RequestError::Send { subject, source: error.into() })
    }
}
