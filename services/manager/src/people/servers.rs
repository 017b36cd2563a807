//! The servers of ClickHouse, where they are several.
//!
//! Each changes its own rows, and looks for that into a table that stands in for the person: so that is on all of them.

use anyhow::{Context as _, ensure};

use super::events::{patiently, quiet};
use crate::statistics::Reader;

/// Those that hold the tables.
pub struct Servers<'a>(pub &'a Reader);

impl Servers<'_> {
    /// Waits until the server that answers has what the others had when this began.
    pub async fn catch_up(&self) -> anyhow::Result<()> {
        let replicated = "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE 'Replicated%' ORDER BY name";
        let tables = patiently(quiet(self.0, replicated).fetch_all::<String>()).await?;
        ensure!(
            tables.is_empty() || !self.0.cluster().is_empty(),
            "the tables are on several servers: name their cluster in clickhouse.cluster, as for stats"
        );
        for table in tables {
            patiently(quiet(self.0, &format!("SYSTEM SYNC REPLICA `{table}` LIGHTWEIGHT")).execute()).await?;
        }
        Ok(())
    }

    /// What makes a statement one for all servers.
    pub fn everywhere(&self) -> String {
        match self.0.cluster() {
            "" => String::new(),
            cluster => format!(" ON CLUSTER `{}`", cluster.replace('\\', "\\\\").replace('`', "\\`")),
        }
    }

    /// Makes a table that stands in for a person, of this row. Every server has the row when this is done: otherwise one might
    /// change nothing.
    pub async fn make(&self, table: &str, row: &str) -> anyhow::Result<()> {
        // The row by itself: Keeper keeps a statement for all servers for a week, and it would name the person.
        let make = format!(
            "CREATE TABLE {table}{} (person Int64, nobody Int64, bot UInt64) \
             ENGINE = ReplicatedMergeTree('/clickhouse/tables/{{shard}}/{{database}}/{{table}}', '{{replica}}') ORDER BY tuple()",
            self.everywhere()
        );
        patiently(quiet(self.0, &make).execute()).await?;
        let servers =
            quiet(self.0, "SELECT count() FROM system.clusters WHERE cluster = ?").bind(self.0.cluster());
        let servers = patiently(servers.fetch_one::<u64>()).await.context("cannot count the servers")?;
        let insert = quiet(self.0, &format!("INSERT INTO {table} {row}"));
        patiently(insert.with_setting("insert_quorum", servers.to_string()).execute()).await
    }
}
