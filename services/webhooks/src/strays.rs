//! Calls of webhooks that no setting names.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use tokio_util::sync::CancellationToken;
use troupe_bus::Bus;
use troupe_protocol::ContentName;
use troupe_service::Clock;

use crate::{
    courier::{due, opened},
    metrics,
    telling::tell,
};

/// How often it is looked whether somebody else knows the target of a call by now.
const LOOK: Duration = Duration::from_mins(1);
/// What became of a call that nobody makes, as events tell it.
const NO_TARGET: &str = "no_target";
/// How many strays may wait for that.
const WINDOW: u16 = 256;

/// Looks at every call for those that nobody makes, and makes dead letters of them in the end. Until then another instance
/// may be started that has newer settings.
pub(crate) async fn look_after(
    bus: Bus,
    clock: Arc<dyn Clock>,
    known: BTreeSet<ContentName>,
    give_up_after: Duration,
    stop: CancellationToken,
) {
    let opened = opened(&bus, None, WINDOW);
    let Some(mut deliveries) = stop.run_until_cancelled(opened).await else { return };
    let mut told = BTreeSet::new();
    while let Some(Some(delivery)) = stop.run_until_cancelled(deliveries.next()).await {
        let call = &delivery.payload;
        if known.contains(&call.target) {
            delivery.ack().await;
            continue;
        }
        let missing = format!("there is no target {} in the settings: see targets there", call.target);
        if told.insert(call.target.clone()) {
            tracing::error!(webhook = %call.target, bot.id = %call.bot, "{missing}");
        }
        if clock.now().since(due(call)) >= give_up_after {
            metrics::stray();
            tell(&bus, &delivery, NO_TARGET, clock.now()).await;
            delivery.bury(&missing).await;
            delivery.end().await;
        } else {
            delivery.retry_after(LOOK).await;
        }
    }
    deliveries.close().await;
}
