//! Compiles content and decides what a bot does.
//!
//! Pure: no clock, network, task or randomness of its own. Time is the update's, chance comes from the update's key,
//! so that the same arguments give the same decision, bit for bit, on any machine and at any time. Replay, explain,
//! simulation and the recovery after a crash all rest on that.
//!
//! Content is read in two steps. A document becomes a model, with the place of everything; a model is compiled into
//! what [`decide`] reads. All faults of a document are told at once, and after that deciding cannot fail.

mod answers;
mod chance;
mod civil;
mod content;
mod decide;
mod decision;
mod document;
mod duration;
mod fault;
mod guard;
mod hand_over;
mod hashing;
mod language;
mod library;
pub mod limits;
pub mod lint;
mod matcher;
mod pattern;
mod rules;
mod scenario;
pub mod schema;
pub mod state;
mod template;
mod text;
mod timers;
mod trace;
mod turn;
mod update;
mod uses;
mod webhook;

pub use chance::Seed;
pub use content::{Account, Content, Groups, WeightedScenario};
pub use decide::{decide, explain};
pub use decision::{
    Action, ActionBody, Attachment, AttachmentKind, Decision, Event, HandedBackBy, Purpose, Silence, Source,
    Timer,
};
pub use fault::{Fault, Faults};
pub use library::Library;
pub use matcher::{PatternFault, PatternSet};
pub use rules::{Ruleset, superbot_as_own};
pub use scenario::Scenario;
pub use state::{State, StateError};
pub use trace::{GroupOutcome, Guard, MatchedBy, ReactionOutcome, StepOutcome, Trace, Tried, Woken};
pub use update::Update;
pub use uses::{Use, Uses};
