//! The manager's REST API, as the commands use it.

use std::{fmt, path::Path, time::Duration};

use anyhow::Context as _;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper::{Method, Request, StatusCode, header};
use hyper_util::{client::legacy::Client, rt::TokioExecutor};
use serde_json::Value;
use troupe_tls::{HttpConnector, HttpsConnector};
use url::Url;

/// The longest that connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);

/// Why a call did not get there.
type Cause = Box<dyn std::error::Error + Send + Sync>;

/// The API at one address.
pub struct Api {
    client: Client<HttpsConnector<HttpConnector>, Full<Bytes>>,
    url: String,
    token: String,
    operator: String,
}

/// A call that the API refused, or that did not get there.
#[derive(Debug)]
pub enum Error {
    /// The manager could not be reached, or broke off.
    Unreachable { url: String, source: Cause },
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
                )?;
                let encrypted = url.starts_with("https://");
                f.write_str(if encrypted {
                    ", --ca-file or TROUPE_CA_FILE whose certificate to trust"
                } else {
                    ""
                })
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
            Self::Unreachable { source, .. } => Some(&**source),
            Self::Refused { .. } => None,
        }
    }
}

/// The path of `segments`, which may have any letters, and what is asked of it.
pub fn path<'a>(
    segments: &[&str],
    asked: impl IntoIterator<Item = (&'a str, Option<String>)>,
) -> anyhow::Result<String> {
    let mut url = Url::parse("http://manager").context("cannot ask")?;
    url.path_segments_mut().ok().context("cannot ask")?.extend(segments);
    url.query_pairs_mut().extend_pairs(asked.into_iter().filter_map(|(field, value)| Some((field, value?))));
    Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
}

impl Api {
    /// The API at `url`. Over TLS the certificates in `ca_file` are trusted beside the system's.
    pub fn new(url: &str, token: &str, operator: &str, ca_file: Option<&Path>) -> anyhow::Result<Self> {
        let connector = troupe_tls::connector(url, ca_file, CONNECT_MAX)
            .context("cannot use TLS: --ca-file or TROUPE_CA_FILE names a file of certificates to trust")?;
        Ok(Self {
            client: Client::builder(TokioExecutor::new()).build(connector),
            url: url.trim_end_matches('/').to_owned(),
            token: token.to_owned(),
            operator: operator.to_owned(),
        })
    }

    pub async fn get(&self, path: &str) -> Result<Value, Error> {
        self.send(Method::GET, path, None).await
    }

    pub async fn delete(&self, path: &str) -> Result<Value, Error> {
        self.send(Method::DELETE, path, None).await
    }

    pub async fn post(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.send(Method::POST, path, Some(("application/json", body.to_string().into()))).await
    }

    pub async fn put(&self, path: &str, body: &Value) -> Result<Value, Error> {
        self.send(Method::PUT, path, Some(("application/json", body.to_string().into()))).await
    }

    pub async fn put_text(&self, path: &str, text: String) -> Result<Value, Error> {
        self.send(Method::PUT, path, Some(("text/plain; charset=utf-8", text.into()))).await
    }

    pub async fn put_bytes(&self, path: &str, bytes: Vec<u8>) -> Result<Value, Error> {
        self.send(Method::PUT, path, Some(("application/octet-stream", bytes.into()))).await
    }

    /// Makes a call, with a body of some type or none.
    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<Value, Error> {
        let unreachable = |source| Error::Unreachable { url: self.url.clone(), source };
        let (status, answer) = self.exchange(method, path, body).await.map_err(unreachable)?;
        let text = String::from_utf8_lossy(&answer).into_owned();
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

    async fn exchange(
        &self,
        method: Method,
        path: &str,
        body: Option<(&'static str, Bytes)>,
    ) -> Result<(StatusCode, Bytes), Cause> {
        // Names in it may have what has to be written otherwise in an address.
        let address = Url::parse(&format!("{}{path}", self.url))?;
        let mut request = Request::builder().method(method).uri(address.as_str());
        request = request.header(header::AUTHORIZATION, format!("Bearer {}", self.token));
        if !self.operator.is_empty() {
            request = request.header("troupe-operator", &self.operator);
        }
        if let Some((kind, _)) = &body {
            request = request.header(header::CONTENT_TYPE, *kind);
        }
        let body = body.map(|(_, bytes)| bytes).unwrap_or_default();
        let response = self.client.request(request.body(Full::new(body))?).await?;
        let status = response.status();
        Ok((status, response.into_body().collect().await?.to_bytes()))
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
