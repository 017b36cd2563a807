//! One span and one metric for each call.

use std::time::Instant;

use axum::{
    extract::{MatchedPath, Request},
    http::Method,
    middleware::Next,
    response::Response,
};
use tracing::{Instrument as _, field::Empty, info_span};

use crate::metrics;

/// Carries out a call in a span of its own, and counts it by route and status: never by what stands in a path.
pub async fn observe(request: Request, next: Next) -> Response {
    let route = request.extensions().get::<MatchedPath>().map_or("unknown", MatchedPath::as_str).to_owned();
    let method = name(request.method());
    let span = info_span!(
        "manager.request",
        http.request.method = method,
        http.route = route,
        http.response.status_code = Empty
    );
    let begin = Instant::now();
    let response = next.run(request).instrument(span.clone()).await;
    let status = response.status().as_u16();
    span.record("http.response.status_code", status);
    metrics::request(method, route, status, begin.elapsed());
    response
}

/// A method's name. Anybody can make one up, and each would be a metric of its own.
fn name(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::DELETE => "DELETE",
        _ => "_OTHER",
    }
}
