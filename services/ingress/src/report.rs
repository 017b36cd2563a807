//! What ingress tells the rest: events, and how each bot's session fares.

use std::sync::Arc;

use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, Published, Records};
use troupe_protocol::{BotStatus, Bucket, Event, EventBody, SessionState, Subject, TraceContext};
use troupe_service::{Clock, telemetry};
use troupe_types::{BotId, Partition};

/// Tells of one bot.
#[derive(Clone)]
pub struct Reporter {
    bus: Bus,
    status: Records,
    clock: Arc<dyn Clock>,
    instance: Arc<str>,
    stop: CancellationToken,
}

impl Reporter {
    /// Makes a reporter; `stop` ends its tries to publish.
    pub fn new(bus: &Bus, clock: Arc<dyn Clock>, instance: &str, stop: CancellationToken) -> Self {
        Self { bus: bus.clone(), status: bus.bucket(Bucket::Status), clock, instance: instance.into(), stop }
    }

    /// The clock that events are dated by.
    pub fn clock(&self) -> &dyn Clock {
        self.clock.as_ref()
    }

    /// Whether nothing more can be told.
    pub fn is_stopped(&self) -> bool {
        self.stop.is_cancelled()
    }

    /// The bus.
    pub const fn bus(&self) -> &Bus {
        &self.bus
    }

    /// Publishes an event until the broker has it. Returns whether it has; not so when told to stop.
    pub async fn event(&self, event: &Event) -> bool {
        let partition = Partition::of(event.bot, self.bus.partitions());
        let subject = Subject::Event(partition, event.bot);
        settled(self.bus.publish_until(subject, &event.id, event, &telemetry::current(), &self.stop).await)
    }

    /// Writes down how a bot's session fares, and counts it.
    pub async fn session(&self, bot: BotId, generation: u64, state: SessionState, detail: Option<String>) {
        let since = self.clock.now();
        tracing::info!(bot.id = %bot, ?state, detail = detail.as_deref(), "session");
        let status = BotStatus { state, detail, since, instance: self.instance.to_string(), generation };
        if let Err(error) = self.status.put(&bot.to_string(), &status).await {
            tracing::warn!(%error, bot.id = %bot, "cannot write a bot's status");
        }
        let id = format!("{bot}/session/{}/{since}", self.instance);
        let body = EventBody::Session { state };
        self.event(&Event { id, bot, chat: None, person: None, update: None, time: since, body }).await;
    }

    /// Whether what was written down last of a bot's session is that it is connected, or about to be.
    pub async fn seems_connected(&self, bot: BotId) -> bool {
        match self.status.get::<BotStatus>(&bot.to_string()).await {
            Ok(status) => status.is_some_and(|status| {
                matches!(status.value.state, SessionState::Connecting | SessionState::Online)
            }),
            Err(error) => {
                tracing::warn!(%error, bot.id = %bot, "cannot read a bot's status");
                false
            }
        }
    }

    /// Publishes an update until the broker has it. Returns whether it has; not so when told to stop.
    pub async fn update(&self, update: &troupe_protocol::Update, trace: &TraceContext) -> bool {
        let partition = Partition::of(update.bot, self.bus.partitions());
        let subject = Subject::Update(partition, update.bot);
        settled(self.bus.publish_until(subject, &update.key.to_string(), update, trace, &self.stop).await)
    }
}

/// Whether nothing is left to be done for a message: the broker has it, or will never take it.
fn settled(published: Result<Published, troupe_bus::Error>) -> bool {
    match published {
        Ok(_) => true,
        Err(troupe_bus::Error::Stopped { .. }) => false,
        Err(error) => {
            tracing::error!(
                error = &error as &dyn std::error::Error,
                "a message can never be published, and is left out"
            );
            true
        }
    }
}
