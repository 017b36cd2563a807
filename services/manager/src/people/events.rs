//! What ClickHouse holds of a person: events, and sets of people and chats in what is counted.
//!
//! A statement that changes a table is kept and shown by ClickHouse for long, so none of them names the person: they look
//! into a table that is there only meanwhile.

use std::time::Duration;

use anyhow::{Context as _, ensure};
use clickhouse::{Row, query::Query};
use serde::Deserialize;
use serde_json::{Map, Value};
use tokio::time::{Instant, sleep, timeout};
use troupe_types::{BotId, Partition, Timestamp, UserId};

use super::Finding;
use crate::statistics::Reader;

/// How long one statement may take: it may have to write a large table anew.
const STATEMENT_MAX: Duration = Duration::from_mins(30);

/// How long stats may take to write what is with the broker.
const WRITTEN_WITHIN: Duration = Duration::from_secs(15);

/// How often that is looked at.
const LOOK: Duration = Duration::from_millis(100);

/// The ids in a set of people, as hexadecimal: the state of `uniqExact` is their count, then 8 bytes of each.
const IDS: &str =
    "extractAll(right(hex(CAST(people AS String)), toInt64(16 * finalizeAggregation(people))), '.{16}')";

/// The tables with a set of people in each row.
const WITH_PEOPLE: [&str; 4] = ["counts", "counts_by_day", "funnel_by_day", "answers_by_day"];

/// The tables of them with a row for each chat, and their columns up to the chat and behind it.
const WITH_CHATS: [(&str, &str); 2] = [("counts", "slot"), ("counts_by_day", "day")];

/// The events of a person.
pub struct Events<'a> {
    /// Where they are.
    pub reader: &'a Reader,
    /// Only this bot's.
    pub bot: Option<BotId>,
    /// The person.
    pub person: UserId,
}

#[derive(Deserialize, Row)]
struct Counted {
    rows: u64,
}

/// What stands in for the person in statements.
struct Stand {
    /// The table that is there meanwhile.
    table: String,
    /// `bot = 7 AND `, or nothing.
    of_bot: String,
}

impl Stand {
    fn events(&self) -> String {
        let Self { table, of_bot } = self;
        format!("{of_bot}(person IN (SELECT person FROM {table}) OR chat IN (SELECT person FROM {table}))")
    }

    fn chats(&self) -> String {
        let Self { table, of_bot } = self;
        format!("{of_bot}chat IN (SELECT person FROM {table})")
    }

    fn people(&self) -> String {
        let Self { of_bot, .. } = self;
        format!("{of_bot}has({IDS}, {})", self.hex("person"))
    }

    /// The set of people with a number of nobody's in the person's place, so that it is as large as before.
    fn replaced(&self) -> String {
        let (person, nobody) = (self.hex("person"), self.hex("nobody"));
        format!(
            "arrayReduce('uniqExactState', arrayMap(id -> reinterpretAsInt64(unhex(if(id = {person}, {nobody}, id))), {IDS}))"
        )
    }

    fn hex(&self, column: &str) -> String {
        format!("assumeNotNull((SELECT hex(reinterpretAsFixedString({column})) FROM {}))", self.table)
    }
}

impl Events<'_> {
    /// Every event, in order, each with what it tells.
    pub async fn read(&self) -> anyhow::Result<Vec<Value>> {
        let sql = "SELECT * EXCEPT (partition, seq, stream, written) FROM events \
            WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) AND (person = {person:Int64} OR chat = {person:Int64}) \
            ORDER BY time, bot, id";
        let query = self
            .quiet(sql)
            .param("bot", self.bot.map_or(0, BotId::get))
            .param("person", self.person.get())
            .with_setting("output_format_json_quote_64bit_integers", "0");
        let lines = patiently(async { query.fetch_bytes("JSONEachRow")?.collect().await }).await?;
        let lines = lines.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
        lines.map(|line| Ok(Value::Object(telling(serde_json::from_slice(line)?)))).collect()
    }

    /// Waits until stats has written the events of `partition` up to the one with this number.
    pub async fn wait_until_written(
        &self,
        partition: Partition,
        sequence: u64,
        stream: Timestamp,
    ) -> anyhow::Result<()> {
        let written = "SELECT max(seq) AS rows FROM events_told \
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

    /// Deletes the events, and puts nobody in the person's place in what is counted.
    pub async fn erase(&self) -> anyhow::Result<Vec<Finding>> {
        let token = format!("{:016x}", rand::random::<u64>());
        let of_bot = self.bot.map(|bot| format!("bot = {bot} AND ")).unwrap_or_default();
        let stand = Stand { table: format!("erasing_{token}"), of_bot };
        let nobody = -rand::random_range(1_i64 << 40..i64::MAX);
        let table = &stand.table;
        let make = format!(
            "CREATE TABLE {table} ENGINE = Memory AS SELECT toInt64({}) AS person, toInt64({nobody}) AS nobody",
            self.person
        );
        self.execute(&make).await?;
        let erased = self.erase_by(&stand, &token).await;
        let dropped = self.execute(&format!("DROP TABLE {table} SYNC")).await;
        let findings = erased?;
        dropped?;
        Ok(findings)
    }

    async fn erase_by(&self, stand: &Stand, token: &str) -> anyhow::Result<Vec<Finding>> {
        let mut findings = Vec::new();
        // What is counted first: of it the events tell nothing once they are gone, and it is found again by itself.
        for (table, period) in WITH_CHATS {
            let found = self.count(table, &stand.chats()).await?;
            if found > 0 {
                let (chats, replaced) = (stand.chats(), stand.replaced());
                self.execute(&format!(
                    "INSERT INTO {table} (bot, kind, what, {period}, chat, chat_kind, events, people) \
                     SELECT bot, kind, what, {period}, toInt64(0), chat_kind, events, {replaced} FROM {table} WHERE {chats}"
                ))
                .await?;
                self.execute(&format!("ALTER TABLE {table} DELETE WHERE {chats}")).await?;
            }
            let left = self.count(table, &stand.chats()).await?;
            findings.push(self.finding(of_chat(table), found, left));
        }
        for table in WITH_PEOPLE {
            let found = self.count(table, &stand.people()).await?;
            if found > 0 {
                let (people, replaced) = (stand.people(), stand.replaced());
                self.execute(&format!("ALTER TABLE {table} UPDATE people = {replaced} WHERE {people}"))
                    .await?;
            }
            let left = self.count(table, &stand.people()).await?;
            findings.push(self.finding(of_people(table), found, left));
        }
        let found = self.count("events_told", &stand.events()).await?;
        if found > 0 {
            let events = stand.events();
            // The newest row of a partition is the position of stats: one that tells of nobody takes its place.
            self.execute(&format!(
                "INSERT INTO events_told (id, kind, time, bot, partition, seq, stream, written) \
                 SELECT concat('erased/{token}/', toString(partition), '/', toString(toUnixTimestamp64Milli(stream))), \
                 'person_erased', now64(3), argMax(bot, seq), partition, max(seq), stream, now64(3) FROM events_told \
                 WHERE partition IN (SELECT partition FROM events_told WHERE {events}) GROUP BY stream, partition"
            ))
            .await?;
            self.execute(&format!("ALTER TABLE events_told DELETE WHERE {events}")).await?;
        }
        let left = self.count("events_told", &stand.events()).await?;
        findings.push(self.finding("events", found, left));
        Ok(findings)
    }

    fn finding(&self, what: &'static str, found: u64, left: u64) -> Finding {
        let removed = found.saturating_sub(left);
        Finding { store: "clickhouse", what, bot: self.bot.map(BotId::get), found, removed }
    }

    async fn count(&self, table: &str, which: &str) -> anyhow::Result<u64> {
        let sql = format!("SELECT count() AS rows FROM {table} WHERE {which}");
        Ok(patiently(self.quiet(&sql).fetch_one::<Counted>()).await?.rows)
    }

    async fn execute(&self, sql: &str) -> anyhow::Result<()> {
        // Not over before every replica has done it.
        patiently(self.quiet(sql).with_setting("mutations_sync", "2").execute()).await
    }

    /// A query that ClickHouse keeps no note of.
    fn quiet(&self, sql: &str) -> Query {
        self.reader.query(sql).with_setting("log_queries", "0")
    }
}

/// An event with only what it tells: most columns of a row are empty.
fn telling(row: Map<String, Value>) -> Map<String, Value> {
    let tells =
        |value: &Value| !value.is_null() && value.as_str() != Some("") && *value != Value::Bool(false);
    row.into_iter().filter(|(name, value)| name != "text_until" && tells(value)).collect()
}

fn of_chat(table: &str) -> &'static str {
    if table == "counts" { "counts of the direct chat" } else { "counts of the direct chat by day" }
}

fn of_people(table: &str) -> &'static str {
    match table {
        "counts" => "counts with the person among others",
        "counts_by_day" => "counts by day with the person among others",
        "funnel_by_day" => "counts of scenarios with the person among others",
        _ => "counts of answers with the person among others",
    }
}

async fn patiently<T>(
    answer: impl Future<Output = Result<T, clickhouse::error::Error>>,
) -> anyhow::Result<T> {
    timeout(STATEMENT_MAX, answer)
        .await
        .context("ClickHouse takes too long")?
        .context("ClickHouse does not do it")
}
