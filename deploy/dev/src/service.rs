//! Our own programs: where they are, and a guard for each that runs.

use std::{
    ffi::OsString,
    path::{Path, PathBuf},
    time::Duration,
};

use crate::{
    Error,
    process::Spec,
    servers::{
        Options,
        server::{Kind, Server},
    },
};

/// Finds a program of this workspace beside the program that runs now, be it `cargo dev` or a test.
///
/// # Errors
/// It was not built.
pub fn program(name: &str) -> Result<PathBuf, Error> {
    let fault = |cause: String| {
        Error::new(format!("find {name}"), cause).advise("Build it: cargo build --workspace --bins")
    };
    let own = std::env::current_exe().map_err(|error| fault(error.to_string()))?;
    // Tests and examples lie one folder deeper than programs.
    let deeper = |folder: &Path| folder.ends_with("deps") || folder.ends_with("examples");
    let folder = own.parent().map(|folder| if deeper(folder) { folder.join("..") } else { folder.into() });
    let path = folder.unwrap_or_default().join(name);
    if path.exists() {
        Ok(path.canonicalize().unwrap_or(path))
    } else {
        Err(fault(format!("no {}", path.display())))
    }
}

/// Builds `programs` of this workspace into the folder that this program was built into, with cargo's own progress.
///
/// # Errors
/// They do not compile; cargo has said why.
pub fn build(programs: &[&str]) -> Result<(), Error> {
    let mut cargo = crate::cargo();
    cargo.arg("build");
    if program("troupe-dev").is_ok_and(|path| path.parent().is_some_and(|folder| folder.ends_with("release")))
    {
        cargo.arg("--release");
    }
    for name in programs {
        cargo.args(["--package", name, "--bin", name]);
    }
    let status = cargo.status().map_err(|error| Error::new("run cargo", error))?;
    if status.success() {
        Ok(())
    } else {
        Err(Error::new("build troupe", format!("cargo build failed ({status})")))
    }
}

/// One of our services, running. Killed when dropped.
#[derive(Debug)]
pub struct Service(Server<Program>);

#[derive(Debug)]
struct Program {
    name: String,
    path: PathBuf,
    environment: Vec<(OsString, OsString)>,
}

impl Service {
    /// Starts the program `path` under the name `name` and returns when its `/readyz` says that it is ready.
    ///
    /// It listens where `TROUPE__HTTP__LISTEN`, added to `environment`, says. Its log is `<logs>/<name>.log`.
    ///
    /// # Errors
    /// It ends, or does not become ready within a minute; with its last words.
    pub async fn start(
        name: &str,
        path: &Path,
        environment: impl IntoIterator<Item = (String, String)>,
        data: &Path,
        logs: &Path,
    ) -> Result<Self, Error> {
        let environment = environment.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
        let program = Program { name: name.to_owned(), path: path.to_owned(), environment };
        let options = Options {
            data: Some(data.join(name)),
            log: Some(logs.join(format!("{name}.log"))),
            ..Options::default()
        };
        Ok(Self(Server::start(program, &options).await?))
    }

    /// What it is called, e.g. `ingress-2`.
    pub fn name(&self) -> &str {
        self.0.name()
    }
}

crate::servers::guard!(Service, "http");

impl Kind for Program {
    fn name(&self) -> &str {
        &self.name
    }

    fn spec(&self, port: u16, data: &Path, log: &Path) -> Spec {
        let mut spec = Spec::new(&self.name, &self.path, log);
        // A configuration file of the operator's, lying about in the checkout, is for another installation.
        spec.folder = Some(data.to_owned());
        spec.environment.clone_from(&self.environment);
        // A log is a file: colours would only be in the way.
        spec.env("NO_COLOR", "1").env("TROUPE__HTTP__LISTEN", format!("127.0.0.1:{port}"))
    }

    async fn ready(&self, port: u16, _process: u32) -> Result<(), String> {
        ready(&format!("http://127.0.0.1:{port}")).await
    }
}

/// Asks the service at `url` whether it is ready.
///
/// # Errors
/// What it says if it is not, or why it does not answer.
pub async fn ready(url: &str) -> Result<(), String> {
    let request = reqwest::Client::new().get(format!("{url}/readyz")).timeout(Duration::from_secs(2));
    let response = request.send().await.map_err(|error| error.to_string())?;
    let status = response.status();
    if status.is_success() {
        return Ok(());
    }
    Err(format!("/readyz says {status}: {}", response.text().await.unwrap_or_default().trim()))
}
