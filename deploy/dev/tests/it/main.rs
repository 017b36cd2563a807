//! The servers and the tools, for real.

mod cli;
mod clickhouse;
mod demo;
mod process;
mod servers;
mod up;
