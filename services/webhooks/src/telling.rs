//! What the statistics are told of calls.

use tokio_util::sync::CancellationToken;
use troupe_bus::{Bus, Delivery};
use troupe_protocol::{Event, EventBody, Subject, Webhook};
use troupe_service::telemetry;
use troupe_types::{Partition, Timestamp};

/// Tells that a call came to its end, and waits until the broker knows: the call is settled only then. Who was erased
/// meanwhile, nothing is told of.
pub(crate) async fn tell(bus: &Bus, delivery: &Delivery<Webhook>, outcome: &str, now: Timestamp) {
    if matches!(delivery.is_kept().await, Ok(false)) {
        return;
    }
    let event = event(&delivery.payload, outcome, delivery.attempt, now);
    let subject = Subject::Event(Partition::of(event.bot, bus.partitions()), event.bot);
    let (trace, never) = (telemetry::current(), CancellationToken::new());
    let told = bus.publish_until(subject, &event.id, &event, &trace, &never);
    if let Err(error) = delivery.during(Box::pin(told)).await {
        tracing::error!(error = &error as &dyn std::error::Error, "cannot tell what became of a call");
    }
}

/// The event of a call that was handed out `attempt` times.
fn event(call: &Webhook, outcome: &str, attempt: u64, now: Timestamp) -> Event {
    // What has to wait is handed out once before it is due, and that is no try.
    let tries = attempt.saturating_sub(u64::from(call.delay_ms > 0)).max(1);
    Event {
        id: format!("{}!called", call.key),
        bot: call.bot,
        chat: Some(call.chat),
        person: Some(call.person),
        update: Some(call.key.update),
        time: now,
        body: EventBody::WebhookCalled {
            name: call.target.to_string(),
            outcome: outcome.to_owned(),
            tries: u32::try_from(tries).unwrap_or(u32::MAX),
        },
    }
}
