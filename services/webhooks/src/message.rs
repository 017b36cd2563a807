//! What a receiver is sent, and how it is signed.
//!
//! As the Standard Webhooks have it (<https://www.standardwebhooks.com>), so that receivers check it with the libraries
//! that there are.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use serde::Serialize;
use sha2::Sha256;
use troupe_protocol::{Source, Webhook};
use troupe_types::Timestamp;

/// What is sent, the same for each try.
#[derive(Debug, Clone)]
pub(crate) struct Message {
    /// What a repeated one is recognised by.
    pub(crate) id: String,
    pub(crate) body: Bytes,
}

#[derive(Serialize)]
struct Body<'a> {
    r#type: &'static str,
    /// When it was decided, as RFC 3339 has it.
    timestamp: String,
    data: Data<'a>,
}

#[derive(Serialize)]
struct Data<'a> {
    bot: u64,
    chat: i64,
    person: i64,
    source: &'a Source,
    send: &'a BTreeMap<String, String>,
}

impl Message {
    pub(crate) fn of(call: &Webhook) -> Self {
        let body = Body {
            r#type: match call.source {
                Source::Step { .. } => "step.reached",
                _ => "rule.fired",
            },
            timestamp: rfc3339(call.decided),
            data: Data {
                bot: call.bot.get(),
                chat: call.chat.get(),
                person: call.person.get(),
                source: &call.source,
                send: &call.send,
            },
        };
        let body = serde_json::to_vec(&body).expect("texts and numbers can be written as JSON");
        Self { id: call.id(), body: body.into() }
    }

    /// The signature, for a try at `seconds` since 1970.
    pub(crate) fn signature(&self, key: &[u8], seconds: i64) -> String {
        let mut mac = Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of any length");
        mac.update(format!("{}.{seconds}.", self.id).as_bytes());
        mac.update(&self.body);
        format!("v1,{}", BASE64_STANDARD.encode(mac.finalize().into_bytes()))
    }
}

fn rfc3339(time: Timestamp) -> String {
    let time = jiff::Timestamp::from_millisecond(time.as_millis()).unwrap_or_default();
    format!("{time:.3}")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn a_signature_is_that_of_the_standard() {
        // The example of its libraries: <https://github.com/standard-webhooks/standard-webhooks>, libraries/rust.
        let key = BASE64_STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        let body = Bytes::from_static(br#"{"test": 2432232314}"#);
        let message = Message { id: "msg_p5jXN8AQM9LWM0D4loKWxJek".to_owned(), body };
        assert_eq!(message.signature(&key, 1_614_265_330), "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    #[test]
    fn a_receiver_is_told_what_called_it_and_what_was_sent() {
        let call: Webhook = serde_json::from_value(json!({
            "key": "7/42/5/new#1", "bot": 7, "chat": 42, "person": 42, "decided": 1_800_000_000_123_i64,
            "source": {"by": "trigger_group", "group": "order", "version": 3}, "target": "crm",
            "send": {"what": "tea \u{1f375}"},
        }))
        .unwrap();
        let message = Message::of(&call);
        assert_eq!(message.id, call.id());
        assert_eq!(
            serde_json::from_slice::<Value>(&message.body).unwrap(),
            json!({
                "type": "rule.fired",
                "timestamp": "2027-01-15T08:00:00.123Z",
                "data": {
                    "bot": 7, "chat": 42, "person": 42,
                    "source": {"by": "trigger_group", "group": "order", "version": 3},
                    "send": {"what": "tea \u{1f375}"},
                },
            })
        );
    }
}
