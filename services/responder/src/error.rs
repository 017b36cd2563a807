use std::time::Duration;

use troupe_engine::StateError;
use troupe_types::BotId;

/// Why an update could not be applied.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    #[error("cannot use the store")]
    Store(#[from] troupe_store::Error),
    #[error("cannot look up bot {bot}")]
    Lookup {
        bot: BotId,
        #[source]
        source: troupe_bus::Error,
    },
    #[error("cannot use the broker")]
    Broker {
        #[source]
        source: troupe_bus::Error,
    },
    #[error("there is no bot {bot}")]
    NoBot { bot: BotId },
    #[error("bot {bot} cannot answer: {what}")]
    NoContent { bot: BotId, what: String },
    #[error("cannot use what is remembered")]
    State(#[from] StateError),
    #[error("deciding failed: {message}")]
    Panicked { message: String },
    #[error("its person was erased meanwhile")]
    Erased,
    #[error("it was begun {tries} times and never finished")]
    Unfinished { tries: u32 },
    #[error("cannot encode what was decided")]
    Encode(#[from] serde_json::Error),
}

/// What becomes of the update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It is tried again here, and the partition waits: order matters more.
    Retry,
    /// It is tried again here, at once.
    Again,
    /// What waits in the outbox is published, then it is tried again.
    EmptyOutbox,
    /// It is given back to the broker for so long, so that another responder may take it.
    GiveBack(Duration),
    /// Nobody will ever be able to apply it.
    DeadLetter,
}

/// How long an update is left that only a newer responder understands.
const LEAVE: Duration = Duration::from_secs(1);

/// Says what becomes of an update. No `_` arm: a new error has to choose.
pub(crate) fn verdict(error: &Error) -> Verdict {
    use troupe_store::Error as Store;
    match error {
        Error::Store(error) => match error {
            Store::OutboxFull { .. } => Verdict::EmptyOutbox,
            Store::TooMany { .. } => Verdict::DeadLetter,
            // Nothing of that is the update's fault: somebody has to repair Redis, and nothing may be lost meanwhile.
            Store::Url { .. }
            | Store::Tls(_)
            | Store::Connect { .. }
            | Store::Evicts { .. }
            | Store::Call { .. }
            | Store::Stored { .. } => Verdict::Retry,
        },
        Error::Lookup { .. } | Error::Broker { .. } => Verdict::Retry,
        Error::Erased => Verdict::Again,
        Error::State(StateError::Newer { .. }) => Verdict::GiveBack(LEAVE),
        Error::NoBot { .. }
        | Error::NoContent { .. }
        | Error::State(StateError::Unreadable { .. })
        // The engine is pure: it would fail again.
        | Error::Panicked { .. }
        | Error::Unfinished { .. }
        | Error::Encode(_) => Verdict::DeadLetter,
    }
}

/// An error and what led to it, in one line.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use troupe_types::Partition;

    use super::*;

    #[test]
    fn an_update_is_lost_to_the_dead_letters_only_for_its_own_fault() {
        let partition = Partition::new(1);
        let full = troupe_store::Error::OutboxFull { partition, count: 1 };
        assert_eq!(verdict(&full.into()), Verdict::EmptyOutbox);
        let garbled = troupe_store::Error::Stored { partition, reason: String::new() };
        assert_eq!(verdict(&garbled.into()), Verdict::Retry);
        let newer = StateError::Newer { document: "chat", version: 9 };
        assert!(matches!(verdict(&newer.into()), Verdict::GiveBack(_)));
        assert_eq!(verdict(&Error::Panicked { message: String::new() }), Verdict::DeadLetter);
    }

    #[test]
    fn a_chain_tells_every_cause_once() {
        let error = Error::from(serde_json::from_str::<u8>("x").unwrap_err());
        let told = chain(&error);
        assert!(told.starts_with("cannot encode what was decided: expected value"), "{told}");
    }
}
