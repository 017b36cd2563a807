//! ClickHouse, as stats uses it.

use std::{collections::BTreeMap, time::Duration};

use bytes::Bytes;
use clickhouse::{Client, Compression, Row};
use hyper_util::{client::legacy::Client as HttpClient, rt::TokioExecutor};
use serde::{Deserialize, Serialize};
use troupe_types::{Partition, Timestamp};

use crate::{
    batch::{Batch, Late, Notes, Reached},
    cluster::identifier,
    config::ClickHouseConfig,
    row::EventRow,
};

/// ClickHouse closes a quiet connection after 3 s (10 s since 23.11); one that it is closing must not be used.
const IDLE_MAX: Duration = Duration::from_secs(2);

/// The longest that connecting may take.
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// Rows are sent in blocks of this size, in bytes, each of which is compressed by itself.
const BLOCK: usize = 256 * 1024;

/// What ClickHouse answers while other servers of a cluster, or Keeper, are away: `TIMEOUT_EXCEEDED`, `TABLE_IS_READ_ONLY`,
/// `TOO_FEW_LIVE_REPLICAS`, `UNKNOWN_STATUS_OF_INSERT`, `UNFINISHED`, `KEEPER_EXCEPTION`.
const PASSING: [&str; 6] = ["159", "242", "285", "319", "341", "999"];

/// A connection to one database.
#[derive(Clone)]
pub(crate) struct Database {
    client: Client,
    /// For what has to be done before there is a database.
    server: Client,
    name: String,
    /// Empty: one server.
    cluster: String,
    timeout: Duration,
}

/// A call that did not do what it was to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Error {
    /// ClickHouse refused it, or could not be reached: then it may have been done all the same.
    #[error("cannot {doing}")]
    Failed {
        doing: String,
        #[source]
        source: clickhouse::error::Error,
    },
    /// It may have been done all the same.
    #[error("cannot {doing}: no answer in {timeout:?}")]
    Timeout { doing: String, timeout: Duration },
}

impl Error {
    /// Whether ClickHouse answered that it will not do it, for a reason that does not pass.
    pub(crate) fn is_refusal(&self) -> bool {
        let Self::Failed { source: clickhouse::error::Error::BadResponse(answer), .. } = self else {
            return false;
        };
        !PASSING.iter().any(|code| answer.starts_with(&format!("Code: {code}.")))
    }
}

impl Database {
    pub(crate) fn new(config: &ClickHouseConfig) -> Result<Self, troupe_tls::Error> {
        let connector =
            troupe_tls::connector(&config.url, Some(&config.ca_file), config.timeout.min(CONNECT_MAX))?;
        let http = HttpClient::builder(TokioExecutor::new()).pool_idle_timeout(IDLE_MAX).build(connector);
        let mut server = Client::with_http_client(http)
            .with_url(&config.url)
            .with_user(&config.user)
            .with_password(config.password.expose())
            // Said, because the default changes with a feature that any crate in the build may switch on.
            .with_compression(Compression::Lz4)
            // The default is 1: ClickHouse would put batches together anew, and acknowledge each by itself.
            .with_setting("async_insert", "0")
            // A repeated insert is dropped by the tables that views fill, too.
            .with_setting("deduplicate_blocks_in_dependent_materialized_views", "1")
            // The tables of counts are parted by the year that an event tells, and a clock may tell any.
            .with_setting("throw_on_max_partitions_per_insert_block", "0");
        if !config.cluster.is_empty() {
            server = server
                // What is acknowledged outlives the server that took it. Otherwise a position might, and its rows not.
                .with_setting("insert_quorum", "auto")
                .with_setting("insert_quorum_timeout", config.timeout.as_millis().to_string())
                // What comes after a change finds it done on whichever server.
                .with_setting("alter_sync", "2");
        }
        Ok(Self {
            client: server.clone().with_database(&config.database),
            server,
            name: config.database.clone(),
            cluster: config.cluster.clone(),
            timeout: config.timeout,
        })
    }

    /// Makes the database if it is absent.
    pub(crate) async fn create(&self) -> Result<(), Error> {
        let there = self
            .server
            .query("SELECT count() FROM system.databases WHERE name = ?")
            .bind(&self.name)
            .fetch_one::<u64>();
        let there = self.call("look for the database", self.timeout, there).await?;
        if there > 0 {
            // A user who may not make databases is no reason to fail.
            return Ok(());
        }
        let mut sql = format!("CREATE DATABASE IF NOT EXISTS {}", identifier(&self.name));
        if !self.cluster.is_empty() {
            sql = format!("{sql} ON CLUSTER {}", identifier(&self.cluster));
        }
        self.call(
            &format!("create the database {}", self.name),
            self.timeout,
            self.server.query_raw(&sql).execute(),
        )
        .await
    }

    /// Runs a statement that gives nothing back.
    pub(crate) async fn execute(&self, doing: &str, sql: &str, timeout: Duration) -> Result<(), Error> {
        self.run(doing, self.client.query_raw(sql), timeout).await
    }

    /// Runs a statement with parameters that gives nothing back.
    pub(crate) async fn run(
        &self,
        doing: &str,
        statement: clickhouse::query::Query,
        timeout: Duration,
    ) -> Result<(), Error> {
        self.call(doing, timeout, statement.execute()).await
    }

    /// Runs a query.
    pub(crate) async fn rows<T>(&self, doing: &str, query: clickhouse::query::Query) -> Result<Vec<T>, Error>
    where
        T: clickhouse::RowOwned + clickhouse::RowRead,
    {
        self.call(doing, self.timeout, query.fetch_all::<T>()).await
    }

    /// Waits until this server has what the others of its cluster had when this began. What was written through one of
    /// them, before this program came to this one, is seen then. On one server there is nothing to do.
    pub(crate) async fn catch_up(&self) -> Result<(), Error> {
        if self.cluster.is_empty() {
            return Ok(());
        }
        let doing = "wait for what other servers of the cluster have";
        let replicated = self.query(
            "SELECT name FROM system.tables WHERE database = currentDatabase() AND engine LIKE 'Replicated%' ORDER BY name",
        );
        for table in self.rows::<String>(doing, replicated).await? {
            let sync = format!("SYSTEM SYNC REPLICA {} LIGHTWEIGHT", identifier(&table));
            self.execute(doing, &sync, self.timeout).await?;
        }
        Ok(())
    }

    /// The cluster that has the database; empty: it is on one server.
    pub(crate) fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Runs a query that gives one row.
    pub(crate) async fn row<T>(&self, doing: &str, query: clickhouse::query::Query) -> Result<T, Error>
    where
        T: clickhouse::RowOwned + clickhouse::RowRead,
    {
        self.call(doing, self.timeout, query.fetch_one::<T>()).await
    }

    /// Begins a query for which there need be no database.
    pub(crate) fn query_server(&self, sql: &str) -> clickhouse::query::Query {
        self.server.query(sql)
    }

    /// Begins a query.
    pub(crate) fn query(&self, sql: &str) -> clickhouse::query::Query {
        self.client.query(sql)
    }

    /// Up to which number of the stream created at `stream` all events of each partition are written; 0 if none is.
    ///
    /// That is noted after the rows and all that views make of them is stored. What was under way when ClickHouse died
    /// may be in the rows and not in the views; and a note may outlive rows that a failing disk has lost. Where there is a
    /// note and no row, or rows without numbers, all rows have had their time.
    pub(crate) async fn positions(
        &self,
        stream: Timestamp,
        partitions: &[Partition],
    ) -> Result<BTreeMap<Partition, u64>, Error> {
        #[derive(Deserialize, Row)]
        struct Position {
            partition: u16,
            seq: u64,
        }
        self.catch_up().await?;
        let numbers: Vec<u16> = partitions.iter().map(|partition| partition.number()).collect();
        let query = self
            .query(
                "SELECT partition, min(reached) AS seq FROM
                 (
                     SELECT partition, max(seq) AS reached, 1 AS noted FROM positions
                     WHERE stream = fromUnixTimestamp64Milli(?) AND partition IN ? GROUP BY partition
                     UNION ALL
                     SELECT partition, max(seq) AS reached, 0 AS noted FROM events_told
                     WHERE stream = fromUnixTimestamp64Milli(?) AND partition IN ? GROUP BY partition HAVING reached > 0
                 )
                 GROUP BY partition HAVING max(noted) = 1",
            )
            .bind(stream.as_millis())
            .bind(&numbers)
            .bind(stream.as_millis())
            .bind(&numbers);
        let found = self.rows::<Position>("read the position", query).await?;
        let mut positions: BTreeMap<Partition, u64> =
            partitions.iter().map(|partition| (*partition, 0)).collect();
        positions.extend(found.into_iter().map(|found| (Partition::new(found.partition), found.seq)));
        Ok(positions)
    }

    /// Writes the rows of a batch. If that fails, it is not known how much of it is stored: the same batch under the same
    /// token has to be written again, or its position read.
    pub(crate) async fn insert(&self, batch: &Batch, token: &str) -> Result<(), Error> {
        let sql = format!("INSERT INTO events_told (`{}`) FORMAT RowBinary", EventRow::COLUMNS.join("`, `"));
        let insert = async {
            let insert = self.client.insert_formatted_with(sql);
            let mut insert = insert.with_setting("insert_deduplication_token", token);
            for block in batch.packed().chunks(BLOCK) {
                insert.send(Bytes::copy_from_slice(block)).await?;
            }
            insert.end().await
        };
        self.call("write events", self.timeout, insert).await
    }

    /// Notes of a batch that is stored for which days it came late `now`, and then what it reached.
    pub(crate) async fn note(&self, notes: &Notes, now: Timestamp) -> Result<(), Error> {
        let late = notes.late(now);
        if !late.is_empty() {
            self.add::<Late>("note what came late", "late", &late).await?;
        }
        self.add::<Reached>("note the position", "positions", &notes.reached()).await
    }

    /// Writes a few rows.
    async fn add<T>(&self, doing: &str, table: &str, rows: &[T]) -> Result<(), Error>
    where
        T: for<'a> Row<Value<'a> = T> + Serialize,
    {
        let add = async {
            let mut insert = self.client.insert::<T>(table).await?;
            for row in rows {
                insert.write(row).await?;
            }
            insert.end().await
        };
        self.call(doing, self.timeout, add).await
    }

    async fn call<T>(
        &self,
        doing: &str,
        timeout: Duration,
        call: impl Future<Output = Result<T, clickhouse::error::Error>>,
    ) -> Result<T, Error> {
        match tokio::time::timeout(timeout, call).await {
            Ok(Ok(value)) => Ok(value),
            Ok(Err(source)) => Err(Error::Failed { doing: doing.to_owned(), source }),
            Err(_) => Err(Error::Timeout { doing: doing.to_owned(), timeout }),
        }
    }
}
