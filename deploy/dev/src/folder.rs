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

/// What the servers of a `cargo dev up` that works in `folder` keep.
pub fn data(folder: &Path) -> PathBuf {
    folder.join("run")
}

/// What the servers and services of a `cargo dev up` that works in `folder` say.
pub fn logs(folder: &Path) -> PathBuf {
    folder.join("logs")
}
