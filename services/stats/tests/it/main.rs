//! stats against a real broker and the real ClickHouse engine.

mod counts;
mod kinds;
mod places;
mod pseudonyms;
mod schema;
mod world;
