//! How a bot's session fares: what ingress has written down of it, for as long as whoever wrote it holds the partition.

use serde::Serialize;
use troupe_protocol::{BotStatus, SessionState};
use utoipa::ToSchema;

/// The states of a session, as the API shows them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Being connected, or connected again after a loss.
    Connecting,
    /// Connected; updates flow.
    Online,
    /// Told to stop, and disconnected.
    Stopped,
    /// Telegram no longer accepts the session: the account has to sign in again.
    LoggedOut,
    /// No ingress is there to keep it: none runs, or the one that did it died and nobody has taken over yet.
    NoIngress,
}

impl State {
    /// For the eyes of people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Connecting => "connecting",
            Self::Online => "online",
            Self::Stopped => "stopped",
            Self::LoggedOut => "logged out",
            Self::NoIngress => "without an ingress",
        }
    }
}

/// How a bot's session fares.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Status {
    /// The state.
    pub state: State,
    /// What was written down last.
    pub told: BotStatus,
}

impl Status {
    /// What `told` is worth while `owner` holds the bot's partition. A state that needs nobody to keep it stands.
    pub fn new(mut told: BotStatus, owner: Option<&str>) -> Self {
        let state = match (told.state, owner) {
            (SessionState::Stopped, _) => State::Stopped,
            (SessionState::LoggedOut, _) => State::LoggedOut,
            (SessionState::Online, Some(owner)) if owner == told.instance => State::Online,
            // A new owner begins with it.
            (SessionState::Online | SessionState::Connecting, Some(_)) => State::Connecting,
            (SessionState::Online | SessionState::Connecting, None) => State::NoIngress,
        };
        if state == State::NoIngress {
            told.detail = Some(format!("no ingress is there for it; the last one was {}", told.instance));
        }
        Self { state, told }
    }
}

#[cfg(test)]
mod tests {
    use troupe_types::Timestamp;

    use super::*;

    #[test]
    fn a_state_that_somebody_keeps_stands_as_long_as_he_owns_the_partition() {
        let state = |state, owner| {
            let instance = "a".to_owned();
            let told =
                BotStatus { state, detail: None, since: Timestamp::default(), instance, generation: 0 };
            Status::new(told, owner).state
        };
        assert_eq!(state(SessionState::Online, Some("a")), State::Online);
        assert_eq!(state(SessionState::Online, Some("b")), State::Connecting);
        for gone in [SessionState::Online, SessionState::Connecting] {
            assert_eq!(state(gone, None), State::NoIngress);
        }
        for owner in [None, Some("a"), Some("b")] {
            assert_eq!(state(SessionState::Stopped, owner), State::Stopped);
            assert_eq!(state(SessionState::LoggedOut, owner), State::LoggedOut);
        }
    }
}
