//! Python packages in folders of their own, each with a `python` that sees them and nothing else changed.
//!
//! `pip install --target` rather than a venv: it needs neither `ensurepip`, which Debian splits off, nor a `pip`
//! that is installed, for Debian's package of pip's wheel can be unpacked and run as it is.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
};

use super::{
    apt::{Apt, Suite},
    step,
};
use crate::{Error, error::Doing};

const NO_PYTHON: &str = "Python 3.9 or newer with a 64-bit Linux wheel platform, and the network, are needed.\n\
    On Debian: apt install python3 python3-pip";

/// The path of the interpreter itself: what stands on PATH may be a slow script that chooses one.
fn interpreter() -> Result<String, Error> {
    let mut command = Command::new("python3");
    command.args(["-c", "import sys; assert sys.version_info >= (3, 9), sys.version; print(sys.executable)"]);
    let fault = |cause: String| Error::new("find Python", cause).advise(NO_PYTHON);
    let output = command.output().map_err(|error| fault(format!("cannot run python3: {error}")))?;
    if !output.status.success() {
        return Err(fault(String::from_utf8_lossy(&output.stderr).trim().to_owned()));
    }
    Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// A way to run pip: what to put before pip's own arguments.
fn pip(python: &str, apt: &Apt, folder: &Path) -> Result<Vec<String>, Error> {
    let module = ["-m".to_owned(), "pip".to_owned()];
    let works = Command::new(python).args(&module).arg("--version").output();
    if works.is_ok_and(|output| output.status.success()) {
        return Ok(module.to_vec());
    }
    step::say("Python has no pip: taking the one in Debian's package python3-pip-whl");
    apt.unpack(Suite::Own, &["python3-pip-whl"], false, folder, NO_PYTHON)?;
    let wheels = folder.join("usr/share/python-wheels");
    let found = fs::read_dir(&wheels).into_iter().flatten().flatten().map(|entry| entry.path());
    let wheel = found.into_iter().find(|path| path.to_string_lossy().contains("/pip-"));
    // A wheel is a zip file that Python can run a package out of.
    let wheel = wheel.ok_or_else(|| {
        Error::new("find pip", format!("no wheel of it in {}", wheels.display())).advise(NO_PYTHON)
    })?;
    Ok(vec![wheel.join("pip").to_string_lossy().into_owned()])
}

/// Installs `packages` below `folder`, which must not exist yet, and makes `folder/python`.
///
/// `partial` is a folder on the same file system for what is not complete yet.
pub(super) fn install(folder: &Path, packages: &[&str], partial: &Path, apt: &Apt) -> Result<(), Error> {
    let python = interpreter()?;
    let stage = partial.join("python");
    let temporary = partial.join("pip-temporary");
    for path in [&stage, &temporary] {
        let _ = fs::remove_dir_all(path);
        fs::create_dir_all(path).doing(|| format!("make {}", path.display()))?;
    }
    let mut command = Command::new(&python);
    command
        .args(pip(&python, apt, &partial.join("pip"))?)
        .args(["install", "--no-input", "--disable-pip-version-check", "--no-deps"])
        .arg("--target")
        .arg(stage.join("packages"))
        .args(packages)
        .env("TMPDIR", &temporary);
    step::run(&format!("install {} with pip", packages.join(", ")), &mut command, partial, NO_PYTHON)?;
    let script = format!(
        "#!/bin/sh\n# Python with the packages beside this file.\n\
         here=$(CDPATH= cd -- \"$(dirname -- \"$0\")\" && pwd)\n\
         PYTHONPATH=\"$here/packages\" PYTHONNOUSERSITE=1 exec '{python}' \"$@\"\n"
    );
    let path = stage.join("python");
    fs::write(&path, script).doing(|| format!("write {}", path.display()))?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))
        .doing(|| format!("write {}", path.display()))?;
    fs::write(stage.join("interpreter"), &python).doing(|| format!("write {}", stage.display()))?;
    let _ = fs::remove_dir_all(folder);
    fs::rename(&stage, folder).doing(|| format!("move {} to {}", stage.display(), folder.display()))
}

/// The `python` of a folder that was installed completely and whose interpreter is still there.
pub(super) fn installed(folder: &Path) -> Option<PathBuf> {
    let interpreter = fs::read_to_string(folder.join("interpreter")).ok()?;
    let python = folder.join("python");
    (Path::new(&interpreter).exists() && python.exists()).then_some(python)
}
