//! Redis: the state of bots, chats and persons, how far each partition has been applied, and what is still to be
//! published. The only crate that names `redis`.
//!
//! [`Store::commit`] writes all of that in one step, and refuses what was applied before: that is what makes a message
//! that is handed out twice harmless. Every key of a partition carries the partition's hash tag (`{p17}`), so that one
//! script can cover them, in a cluster too.
//!
//! Redis must not evict keys, and should append to its file at least every second. What it forgets in a crash comes
//! again from the streams: position and state are lost together.

mod config;
mod connect;
mod document;
mod erasure;
mod error;
mod outbox;
mod scripts;
mod store;

pub use config::RedisConfig;
pub use document::Document;
pub use erasure::{Erased, Erasure, Remembered, Removed};
pub use error::Error;
pub use outbox::{OutboxEntry, Pending};
pub use store::{Commit, Committed, Loaded, Position, Store};
