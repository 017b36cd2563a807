//! Stock grammers clients against the emulator.

#![expect(clippy::unwrap_used, reason = "a helper of tests is a test")]
#![expect(clippy::large_futures, reason = "grammers' futures are large, and there are few of them")]

mod catching_up;
mod client;
mod control;
mod files;
mod program;
mod signing_in;
mod talking;
mod trouble;
