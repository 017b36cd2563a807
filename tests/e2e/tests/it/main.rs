//! End-to-end tests on real servers, started and stopped by the tests themselves.

mod dashboards;
mod exact;
mod faults;
mod hand_over;
mod layout;
mod media;
mod metrics;
mod privacy;
mod prometheus;
mod readme;
mod telethon;
mod timers;
mod trace;
mod webhooks;
mod world;
