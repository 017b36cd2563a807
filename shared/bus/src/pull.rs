//! Asks a consumer for messages, one request at a time.
//!
//! Not by the client library's own stream (0.51): that counts a message twice if it arrives before the library has
//! noted that its request was sent. With requests for one message it then waits for a minute beside a full queue.

use std::{fmt, time::Duration};

use async_nats::{
    Message, StatusCode, Subscriber,
    jetstream::{Context, consumer::PullConsumer},
};
use futures::{FutureExt, StreamExt};
use tokio::time::{Instant, sleep_until};

use crate::error::Cause;

/// How long a request waits at the broker. An idle consumer costs one answer per this.
const EXPIRES: Duration = Duration::from_secs(30);
/// How often the broker shows that a waiting request is not forgotten.
const HEARTBEAT: Duration = Duration::from_secs(10);
/// After how long without a sign of life a request is made again.
const SILENCE: Duration = Duration::from_secs(25);

/// What asks.
pub(crate) struct Puller {
    context: Context,
    /// Where requests go.
    subject: String,
    /// Where answers go; each request adds its number, which tells the answers of an old one.
    inbox: String,
    answers: Subscriber,
    body: String,
    batch: usize,
    /// How many messages of the request that is under way have not come yet; 0: none is.
    remaining: usize,
    number: u64,
    heard: Instant,
}

/// Why no more messages come.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The broker ended the request, for this reason.
    Refused(String),
    /// The connection is closed for good.
    Closed,
    /// The request could not be sent.
    Failed(Cause),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Refused(why) => write!(f, "the broker says {why:?}"),
            Self::Closed => f.write_str("the connection is closed"),
            Self::Failed(cause) => write!(f, "{cause}"),
        }
    }
}

impl std::error::Error for Ended {}

impl Puller {
    /// Prepares to ask `consumer` for `batch` messages at a time. The first request is sent by [`Puller::next`].
    pub(crate) async fn new(context: &Context, consumer: &PullConsumer, batch: usize) -> Result<Self, Cause> {
        let info = consumer.cached_info();
        let client = context.client();
        let inbox = client.new_inbox();
        let answers = client.subscribe(format!("{inbox}.*")).await?;
        let body = serde_json::json!({
            "batch": batch,
            "expires": u64::try_from(EXPIRES.as_nanos())?,
            "idle_heartbeat": u64::try_from(HEARTBEAT.as_nanos())?,
        });
        Ok(Self {
            context: context.clone(),
            subject: format!("$JS.API.CONSUMER.MSG.NEXT.{}.{}", info.stream_name, info.name),
            inbox,
            answers,
            body: body.to_string(),
            batch,
            remaining: 0,
            number: 0,
            heard: Instant::now(),
        })
    }

    /// Waits for the next message. Nothing is lost if it is dropped half-way.
    pub(crate) async fn next(&mut self) -> Result<Message, Ended> {
        loop {
            if self.remaining == 0 {
                self.request().await?;
            }
            let answer = tokio::select! {
                biased;
                answer = self.answers.next() => answer,
                () = sleep_until(self.heard + SILENCE) => {
                    tracing::warn!(consumer = self.subject, "the broker is silent, asking again");
                    self.remaining = 0;
                    continue;
                }
            };
            self.heard = Instant::now();
            if let Some(message) = self.take(answer.ok_or(Ended::Closed)?)? {
                return Ok(message);
            }
        }
    }

    /// Returns what [`Puller::next`] would without waiting; `None` if it would wait.
    pub(crate) fn received(&mut self) -> Option<Result<Message, Ended>> {
        while let Some(answer) = self.answers.next().now_or_never() {
            let received = answer.ok_or(Ended::Closed).and_then(|answer| self.take(answer));
            if let Some(received) = received.transpose() {
                return Some(received);
            }
        }
        None
    }

    async fn request(&mut self) -> Result<(), Ended> {
        let reply = format!("{}.{}", self.inbox, self.number + 1);
        self.context
            .client()
            .publish_with_reply(self.subject.clone(), reply, self.body.clone().into())
            .await
            .map_err(|error| Ended::Failed(error.into()))?;
        // Nothing is awaited between sending and noting that it was sent.
        self.number += 1;
        self.remaining = self.batch;
        self.heard = Instant::now();
        Ok(())
    }

    /// Sorts an answer: a message, or news of a request.
    fn take(&mut self, answer: Message) -> Result<Option<Message>, Ended> {
        let Some(status) = answer.status.filter(|status| *status != StatusCode::OK) else {
            self.remaining = self.remaining.saturating_sub(1);
            return Ok(Some(answer));
        };
        let number = answer.subject.rsplit('.').next().and_then(|number| number.parse().ok());
        if number != Some(self.number) {
            return Ok(None);
        }
        match status {
            StatusCode::IDLE_HEARTBEAT => Ok(None),
            // It has waited long enough, and is made again.
            StatusCode::TIMEOUT | StatusCode::NOT_FOUND => {
                self.remaining = 0;
                Ok(None)
            }
            StatusCode::NO_RESPONDERS => Err(Ended::Refused("nobody answers for the consumer".into())),
            // The consumer is gone, its server hands over to another one, or there are too many requests.
            _ => Err(Ended::Refused(answer.description.unwrap_or_default())),
        }
    }
}
