use serde::{Deserialize, Serialize};

/// The W3C trace context of a message, carried in headers of the same names.
///
/// Source: <https://www.w3.org/TR/trace-context/>. Kept in the outbox too, so that what is published again after a
/// crash still belongs to the trace it was decided in.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TraceContext {
    /// `traceparent`; `None` outside any trace.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traceparent: Option<String>,
    /// `tracestate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tracestate: Option<String>,
}

impl TraceContext {
    /// The 32 hexadecimal digits of the trace's id; `None` outside any trace.
    pub fn trace_id(&self) -> Option<&str> {
        let id = self.traceparent.as_deref()?.split('-').nth(1)?;
        (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_hexdigit())).then_some(id)
    }
}
