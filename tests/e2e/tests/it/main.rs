//! End-to-end tests on real servers, started and stopped by the tests themselves.

mod dashboards;
mod dead_letters;
mod exact;
mod faults;
mod hand_over;
mod layout;
mod media;
mod metrics;
mod privacy;
mod prometheus;
mod pseudonyms;
mod readme;
mod stores;
mod telethon;
mod timers;
mod tls;
mod trace;
mod webhooks;
mod world;
