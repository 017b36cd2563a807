//! The demo: bots, people who talk to them, and the judgement of what came of it.

pub mod judge;
pub mod ledger;
pub mod script;
