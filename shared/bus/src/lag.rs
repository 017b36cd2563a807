//! How much is waiting at the broker, for Prometheus.

use std::time::Duration;

use futures::TryStreamExt as _;
use tokio::time::{MissedTickBehavior, interval};
use troupe_protocol::Stream;

use crate::{Bus, Error, metrics};

/// How often the broker is asked: somewhat more often than Prometheus asks. One answer tells of all partitions.
const EVERY: Duration = Duration::from_secs(5);

impl Bus {
    /// Keeps telling Prometheus how many messages of `stream` wait in each partition, and how many dead letters there are,
    /// until the bus is closed.
    pub async fn observe_lag(&self, stream: Stream) {
        let observe = async {
            let mut tick = interval(EVERY);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tick.tick().await;
                if let Err(error) = self.look_at_lag(stream).await {
                    // It may be away; that is said where it matters.
                    tracing::debug!(error = &error as &dyn std::error::Error, "cannot tell the lag");
                }
            }
        };
        self.closed().run_until_cancelled(observe).await;
    }

    async fn look_at_lag(&self, stream: Stream) -> Result<(), Error> {
        let failed = |stream: Stream| {
            move |source| Error::Read { what: format!("how much waits in {}", stream.name()), source }
        };
        let mut consumers = self.stream(stream).consumers();
        while let Some(consumer) = consumers.try_next().await.map_err(|error| failed(stream)(error.into()))? {
            // Durable ones are called `<service>-<partition>`; others are readers that come and go.
            let partition = consumer.name.rsplit_once('-').and_then(|(_, number)| number.parse().ok());
            if let (Some(partition), Some(_)) = (partition, &consumer.config.durable_name) {
                let unsettled = u64::try_from(consumer.num_ack_pending).unwrap_or(u64::MAX);
                metrics::lag(stream, partition, consumer.num_pending, unsettled);
            }
        }
        let dead = self.stream(Stream::Dead).get_info().await;
        metrics::dead_letters_kept(dead.map_err(|error| failed(Stream::Dead)(error.into()))?.state.messages);
        Ok(())
    }
}
