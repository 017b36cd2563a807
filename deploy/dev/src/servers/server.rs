//! What the three servers have in common: folder, port, start, restart.

use std::{
    fmt::Display,
    fs,
    future::Future,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use tempfile::TempDir;

use super::{Options, port::free_port};
use crate::{
    Error,
    error::Doing,
    process::{POLL, Process, Spec},
};

/// How long a server may take to become ready. ClickHouse loads half a gigabyte from a cold disk.
const READY_WITHIN: Duration = Duration::from_mins(1);
/// How long a server may take to end when it was asked to.
const STOP_WITHIN: Duration = Duration::from_secs(20);
/// How often another port is tried, and how often the same one after a restart.
const TRIES: u32 = 20;

/// Tells how to run a kind of server and when it is ready.
pub(crate) trait Kind {
    /// Its name in errors and logs.
    fn name(&self) -> &str;

    /// The command that serves `data` on `port`.
    fn spec(&self, port: u16, data: &Path, log: &Path) -> Spec;

    /// Whether the process with the given id answers on `port`; the error is told if it never does.
    fn ready(&self, port: u16, process: u32) -> impl Future<Output = Result<(), String>> + Send;

    /// Whether what it said means that somebody else has the port.
    fn port_taken(said: &str) -> bool {
        said.contains("ddress already in use")
    }
}

/// A server of some kind, running or not.
#[derive(Debug)]
pub(crate) struct Server<K> {
    kind: K,
    process: Process,
    port: u16,
    data: PathBuf,
    log: PathBuf,
    arguments: Vec<String>,
    /// Removes the data when it is dropped, which is after the process.
    _temporary: Option<TempDir>,
}

impl<K: Kind> Server<K> {
    pub(crate) async fn start(kind: K, options: &Options) -> Result<Self, Error> {
        let name = kind.name().to_owned();
        let doing = || format!("start {name}");
        let temporary = match options.data {
            Some(_) => None,
            None => Some(tempfile::Builder::new().prefix("troupe-").tempdir().doing(doing)?),
        };
        let folder = temporary.as_ref().map(TempDir::path);
        let data = match (&options.data, folder) {
            (Some(data), _) => data.clone(),
            (None, folder) => folder.expect("it was made").join("data"),
        };
        fs::create_dir_all(&data).doing(|| format!("make {}", data.display()))?;
        let log = options.log.clone().unwrap_or_else(|| data.with_file_name("log"));
        for _ in 0..TRIES {
            let port = options.port.unwrap_or_else(free_port);
            let mut process = begin(&kind, port, &data, &log, &options.arguments)?;
            match wait(&kind, &mut process, port).await {
                Ok(()) => {
                    let arguments = options.arguments.clone();
                    return Ok(Self { kind, process, port, data, log, arguments, _temporary: temporary });
                }
                Err(Failure::PortTaken) if options.port.is_none() => {}
                Err(failure) => return Err(failure.told(port, &process)),
            }
        }
        Err(Error::new(doing(), format!("{TRIES} ports that were free a moment ago were all taken")))
    }

    pub(crate) fn name(&self) -> &str {
        self.kind.name()
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn data(&self) -> &Path {
        &self.data
    }

    pub(crate) fn process(&mut self) -> &mut Process {
        &mut self.process
    }

    pub(crate) async fn stop(&mut self) {
        self.process.stop(STOP_WITHIN).await;
    }

    pub(crate) async fn restart(&mut self) -> Result<(), Error> {
        self.process.kill();
        let mut tries = 0;
        loop {
            self.process = begin(&self.kind, self.port, &self.data, &self.log, &self.arguments)?;
            match wait(&self.kind, &mut self.process, self.port).await {
                Ok(()) => return Ok(()),
                Err(Failure::PortTaken) if tries < TRIES => tries += 1,
                Err(failure) => return Err(failure.told(self.port, &self.process)),
            }
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

fn begin<K: Kind>(
    kind: &K,
    port: u16,
    data: &Path,
    log: &Path,
    arguments: &[String],
) -> Result<Process, Error> {
    Process::start(kind.spec(port, data, log).args(arguments))
}

/// Why a server did not become ready.
enum Failure {
    PortTaken,
    Ended(String),
    Silent(String),
}

impl Failure {
    fn told(&self, port: u16, process: &Process) -> Error {
        let told = |cause: &dyn Display| {
            let name = &process.spec().name;
            let said = process.last_words(15);
            let log = process.spec().log.display();
            Error::new(format!("start {name} on 127.0.0.1:{port}"), format!("{cause}\n{said}  from {log}"))
        };
        match self {
            Self::PortTaken => {
                told(&"another program has this port").advise("Stop it, or choose another port.")
            }
            Self::Ended(how) => told(&format!("it ended ({how}). It said:")),
            Self::Silent(why) => told(&format!("not ready after {READY_WITHIN:?}: {why}. It said:")),
        }
    }
}

async fn wait<K: Kind>(kind: &K, process: &mut Process, port: u16) -> Result<(), Failure> {
    let deadline = Instant::now() + READY_WITHIN;
    loop {
        let probe = tokio::time::timeout(Duration::from_secs(5), kind.ready(port, process.id()));
        let ready = tokio::select! {
            ready = probe => ready.unwrap_or_else(|_| Err("it does not answer".into())),
            () = ended(process) => Err("it ended".into()),
        };
        // Asked after the probe: an answer from a server that is not ours counts for nothing once ours has ended.
        if let Some(status) = process.ended() {
            return Err(if K::port_taken(&process.said()) {
                Failure::PortTaken
            } else {
                Failure::Ended(status.to_string())
            });
        }
        match ready {
            Ok(()) => return Ok(()),
            Err(why) if Instant::now() > deadline => {
                process.kill();
                return Err(Failure::Silent(why));
            }
            Err(_) => tokio::time::sleep(POLL).await,
        }
    }
}

async fn ended(process: &mut Process) {
    while process.ended().is_none() {
        tokio::time::sleep(POLL).await;
    }
}
