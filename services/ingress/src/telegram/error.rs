use std::time::Duration;

use grammers_mtsender::{InvocationError, RpcError};

/// A call that Telegram did not carry out, or whose outcome is not known.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// Telegram, or the way to it, refused or failed.
    #[error("Telegram refused or did not answer the call")]
    Invocation(#[source] Box<InvocationError>),
    /// No answer came in time. Whether the call was carried out is not known.
    #[error("Telegram did not answer within {} s", .0.as_secs())]
    Timeout(Duration),
    /// The account does not know how to address the chat.
    #[error("the account has not met the chat, so Telegram gives no way to address it")]
    UnknownPeer,
    /// A data centre that is not the account's home does not know it, even after an introduction.
    #[error("data centre {0} does not take the account")]
    Foreign(i32),
    /// The key exchange with a configured server failed.
    #[error(transparent)]
    Handshake(#[from] super::handshake::Error),
}

impl From<InvocationError> for CallError {
    fn from(error: InvocationError) -> Self {
        Self::Invocation(Box::new(error))
    }
}

/// What a failed call means for whoever made it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Trouble {
    /// Telegram asks the account to wait, with every call.
    FloodWait(Duration),
    /// Telegram asks to wait with this chat only.
    SlowMode(Duration),
    /// The session is no longer accepted: the account has to sign in again.
    LoggedOut(String),
    /// The way to Telegram failed: the same call may succeed later.
    Again(String),
    /// Telegram itself failed: the same call may succeed later, or always fail.
    Failing(String),
    /// Telegram is still busy with the same call, or was: it counts as carried out.
    Repeated,
    /// The call will never succeed.
    Refused(String),
}

impl CallError {
    /// What this means. Source: <https://core.telegram.org/api/errors>.
    pub fn trouble(&self) -> Trouble {
        let error = match self {
            Self::Timeout(_) => return Trouble::Again("TIMEOUT".to_owned()),
            Self::UnknownPeer => return Trouble::Refused("PEER_UNKNOWN".to_owned()),
            // Only the account's home can end its session.
            Self::Foreign(_) => return Trouble::Refused("FOREIGN_CENTRE".to_owned()),
            Self::Handshake(error) => return Trouble::Again(error.to_string()),
            Self::Invocation(error) => error,
        };
        match error.as_ref() {
            InvocationError::Rpc(error) => rpc_trouble(error),
            // The server forgot the key. grammers would make a new one that nobody has signed in with.
            InvocationError::Transport(grammers_mtproto::transport::Error::BadStatus { status: 404 }) => {
                Trouble::LoggedOut("AUTH_KEY_UNKNOWN".to_owned())
            }
            InvocationError::Transport(grammers_mtproto::transport::Error::BadStatus { status: 429 }) => {
                Trouble::Again("TRANSPORT_FLOOD".to_owned())
            }
            other => Trouble::Again(other.to_string()),
        }
    }

    /// The error's name at Telegram, where it is one of Telegram's.
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Invocation(error) => match error.as_ref() {
                InvocationError::Rpc(error) => Some(&error.name),
                _ => None,
            },
            _ => None,
        }
    }
}

fn rpc_trouble(error: &RpcError) -> Trouble {
    let wait = || Duration::from_secs(u64::from(error.value.unwrap_or(1)));
    let name = || error.name.clone();
    match (error.code, error.name.as_str()) {
        (_, "SLOWMODE_WAIT") => Trouble::SlowMode(wait()),
        (420, _) => Trouble::FloodWait(wait()),
        (401, "SESSION_PASSWORD_NEEDED") => Trouble::Refused(name()),
        (401, _) | (406, "AUTH_KEY_DUPLICATED") | (_, "USER_DEACTIVATED" | "USER_DEACTIVATED_BAN") => {
            Trouble::LoggedOut(name())
        }
        (_, "RANDOM_ID_DUPLICATE") => Trouble::Repeated,
        (code, _) if !(0..500).contains(&code) => Trouble::Failing(name()),
        _ => Trouble::Refused(name()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trouble(code: i32, name: &str) -> Trouble {
        let error = grammers_tl_types::types::RpcError { error_code: code, error_message: name.to_owned() };
        CallError::from(InvocationError::Rpc(error.into())).trouble()
    }

    #[test]
    fn each_error_says_what_becomes_of_the_call() {
        assert_eq!(trouble(420, "FLOOD_WAIT_31"), Trouble::FloodWait(Duration::from_secs(31)));
        assert_eq!(trouble(420, "SLOWMODE_WAIT_5"), Trouble::SlowMode(Duration::from_secs(5)));
        assert_eq!(trouble(401, "SESSION_REVOKED"), Trouble::LoggedOut("SESSION_REVOKED".into()));
        assert_eq!(trouble(406, "AUTH_KEY_DUPLICATED"), Trouble::LoggedOut("AUTH_KEY_DUPLICATED".into()));
        assert_eq!(trouble(500, "RANDOM_ID_DUPLICATE"), Trouble::Repeated);
        assert_eq!(trouble(500, "RPC_CALL_FAIL"), Trouble::Failing("RPC_CALL_FAIL".into()));
        assert_eq!(trouble(-503, "Timeout"), Trouble::Failing("Timeout".into()));
        assert_eq!(trouble(400, "USER_IS_BLOCKED"), Trouble::Refused("USER_IS_BLOCKED".into()));
        assert_eq!(CallError::Foreign(4).trouble(), Trouble::Refused("FOREIGN_CENTRE".into()));
        assert_eq!(trouble(403, "CHAT_WRITE_FORBIDDEN"), Trouble::Refused("CHAT_WRITE_FORBIDDEN".into()));
    }
}
