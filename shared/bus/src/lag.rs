//! How much is waiting at the broker, for Prometheus.

use std::{collections::BTreeMap, time::Duration};

use futures::TryStreamExt as _;
use tokio::time::{MissedTickBehavior, interval};
use troupe_protocol::Stream;
use troupe_types::Partition;

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
        let mut lags: BTreeMap<Partition, (u64, u64)> = BTreeMap::new();
        while let Some(consumer) = consumers.try_next().await.map_err(|error| failed(stream)(error.into()))? {
            // Only durable ones hand out work; others are readers that come and go.
            let of = partition(&consumer.config.filter_subject);
            let (Some(of), Some(_)) = (of, &consumer.config.durable_name) else { continue };
            let (waiting, unsettled) = lags.entry(of).or_default();
            *waiting += consumer.num_pending;
            *unsettled += u64::try_from(consumer.num_ack_pending).unwrap_or_default();
        }
        for (partition, (waiting, unsettled)) in lags {
            metrics::lag(stream, partition, waiting, unsettled);
        }
        let dead = self.stream(Stream::Dead).get_info().await;
        metrics::dead_letters_kept(dead.map_err(|error| failed(Stream::Dead)(error.into()))?.state.messages);
        Ok(())
    }
}

/// The partition that a consumer's subjects belong to. A bot that is put aside has a consumer of its own, which counts to
/// its partition: a label for each bot would have no bounds.
fn partition(subjects: &str) -> Option<Partition> {
    subjects.split('.').nth(1)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bot_that_is_put_aside_counts_to_its_partition() {
        assert_eq!(partition("action.5.>"), Some(Partition::new(5)));
        assert_eq!(partition("action.5.4711"), Some(Partition::new(5)));
        assert_eq!(partition("$KV.bots.>"), None);
        assert_eq!(partition(""), None);
    }
}
