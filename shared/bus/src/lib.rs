//! NATS: streams, key-value buckets, ownership of partitions, requests. The only crate that names `async-nats`.
//!
//! [`Bus::connect`] makes sure that the broker is new enough and that every stream and bucket is as troupe needs it.
//! After that:
//! - [`Bus::publish`] and [`Bus::publish_until`] put a message into a stream; the same id is stored once;
//! - [`Bus::updates`] and [`Bus::actions`] hand out messages that have to be acknowledged, one partition each;
//! - [`Bus::events_from`] reads events in their order, without acknowledging;
//! - [`Bus::bucket`] reads, writes and watches records;
//! - [`Bus::request`] and [`Bus::serve`] ask and answer without storing anything;
//! - [`Bus::sift`] finds messages by what they say, and [`Bus::remove`] removes them for good;
//! - [`Bus::agree_on`] makes sure that all who name people by pseudonyms name them alike;
//! - [`Bus::observe_lag`] keeps telling Prometheus how much is waiting;
//! - [`ownership::join`] shares the partitions among the instances of a service.
//!
//! Everything that waits survives a lost connection by itself and says so in the log. The broker's acknowledgements
//! and its recognition of repeated ids are hints: who needs to be sure keeps a position of its own.

mod buckets;
mod bus;
mod config;
mod deliveries;
mod error;
mod events;
mod headers;
mod lag;
pub mod metrics;
mod ordered;
pub mod ownership;
mod parts;
mod pseudonyms;
mod publish;
mod pull;
mod records;
mod requests;
mod setup;
mod sift;
mod streams;
mod watch;

pub use bus::Bus;
pub use config::NatsConfig;
pub use deliveries::{Deliveries, Delivery, Unreadable};
pub use error::{Error, RequestError};
pub use events::{EventReader, Stored};
pub use publish::Published;
pub use records::{Entry, Records};
pub use requests::{Request, Requests};
pub use sift::Found;
pub use watch::{Change, Watch};
