//! The calls of one target, whatever becomes of the others.

use std::{sync::Arc, time::Duration};

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep},
};
use tokio_util::{sync::CancellationToken, task::TaskTracker};
use tracing::{Instrument as _, Span, field};
use troupe_bus::{Bus, Deliveries, Delivery};
use troupe_protocol::{ContentName, Webhook};
use troupe_service::{Clock, telemetry};
use troupe_types::Timestamp;

use crate::{
    calling,
    config::CallsConfig,
    message::Message,
    metrics::{self, Outcome},
    target::Target,
    telling::tell,
};

/// How long to wait before the broker is asked again.
const AGAIN: Duration = Duration::from_secs(1);

/// Makes the calls of one target.
pub(crate) struct Courier {
    pub(crate) bus: Bus,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) calls: CallsConfig,
    pub(crate) target: Target,
    pub(crate) stop: CancellationToken,
}

impl Courier {
    /// Makes calls until told to stop; those that are under way then are finished.
    pub(crate) async fn run(self: Arc<Self>) {
        let opened = opened(&self.bus, Some(&self.target.name), self.calls.window);
        let Some(mut deliveries) = self.stop.run_until_cancelled(opened).await else { return };
        let (places, calls) = (Arc::new(Semaphore::new(self.calls.at_a_time.into())), TaskTracker::new());
        loop {
            // Only what can be worked on at once is asked for.
            let next = async {
                let place = Arc::clone(&places).acquire_owned().await.ok()?;
                Some((place, deliveries.next().await?))
            };
            let Some(Some((place, delivery))) = self.stop.run_until_cancelled(next).await else { break };
            let courier = Arc::clone(&self);
            calls.spawn(async move {
                courier.handle(&delivery).await;
                drop(place);
            });
        }
        deliveries.close().await;
        calls.close();
        calls.wait().await;
    }

    async fn handle(&self, delivery: &Delivery<Webhook>) {
        let call = &delivery.payload;
        let span = tracing::info_span!(
            "webhooks.call",
            bot.id = %call.bot,
            chat.id = %call.chat,
            webhook = %self.target.name,
            webhook.id = call.id(),
            attempt = delivery.attempt,
            outcome = field::Empty,
        );
        telemetry::continue_from(&span, &delivery.trace);
        metrics::waiting(&self.target.name, delivery.pending);
        self.carry_out(delivery).instrument(span).await;
    }

    async fn carry_out(&self, delivery: &Delivery<Webhook>) {
        let call = &delivery.payload;
        let due = due(call);
        let now = self.clock.now();
        let early = due.since(now);
        if !early.is_zero() {
            return delivery.retry_after(early).await;
        }
        let began = Instant::now();
        let message = Message::of(call);
        let tried = calling::call(&self.target, &message, now.as_seconds(), began + self.calls.timeout);
        let tried = delivery.during(Box::pin(tried)).await;
        let outcome = Outcome::of(&tried);
        metrics::tried(&self.target.name, outcome, began.elapsed());
        Span::current().record("outcome", outcome.as_str());
        let Err(error) = tried else {
            metrics::delivered(&self.target.name, self.clock.now().since(due));
            tell(&self.bus, delivery, outcome.as_str(), self.clock.now()).await;
            return delivery.ack().await;
        };
        if outcome == Outcome::Gone || self.clock.now().since(due) >= self.calls.give_up_after {
            metrics::given_up(&self.target.name);
            tell(&self.bus, delivery, outcome.as_str(), self.clock.now()).await;
            delivery.bury(&chain(&error)).await;
            return delivery.end().await;
        }
        tracing::warn!(error = &error as &dyn std::error::Error, "a webhook was not taken; trying again");
        delivery.retry_after(pause(&self.calls, delivery.attempt)).await;
    }
}

/// When a call is to be made.
pub(crate) fn due(call: &Webhook) -> Timestamp {
    call.decided + Duration::from_millis(call.delay_ms)
}

/// The calls of `target`, or of all, as soon as the broker gives them.
pub(crate) async fn opened(bus: &Bus, target: Option<&ContentName>, window: u16) -> Deliveries<Webhook> {
    loop {
        match bus.webhooks(target, window).await {
            Ok(deliveries) => return deliveries,
            Err(error) => {
                tracing::warn!(
                    error = &error as &dyn std::error::Error,
                    "cannot ask for calls of webhooks; trying again"
                );
                sleep(AGAIN).await;
            }
        }
    }
}

/// How long to wait after the `attempt`th try: twice as long each time, and never for all of them as long, lest they come
/// together again.
fn pause(calls: &CallsConfig, attempt: u64) -> Duration {
    let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(u32::MAX).min(31);
    let pause = calls.pause_min.saturating_mul(1 << doublings).min(calls.pause_max);
    pause.mul_f64(rand::random_range(0.5..=1.0))
}

/// An error and what led to it, in one line.
fn chain(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |error| error.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_up_to_the_longest_and_differ() {
        let (pause_min, pause_max) = (Duration::from_secs(1), Duration::from_mins(1));
        let calls = CallsConfig {
            timeout: pause_min,
            pause_min,
            pause_max,
            give_up_after: pause_max,
            at_a_time: 1,
            window: 1,
        };
        for (attempt, longest) in [(0, 1), (1, 1), (2, 2), (6, 32), (7, 60), (u64::MAX, 60)] {
            let longest = Duration::from_secs(longest);
            let pauses: Vec<_> = (0..50).map(|_| pause(&calls, attempt)).collect();
            assert!(pauses.iter().all(|pause| (longest / 2..=longest).contains(pause)), "{pauses:?}");
            assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
        }
    }
}
