use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use troupe_types::BotId;

use crate::Identity;

/// A text that no log, trace or error shows: codes, passwords, tokens, phone numbers.
#[derive(Clone, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Secret(String);

impl Secret {
    /// Hides `text`.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself.
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl<'de> Deserialize<'de> for Secret {
    /// What is no text is refused without being quoted, which serde's own error would do: a code that was sent as a
    /// number is a secret too.
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(Self).map_err(|_| D::Error::custom("a secret has to be a text"))
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

/// One step of signing a bot in, asked by the manager of the ingress that owns the bot's partition.
///
/// It crosses the bus as a plain request, never through a stream: nothing of it is stored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoginRequest {
    /// The bot that is signed in.
    pub bot: BotId,
    /// What to do.
    #[serde(flatten)]
    pub step: LoginStep,
}

/// The steps, in their order: a user account goes phone, code, password if it has one; a bot account by token alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LoginStep {
    /// Has Telegram send a code to the account.
    SendCode {
        /// In international form, `+` and digits.
        phone: Secret,
    },
    /// Signs in with the code.
    Code {
        /// As Telegram sent it.
        code: Secret,
    },
    /// Signs in with the second factor.
    Password {
        /// The account's cloud password.
        password: Secret,
    },
    /// Signs in a bot account.
    Token {
        /// As `BotFather` gave it.
        token: Secret,
    },
}

/// What came of a step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum LoginReply {
    /// A code is on its way; `Code` is next.
    CodeSent,
    /// The account has a second factor; `Password` is next.
    PasswordNeeded {
        /// What the account's holder wrote to remember it by.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        hint: Option<String>,
    },
    /// Done: the session is stored.
    SignedIn {
        /// Who the account is.
        identity: Identity,
    },
    /// Not done; nothing was stored.
    Refused {
        /// The kind of refusal.
        refusal: Refusal,
        /// What to do about it, in a sentence.
        message: String,
    },
}

/// Why a step was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// The phone number is not one, or has no account.
    Phone,
    /// The code is wrong. It may be given again.
    Code,
    /// The code is too old; ask for a new one.
    CodeExpired,
    /// The password is wrong. It may be given again.
    Password,
    /// The token is wrong.
    Token,
    /// No login of this bot is under way, or not at this step.
    NotExpected,
    /// Telegram asks to wait.
    FloodWait,
    /// The account is signed in as another bot of this installation.
    AlreadyRegistered,
    /// Telegram could not be reached or answered with an error.
    Telegram,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_of_the_wrong_type_is_not_quoted() {
        let error = serde_json::from_str::<LoginStep>(r#"{"type": "code", "code": 12345}"#).unwrap_err();
        assert!(!error.to_string().contains("12345"), "{error}");
        let step = serde_json::from_str::<LoginStep>(r#"{"type": "code", "code": "12345"}"#).unwrap();
        assert!(!format!("{step:?}").contains("12345"), "{step:?}");
    }
}
