//! Whether a message is about a person.

use serde_json::Value;
use troupe_types::UserId;

/// Whether what crosses the bus is about `person`: by its fields where it can be read, by the bare number in it if not.
pub fn concerns(payload: &[u8], person: UserId) -> bool {
    match serde_json::from_slice::<Value>(payload) {
        Ok(message) => told(&message, person.get()),
        Err(_) => names(&String::from_utf8_lossy(payload), person.get()),
    }
}

/// Does what [`concerns`] does, and takes a message that tells in no known place whom it is about for one about everybody
/// whose number is in it: one that a newer version wrote, say.
pub fn may_concern(payload: &[u8], person: UserId) -> bool {
    let message = serde_json::from_slice::<Value>(payload).ok();
    let tells = |message: Value| PLACES.iter().any(|place| message.pointer(place).is_some());
    if message.is_some_and(tells) {
        concerns(payload, person)
    } else {
        names(&String::from_utf8_lossy(payload), person.get())
    }
}

/// Where a message tells whom it is about.
const PLACES: [&str; 4] = ["/sender/id", "/chat/id", "/person", "/chat"];

/// An update tells `sender` and `chat`, an action and an event `person` and `chat`; a direct chat has the person's id.
fn told(message: &Value, person: i64) -> bool {
    PLACES.iter().any(|place| message.pointer(place).and_then(Value::as_i64) == Some(person))
}

/// Whether `text` has the number standing alone.
fn names(text: &str, person: i64) -> bool {
    let number = person.to_string();
    text.split(|letter: char| !letter.is_ascii_digit()).any(|digits| digits == number)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_about(payload: &str) -> bool {
        concerns(payload.as_bytes(), UserId::new(42))
    }

    #[test]
    fn a_message_is_about_its_sender_its_person_and_its_direct_chat() {
        for about in [
            r#"{"bot": 7, "chat": {"id": -5}, "sender": {"id": 42}}"#,
            r#"{"bot": 7, "chat": {"id": 42}, "sender": {"id": 7}}"#,
            r#"{"bot": 7, "chat": -5, "person": 42}"#,
            r#"{"bot": 7, "chat": 42}"#,
            "cut off: {\"id\":42,",
        ] {
            assert!(is_about(about), "{about}");
        }
        for other in [
            r#"{"bot": 42, "chat": {"id": -42}, "sender": {"id": 142}, "message": {"text": "42"}}"#,
            r#"{"bot": 42, "chat": -5, "person": 43}"#,
            "cut off: {\"id\":421,",
        ] {
            assert!(!is_about(other), "{other}");
        }
    }

    #[test]
    fn a_message_that_says_nowhere_whom_it_is_about_may_be_about_anybody_in_it() {
        let may_be_about = |payload: &str| may_concern(payload.as_bytes(), UserId::new(42));
        for about in [r#"{"v": 2, "from": [42]}"#, "cut off: {\"id\":42,", r#"{"bot": 7, "person": 42}"#] {
            assert!(may_be_about(about), "{about}");
        }
        for other in [r#"{"bot": 42, "person": 43}"#, r#"{"v": 2, "from": [421]}"#] {
            assert!(!may_be_about(other), "{other}");
        }
    }
}
