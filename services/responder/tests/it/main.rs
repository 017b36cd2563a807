//! The responder on a real NATS and a real Redis: updates in, actions out, whatever dies meanwhile.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod content;
mod crashes;
mod erasure;
mod outages;
mod talk;
mod timers;
mod variables;
mod world;
