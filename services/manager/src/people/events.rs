//! What ClickHouse holds of a person: events, which are deleted, and what is counted, where nobody takes the person's place.

use std::{collections::BTreeSet, time::Duration};

use anyhow::{Context as _, ensure};
use clickhouse::{Row, query::Query};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep, timeout};
use troupe_protocol::PSEUDONYMS;
use troupe_types::{BotId, Partition, Timestamp, UserId};

use super::{
    Finding,
    counted::{COLUMNS, Column, STANDS, Stand, Table},
    servers::Servers,
};
use crate::{state::Manager, statistics::Reader};

/// How long one statement may take: it may have to write a large table anew.
const STATEMENT_MAX: Duration = Duration::from_mins(30);

/// How long stats may take to write what is with the broker.
const WRITTEN_WITHIN: Duration = Duration::from_secs(15);

/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The events of a person.
pub struct Events<'a> {
    /// Where they are.
    pub reader: &'a Reader,
    /// Only this bot's.
    pub bot: Option<BotId>,
    /// The numbers that the person is known by: the one on Telegram, and the pseudonym where there are pseudonyms. What was
    /// written before there were keeps the first.
    pub numbers: BTreeSet<i64>,
}

#[derive(Deserialize, Row)]
struct Counted {
    rows: u64,
}

/// A table that an erasure left behind.
#[derive(Deserialize, Row)]
struct Left {
    name: String,
    is_old: u8,
}

#[derive(Deserialize, Row)]
struct StoodFor {
    person: i64,
    bot: u64,
}

impl<'a> Events<'a> {
    /// Those of `person`, with `bot` or with all.
    pub fn of(manager: &'a Manager, bot: Option<BotId>, person: UserId) -> Self {
        let numbers = BTreeSet::from([person.get(), manager.pseudonyms().person(person).get()]);
        Self { reader: manager.reader(), bot, numbers }
    }

    /// Every event, in order, each with what it tells.
    pub async fn read(&self) -> anyhow::Result<Vec<Value>> {
        let sql = "SELECT * EXCEPT (partition, seq, stream, written) FROM events \
            WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND (person IN {numbers:Array(Int64)} OR chat IN {numbers:Array(Int64)}) \
            ORDER BY time, bot, id";
        self.servers().catch_up().await?;
        let query = self
            .quiet(sql)
            .param("bot", self.bot.map_or(0, BotId::get))
            .param("numbers", self.numbers.iter().copied().collect::<Vec<i64>>())
            .with_setting("output_format_json_quote_64bit_integers", "0");
        let lines = patiently(async { query.fetch_bytes("JSONEachRow")?.collect().await }).await?;
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| Ok(Value::Object(telling(serde_json::from_slice(line)?)))).collect()
    }

    /// Waits until stats has written the events of `partition` up to the one with this number, and all that comes of them.
    pub async fn wait_until_written(
        &self,
        partition: Partition,
        sequence: u64,
        stream: Timestamp,
    ) -> anyhow::Result<()> {
        // Noted when what views make of them is stored as well.
        let written = "SELECT max(seq) AS rows FROM positions \
            WHERE partition = {partition:UInt16} AND stream = fromUnixTimestamp64Milli({stream:Int64})";
        let deadline = Instant::now() + WRITTEN_WITHIN;
        loop {
            let query = self
                .reader
                .query(written)
                .param("partition", partition.number())
                .param("stream", stream.as_millis());
            if patiently(query.fetch_one::<Counted>()).await?.rows >= sequence {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "stats has not written every event of the person yet: does it run?"
            );
            sleep(LOOK).await;
        }
    }

    /// Deletes the events, and puts nobody in the person's place in what is counted. First it finishes what was broken off:
    /// the person's own erasure, and that of anybody who is still not erased after a day. One at a time, since two of one
    /// person would take what stands in from each other.
    pub async fn erase(&self) -> anyhow::Result<Vec<Finding>> {
        self.servers().catch_up().await?;
        let mut findings = Vec::new();
        for (stand, number) in self.broken_off().await? {
            let found = self.erase_by(&stand).await?;
            // Of somebody else the receipt tells nothing.
            if self.numbers.contains(&number) {
                findings.extend(found);
            }
        }
        for number in &self.numbers {
            let stand = self.stand(*number).await?;
            findings.extend(self.erase_by(&stand).await?);
        }
        Ok(findings)
    }

    /// Makes what stands in for a number.
    async fn stand(&self, number: i64) -> anyhow::Result<Stand> {
        let table = format!("{STANDS}{:016x}", rand::random::<u64>());
        let (nobody, bot) = (rand::random_range(PSEUDONYMS), self.bot.map_or(0, BotId::get));
        // On disk: whatever is broken off, the engine itself included, goes on with the same number.
        let row = format!(
            "SELECT toInt64({number}) AS person, toInt64({nobody}) AS nobody, toUInt64({bot}) AS bot"
        );
        if self.reader.cluster().is_empty() {
            self.execute(&format!("CREATE TABLE {table} ENGINE = MergeTree ORDER BY tuple() AS {row}"))
                .await?;
        } else {
            self.servers().make(&table, &row).await?;
        }
        Ok(Stand::new(table, bot))
    }

    /// What stood in for numbers when their erasure was broken off, each with the number.
    async fn broken_off(&self) -> anyhow::Result<Vec<(Stand, i64)>> {
        let tables = format!(
            "SELECT name, metadata_modification_time < now() - INTERVAL 1 DAY AS is_old FROM system.tables \
             WHERE database = currentDatabase() AND startsWith(name, '{STANDS}') ORDER BY metadata_modification_time, name"
        );
        let mut stands = Vec::new();
        for Left { name, is_old } in patiently(self.quiet(&tables).fetch_all::<Left>()).await? {
            let row = format!("SELECT person, bot FROM {name}");
            match patiently(self.quiet(&row).fetch_optional::<StoodFor>()).await? {
                Some(stood) if is_old == 1 || self.numbers.contains(&stood.person) => {
                    stands.push((Stand::new(name, stood.bot), stood.person));
                }
                // It had been made, and nothing was done with it yet.
                None if is_old == 1 => self.drop(&name).await?,
                Some(_) | None => {}
            }
        }
        Ok(stands)
    }

    /// Erases what a number is to be erased from, and forgets then what stood in for it.
    async fn erase_by(&self, stand: &Stand) -> anyhow::Result<Vec<Finding>> {
        let findings = self.replace(stand).await?;
        let unfinished = format!(
            "SELECT count() AS rows FROM system.mutations WHERE NOT is_done AND position(command, '{}') > 0",
            stand.table
        );
        let unfinished = patiently(self.quiet(&unfinished).fetch_one::<Counted>()).await?.rows;
        ensure!(unfinished == 0, "ClickHouse is still at it: ask again in a while");
        self.drop(&stand.table).await?;
        Ok(findings)
    }

    async fn drop(&self, table: &str) -> anyhow::Result<()> {
        self.execute(&format!("DROP TABLE IF EXISTS {table}{} SYNC", self.servers().everywhere())).await
    }

    const fn servers(&self) -> Servers<'a> {
        Servers(self.reader)
    }

    async fn replace(&self, stand: &Stand) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        // What is counted first: of it the events tell nothing once they are gone, and it is found again by itself.
        for table in Table::all(patiently(self.quiet(COLUMNS).fetch_all::<Column>()).await?) {
            let (name, tells) = (format!("`{}`", table.name), table.tells(stand));
            let found = self.count(&name, &tells).await?;
            if found > 0 {
                for statement in table.statements(stand) {
                    self.execute(&statement).await?;
                }
            }
            let left = self.count(&name, &tells).await?;
            findings.push(self.finding(format!("rows of {}", table.name), found, left));
        }
        let found = self.count("events_told", &stand.events()).await?;
        if found > 0 {
            let (table, events) = (&stand.table, stand.events());
            // The newest row of a partition is the position of stats: one that tells of nobody takes its place.
            self.execute(&format!(
                "INSERT INTO events_told (id, kind, time, bot, partition, seq, stream, written) \
                 SELECT concat('{table}/', toString(partition), '/', toString(toUnixTimestamp64Milli(stream))), \
                 'person_erased', now64(3), argMax(bot, seq), partition, max(seq), stream, now64(3) FROM events_told \
                 WHERE partition IN (SELECT partition FROM events_told WHERE {events}) GROUP BY stream, partition"
            ))
            .await?;
            self.execute(&format!("ALTER TABLE events_told DELETE WHERE {events}")).await?;
        }
        let left = self.count("events_told", &stand.events()).await?;
        findings.push(self.finding("events".to_owned(), found, left));
        Ok(findings)
    }

    fn finding(&self, what: String, found: u64, left: u64) -> Finding {
        let removed = found.saturating_sub(left);
        Finding { store: "clickhouse", what: what.into(), bot: self.bot.map(BotId::get), found, removed }
    }

    async fn count(&self, table: &str, which: &str) -> anyhow::Result<u64> {
        let sql = format!("SELECT count() AS rows FROM {table} WHERE {which}");
        Ok(patiently(self.quiet(&sql).fetch_one::<Counted>()).await?.rows)
    }

    async fn execute(&self, sql: &str) -> anyhow::Result<()> {
        let query = self
            .quiet(sql)
            // Not over before every replica has done it.
            .with_setting("mutations_sync", "2")
            // Each looks by itself into what stands in, which every server has: otherwise it would be told who it is.
            .with_setting("allow_nondeterministic_mutations", "1");
        patiently(query.execute()).await
    }

    /// A query that ClickHouse keeps no note of.
    fn quiet(&self, sql: &str) -> Query {
        quiet(self.reader, sql)
    }
}

/// An event with only what it tells: most columns of a row are empty.
fn telling(row: Map<String, Value>) -> Map<String, Value> {
    let tells =
        |value: &Value| !value.is_null() && value.as_str() != Some("") && *value != Value::Bool(false);
    row.into_iter().filter(|(name, value)| name != "text_until" && tells(value)).collect()
}

/// A query that ClickHouse keeps no note of.
pub fn quiet(reader: &Reader, sql: &str) -> Query {
    reader.query(sql).with_setting("log_queries", "0")
}

/// Waits for an answer, for as long as a large table may take.
pub async fn patiently<T>(
    answer: impl Future<Output = Result<T, clickhouse::error::Error>>,
) -> anyhow::Result<T> {
    timeout(STATEMENT_MAX, answer)
        .await
        .context("ClickHouse takes too long")?
        .context("ClickHouse does not do it")
}
