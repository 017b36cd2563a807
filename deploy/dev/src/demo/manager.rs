//! The manager's REST API, as far as the demo needs it.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use troupe_protocol::BotSettings;

use crate::{Error, rest::Rest};

/// A client of the manager's API.
#[derive(Debug, Clone)]
pub struct Manager(Rest);

/// How a bot signs in.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Credential {
    /// A user account, by a code that is sent to it.
    Phone(String),
    /// A bot account.
    Token(String),
}

/// What a login asks for next.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Registered {
    /// The bot's number.
    pub id: u64,
    /// `code`, `password` or `done`.
    pub next: String,
}

impl Manager {
    /// The API at `url`, with its bearer token.
    pub fn new(url: &str, token: &str) -> Self {
        Self(Rest::new(url).with_token(token))
    }

    /// Registers a bot, which begins its login.
    ///
    /// # Errors
    /// The manager refuses it or does not answer.
    pub async fn register(&self, name: &str, credential: &Credential) -> Result<Registered, Error> {
        let mut body = serde_json::to_value(credential).expect("a credential is plain data");
        body["name"] = json!(name);
        self.0.post("/v1/bots", &body).await
    }

    /// Gives the login code; returns what is asked for next.
    ///
    /// # Errors
    /// The code is wrong, or the manager does not answer.
    pub async fn code(&self, bot: u64, code: &str) -> Result<Registered, Error> {
        self.0.post(&format!("/v1/bots/{bot}/code"), &json!({"code": code})).await
    }

    /// Gives the password; returns what is asked for next.
    ///
    /// # Errors
    /// The password is wrong, or the manager does not answer.
    pub async fn password(&self, bot: u64, password: &str) -> Result<Registered, Error> {
        self.0.post(&format!("/v1/bots/{bot}/password"), &json!({"password": password})).await
    }

    /// Says what a bot is to say, and where.
    ///
    /// # Errors
    /// The manager refuses them or does not answer.
    pub async fn settings(&self, bot: u64, settings: &BotSettings) -> Result<(), Error> {
        self.0.put::<Value>(&format!("/v1/bots/{bot}/settings"), settings).await.map(drop)
    }

    /// Connects a bot.
    ///
    /// # Errors
    /// The manager refuses or does not answer.
    pub async fn start(&self, bot: u64) -> Result<(), Error> {
        self.0.post::<Value>(&format!("/v1/bots/{bot}/start"), &json!({})).await.map(drop)
    }

    /// All that is known of a bot.
    ///
    /// # Errors
    /// There is no such bot, or the manager does not answer.
    pub async fn bot(&self, bot: u64) -> Result<Value, Error> {
        self.0.get(&format!("/v1/bots/{bot}")).await
    }

    /// Puts a file for answers to show.
    ///
    /// # Errors
    /// The manager does not take it, or does not answer.
    pub async fn put_media(&self, name: &str, bytes: Vec<u8>) -> Result<(), Error> {
        self.0.put_bytes::<Value>(&format!("/v1/media/{name}"), bytes).await.map(drop)
    }

    /// Puts a document; `kind` is `rules`, `libraries` or `scenarios`.
    ///
    /// # Errors
    /// There are faults in it, which the error names, or the manager does not answer.
    pub async fn put_content(&self, kind: &str, name: &str, text: &str) -> Result<(), Error> {
        self.0.put_text::<Value>(&format!("/v1/{kind}/{name}"), text).await.map(drop)
    }
}
