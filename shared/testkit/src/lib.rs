//! Helpers for tests. Only ever a dev-dependency.

pub mod receiver;
pub mod tls;

use std::{
    sync::atomic::{AtomicI64, Ordering},
    time::Duration,
};

use troupe_service::Clock;
use troupe_types::Timestamp;

/// A clock that stands still until it is moved.
#[derive(Debug, Default)]
pub struct ManualClock {
    millis: AtomicI64,
}

impl ManualClock {
    /// Makes a clock that shows `now`.
    pub const fn at(now: Timestamp) -> Self {
        Self { millis: AtomicI64::new(now.as_millis()) }
    }

    /// Moves the clock forward.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).expect("a test waits for less than 292 million years");
        self.millis.fetch_add(by, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.millis.load(Ordering::SeqCst))
    }
}
