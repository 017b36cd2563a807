//! The bearer token.

use axum::{
    extract::{Request, State},
    http::header::AUTHORIZATION,
    middleware::Next,
    response::Response,
};
use sha2::{Digest, Sha256};

use crate::{error::ApiError, state::Manager};

/// Lets through who shows the API's token.
///
/// Both tokens are hashed before they are compared, so that the time it takes tells nothing about how much of a guess
/// was right.
pub async fn require_token(
    State(manager): State<Manager>,
    request: Request,
    next: Next,
) -> Result<Response, ApiError> {
    let shown = request
        .headers()
        .get(AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("bearer"))
        .map(|(_, token)| Sha256::digest(token.trim()));
    let wanted = Sha256::digest(manager.config().api.token.expose());
    if shown == Some(wanted) { Ok(next.run(request).await) } else { Err(ApiError::Unauthorized) }
}
