//! stats against a real broker and the real ClickHouse engine.

mod cluster;
mod counted;
mod counts;
mod kinds;
mod places;
mod pseudonyms;
mod retention;
mod rollups;
mod schema;
mod stages;
mod world;
