//! All that crosses the bus: subjects, streams, buckets, messages and records.
//!
//! Services meet only here. A type in this crate is written for the wire: it derives `Serialize`, its enums are
//! tagged with `type`, a new field has a default, and `tests/golden/` keeps what each released version looked like.

mod acquaintance;
mod action;
mod content;
mod event;
mod file;
mod login;
mod pseudonym;
mod registry;
mod subject;
mod trace;
mod update;
mod webhook;

pub use acquaintance::{Acquaintance, PersonReply, PersonRequest};
pub use action::{Action, ActionBody, Attachment, AttachmentKind};
pub use content::{ContentDocument, ContentKind, ContentName, NameError};
pub use event::{Event, EventBody, Source};
pub use file::{FILE_BYTES_MAX, FileRecord, Parts};
pub use login::{LoginReply, LoginRequest, LoginStep, Refusal, Secret};
pub use pseudonym::{PSEUDONYMS, Pseudonyms, PseudonymsConfig};
pub use registry::{
    BotRecord, BotSettings, BotStatus, Desired, GroupPolicy, Identity, SessionState, WeightedScenario,
};
pub use subject::{Bucket, DeadLetter, Schedule, Stream, Subject};
pub use trace::TraceContext;
pub use update::{Update, UpdateBody};
pub use webhook::Webhook;

/// The version of the messages in this crate, sent along with each as the header [`VERSION_HEADER`].
///
/// A reader refuses a higher one: it would misread what it does not know.
pub const VERSION: u16 = 1;

/// The header that carries [`VERSION`].
pub const VERSION_HEADER: &str = "Troupe-Version";
