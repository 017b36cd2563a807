//! The servers and the tools, for real.

mod clickhouse;
mod demo;
mod process;
mod servers;
