//! The REST API against a real NATS and a real ClickHouse engine. Ingress's side of signing in, which is a contract on
//! the bus, is played by the test.

mod acts;
mod bots;
mod broken_off;
mod content;
mod erasure;
mod media;
mod people;
mod plain;
mod registration;
mod reports;
mod statistics;
mod world;
