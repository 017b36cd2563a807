//! End-to-end tests on real servers, started and stopped by the tests themselves.

mod dashboards;
mod exact;
mod faults;
mod layout;
mod media;
mod metrics;
mod privacy;
mod prometheus;
mod readme;
mod telethon;
mod timers;
mod trace;
mod world;
