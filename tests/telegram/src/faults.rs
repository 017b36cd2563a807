//! Faults on demand: what Telegram does to clients on a bad day.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum FaultKind {
    /// The call is refused with an RPC error and not carried out.
    Error {
        /// Such as 420.
        code: i32,
        /// Such as `FLOOD_WAIT_3` or `SLOWMODE_WAIT_10`.
        name: String,
    },
    /// The connection is closed and the call not carried out.
    DropBefore,
    /// The call is carried out, and the connection closed instead of an answer.
    DropAfter,
    /// The call is carried out and never answered.
    NoReply,
    /// The call is carried out at once and answered later.
    Delay {
        /// How much later.
        ms: u64,
    },
    /// The connection gets a transport error instead of an answer, and is closed; the call is not carried out.
    TransportError {
        /// Such as -404 (key unknown) or -429 (too many connections).
        code: i32,
    },
    /// The call is answered with `bad_msg_notification` and not carried out.
    BadMessage {
        /// Such as 16 or 17 (time of the message wrong), 32 or 33 (its number wrong).
        code: i32,
    },
    /// The key gets a new server salt, so that the call is answered with `bad_server_salt` and not carried out.
    NewSalt,
    /// The first matching call starts a wait: until it is over, this and every further one is refused with 420
    /// `FLOOD_WAIT_` and the seconds that are left. Counts as one.
    FloodWait {
        /// How long the wait is.
        seconds: u32,
    },
}

/// A fault that waits for calls.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Fault {
    /// Its number.
    pub id: u64,
    /// Only calls of this account; absent: of all.
    pub account: Option<i64>,
    /// Only this method, by its TL name in whatever case; absent: all.
    pub method: Option<String>,
    /// What goes wrong.
    #[serde(flatten)]
    pub fault: FaultKind,
    /// How often it still happens.
    pub left: u64,
    /// How often it happened.
    pub fired: u64,
    /// Until when a started wait lasts, in milliseconds since 1970.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until_ms: Option<i64>,
}

/// All faults.
#[derive(Debug, Default)]
pub struct Faults {
    last: u64,
    all: Vec<Fault>,
}

impl Faults {
    /// Adds a fault; returns its number.
    pub fn add(&mut self, account: Option<i64>, method: Option<String>, fault: FaultKind, count: u64) -> u64 {
        self.last += 1;
        self.all.push(Fault { id: self.last, account, method, fault, left: count, fired: 0, until_ms: None });
        self.last
    }

    /// Every fault, those used up too.
    pub fn all(&self) -> &[Fault] {
        &self.all
    }

    /// Takes a fault away; false if there is none of that number.
    pub fn remove(&mut self, id: u64) -> bool {
        let before = self.all.len();
        self.all.retain(|fault| fault.id != id);
        self.all.len() < before
    }

    /// What goes wrong with this call. The oldest matching fault has its way.
    pub fn fire(&mut self, account: Option<i64>, method: &str, now_ms: i64) -> Option<FaultKind> {
        let fault = self.all.iter_mut().find(|fault| {
            let waiting = fault.until_ms.is_some_and(|until| now_ms < until);
            (fault.left > 0 || waiting)
                && (fault.account.is_none() || fault.account == account)
                && fault.method.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(method))
        })?;
        fault.fired += 1;
        if let FaultKind::FloodWait { seconds } = fault.fault {
            let until = match fault.until_ms {
                Some(until) if now_ms < until => until,
                _ => {
                    fault.left -= 1;
                    now_ms + i64::from(seconds) * 1000
                }
            };
            fault.until_ms = Some(until);
            let left = (until - now_ms + 999) / 1000;
            return Some(FaultKind::Error { code: 420, name: format!("FLOOD_WAIT_{left}") });
        }
        fault.left -= 1;
        Some(fault.fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(name: &str) -> FaultKind {
        FaultKind::Error { code: 420, name: name.into() }
    }

    #[test]
    fn a_fault_fires_as_often_as_it_says_and_only_where_it_says() {
        let mut faults = Faults::default();
        faults.add(Some(7), Some("messages.SendMessage".into()), error("FLOOD_WAIT_3"), 2);
        assert_eq!(faults.fire(Some(8), "messages.sendMessage", 0), None);
        assert_eq!(faults.fire(Some(7), "messages.sendMedia", 0), None);
        assert_eq!(faults.fire(Some(7), "messages.sendMessage", 0), Some(error("FLOOD_WAIT_3")));
        assert_eq!(faults.fire(Some(7), "messages.sendMessage", 0), Some(error("FLOOD_WAIT_3")));
        assert_eq!(faults.fire(Some(7), "messages.sendMessage", 0), None);
        assert_eq!(faults.all()[0].fired, 2);
        assert!(faults.remove(1));
        assert!(!faults.remove(1));
    }

    #[test]
    fn a_flood_wait_counts_down_and_ends() {
        let mut faults = Faults::default();
        faults.add(None, None, FaultKind::FloodWait { seconds: 3 }, 1);
        assert_eq!(faults.fire(None, "x", 1_000), Some(error("FLOOD_WAIT_3")));
        assert_eq!(faults.fire(None, "x", 2_500), Some(error("FLOOD_WAIT_2")));
        assert_eq!(faults.fire(None, "x", 3_999), Some(error("FLOOD_WAIT_1")));
        assert_eq!(faults.fire(None, "x", 4_000), None);
    }
}
