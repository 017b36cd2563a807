//! stats against a real broker and the real ClickHouse engine.

mod counts;
mod schema;
mod world;
