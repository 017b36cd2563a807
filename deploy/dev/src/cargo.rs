//! Cargo, when it is started from here.

use std::process::Command;

/// The cargo that has started us, or the one of the path, in the checkout.
///
/// It is not told of our own package, of which `cargo run` speaks in the environment: build scripts that look there would
/// run again, and all that hangs on them be built again, whenever somebody builds from here and then from a terminal.
pub fn cargo() -> Command {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    for (name, _) in std::env::vars_os() {
        let ours = name
            .to_str()
            .is_some_and(|name| ["CARGO_PKG_", "CARGO_MANIFEST_"].iter().any(|of| name.starts_with(of)));
        if ours {
            cargo.env_remove(name);
        }
    }
    cargo.current_dir(crate::folder::checkout());
    cargo
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cargo_is_not_told_of_our_own_package() {
        let cargo = cargo();
        let removed: Vec<_> =
            cargo.get_envs().filter(|(_, value)| value.is_none()).map(|(name, _)| name).collect();
        // Cargo has started this test as well, so they are there.
        for name in ["CARGO_PKG_NAME", "CARGO_MANIFEST_DIR"] {
            assert!(
                std::env::var_os(name).is_some() && removed.contains(&name.as_ref()),
                "{name}: {removed:?}"
            );
        }
    }
}
