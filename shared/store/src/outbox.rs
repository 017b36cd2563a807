use serde::{Deserialize, Serialize};
use troupe_protocol::{Schedule, TraceContext};

/// A message that was decided on and has to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboxEntry {
    /// What the broker recognises a repetition by.
    pub id: String,
    /// Where it goes.
    pub subject: String,
    /// What it says.
    pub payload: Vec<u8>,
    /// The trace it was decided in.
    pub trace: TraceContext,
    /// When the broker is to deliver it, and where, if not at once.
    pub schedule: Option<Schedule>,
}

/// An entry that is in the outbox.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pending {
    /// Where in the outbox it is; places grow in the order of decisions.
    pub place: String,
    /// The message.
    pub entry: OutboxEntry,
}

/// What stands before the payload, in one line.
#[derive(Serialize, Deserialize)]
struct Head {
    id: String,
    subject: String,
    #[serde(flatten)]
    trace: TraceContext,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    schedule: Option<Schedule>,
}

/// The place of the `number`th message that was decided on the update with this `sequence`. Sorted as text, places are
/// in order.
pub(crate) fn place(sequence: u64, number: usize) -> String {
    format!("{sequence:020}-{number:05}")
}

impl OutboxEntry {
    /// A line of JSON, then the payload as it is: it is JSON too, and JSON in JSON is large and slow.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let Self { id, subject, trace, schedule, payload: _ } = self.clone();
        let head = Head { id, subject, trace, schedule };
        let mut bytes = serde_json::to_vec(&head).expect("texts can be written as JSON");
        bytes.push(b'\n');
        bytes.extend_from_slice(&self.payload);
        bytes
    }

    pub(crate) fn from_bytes(bytes: &[u8]) -> Result<Self, String> {
        let end = bytes.iter().position(|byte| *byte == b'\n').ok_or("an outbox entry has no head")?;
        let head: Head = serde_json::from_slice(&bytes[..end])
            .map_err(|error| format!("the head of an outbox entry: {error}"))?;
        let Head { id, subject, trace, schedule } = head;
        Ok(Self { id, subject, trace, schedule, payload: bytes[end + 1..].to_vec() })
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use troupe_types::Timestamp;

    use super::*;

    proptest! {
        #[test]
        fn an_entry_reads_back_as_it_was_written(
            id: String, subject: String, payload: Vec<u8>, traceparent: Option<String>, tracestate: Option<String>,
            schedule: Option<(i64, String)>
        ) {
            let trace = TraceContext { traceparent, tracestate };
            let schedule = schedule.map(|(due, target)| Schedule { due: Timestamp::from_millis(due), target });
            let entry = OutboxEntry { id, subject, payload, trace, schedule };
            prop_assert_eq!(OutboxEntry::from_bytes(&entry.to_bytes()), Ok(entry));
        }

        #[test]
        fn no_bytes_make_the_reader_panic(bytes: Vec<u8>) {
            let _ = OutboxEntry::from_bytes(&bytes);
        }

        #[test]
        fn places_sort_in_the_order_of_decisions(one: (u64, u16), other: (u64, u16)) {
            let places = [one, other].map(|(sequence, number)| place(sequence, number.into()));
            prop_assert_eq!(one.cmp(&other), places[0].cmp(&places[1]));
        }
    }
}
