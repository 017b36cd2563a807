//! A Telegram emulator: an MTProto 2.0 server for development and tests.
//!
//! Stock client libraries (grammers, Telethon) log in to it and talk through it. A control API over HTTP creates
//! accounts and groups, lets simulated people speak, shows the ledger of every accepted message, and does to
//! clients what Telegram does on a bad day.
//!
//! It runs in a process of its own (the binary `troupe-telegram`) or inside a test:
//!
//! ```no_run
//! # async fn example() -> Result<(), troupe_telegram::StartError> {
//! use troupe_telegram::{Config, Emulator, NewAccount};
//!
//! let emulator = Emulator::start(Config::default()).await?;
//! let anna = emulator.create_account(NewAccount { first_name: "Anna".into(), ..NewAccount::default() });
//! println!("{} {}", emulator.mtproto_address(), emulator.control_url());
//! # Ok(()) }
//! ```
//!
//! Everything is kept in memory. It listens on loopback unless told otherwise, and knows no secrets worth keeping:
//! login codes and keys can be read through the control API.

mod clock;
mod connection;
mod control;
mod crypto;
mod emulator;
mod error;
mod faults;
mod rpc;
mod settings;
mod state;
mod transport;
mod wire;

pub use control::model::{
    AccountView, GroupView, LedgerEntry, LedgerPage, LedgerQuery, MediaView, OverlapView, SessionView,
};
pub use crypto::rsa::{KeyError, RsaKey};
pub use emulator::{Config, Emulator, StartError};
pub use faults::{Fault, FaultKind};
pub use settings::{Connections, Settings};
pub use state::{GroupKind, NewAccount, NewGroup, Refusal};

/// The number of the emulator's only data centre.
pub const DC: i32 = 2;
