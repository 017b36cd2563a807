use std::{
    collections::hash_map::RandomState,
    hash::BuildHasher,
    net::{Ipv4Addr, TcpListener},
    sync::atomic::{AtomicU64, Ordering},
};

/// A port on 127.0.0.1 that nobody listens on now. Whoever binds it next may still lose a race for it.
///
/// Taken from below the range that the kernel gives to outgoing connections: a client that keeps trying to reach a
/// server which is down could be given the server's own port there, connect to itself, and keep the server from
/// coming back.
pub fn free_port() -> u16 {
    static COUNT: AtomicU64 = AtomicU64::new(0);
    let random = RandomState::new();
    loop {
        let hash = random.hash_one((std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed)));
        let port = 15_000 + u16::try_from(hash % 15_000).expect("below 15,000");
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
