//! ingress against a real NATS and the Telegram emulator: signing in, hearing, speaking, and what happens on bad days.

mod gaps;
mod logins;
mod messages;
mod ownership;
mod people;
mod world;
