//! The tables: numbered migrations, applied in order, by one instance at a time.

use std::{collections::BTreeMap, time::Duration};

use anyhow::{Context as _, anyhow};
use clickhouse::Row;
use serde::Deserialize;
use sha2::{Digest, Sha256};
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use troupe_bus::{
    Bus,
    ownership::{self, Change, Lease, Ownership},
};
use troupe_types::Partition;

use crate::{
    batch::hex,
    cluster::{NotKnown, on_cluster},
    database::{Database, Error},
};

/// A file of `deploy/clickhouse`.
struct Migration {
    version: u32,
    name: &'static str,
    sql: &'static str,
}

macro_rules! migration {
    ($version:literal, $name:literal) => {
        Migration {
            version: $version,
            name: $name,
            sql: include_str!(concat!("../../../deploy/clickhouse/", $name, ".sql")),
        }
    };
}

/// Every migration, in order.
const MIGRATIONS: [Migration; 14] = [
    migration!(1, "0001_events_told"),
    migration!(2, "0002_events"),
    migration!(3, "0003_events_complete"),
    migration!(4, "0004_counts"),
    migration!(5, "0005_activity"),
    migration!(6, "0006_keep_counts"),
    migration!(7, "0007_counted"),
    migration!(8, "0008_smaller"),
    migration!(9, "0009_positions"),
    migration!(10, "0010_days"),
    migration!(11, "0011_rollups"),
    migration!(12, "0012_first_contacts"),
    migration!(13, "0013_answered"),
    migration!(14, "0014_contact_days"),
];

/// What is noted of those that were applied. Noting the same twice changes nothing.
const NOTES: &str = "CREATE TABLE IF NOT EXISTS migrations
    (version UInt32, name String, checksum String, applied DateTime64(3, 'UTC') DEFAULT now64(3))
    ENGINE = ReplacingMergeTree ORDER BY version
    COMMENT 'which files of deploy/clickhouse were applied'";

/// The service name under which instances agree who applies migrations.
const SERVICE: &str = "schema";
/// The partition whose owner applies them; ownership is per partition, and one is enough here.
const LEADER: Partition = Partition::new(0);
/// How often it is looked whether another instance has applied what is missing.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// How long ClickHouse is left alone after it could not be reached.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// How long a statement may take: a later migration may have to rewrite a large table.
const STATEMENT_MAX: Duration = Duration::from_hours(1);

impl Migration {
    fn checksum(&self) -> String {
        hex(&Sha256::digest(self.sql))
    }
}

/// Brings the tables to what this version needs, or waits until another instance has. A ClickHouse that is away is
/// waited for.
///
/// # Errors
/// If a migration was changed after it was applied, or ClickHouse refuses one.
pub(crate) async fn prepare(database: &Database, bus: &Bus, instance: &str) -> anyhow::Result<()> {
    loop {
        match missing(database).await {
            Ok(missing) if missing.is_empty() => return Ok(()),
            Ok(_) => apply_alone(database, bus, instance).await?,
            Err(Trouble::Refused(error)) => return Err(error),
            Err(Trouble::Database(error)) => wait(&error).await,
        }
    }
}

/// Every statement of the schema, in order, for a database that is empty: on one server, or on the cluster of this name.
///
/// # Errors
/// If it is not known what a statement is on a cluster; a test sees that each is.
pub fn statements(cluster: Option<&str>) -> anyhow::Result<Vec<String>> {
    let all = std::iter::once(NOTES.to_owned()).chain(MIGRATIONS.iter().flat_map(|one| cut(one.sql)));
    all.map(|statement| Ok(on(cluster.unwrap_or_default(), &statement)?.trim().to_owned())).collect()
}

/// What a statement of the schema is on this cluster; if that is empty, on one server.
fn on(cluster: &str, statement: &str) -> Result<String, NotKnown> {
    if cluster.is_empty() { Ok(statement.to_owned()) } else { on_cluster(statement, cluster) }
}

enum Trouble {
    Database(Error),
    Refused(anyhow::Error),
}

impl From<anyhow::Error> for Trouble {
    fn from(error: anyhow::Error) -> Self {
        Self::Refused(error)
    }
}

impl From<Error> for Trouble {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

async fn wait(error: &Error) {
    tracing::warn!(error = error as &dyn std::error::Error, "waiting for ClickHouse");
    sleep(RETRY_AFTER).await;
}

/// The migrations that were not applied yet.
async fn missing(database: &Database) -> Result<Vec<&'static Migration>, Trouble> {
    #[derive(Deserialize, Row)]
    struct Note {
        version: u32,
        checksum: String,
    }
    check_cluster(database).await?;
    database.create().await?;
    if !has_tables(database).await? {
        let notes = on(database.cluster(), NOTES).map_err(anyhow::Error::from)?;
        database.execute("create the table migrations", &notes, STATEMENT_MAX).await?;
    }
    database.catch_up().await?;
    let query = database.query("SELECT version, checksum FROM migrations FINAL");
    let notes = database.rows::<Note>("read which migrations were applied", query).await?;
    let applied: BTreeMap<u32, String> =
        notes.into_iter().map(|note| (note.version, note.checksum)).collect();
    let mut missing = Vec::new();
    for migration in &MIGRATIONS {
        match applied.get(&migration.version) {
            None => missing.push(migration),
            Some(checksum) if *checksum == migration.checksum() => {}
            Some(_) => {
                return Err(Trouble::Refused(anyhow::anyhow!(
                    "the migration {} was changed after it was applied to this database: put the file back as it was, \
                     and make the change in a new one",
                    migration.name
                )));
            }
        }
    }
    Ok(missing)
}

/// Refuses a cluster that does not exist, or that the tables cannot be on.
async fn check_cluster(database: &Database) -> Result<(), Trouble> {
    #[derive(Deserialize, Row)]
    struct Size {
        shards: u64,
        servers: u64,
    }
    let cluster = database.cluster();
    if cluster.is_empty() {
        return Ok(());
    }
    let size = database
        .query_server("SELECT uniqExact(shard_num) AS shards, count() AS servers FROM system.clusters WHERE cluster = ?")
        .bind(cluster);
    let refused = match database.row::<Size>("look for the cluster", size).await? {
        Size { shards: 0, .. } => Some(
            "which ClickHouse does not know: take a name from system.clusters, or leave it empty for one server",
        ),
        // ClickHouse would wait for a majority that is there already until it has waited too long.
        Size { servers: 1, .. } => Some("which has one server: leave it empty"),
        Size { shards: 2.., .. } => Some(
            "which has several shards and would count wrongly, since all events have to lie in one place: name a cluster of \
             one shard, with as many replicas as you like",
        ),
        Size { .. } => None,
    };
    if let Some(refused) = refused {
        return Err(anyhow!("clickhouse.cluster is {cluster}, {refused}").into());
    }
    let macros =
        database.query_server("SELECT count() FROM system.macros WHERE macro IN ('shard', 'replica')");
    if database.row::<u64>("look for the macros", macros).await? < 2 {
        let error = anyhow!(
            "a server of the cluster {cluster} lacks the macros shard and replica: they are needed in the configuration of \
             each, and replica has to be another one on each"
        );
        return Err(error.into());
    }
    Ok(())
}

/// Whether the database has the table of what was applied. Refuses one that is on a cluster if none is named, and the other
/// way round.
async fn has_tables(database: &Database) -> Result<bool, Trouble> {
    let query = database
        .query("SELECT engine FROM system.tables WHERE database = currentDatabase() AND name = 'migrations'");
    let engines = database.rows::<String>("look for the table migrations", query).await?;
    let Some(engine) = engines.first() else { return Ok(false) };
    match (engine.starts_with("Replicated"), database.cluster()) {
        (true, "") => Err(anyhow!(
            "the tables of this database are replicated: name the cluster that has them in clickhouse.cluster"
        )
        .into()),
        (false, cluster) if !cluster.is_empty() => Err(anyhow!(
            "the tables of this database are on one server alone: leave clickhouse.cluster empty, or name another database \
             for the cluster {cluster} and take along what is there (deploy/clickhouse/README.md)"
        )
        .into()),
        _ => Ok(true),
    }
}

/// Applies what is missing while no other instance can, or returns once another one has.
async fn apply_alone(database: &Database, bus: &Bus, instance: &str) -> anyhow::Result<()> {
    let leave = CancellationToken::new();
    let mut ownership = ownership::join(bus, SERVICE, instance, leave.clone())
        .context("cannot agree with other instances who applies migrations")?;
    let applied = apply_as_leader(database, &mut ownership).await;
    leave.cancel();
    while let Some(change) = ownership.next().await {
        if let Change::Revoke(partition) = change {
            ownership.released(partition);
        }
    }
    applied
}

async fn apply_as_leader(database: &Database, ownership: &mut Ownership) -> anyhow::Result<()> {
    loop {
        tokio::select! {
            change = ownership.next() => match change {
                Some(Change::Acquired(LEADER, lease)) => {
                    if apply(database, &lease).await? {
                        return Ok(());
                    }
                }
                Some(Change::Revoke(partition)) => ownership.released(partition),
                Some(Change::Acquired(..)) => {}
                None => anyhow::bail!("the bus was closed"),
            },
            () = sleep(LOOK_EVERY) => {
                if matches!(missing(database).await, Ok(missing) if missing.is_empty()) {
                    return Ok(());
                }
            }
        }
    }
}

/// Applies what is missing. Returns whether nothing is any more; not so if the lease was lost.
async fn apply(database: &Database, lease: &Lease) -> anyhow::Result<bool> {
    let all = async {
        loop {
            let missing = match missing(database).await {
                Ok(missing) => missing,
                Err(Trouble::Refused(error)) => return Err(error),
                Err(Trouble::Database(error)) => {
                    wait(&error).await;
                    continue;
                }
            };
            let Some(next) = missing.first() else { return Ok(true) };
            match apply_one(database, next).await {
                Ok(()) => {}
                Err(Trouble::Database(error)) if !error.is_refusal() => wait(&error).await,
                Err(Trouble::Database(error)) => {
                    return Err(anyhow::Error::from(error).context(format!("cannot apply {}", next.name)));
                }
                Err(Trouble::Refused(error)) => return Err(error),
            }
        }
    };
    tokio::select! {
        biased;
        () = lease.lost.cancelled() => Ok(false),
        done = all => done,
    }
}

async fn apply_one(database: &Database, migration: &Migration) -> Result<(), Trouble> {
    let doing = format!("apply {}", migration.name);
    for statement in cut(migration.sql) {
        let statement = on(database.cluster(), &statement).map_err(anyhow::Error::from)?;
        // A statement that moves rows is to find all that are there.
        database.catch_up().await?;
        database.execute(&doing, &statement, STATEMENT_MAX).await?;
    }
    let note = format!(
        "INSERT INTO migrations (version, name, checksum) SELECT {}, '{}', '{}'",
        migration.version,
        migration.name,
        migration.checksum()
    );
    database.execute(&format!("note that {} was applied", migration.name), &note, STATEMENT_MAX).await?;
    tracing::info!(migration = migration.name, "applied a migration");
    Ok(())
}

/// The statements of a file: each ends with `;` at the end of a line. Lines that are only comments are left out.
fn cut(sql: &str) -> Vec<String> {
    let mut statements = Vec::new();
    let mut statement = String::new();
    for line in sql.lines().filter(|line| !line.trim_start().starts_with("--")) {
        let end = line.trim_end().strip_suffix(';');
        statement.push_str(end.unwrap_or(line));
        statement.push('\n');
        if end.is_some() {
            statements.push(std::mem::take(&mut statement));
        }
    }
    if !statement.trim().is_empty() {
        statements.push(statement);
    }
    statements
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, fs};

    use super::*;

    #[test]
    fn every_file_is_known_in_order_and_ends_its_statements() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../deploy/clickhouse");
        let files: BTreeSet<String> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter_map(|name| Some(name.strip_suffix(".sql")?.to_owned()))
            .collect();
        let known: Vec<&str> = MIGRATIONS.iter().map(|migration| migration.name).collect();
        assert!(files.iter().map(String::as_str).eq(known), "{files:?}");
        for (migration, version) in MIGRATIONS.iter().zip(1..) {
            assert_eq!(migration.version, version);
            assert!(migration.name.starts_with(&format!("{version:04}_")), "{}", migration.name);
            assert!(migration.sql.trim_end().ends_with(';'), "{}", migration.name);
            assert!(!cut(migration.sql).is_empty());
        }
    }

    #[test]
    fn of_every_statement_it_is_known_what_it_is_on_a_cluster() {
        for migration in &MIGRATIONS {
            for statement in cut(migration.sql) {
                if let Err(error) = on_cluster(&statement, "c") {
                    panic!("{}: {error}", migration.name);
                }
            }
        }
    }

    #[test]
    fn on_a_cluster_every_table_is_replicated_and_everything_done_on_each_server() {
        let one = statements(None).unwrap();
        let cluster = statements(Some("c")).unwrap();
        assert_eq!(one.len(), cluster.len());
        assert!(!one.concat().contains("ON CLUSTER"));
        for statement in cluster {
            let everywhere = statement.contains(" ON CLUSTER `c`");
            assert_ne!(everywhere, statement.starts_with("INSERT INTO "), "{statement}");
            let replicated =
                statement.contains("\nENGINE = Replicated") || statement.contains("    ENGINE = Replicated");
            assert_eq!(replicated, statement.starts_with("CREATE TABLE "), "{statement}");
            assert!(!statement.contains("non_replicated_"), "{statement}");
        }
    }

    #[test]
    fn a_file_is_cut_into_its_statements() {
        let sql =
            "-- one\nCREATE TABLE a\n(\n    -- why; because\n    id String COMMENT 'a; b'\n);\n\nDROP x;\n";
        assert_eq!(cut(sql), ["CREATE TABLE a\n(\n    id String COMMENT 'a; b'\n)\n", "\nDROP x\n"]);
    }
}
