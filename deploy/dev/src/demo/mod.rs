//! The demo: three bots, six people who talk with each other and with them, and the judgement of what came of it.

mod board;
pub mod cast;
pub mod control;
pub mod events;
pub mod judge;
pub mod ledger;
mod live;
pub mod manager;
pub mod play;
mod run;
pub mod script;
pub mod stage;
mod statistics;
mod story;
mod summary;

pub use board::{Board, Known};
pub use cast::YOU;
pub use live::Live;
pub use run::{for_ever, once, set_stage};
pub use statistics::Statistics;
pub use story::{again, story};
pub use summary::Summary;
