//! Speaking to Telegram. Nothing outside this module names grammers.

mod attaching;
mod connection;
mod convert;
mod error;
mod handshake;
mod login;
mod missed;
mod receiver;
mod sending;
mod session;

pub use attaching::Uploaded;
pub use connection::{Connection, Telegram};
pub use error::{CallError, Trouble};
pub use login::{Login, LoginOutcome};
pub use receiver::{Batch, Gap, Happened, Receiver, Said};
pub use session::{MemorySession, PeersRecord, PositionRecord, SecretRecord};
