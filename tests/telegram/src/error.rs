//! Errors that a client gets as `rpc_error`.

use std::borrow::Cow;

/// What an RPC is refused with.
///
/// Source of codes and names: <https://core.telegram.org/api/errors> and the error tables of the methods.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code} {name}")]
pub struct RpcError {
    /// Like an HTTP status: 303, 400, 401, 403, 406, 420, 500.
    pub code: i32,
    /// Capitals and underscores, with the number of seconds at its end for a wait.
    pub name: Cow<'static, str>,
}

impl RpcError {
    /// An error of any code.
    pub fn new(code: i32, name: impl Into<Cow<'static, str>>) -> Self {
        Self { code, name: name.into() }
    }

    /// 400: the request is wrong.
    pub const fn bad(name: &'static str) -> Self {
        Self { code: 400, name: Cow::Borrowed(name) }
    }

    /// 401: not signed in, or no more.
    pub const fn unauthorized(name: &'static str) -> Self {
        Self { code: 401, name: Cow::Borrowed(name) }
    }

    /// 403: not allowed.
    pub const fn forbidden(name: &'static str) -> Self {
        Self { code: 403, name: Cow::Borrowed(name) }
    }
}

/// An RPC's outcome.
pub type RpcResult<T> = Result<T, RpcError>;
