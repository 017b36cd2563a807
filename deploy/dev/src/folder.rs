//! Where `cargo dev` keeps what it gets and makes: `.dev` in the checkout, out of version control.

use std::path::{Path, PathBuf};

/// The checkout that this runs in: cargo tells every program and test that it runs the folder of its package. Where nobody
/// tells, the one that this crate was compiled in, which is another one if checkouts share a target folder.
pub fn checkout() -> PathBuf {
    let compiled_in = Path::new(env!("CARGO_MANIFEST_DIR"));
    let told = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let told = told.as_deref().and_then(checkout_around);
    told.or_else(|| checkout_around(compiled_in)).unwrap_or(compiled_in).to_owned()
}

/// The checkout that `folder` lies in, if there is one.
fn checkout_around(folder: &Path) -> Option<&Path> {
    folder.ancestors().find(|around| around.join("deploy/dev/Cargo.toml").exists())
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
