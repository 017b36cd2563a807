//! Shares the partitions of an installation among the instances of a service, so that each has one owner at a time.
//!
//! Instances announce themselves under keys that expire by themselves. Each computes the same assignment from the same
//! list, and holds what it owns by a lease: a key that expires too, unless it is renewed. An instance that cannot
//! renew stops by its own clock, well before the key is gone; the next one waits until it is.

mod assignment;
mod lease;
mod machine;
mod run;
#[cfg(test)]
mod simulation;

pub use lease::Lease;
pub use run::{Change, Ownership, Releaser, join, members, owner, owners};
