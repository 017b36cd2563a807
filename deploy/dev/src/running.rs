//! Whether `cargo dev up` runs on this checkout, and what it has told about itself.

use std::{
    collections::BTreeMap,
    fs::{self, File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{Error, error::Doing};

/// What runs and where: the content of `.dev/endpoints.json`.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoints {
    /// The process id of `cargo dev up`.
    pub process: u32,
    /// Everything that runs, by name.
    pub services: BTreeMap<String, Endpoint>,
    /// The bearer token of the manager's REST API.
    pub manager_token: String,
    /// The address of the Telegram emulator for clients, e.g. `127.0.0.1:30123`.
    pub telegram_address: String,
    /// The file with the emulator's public RSA key (PEM, PKCS#1).
    pub telegram_key_file: PathBuf,
    /// The database with the statistics.
    pub clickhouse_database: String,
    /// The bots of the demo, by name: their ids at the manager.
    #[serde(default)]
    pub bots: BTreeMap<String, u64>,
    /// Everyone in the demo, people and bots, by name: their Telegram accounts.
    #[serde(default)]
    pub accounts: BTreeMap<String, Account>,
    /// The group of the demo.
    #[serde(default)]
    pub group: Option<i64>,
}

/// One thing that runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Endpoint {
    /// Where it is reached.
    pub url: String,
    /// Its process id.
    pub process: u32,
    /// What it says.
    pub log: PathBuf,
}

/// An account at the emulator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The user id.
    pub id: i64,
    /// The phone number, for signing in; bot accounts have none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<String>,
    /// The public name, without `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
    /// The second factor.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
}

/// The right to run on a folder; given back when dropped, and by the kernel however we end.
#[derive(Debug)]
pub struct Claim {
    folder: PathBuf,
    _lock: File,
}

impl Claim {
    /// Claims `folder` (`.dev`) for this process.
    ///
    /// # Errors
    /// Another `cargo dev up` runs on it, or it is not one for us.
    pub fn new(folder: &Path) -> Result<Self, Error> {
        fs::create_dir_all(folder).doing(|| format!("make {}", folder.display()))?;
        let path = lock_file(folder);
        // What is in it will be emptied: not the folder of something else, named by mistake.
        let ours = path.exists() || folder.join("tools").exists();
        if !ours && fs::read_dir(folder).is_ok_and(|mut entries| entries.next().is_some()) {
            let error = Error::new(format!("use {}", folder.display()), "there is something else in it");
            return Err(error.advise("Name an empty folder, or one that does not exist yet."));
        }
        let doing = || format!("open {}", path.display());
        let mut lock =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).doing(doing)?;
        if lock.try_lock().is_err() {
            let process = fs::read_to_string(&path).unwrap_or_default();
            let cause = format!("it is running already (process {}) on {}", process.trim(), folder.display());
            return Err(Error::new("run cargo dev up", cause)
                .advise("See what it does with `cargo dev status`, end it with `cargo dev down`."));
        }
        lock.set_len(0).doing(doing)?;
        writeln!(lock, "{}", std::process::id()).doing(doing)?;
        Ok(Self { folder: folder.to_owned(), _lock: lock })
    }

    /// The folder.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Writes `endpoints.json`, for its owner's eyes only: there are tokens in it.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn tell(&self, endpoints: &Endpoints) -> Result<(), Error> {
        let path = endpoints_file(&self.folder);
        let text = serde_json::to_string_pretty(endpoints).expect("endpoints are plain data");
        let part = path.with_extension("part");
        let _ = fs::remove_file(&part);
        let write = || -> std::io::Result<()> {
            let mut file = OpenOptions::new().create_new(true).write(true).mode(0o600).open(&part)?;
            writeln!(file, "{text}")?;
            fs::rename(&part, &path)
        };
        write().doing(|| format!("write {}", path.display()))
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        let _ = fs::remove_file(endpoints_file(&self.folder));
    }
}

/// The process id of the `cargo dev up` that runs on `folder`, if one does.
pub fn process(folder: &Path) -> Option<u32> {
    let path = lock_file(folder);
    let file = File::open(&path).ok()?;
    // Shared, so that two who ask at once do not take each other for the one who runs.
    match file.try_lock_shared() {
        Ok(()) => None,
        Err(_) => fs::read_to_string(&path).ok()?.trim().parse().ok(),
    }
}

/// What the `cargo dev up` that runs on `folder` has told so far.
pub fn endpoints(folder: &Path) -> Option<Endpoints> {
    let text = fs::read_to_string(endpoints_file(folder)).ok()?;
    let endpoints: Endpoints = serde_json::from_str(&text).ok()?;
    // One that was killed leaves its file behind.
    (process(folder) == Some(endpoints.process)).then_some(endpoints)
}

fn lock_file(folder: &Path) -> PathBuf {
    folder.join("up.lock")
}

fn endpoints_file(folder: &Path) -> PathBuf {
    folder.join("endpoints.json")
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn folder_is_claimed_once_until_it_is_given_back() {
        let folder = tempfile::tempdir().unwrap();
        assert_eq!(process(folder.path()), None);
        let claim = Claim::new(folder.path()).unwrap();
        assert_eq!(process(folder.path()), Some(std::process::id()));
        let refusal = Claim::new(folder.path()).unwrap_err().to_string();
        assert!(refusal.contains(&format!("running already (process {})", std::process::id())), "{refusal}");
        drop(claim);
        assert_eq!(process(folder.path()), None);
        Claim::new(folder.path()).unwrap();
    }

    #[test]
    fn folder_of_something_else_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("run")).unwrap();
        let refusal = Claim::new(folder.path()).unwrap_err().to_string();
        assert!(refusal.contains("something else in it"), "{refusal}");
        assert!(!lock_file(folder.path()).exists());
    }

    #[test]
    fn endpoints_are_told_to_their_owner_while_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let claim = Claim::new(folder.path()).unwrap();
        assert_eq!(endpoints(folder.path()), None);
        let told =
            Endpoints { process: std::process::id(), manager_token: "t".into(), ..Endpoints::default() };
        claim.tell(&told).unwrap();
        assert_eq!(endpoints(folder.path()), Some(told.clone()));
        let mode = fs::metadata(endpoints_file(folder.path())).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        let file = fs::read(endpoints_file(folder.path())).unwrap();
        drop(claim);
        // As a killed one would leave it.
        fs::write(endpoints_file(folder.path()), file).unwrap();
        assert_eq!(endpoints(folder.path()), None);
    }
}
