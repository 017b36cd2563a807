use std::{fs, sync::OnceLock};

/// A name for this process that no other one has: the host's name and eight random characters.
///
/// The same for the life of the process. Only characters that a NATS key may have.
pub fn instance_name() -> &'static str {
    static NAME: OnceLock<String> = OnceLock::new();
    NAME.get_or_init(|| {
        let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
        let host: String = host.trim().chars().filter(|c| c.is_ascii_alphanumeric() || *c == '-').collect();
        let host = if host.is_empty() { "host" } else { &host };
        format!("{host}-{:08x}", rand::random::<u32>())
    })
}
