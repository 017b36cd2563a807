//! The engine against its public API: what is said to a bot, and what it answers.

mod demo;
mod explain;
mod fuzz;
mod guards;
mod laws;
mod library;
mod lint;
mod own_rules;
mod places;
mod rules;
mod scenario;
mod superbot;
mod talk;
mod time;
