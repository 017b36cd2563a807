use std::{fmt, sync::Arc};

use troupe_types::UpdateKey;

/// The moments at which a responder can die; the update in work is in another state at each.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Point {
    /// The update was received.
    Received,
    /// It was decided on; nothing is written.
    Decided,
    /// State and outbox are written; nothing is published.
    Committed,
    /// The first of its messages is published.
    FirstPublished,
    /// All of its messages are published; they are still in the outbox.
    Published,
    /// They are out of the outbox; the update is not acknowledged.
    Removed,
    /// The update is acknowledged, as far as it is known here.
    Acknowledged,
}

impl Point {
    /// Every point, in the order of an update's way.
    pub const ALL: [Self; 7] = [
        Self::Received,
        Self::Decided,
        Self::Committed,
        Self::FirstPublished,
        Self::Published,
        Self::Removed,
        Self::Acknowledged,
    ];
}

/// Says whether to stand still at a point of an update's way.
type StandsStill = dyn Fn(Point, &UpdateKey) -> bool + Send + Sync;

/// Where tests let a responder stand still for ever, to end it there. None by default.
#[derive(Clone, Default)]
pub struct Faults(Option<Arc<StandsStill>>);

impl fmt::Debug for Faults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.0.is_some() { "Faults(some)" } else { "Faults(none)" })
    }
}

impl Faults {
    /// Stands still wherever `stands_still` says so.
    pub fn new(stands_still: impl Fn(Point, &UpdateKey) -> bool + Send + Sync + 'static) -> Self {
        Self(Some(Arc::new(stands_still)))
    }

    pub(crate) async fn at(&self, point: Point, update: &UpdateKey) {
        if self.0.as_ref().is_some_and(|stands_still| stands_still(point, update)) {
            std::future::pending::<()>().await;
        }
    }
}
