//! Ids and domain values that every part of troupe shares.
//!
//! Nothing here does I/O or knows a wire format beyond `serde`'s derives. Values that come from Telegram keep
//! Telegram's own numbering, so that what a log line shows can be looked up there.

mod chat;
mod key;
mod message;
mod partition;
mod time;
mod zone;

pub use chat::{BotId, Chat, ChatId, ChatKind, MessageId, UserId};
pub use key::{ActionKey, KeyError, UpdateKey, UpdateKind};
pub use message::{Media, MediaKind, Message, Person};
pub use partition::{Partition, PartitionCount, PartitionError};
pub use time::Timestamp;
pub use zone::{Zone, ZoneError};
