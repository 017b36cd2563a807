//! Sets up and runs all of troupe on one machine: the library behind `cargo dev`, and what tests start servers with.
//!
//! [`tools`] gets what is missing (nats-server, redis-server, the ClickHouse engine, Telethon) into
//! `<checkout>/.dev/tools` and changes nothing else on the machine. [`servers`] starts the three servers on free
//! loopback ports, each behind a guard that stops it when it is dropped. [`process`] is the same guard for any
//! other program. A child process never outlives its parent, even if the parent is killed.
//!
//! [`stack`] runs the whole of troupe, wired together, with as many ingresses and responders as asked for; [`demo`]
//! registers bots, lets people talk to them, and judges by the emulator's ledger whether every reply came once.
//!
//! ```no_run
//! # async fn example() -> Result<(), troupe_dev::Error> {
//! use troupe_dev::servers::{ClickHouse, Nats, Options, Redis};
//!
//! let mut nats = Nats::start(&Options::default()).await?; // ready when this returns; data in a temporary folder
//! let redis = Redis::start(&Options::default()).await?;
//! let clickhouse = ClickHouse::start(&Options::default()).await?;
//! println!("{} {} {}", nats.url(), redis.url(), clickhouse.url());
//!
//! nats.kill(); // SIGKILL, in the middle of whatever it does
//! nats.restart().await?; // same port, same data
//! # Ok(())
//! # } // dropped: stopped, temporary data removed
//! ```

pub mod bench;
mod cargo;
pub mod demo;
mod error;
pub mod folder;
pub mod process;
pub mod rest;
pub mod running;
pub mod servers;
pub mod service;
pub mod stack;
pub mod telegram;
pub mod tools;

pub use cargo::cargo;
pub use error::Error;
