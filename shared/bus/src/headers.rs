//! The headers that go with every message: trace context and version; and those of a message that waits.

use std::time::{Duration, SystemTime};

use async_nats::{
    HeaderMap, HeaderValue,
    header::{NATS_MESSAGE_TTL, NATS_SCHEDULE, NATS_SCHEDULE_TARGET},
};
use troupe_protocol::{Schedule, TraceContext, VERSION, VERSION_HEADER};

const TRACEPARENT: &str = "traceparent";
const TRACESTATE: &str = "tracestate";

/// The headers of a message that is sent in `trace`.
pub(crate) fn with_trace(trace: &TraceContext) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert(VERSION_HEADER, HeaderValue::from(u64::from(VERSION)));
    for (name, value) in [(TRACEPARENT, &trace.traceparent), (TRACESTATE, &trace.tracestate)] {
        // A context that no header can hold is worth losing; the message is not.
        if let Some(value) = value.as_deref().and_then(|value| value.parse::<HeaderValue>().ok()) {
            headers.insert(name, value);
        }
    }
    headers
}

/// Makes a message one that the broker keeps until it is due.
pub(crate) fn add_schedule(headers: &mut HeaderMap, Schedule { due, target }: &Schedule) {
    let millis = Duration::from_millis(u64::try_from(due.as_millis()).unwrap_or(0));
    let due = humantime::format_rfc3339_millis(SystemTime::UNIX_EPOCH + millis);
    headers.insert(NATS_SCHEDULE, HeaderValue::from(format!("@at {due}")));
    headers.insert(NATS_SCHEDULE_TARGET, HeaderValue::from(target.as_str()));
    // Else the stream's age limit would take it before it is due. What is published then ages like all else.
    headers.insert(NATS_MESSAGE_TTL, HeaderValue::from("never"));
}

/// The value of a header. There are few of them: looking at each is quicker than `HeaderMap::get`, which makes a name of its
/// own of what it is to find.
fn get<'a>(headers: Option<&'a HeaderMap>, name: &str) -> Option<&'a str> {
    let (_, values) = headers?.iter().find(|(own, _)| AsRef::<str>::as_ref(*own) == name)?;
    values.first().map(HeaderValue::as_str)
}

/// The trace that a message was sent in.
pub(crate) fn trace(headers: Option<&HeaderMap>) -> TraceContext {
    let get = |name| get(headers, name).map(str::to_owned);
    TraceContext { traceparent: get(TRACEPARENT), tracestate: get(TRACESTATE) }
}

/// Refuses what a newer troupe wrote: this one would misread it.
pub(crate) fn check_version(headers: Option<&HeaderMap>) -> Result<(), String> {
    let Some(version) = get(headers, VERSION_HEADER) else { return Ok(()) };
    match version.parse::<u16>() {
        Ok(version) if version <= VERSION => Ok(()),
        Ok(version) => {
            Err(format!("version {version} is newer than this service, which reads up to {VERSION}"))
        }
        Err(_) => Err(format!("{VERSION_HEADER} is {version:?}, which is no version")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trace_and_version_survive_the_way() {
        let sent = TraceContext {
            traceparent: Some("00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01".into()),
            tracestate: Some("a=b".into()),
        };
        let headers = with_trace(&sent);
        assert_eq!(trace(Some(&headers)), sent);
        assert_eq!(check_version(Some(&headers)), Ok(()));
        assert_eq!(trace(None), TraceContext::default());
        assert_eq!(check_version(None), Ok(()), "what has no version is from before there were versions");
    }

    #[test]
    fn a_newer_version_is_refused() {
        let mut headers = HeaderMap::new();
        headers.insert(VERSION_HEADER, HeaderValue::from(u64::from(VERSION) + 1));
        assert!(check_version(Some(&headers)).unwrap_err().contains("newer"));
    }

    #[test]
    fn a_trace_that_no_header_can_hold_is_left_out() {
        let bad = TraceContext { traceparent: Some("a\r\nb: c".into()), tracestate: None };
        assert_eq!(trace(Some(&with_trace(&bad))), TraceContext::default());
    }
}
