//! Counts, read from ClickHouse.

use std::time::Duration;

use axum::{Json, extract::State};
use clickhouse::{Client, Compression, Row};
use hyper_util::{
    client::legacy::{Client as HttpClient, connect::HttpConnector},
    rt::TokioExecutor,
};
use serde::{Deserialize, Serialize};
use tokio::time::timeout;
use utoipa::{IntoParams, ToSchema};
use utoipa_axum::{router::OpenApiRouter, routes};

use crate::{
    config::ClickHouseConfig,
    error::{ApiError, ErrorBody},
    extract::InQuery,
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
}

impl Reader {
    /// Reads from the configured server.
    pub fn new(config: &ClickHouseConfig) -> Self {
        let mut connector = HttpConnector::new();
        // Without it small requests wait 40 ms for the other end's delayed acknowledgement.
        connector.set_nodelay(true);
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
        Self { client }
    }

    async fn rows<T>(&self, query: &str, filter: &Filter) -> Result<Vec<T>, ApiError>
    where
        T: clickhouse::RowOwned + clickhouse::RowRead,
    {
        let query = self
            .client
            .query(query)
            .param("bot", filter.bot.unwrap_or(0))
            .param("chat", filter.chat.unwrap_or(0))
            .param("from_ms", filter.from_ms.unwrap_or(0))
            .param("to_ms", filter.to_ms.unwrap_or(i64::MAX / 1_000_000));
        let unavailable = |reason: String| {
            tracing::warn!(%reason, "counts cannot be read");
            ApiError::Unavailable(
                "ClickHouse does not answer, so there are no counts now; bots answer all the same".to_owned(),
            )
        };
        match timeout(PATIENCE, query.fetch_all()).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(unavailable(error.to_string())),
            Err(_) => Err(unavailable(format!("no answer within {} s", PATIENCE.as_secs()))),
        }
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
    /// Only what happened at or after this, in milliseconds since 1970.
    from_ms: Option<i64>,
    /// Only what happened before this, in milliseconds since 1970.
    to_ms: Option<i64>,
}

/// Counts.
#[derive(Debug, Serialize, ToSchema)]
struct Statistics {
    /// All of what was asked for, together.
    total: Counts,
    /// By bot and chat.
    chats: Vec<ChatCounts>,
    /// Answers by what gave them: `trigger_group`, `fail_message`, `step`, `entry`, `fallback` or `guard`.
    replies: Vec<Named>,
    /// Messages that were not answered, by the reason.
    silent: Vec<Named>,
}

/// Counts of one thing.
#[derive(Debug, Serialize, Deserialize, Row, ToSchema)]
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

/// Counts of one chat.
#[derive(Debug, Serialize, Deserialize, Row, ToSchema)]
struct ChatCounts {
    /// The bot.
    bot: u64,
    /// The chat as that bot sees it.
    chat: i64,
    /// `direct` or `group`.
    chat_kind: String,
    /// Messages that the bot got there.
    received: u64,
    /// Messages that it sent there.
    sent: u64,
    /// People who wrote there.
    people: u64,
    /// Goals reached there.
    goals: u64,
}

/// A count by name.
#[derive(Debug, Serialize, Deserialize, Row, ToSchema)]
struct Named {
    /// The name.
    name: String,
    /// How many.
    count: u64,
}

/// What the counts are taken from: the view that shows each happening once, however often it was told.
macro_rules! events {
    () => {
        "FROM events WHERE ({bot:UInt64} = 0 OR bot = {bot:UInt64}) \
         AND ({chat:Int64} = 0 OR chat = {chat:Int64}) \
         AND time >= fromUnixTimestamp64Milli({from_ms:Int64}) AND time < fromUnixTimestamp64Milli({to_ms:Int64})"
    };
}

/// The counts that both a total and a chat have.
macro_rules! counted {
    () => {
        "countIf(kind = 'message_received') AS received, countIf(kind = 'message_sent') AS sent, \
         uniqExactIf(person, kind = 'message_received' AND NOT own_bot) AS people, \
         countIf(kind = 'scenario_ended' AND ifNull(goal, false)) AS goals"
    };
}

const TOTAL: &str = concat!(
    "SELECT ",
    counted!(),
    ", countIf(kind = 'delivery_failed') AS failed, countIf(kind = 'scenario_started') AS scenarios_started, \
     countIf(kind = 'scenario_ended') AS scenarios_ended ",
    events!()
);

const CHATS: &str = concat!(
    "SELECT bot, known_chat AS chat, any(toString(chat_kind)) AS chat_kind, ",
    counted!(),
    " FROM (SELECT *, assumeNotNull(chat) AS known_chat ",
    events!(),
    " AND chat IS NOT NULL) GROUP BY bot, known_chat ORDER BY bot, known_chat"
);

const REPLIES: &str = concat!(
    "SELECT toString(source) AS name, count() AS count ",
    events!(),
    " AND kind = 'replied' GROUP BY name ORDER BY count DESC, name"
);

const SILENT: &str = concat!(
    "SELECT toString(reason) AS name, count() AS count ",
    events!(),
    " AND kind = 'silent' GROUP BY name ORDER BY count DESC, name"
);

/// Counts what was received, sent, answered and reached.
#[utoipa::path(get, path = "/v1/statistics", tag = "statistics", params(Filter),
    responses((status = 200, body = Statistics), (status = 503, body = ErrorBody)))]
async fn statistics(
    State(manager): State<Manager>,
    InQuery(filter): InQuery<Filter>,
) -> Result<Json<Statistics>, ApiError> {
    let reader = manager.reader();
    let (total, chats, replies, silent) = tokio::try_join!(
        reader.rows::<Counts>(TOTAL, &filter),
        reader.rows(CHATS, &filter),
        reader.rows(REPLIES, &filter),
        reader.rows(SILENT, &filter),
    )?;
    let total = total
        .into_iter()
        .next()
        .ok_or_else(|| ApiError::Unavailable("ClickHouse counted nothing".to_owned()))?;
    Ok(Json(Statistics { total, chats, replies, silent }))
}
