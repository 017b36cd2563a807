//! The manager's REST API, as the commands use it.

use std::fmt;

use reqwest::{Client, Method, RequestBuilder, StatusCode};
use serde_json::Value;

/// The API at one address.
pub struct Api {
    client: Client,
    url: String,
    token: String,
    operator: String,
}

/// A call that the API refused, or that did not get there.
#[derive(Debug)]
pub enum Error {
    /// The manager could not be reached, or broke off.
    Unreachable { url: String, source: reqwest::Error },
    /// The manager refused.
    Refused { status: StatusCode, error: String, message: String, faults: Vec<String> },
}

impl Error {
    /// Whether a code or a password was wrong and may be given again.
    pub fn is_mistyped(&self) -> bool {
        matches!(self, Self::Refused { error, .. } if error == "code" || error == "password")
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreachable { url, .. } => {
                write!(
                    f,
                    "cannot reach the manager at {url}: does it run? --url or TROUPE_URL says where it is"
                )
            }
            Self::Refused { status: StatusCode::UNAUTHORIZED, .. } => {
                f.write_str("the manager wants its bearer token: give it with --token or TROUPE_TOKEN")
            }
            Self::Refused { status, message, faults, .. } => {
                write!(f, "{message} ({status})")?;
                faults.iter().try_for_each(|fault| write!(f, "\n  {fault}"))
            }
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Unreachable { source, .. } => Some(source),
            Self::Refused { .. } => None,
        }
    }
}

impl Api {
    pub fn new(url: &str, token: &str, operator: &str) -> Self {
        Self {
            client: Client::new(),
            url: url.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            operator: operator.to_owned(),
        }
    }

    pub async fn get(&self, path: &str) -> Result<Value, Error> {
        self.send(self.request(Method::GET, path)).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value, Error> {
        self.send(self.request(Method::DELETE, path)).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.send(self.request(Method::POST, path).json(body)).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.send(self.request(Method::PUT, path).json(body)).await
    }

    pub async fn put_text(&self, path: &str, text: String) -> Result<Value, Error> {
        self.send(
            self.request(Method::PUT, path).header("content-type", "text/plain; charset=utf-8").body(text),
        )
        .await
    }

    pub async fn put_bytes(&self, path: &str, bytes: Vec<u8>) -> Result<Value, Error> {
        let request = self.request(Method::PUT, path);
        self.send(request.header("content-type", "application/octet-stream").body(bytes)).await
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.client.request(method, format!("{}{path}", self.url)).bearer_auth(&self.token);
        if self.operator.is_empty() { request } else { request.header("troupe-operator", &self.operator) }
    }

    async fn send(&self, request: RequestBuilder) -> Result<Value, Error> {
        let unreachable = |source| Error::Unreachable { url: self.url.clone(), source };
        let response = request.send().await.map_err(unreachable)?;
        let status = response.status();
        let text = response.text().await.map_err(unreachable)?;
        let body: Value = serde_json::from_str(&text).unwrap_or(Value::String(text));
        if status.is_success() {
            return Ok(body);
        }
        let told = |field: &str| body[field].as_str().unwrap_or_default().to_owned();
        let faults = body["faults"].as_array().into_iter().flatten().map(fault).collect();
        let message = match told("message") {
            message if message.is_empty() => "the manager refused".to_owned(),
            message => message,
        };
        Err(Error::Refused { status, error: told("error"), message, faults })
    }
}

/// One fault of a document, as a line: where, then what.
fn fault(fault: &Value) -> String {
    let place = match (fault["line"].as_u64(), fault["column"].as_u64()) {
        (Some(line), Some(column)) => format!("line {line}, column {column}"),
        (Some(line), None) => format!("line {line}"),
        _ => String::new(),
    };
    let parts = [
        place.as_str(),
        fault["field"].as_str().unwrap_or_default(),
        fault["reason"].as_str().unwrap_or_default(),
    ];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(": ")
}
