use std::{
    sync::{
        Arc, Condvar, Mutex, PoisonError, Weak,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

use rustix::time::{ClockId, clock_gettime};
use tokio_util::sync::CancellationToken;

/// A point of time as time since the machine was started, time in suspension included. `Instant` leaves that out, and
/// a lease does not wait.
pub(crate) type Moment = Duration;

/// What the clock of leases shows.
pub(crate) fn now() -> Moment {
    let time = clock_gettime(ClockId::Boottime);
    Duration::new(
        u64::try_from(time.tv_sec).unwrap_or_default(),
        u32::try_from(time.tv_nsec).unwrap_or_default(),
    )
}

/// The right to a partition, for a while. Clones are the same lease.
#[derive(Debug, Clone)]
pub struct Lease {
    /// Grows from one lease on the partition to the next: whoever gets a smaller one is late.
    pub epoch: u64,
    /// Cancelled when the lease has run out or was taken away: stop at once, somebody else may own the partition soon.
    pub lost: CancellationToken,
    deadline: Arc<AtomicU64>,
}

impl Lease {
    pub(crate) fn new(epoch: u64, deadline: Moment) -> Self {
        let lease = Self { epoch, lost: CancellationToken::new(), deadline: Arc::default() };
        lease.extend(deadline);
        lease
    }

    /// Whether it holds now, by this machine's clock. Ask before everything that only an owner may do.
    pub fn valid(&self) -> bool {
        !self.remaining().is_zero()
    }

    /// For how long it holds unless it is renewed.
    pub fn remaining(&self) -> Duration {
        if self.lost.is_cancelled() { Duration::ZERO } else { self.deadline().saturating_sub(now()) }
    }

    pub(crate) fn extend(&self, deadline: Moment) {
        self.deadline.store(u64::try_from(deadline.as_nanos()).unwrap_or(u64::MAX), Ordering::SeqCst);
    }

    fn deadline(&self) -> Moment {
        Duration::from_nanos(self.deadline.load(Ordering::SeqCst))
    }
}

/// Cancels leases that ran out, from a thread of its own: a runtime that is stuck cannot keep a lease alive.
#[derive(Debug)]
pub(crate) struct Fence {
    watched: Arc<Watched>,
}

#[derive(Debug, Default)]
struct Watched {
    leases: Mutex<Vec<Lease>>,
    changed: Condvar,
}

impl Fence {
    pub(crate) fn start() -> std::io::Result<Self> {
        let watched = Arc::new(Watched::default());
        let weak = Arc::downgrade(&watched);
        thread::Builder::new().name("lease-fence".into()).spawn(move || guard(&weak))?;
        Ok(Self { watched })
    }

    pub(crate) fn watch(&self, lease: Lease) {
        let mut leases = self.watched.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.push(lease);
        self.watched.changed.notify_one();
    }
}

impl Drop for Fence {
    /// Whoever drops it no longer renews: its leases must not seem to hold until they run out.
    fn drop(&mut self) {
        for lease in self.watched.leases.lock().unwrap_or_else(PoisonError::into_inner).drain(..) {
            lease.lost.cancel();
        }
        self.watched.changed.notify_one();
    }
}

/// How long the thread sleeps at most, so that it sees in time that it is no longer needed.
const SLEEP_MAX: Duration = Duration::from_secs(1);

fn guard(watched: &Weak<Watched>) {
    while let Some(watched) = watched.upgrade() {
        let mut leases = watched.leases.lock().unwrap_or_else(PoisonError::into_inner);
        leases.retain(|lease| {
            if lease.remaining().is_zero() {
                lease.lost.cancel();
            }
            !lease.lost.is_cancelled()
        });
        let sleep = leases.iter().map(Lease::remaining).min().unwrap_or(SLEEP_MAX).min(SLEEP_MAX);
        drop(watched.changed.wait_timeout(leases, sleep));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_lease_that_runs_out_is_lost_and_one_that_is_extended_is_not() {
        let fence = Fence::start().unwrap();
        let short = Lease::new(1, now() + Duration::from_millis(30));
        let long = Lease::new(2, now() + Duration::from_millis(30));
        fence.watch(short.clone());
        fence.watch(long.clone());
        long.extend(now() + Duration::from_hours(1));
        short.lost.cancelled().await;
        assert!(!short.valid());
        assert!(long.valid());
        drop(fence);
        assert!(!long.valid(), "nobody renews it any longer");
    }
}
