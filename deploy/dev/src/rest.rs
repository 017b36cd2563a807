//! Calls of the two HTTP APIs: the manager's, and the emulator's control API.

use std::time::Duration;

use reqwest::{Client, Method, RequestBuilder};
use serde::{Serialize, de::DeserializeOwned};

use crate::{Error, error::Doing};

/// An HTTP API that takes and gives JSON.
#[derive(Debug, Clone)]
pub struct Rest {
    client: Client,
    base: String,
    token: Option<String>,
}

impl Rest {
    /// The API at `base`, e.g. `http://127.0.0.1:30124`.
    pub fn new(base: impl Into<String>) -> Self {
        let client = Client::builder()
            .timeout(Duration::from_mins(1))
            .build()
            .expect("nothing to go wrong without TLS");
        Self { client, base: base.into(), token: None }
    }

    /// Sends `token` along with every call.
    #[must_use]
    pub fn with_token(self, token: impl Into<String>) -> Self {
        Self { token: Some(token.into()), ..self }
    }

    /// Where it is.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Gets something.
    ///
    /// # Errors
    /// The API does not answer, refuses, or says what is not understood.
    pub async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Error> {
        self.call(Method::GET, path, |request| request).await
    }

    /// Posts `body` and returns the answer.
    ///
    /// # Errors
    /// The API does not answer, refuses, or says what is not understood.
    pub async fn post<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        self.call(Method::POST, path, |request| request.json(body)).await
    }

    /// Puts `body` and returns the answer.
    ///
    /// # Errors
    /// The API does not answer, refuses, or says what is not understood.
    pub async fn put<T: DeserializeOwned>(&self, path: &str, body: &impl Serialize) -> Result<T, Error> {
        self.call(Method::PUT, path, |request| request.json(body)).await
    }

    /// Puts a text as it is and returns the answer.
    ///
    /// # Errors
    /// The API does not answer, refuses, or says what is not understood.
    pub async fn put_text<T: DeserializeOwned>(&self, path: &str, text: &str) -> Result<T, Error> {
        self.call(Method::PUT, path, |request| request.body(text.to_owned())).await
    }

    /// Puts bytes as they are and returns the answer.
    ///
    /// # Errors
    /// The API does not answer, refuses, or says what is not understood.
    pub async fn put_bytes<T: DeserializeOwned>(&self, path: &str, bytes: Vec<u8>) -> Result<T, Error> {
        self.call(Method::PUT, path, |request| request.body(bytes)).await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        method: Method,
        path: &str,
        with: impl FnOnce(RequestBuilder) -> RequestBuilder,
    ) -> Result<T, Error> {
        let doing = || format!("{method} {}{path}", self.base);
        let mut request = self.client.request(method.clone(), format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        let response = with(request).send().await.doing(doing)?;
        let status = response.status();
        let text = response.text().await.doing(doing)?;
        if !status.is_success() {
            return Err(Error::new(doing(), format!("{status}: {}", text.trim())));
        }
        // What answers with nothing is asked for `()`, which JSON calls null.
        let text = if text.trim().is_empty() { "null" } else { &text };
        serde_json::from_str(text)
            .map_err(|error| Error::new(doing(), format!("{error} in the answer {text}")))
    }
}
