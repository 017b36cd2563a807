//! The emulator's control API, as far as the demo needs it.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::ledger::Posted;
use crate::{Error, rest::Rest};

/// A client of the control API.
#[derive(Debug, Clone)]
pub struct Control(Rest);

/// What an account is created from.
#[derive(Debug, Clone, Serialize)]
pub struct NewAccount<'a> {
    /// The first name.
    pub first_name: &'a str,
    /// The public name, without `@`.
    pub username: &'a str,
    /// The second factor.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<&'a str>,
    /// Whether it is a bot account, which signs in by token.
    pub bot: bool,
}

/// An account as it was created.
#[derive(Debug, Clone, Deserialize)]
pub struct Created {
    /// The user id.
    pub id: i64,
    /// The phone number of a person.
    pub phone: Option<String>,
    /// The token of a bot account.
    pub bot_token: Option<String>,
}

/// Where somebody speaks.
#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum To {
    /// To this account alone.
    User(i64),
    /// In this group.
    Group(i64),
}

#[derive(Deserialize)]
struct Id {
    id: i64,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Posted>,
}

impl Control {
    /// The API at `url`.
    pub fn new(url: &str) -> Self {
        Self(Rest::new(url))
    }

    /// Creates an account.
    ///
    /// # Errors
    /// The emulator refuses it or does not answer.
    pub async fn create_account(&self, account: &NewAccount<'_>) -> Result<Created, Error> {
        self.0.post("/accounts", account).await
    }

    /// The login code that was sent to an account last.
    ///
    /// # Errors
    /// None was sent, or the emulator does not answer.
    pub async fn code(&self, account: i64) -> Result<String, Error> {
        Ok(self.0.get::<Code>(&format!("/accounts/{account}/code")).await?.code)
    }

    /// Creates a supergroup of these accounts and returns its id.
    ///
    /// # Errors
    /// The emulator refuses it or does not answer.
    pub async fn create_group(&self, title: &str, members: &[i64]) -> Result<i64, Error> {
        let body = json!({"title": title, "kind": "super", "members": members});
        Ok(self.0.post::<Id>("/groups", &body).await?.id)
    }

    /// Lets an account say something, with a made-up photo if that is asked for.
    ///
    /// # Errors
    /// The emulator refuses it or does not answer.
    pub async fn say(
        &self,
        from: i64,
        to: To,
        text: &str,
        photo_bytes: Option<usize>,
    ) -> Result<Posted, Error> {
        let mut body = json!({"from": from, "to": to, "text": text});
        if let Some(bytes) = photo_bytes {
            body["photo"] = json!({"bytes": bytes});
        }
        self.0.post("/messages", &body).await
    }

    /// What was said after the message with the number `after`; waits up to `wait_ms` for something.
    ///
    /// # Errors
    /// The emulator does not answer.
    pub async fn ledger(&self, after: u64, wait_ms: u64) -> Result<Vec<Posted>, Error> {
        Ok(self.0.get::<Page>(&format!("/ledger?after={after}&wait_ms={wait_ms}")).await?.messages)
    }
}
