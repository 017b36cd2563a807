//! stats against a real broker and the real ClickHouse engine.

mod counts;
mod kinds;
mod places;
mod pseudonyms;
mod retention;
mod schema;
mod world;
