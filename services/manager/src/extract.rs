//! Reading requests, with refusals in the API's one shape.

use std::error::Error;

use axum::{
    Json,
    extract::{
        FromRequest, FromRequestParts, Query, Request,
        rejection::{JsonRejection, PathRejection, QueryRejection},
    },
    http::{StatusCode, request::Parts},
};
use serde::de::DeserializeOwned;

use crate::error::ApiError;

/// A JSON body.
pub struct Body<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequest<S> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let read: Result<Json<T>, JsonRejection> = Json::from_request(request, state).await;
        // axum's words may quote what was sent, so they are for the caller and never logged.
        read.map(|Json(body)| Self(body)).map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                return ApiError::TooLarge;
            }
            if let JsonRejection::MissingJsonContentType(_) = rejection {
                let wanted = "send JSON, with the header \"Content-Type: application/json\"";
                return ApiError::BadRequest(wanted.to_owned());
            }
            ApiError::BadRequest(format!("body: {}", reason(&rejection, rejection.body_text())))
        })
    }
}

/// A body that is text.
pub struct Text(pub String);

impl<S: Send + Sync> FromRequest<S> for Text {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        String::from_request(request, state).await.map(Self).map_err(|rejection| {
            if rejection.status() == StatusCode::PAYLOAD_TOO_LARGE {
                return ApiError::TooLarge;
            }
            ApiError::BadRequest(rejection.body_text())
        })
    }
}

/// What stands in the path.
pub struct InPath<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for InPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read: Result<axum::extract::Path<T>, PathRejection> =
            axum::extract::Path::from_request_parts(parts, state).await;
        read.map(|axum::extract::Path(value)| Self(value))
            .map_err(|rejection| ApiError::BadRequest(rejection.body_text()))
    }
}

/// What stands after the question mark.
pub struct InQuery<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for InQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let read: Result<Query<T>, QueryRejection> = Query::from_request_parts(parts, state).await;
        read.map(|Query(value)| Self(value))
            .map_err(|rejection| ApiError::BadRequest(reason(&rejection, rejection.body_text())))
    }
}

/// What is wrong, without how axum calls what it did just then.
fn reason(rejection: &dyn Error, otherwise: String) -> String {
    rejection.source().map_or(otherwise, ToString::to_string)
}
