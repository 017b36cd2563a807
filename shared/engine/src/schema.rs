//! JSON Schema (draft 2020-12) of what authors write, for editors: names are completed, explained and checked while
//! one types.
//!
//! A schema says less than the readers, which alone tell what a document means: what a schema refuses the readers
//! refuse, and it knows the same fields. The tests of `troupe schema` hold each schema against its reader:
//! who adds a field to one adds it to the other.

mod library;
pub mod part;
mod rules;
mod scenario;

pub use library::library;
pub use rules::rules;
pub use scenario::scenario;
