//! End-to-end tests on real servers, started and stopped by the tests themselves.

mod layout;
