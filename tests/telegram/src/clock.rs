//! The emulator's clock, in one place.

use std::time::{SystemTime, UNIX_EPOCH};

/// Milliseconds since 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the emulator stands in for Telegram, whose clock nobody moves by hand"
)]
pub fn now_ms() -> i64 {
    let elapsed = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    i64::try_from(elapsed.as_millis()).unwrap_or(i64::MAX)
}

/// Seconds since 1970, as TL's `date` fields carry them.
pub fn seconds(ms: i64) -> i32 {
    i32::try_from(ms / 1000).unwrap_or(i32::MAX)
}

/// Seconds since 1970, now.
pub fn now() -> i32 {
    seconds(now_ms())
}
