//! What is measured: a broker, ClickHouse, and stats as it is released.

use std::path::{Path, PathBuf};

use tempfile::TempDir;
use tokio::time::{Duration, sleep};

use super::database::Database;
use crate::{
    Error,
    error::Doing,
    servers::{self, ClickHouse, Nats},
    service::Service,
};

/// Servers with data of their own, which go with it unless they are to be kept.
pub(super) struct World {
    pub(super) nats: Nats,
    pub(super) clickhouse: ClickHouse,
    /// That of ClickHouse.
    process: u32,
    program: PathBuf,
    folder: TempDir,
}

impl World {
    /// Starts the servers. ClickHouse keeps its data in `kept`, if that is said.
    pub(super) async fn start(kept: Option<&Path>) -> Result<Self, Error> {
        let program = released("troupe-stats")?;
        let folder =
            tempfile::Builder::new().prefix("troupe-bench-").tempdir().doing(|| "make a folder".into())?;
        let options = |name: &str| servers::Options {
            data: Some(folder.path().join(name)),
            log: Some(folder.path().join(format!("{name}.log"))),
            ..servers::Options::default()
        };
        let (nats, mut clickhouse) = (options("nats"), options("clickhouse"));
        if let Some(kept) = kept {
            clickhouse.data = Some(kept.to_owned());
        }
        let (nats, mut clickhouse) = tokio::try_join!(Nats::start(&nats), ClickHouse::start(&clickhouse))?;
        let process = clickhouse.process().id();
        Ok(Self { nats, clickhouse, process, program, folder })
    }

    /// Starts stats on the database `name`.
    pub(super) async fn stats(&self, name: &str) -> Result<Service, Error> {
        let setting = |key: &str, value: &str| (format!("TROUPE__{key}"), value.to_owned());
        let environment = [
            setting("NATS__URL", &self.nats.url()),
            setting("CLICKHOUSE__URL", &self.clickhouse.url()),
            setting("CLICKHOUSE__DATABASE", name),
        ];
        let folder: &Path = self.folder.path();
        Service::start(&format!("stats-{name}"), &self.program, environment, folder, folder).await
    }

    /// The database `name` with all tables, which stats makes when it starts.
    pub(super) async fn prepared(&self, name: &str) -> Result<Database, Error> {
        self.stats(name).await?.stop().await;
        Ok(self.database(name))
    }

    /// The same without what an earlier measurement left there.
    pub(super) async fn fresh(&self, name: &str) -> Result<Database, Error> {
        self.database("default").ask(&format!("DROP DATABASE IF EXISTS {name} SYNC"), &[]).await?;
        self.prepared(name).await
    }

    fn database(&self, name: &str) -> Database {
        Database::new(&self.clickhouse.url(), name, self.process)
    }
}

impl Database {
    /// Waits until nothing is being put together in the background.
    pub(super) async fn quiet(&self) -> Result<(), Error> {
        let merging = format!("SELECT count() FROM system.merges WHERE database = '{}'", self.name());
        while self.number(&merging).await? > 0 {
            sleep(Duration::from_millis(200)).await;
        }
        Ok(())
    }
}

/// Builds a program of this workspace for release, whatever this one was built for, and says where it is.
fn released(name: &str) -> Result<PathBuf, Error> {
    let words = ["build", "--release", "--package", name, "--bin", name];
    let status = crate::cargo().args(words).status().doing(|| "run cargo".into())?;
    if !status.success() {
        return Err(Error::new(format!("build {name}"), format!("cargo build failed ({status})")));
    }
    let own = std::env::current_exe().doing(|| format!("find {name}"))?;
    // This program lies beside it, in the folder of another profile or of the same.
    own.ancestors()
        .nth(2)
        .map(|target| target.join("release").join(name))
        .filter(|path| path.exists())
        .ok_or_else(|| {
            Error::new(format!("find {name}"), format!("it was not built beside {}", own.display()))
        })
}
