//! webhooks on a real NATS, with receivers that do what receivers do on bad days.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod calls;
mod trouble;
mod world;
