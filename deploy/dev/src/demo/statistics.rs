//! What ClickHouse says of a demo.

use std::collections::BTreeMap;

use serde::Deserialize;
use troupe_types::ChatId;

use super::judge::Counts;
use crate::{Error, error::Doing};

/// Reads the statistics over ClickHouse's HTTP interface.
#[derive(Debug, Clone)]
pub struct Statistics {
    client: reqwest::Client,
    url: String,
    database: String,
}

#[derive(Deserialize)]
struct Row {
    bot: u64,
    place: i64,
    received: u64,
    sent: u64,
}

#[derive(Deserialize)]
struct PersonRow {
    who: i64,
    received: u64,
    sent: u64,
}

#[derive(Deserialize)]
struct Totals {
    rows: u64,
    goals: u64,
}

/// The view `events` has each event once; what was told twice is one there.
const COUNTS: &str = "SELECT bot, ifNull(chat, 0) AS place, countIf(kind = 'message_received') AS received,
    countIf(kind = 'message_sent') AS sent FROM events GROUP BY bot, place HAVING received + sent > 0";

const BY_PERSON: &str = "SELECT assumeNotNull(person) AS who, countIf(kind = 'message_received') AS received,
    countIf(kind = 'message_sent') AS sent FROM events WHERE person IS NOT NULL GROUP BY who HAVING received + sent > 0";

const TOTALS: &str = "SELECT count() AS rows,
    countIf((kind = 'scenario_ended' AND ifNull(goal, false)) OR kind = 'goal_reached') AS goals FROM events";

impl Statistics {
    /// Of the `database` at `url`.
    pub fn new(url: &str, database: &str) -> Self {
        Self { client: reqwest::Client::new(), url: url.into(), database: database.into() }
    }

    /// Messages by bot and chat.
    ///
    /// # Errors
    /// ClickHouse does not answer, or has no such table.
    pub async fn counts(&self) -> Result<BTreeMap<(u64, ChatId), Counts>, Error> {
        let rows: Vec<Row> = self.query(COUNTS).await?;
        let count =
            |row: Row| ((row.bot, ChatId::new(row.place)), Counts { received: row.received, sent: row.sent });
        Ok(rows.into_iter().map(count).collect())
    }

    /// Messages by the account that wrote them or was answered.
    ///
    /// # Errors
    /// ClickHouse does not answer, or has no such table.
    pub async fn counts_by_person(&self) -> Result<BTreeMap<i64, Counts>, Error> {
        let rows: Vec<PersonRow> = self.query(BY_PERSON).await?;
        let count = |row: PersonRow| (row.who, Counts { received: row.received, sent: row.sent });
        Ok(rows.into_iter().map(count).collect())
    }

    /// How many rows and how many goals there are.
    ///
    /// # Errors
    /// ClickHouse does not answer, or has no such table.
    pub async fn totals(&self) -> Result<(u64, u64), Error> {
        let totals: Vec<Totals> = self.query(TOTALS).await?;
        Ok(totals.first().map_or((0, 0), |totals| (totals.rows, totals.goals)))
    }

    async fn query<T: serde::de::DeserializeOwned>(&self, sql: &str) -> Result<Vec<T>, Error> {
        let doing = || format!("ask ClickHouse at {}", self.url);
        let settings = "default_format=JSONEachRow&output_format_json_quote_64bit_integers=0";
        let request = self.client.post(format!("{}/?database={}&{settings}", self.url, self.database));
        let response = request.body(sql.to_owned()).send().await.doing(doing)?;
        let status = response.status();
        let text = response.text().await.doing(doing)?;
        if !status.is_success() {
            return Err(Error::new(doing(), text));
        }
        text.lines().map(|line| serde_json::from_str(line).doing(doing)).collect()
    }
}
