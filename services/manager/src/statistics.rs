//! Counts, read from ClickHouse.

use std::{collections::BTreeMap, time::Duration};

use axum::{Json, extract::State};
use clickhouse::{Client, Compression, Row, query::Query};
use hyper_util::{client::legacy::Client as HttpClient, rt::TokioExecutor};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use troupe_types::ChatId;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    config::ClickHouseConfig,
    error::{ApiError, ErrorBody},
    extract::InQuery,
    reports::time::{Range, Unsaid, Zone},
    state::Manager,
};

/// How long a count may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// The routes.
pub fn routes() -> OpenApiRouter<Manager> {
    OpenApiRouter::new().routes(routes!(statistics))
}

/// Reads from ClickHouse.
pub struct Reader {
    client: Client,
    cluster: String,
}

impl Reader {
    /// Reads from the configured server.
    ///
    /// # Errors
    /// If TLS is wanted, and nobody can be trusted as the settings want it.
    pub fn new(config: &ClickHouseConfig) -> Result<Self, troupe_tls::Error> {
        let connector = troupe_tls::connector(&config.url, Some(&config.ca_file), PATIENCE)?;
        let http = HttpClient::builder(TokioExecutor::new())
            .pool_idle_timeout(Duration::from_secs(2))
            .build(connector);
        let mut client = Client::with_http_client(http)
            .with_url(&config.url)
            .with_database(&config.database)
            .with_compression(Compression::Lz4);
        if !config.user.is_empty() {
            client = client.with_user(&config.user).with_password(config.password.expose());
        }
        if !config.cluster.is_empty() {
            // What an erasure writes anew outlives the server that took it, as what it deletes then has done.
            client = client.with_setting("insert_quorum", "auto");
        }
        Ok(Self { client, cluster: config.cluster.clone() })
    }

    async fn rows(&self, query: &str, filter: &Filter, range: Range) -> Result<Vec<Found>, ApiError> {
        let query = self
            .client
            .query(query)
            .param("bot", filter.bot.unwrap_or(0))
            .param("chat", filter.chat.unwrap_or(0))
            .param("from", range.begin_ms())
            .param("to", range.to.as_millisecond());
        patiently(query.fetch_all::<Found>()).await
    }

    /// The cluster that has the database; empty: it is on one server.
    pub fn cluster(&self) -> &str {
        &self.cluster
    }

    /// Begins a query.
    pub fn query(&self, sql: &str) -> Query {
        self.client.query(sql)
    }
}

/// Waits for an answer, for as long as somebody who looks at counts may wait.
pub async fn patiently<T>(
    answer: impl Future<Output = Result<T, clickhouse::error::Error>>,
) -> Result<T, ApiError> {
    let unavailable = |reason: String| {
        tracing::warn!(%reason, "counts cannot be read");
        ApiError::Unavailable(
            "ClickHouse does not answer, so there are no counts now; bots answer all the same".to_owned(),
        )
    };
    match timeout(PATIENCE, answer).await {
        Ok(Ok(found)) => Ok(found),
        Ok(Err(error)) => Err(unavailable(error.to_string())),
        Err(_) => Err(unavailable(format!("no answer within {} s", PATIENCE.as_secs()))),
    }
}

/// What to count.
#[derive(Debug, Clone, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
struct Filter {
    /// Only this bot.
    bot: Option<u64>,
    /// Only this chat, as its bot sees it.
    chat: Option<i64>,
    /// From when: a day of the zone, a time, or `ever`; otherwise the last 30 days, of which the last is today or the one
    /// that `to` ends.
    #[param(example = "2026-11-01")]
    from: Option<String>,
    /// Until before when: a day of the zone, or a time; otherwise now.
    #[param(example = "2026-12-01")]
    to: Option<String>,
    /// The viewer's time zone, which days begin in; otherwise UTC.
    #[param(example = "Europe/Berlin")]
    zone: Option<String>,
}

/// Counts.
#[derive(Debug, Serialize, ToSchema)]
struct Statistics {
    /// From when; null: from the beginning.
    #[schema(value_type = Option<String>, format = DateTime)]
    from: Option<jiff::Timestamp>,
    /// Until before when.
    #[schema(value_type = String, format = DateTime)]
    to: jiff::Timestamp,
    /// The time zone that days begin in.
    zone: String,
    /// All of what was asked for, together.
    total: Counts,
    /// Answers by what gave them: `trigger_group`, `fail_message`, `step`, `entry`, `fallback` or `guard`.
    replies: Vec<Named>,
    /// Messages that were not answered, by the reason.
    silent: Vec<Named>,
    /// By bot.
    bots: Vec<BotCounts>,
    /// By bot and chat: the thousand chats with the most messages.
    chats: Vec<ChatCounts>,
}

/// Counts of one thing.
#[derive(Debug, Serialize, ToSchema)]
struct Counts {
    /// Messages that the bots got.
    received: u64,
    /// Messages that the bots sent.
    sent: u64,
    /// Messages that could not be sent, for good.
    failed: u64,
    /// People who wrote.
    people: u64,
    /// Scenarios that began.
    scenarios_started: u64,
    /// Scenarios that ended, with the goal or without.
    scenarios_ended: u64,
    /// Scenarios that ended with the goal.
    goals: u64,
}

/// Counts of one bot.
#[derive(Debug, Serialize, ToSchema)]
struct BotCounts {
    /// The bot.
    bot: u64,
    #[serde(flatten)]
    counts: Counts,
    /// Answers by what gave them.
    replies: BTreeMap<String, u64>,
    /// Messages that were not answered, by the reason.
    silent: BTreeMap<String, u64>,
}

/// Counts of one chat.
#[derive(Debug, Serialize, ToSchema)]
struct ChatCounts {
    /// The bot.
    bot: u64,
    /// The chat as that bot sees it.
    chat: i64,
    /// `direct` or `group`.
    chat_kind: String,
    #[serde(flatten)]
    counts: Counts,
    /// Answers by what gave them.
    replies: BTreeMap<String, u64>,
    /// Messages that were not answered, by the reason.
    silent: BTreeMap<String, u64>,
}

/// A count by name.
#[derive(Debug, Serialize, ToSchema)]
struct Named {
    /// The name.
    name: String,
    /// How many.
    count: u64,
}

/// A row of each of the queries; what one does not group by is 0 or empty.
///
/// No field has the name of a column: ClickHouse would take the alias for the column wherever the query names it.
#[derive(Debug, Deserialize, Row)]
struct Found {
    owner: u64,
    place: i64,
    place_kind: String,
    received: u64,
    sent: u64,
    failed: u64,
    people: u64,
    scenarios_started: u64,
    scenarios_ended: u64,
    goals: u64,
    replies: Vec<(String, u64)>,
    silences: Vec<(String, u64)>,
}

const TOTAL: &str = include_str!("../../../deploy/clickhouse/queries/statistics/total.sql");
const BOTS: &str = include_str!("../../../deploy/clickhouse/queries/statistics/bots.sql");
const CHATS: &str = include_str!("../../../deploy/clickhouse/queries/statistics/chats.sql");

impl Found {
    const fn counts(&self) -> Counts {
        Counts {
            received: self.received,
            sent: self.sent,
            failed: self.failed,
            people: self.people,
            scenarios_started: self.scenarios_started,
            scenarios_ended: self.scenarios_ended,
            goals: self.goals,
        }
    }
}

impl From<Found> for BotCounts {
    fn from(found: Found) -> Self {
        Self {
            bot: found.owner,
            counts: found.counts(),
            replies: found.replies.into_iter().collect(),
            silent: found.silences.into_iter().collect(),
        }
    }
}

impl From<Found> for ChatCounts {
    fn from(found: Found) -> Self {
        Self {
            bot: found.owner,
            chat: found.place,
            counts: found.counts(),
            chat_kind: found.place_kind,
            replies: found.replies.into_iter().collect(),
            silent: found.silences.into_iter().collect(),
        }
    }
}

/// Named counts, the largest first.
fn ranked(counts: Vec<(String, u64)>) -> Vec<Named> {
    let mut named: Vec<Named> = counts.into_iter().map(|(name, count)| Named { name, count }).collect();
    named.sort_by(|one, other| other.count.cmp(&one.count).then_with(|| one.name.cmp(&other.name)));
    named
}

/// Counts what was received, sent, answered and reached.
#[utoipa::path(get, path = "/v1/statistics", tag = "statistics", params(Filter),
    responses((status = 200, body = Statistics), (status = 400, body = ErrorBody), (status = 503, body = ErrorBody)))]
async fn statistics(
    State(manager): State<Manager>,
    InQuery(mut filter): InQuery<Filter>,
) -> Result<Json<Statistics>, ApiError> {
    let zone = Zone::parse(filter.zone.as_deref())?;
    let (from, to) = (filter.from.as_deref(), filter.to.as_deref());
    let range = Range::parse(from, to, &zone, manager.now(), Unsaid::Lately)?;
    filter.chat = filter.chat.map(|chat| manager.pseudonyms().chat(ChatId::new(chat)).get());
    let reader = manager.reader();
    let (total, bots, chats) = tokio::try_join!(
        reader.rows(TOTAL, &filter, range),
        reader.rows(BOTS, &filter, range),
        reader.rows(CHATS, &filter, range),
    )?;
    let total = total
        .into_iter()
        .next()
        .ok_or_else(|| ApiError::Unavailable("ClickHouse counted nothing".to_owned()))?;
    Ok(Json(Statistics {
        from: range.from,
        to: range.to,
        zone: zone.name().to_owned(),
        total: total.counts(),
        replies: ranked(total.replies),
        silent: ranked(total.silences),
        bots: bots.into_iter().map(BotCounts::from).collect(),
        chats: chats.into_iter().map(ChatCounts::from).collect(),
    }))
}
