//! The one shape of everything that the API refuses.

use axum::{
    Json,
    http::StatusCode,
    response::{IntoResponse, Response},
};
use serde::Serialize;
use troupe_protocol::Refusal;
use utoipa::ToSchema;

/// What the API says when it refuses.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct ErrorBody {
    /// The kind, one of a small closed set, for programs.
    pub error: String,
    /// What is wrong and what to do about it, for people.
    pub message: String,
    /// Of a document: everything that is wrong with it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub faults: Vec<FaultBody>,
}

/// One thing that is wrong with a document.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct FaultBody {
    /// The line, from 1.
    pub line: u32,
    /// The column, from 1.
    pub column: u32,
    /// The field as a JSON pointer; empty for the whole document.
    pub field: String,
    /// What is wrong.
    pub reason: String,
}

/// Why a call is refused.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No token, or a wrong one.
    #[error("send the API's token as \"Authorization: Bearer <token>\"")]
    Unauthorized,
    /// There is no such thing.
    #[error("{0}")]
    NotFound(String),
    /// What was sent makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// The body is larger than any that makes sense.
    #[error("this is too large: a document has at most {} MiB", crate::BODY_BYTES_MAX >> 20)]
    TooLarge,
    /// There is such a path, but not for this.
    #[error("this path has no such method; GET /openapi.json lists all")]
    Method,
    /// It is taken, or not in the state for it.
    #[error("{0}")]
    Conflict(String),
    /// A document has faults.
    #[error("{} of the document cannot be used; nothing was stored", count(.0.len()))]
    Faults(Vec<FaultBody>),
    /// A step of signing in was refused.
    #[error("{message}")]
    Login {
        /// The kind.
        refusal: Refusal,
        /// What to do.
        message: String,
    },
    /// Nobody can do it now.
    #[error("{0}")]
    Unavailable(String),
    /// It went wrong in here.
    #[error("{}", bus_message(.0))]
    Bus(#[from] troupe_bus::Error),
}

fn count(faults: usize) -> String {
    if faults == 1 { "one place".to_owned() } else { format!("{faults} places") }
}

fn bus_message(error: &troupe_bus::Error) -> String {
    match error {
        troupe_bus::Error::TooLarge { .. } => "this is larger than NATS takes in one piece".to_owned(),
        error if error.is_passing() => "NATS does not answer; try again".to_owned(),
        _ => "the bus failed".to_owned(),
    }
}

impl ApiError {
    fn status(&self) -> StatusCode {
        match self {
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            // The broker takes no message larger than a megabyte.
            Self::TooLarge | Self::Bus(troupe_bus::Error::TooLarge { .. }) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Faults(_) => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Login { refusal, .. } => match refusal {
                Refusal::Phone
                | Refusal::Code
                | Refusal::CodeExpired
                | Refusal::Password
                | Refusal::Token => StatusCode::UNPROCESSABLE_ENTITY,
                Refusal::NotExpected | Refusal::AlreadyRegistered => StatusCode::CONFLICT,
                Refusal::FloodWait => StatusCode::TOO_MANY_REQUESTS,
                Refusal::Telegram => StatusCode::BAD_GATEWAY,
            },
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bus(error) if error.is_passing() => StatusCode::SERVICE_UNAVAILABLE,
            Self::Bus(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn kind(&self) -> &'static str {
        match self {
            Self::Unauthorized => "unauthorized",
            Self::NotFound(_) => "not_found",
            Self::BadRequest(_) => "bad_request",
            Self::TooLarge | Self::Bus(troupe_bus::Error::TooLarge { .. }) => "too_large",
            Self::Method => "method",
            Self::Conflict(_) => "conflict",
            Self::Faults(_) => "faults",
            Self::Login { refusal, .. } => match refusal {
                Refusal::Phone => "phone",
                Refusal::Code => "code",
                Refusal::CodeExpired => "code_expired",
                Refusal::Password => "password",
                Refusal::Token => "token",
                Refusal::NotExpected => "not_expected",
                Refusal::FloodWait => "flood_wait",
                Refusal::AlreadyRegistered => "already_registered",
                Refusal::Telegram => "telegram",
            },
            Self::Unavailable(_) => "unavailable",
            Self::Bus(_) => "bus",
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let status = self.status();
        if status.is_server_error() {
            tracing::error!(error = &self as &dyn std::error::Error, "a call failed");
        }
        let (error, message) = (self.kind().to_owned(), self.to_string());
        let faults = if let Self::Faults(faults) = self { faults } else { Vec::new() };
        (status, Json(ErrorBody { error, message, faults })).into_response()
    }
}
