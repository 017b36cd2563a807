use std::time::Duration;

/// The first pause; each further one is twice as long.
const MIN: Duration = Duration::from_millis(50);
/// The longest pause.
const MAX: Duration = Duration::from_secs(1);

/// Pauses between tries of the same.
#[derive(Debug)]
pub(crate) struct Backoff {
    next: Duration,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { next: MIN }
    }
}

impl Backoff {
    /// Waits, longer from time to time. Only the first time is told: what follows is the same outage.
    pub(crate) fn pause(
        &mut self,
        error: &(dyn std::error::Error + 'static),
        what: &'static str,
    ) -> impl Future<Output = ()> + Send + use<> {
        if self.next == MIN {
            tracing::warn!(error, "{what}; trying again");
        }
        crate::metrics::retry();
        let pause = self.next;
        self.next = (self.next * 2).min(MAX);
        tokio::time::sleep(pause)
    }
}
