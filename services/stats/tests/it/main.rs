//! stats against a real broker and the real ClickHouse engine.

mod counts;
mod places;
mod schema;
mod world;
