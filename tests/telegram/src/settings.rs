//! What of the emulator's behaviour can be switched while it runs.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What becomes of new TCP connections.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Connections {
    /// They are served.
    #[default]
    Served,
    /// They are closed at once, as by a server that is down.
    Closed,
    /// They are accepted and never answered.
    Silent,
}

/// Behaviour that Telegram may or may not show; the defaults are what clients meet most.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "switches that have nothing to do with each other")]
pub struct Settings {
    /// Whether a key that is used from two places at once dies with 406 `AUTH_KEY_DUPLICATED`. Overlaps are counted
    /// in any case.
    pub overlap_kills_key: bool,
    /// Whether a repeated `random_id` is answered with 500 `RANDOM_ID_DUPLICATE` rather than with the first message.
    pub random_id_repeat_is_error: bool,
    /// Whether plain texts outside of supergroups are pushed in the short form, which names no access hashes.
    pub short_updates: bool,
    /// Whether every push comes twice.
    pub duplicate_pushes: bool,
    /// How many events one `updates.difference` carries at most; more come in slices.
    pub difference_slice: usize,
    /// From how many missed events on `updates.getDifference` answers "too long".
    pub difference_max: usize,
    /// From how many missed events on `updates.getChannelDifference` answers "too long".
    pub channel_difference_max: usize,
    /// Whether `updateChannelTooLong` in a difference names the group's `pts`.
    pub channel_too_long_with_pts: bool,
    /// How long a login code can be used, in milliseconds.
    pub code_lifetime_ms: i64,
    /// Whether large answers are sent as `gzip_packed`.
    pub gzip_answers: bool,
    /// Whether a packet with a wrong server salt is refused with `bad_server_salt`, as Telegram does.
    pub check_salt: bool,
    /// What becomes of new TCP connections; those that are open stay as they are.
    pub connections: Connections,
    /// By how much the clock in message ids is wrong, in milliseconds.
    pub clock_skew_ms: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            overlap_kills_key: true,
            random_id_repeat_is_error: false,
            short_updates: false,
            duplicate_pushes: false,
            difference_slice: 100,
            difference_max: 1_000_000,
            channel_difference_max: 3000,
            channel_too_long_with_pts: false,
            code_lifetime_ms: 300_000,
            gzip_answers: true,
            check_salt: true,
            connections: Connections::Served,
            clock_skew_ms: 0,
        }
    }
}
