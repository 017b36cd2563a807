//! The servers and the tools, for real.

mod clickhouse;
mod process;
mod servers;
