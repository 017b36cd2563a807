//! Where `cargo dev` keeps what it gets and makes: `.dev` in the checkout, out of version control.

use std::path::{Path, PathBuf};

/// The checkout that this crate was compiled in.
pub fn checkout() -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.ancestors().nth(2).expect("deploy/dev lies two folders below the checkout").to_owned()
}

/// The folder of everything that `cargo dev` gets and makes.
pub fn dev() -> PathBuf {
    checkout().join(".dev")
}

/// Tools that were missing on this machine.
pub fn tools() -> PathBuf {
    dev().join("tools")
}

/// What the servers of `cargo dev up` keep.
pub fn data() -> PathBuf {
    dev().join("run")
}

/// What the servers and services of `cargo dev up` say.
pub fn logs() -> PathBuf {
    dev().join("logs")
}
