//! What is told of a person who is exported, and of one who is erased.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Everything that is known of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct Export {
    /// The person's Telegram id.
    pub person: i64,
    /// When it was put together.
    #[schema(value_type = String, format = DateTime)]
    pub at: jiff::Timestamp,
    /// Whether every store could be read.
    pub complete: bool,
    /// What each bot remembers and has still to do.
    pub bots: Vec<Known>,
    /// The bots' address books.
    #[schema(value_type = Vec<Object>)]
    pub acquaintances: Vec<Value>,
    /// Files that came from the person, in the folder of stored files of ingress.
    pub files: Vec<String>,
    /// What happened, in order.
    #[schema(value_type = Vec<Object>)]
    pub events: Vec<Value>,
    /// The stores that could not be read.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub failed: Vec<Failure>,
}

/// What one bot knows of a person.
#[derive(Debug, Serialize, ToSchema)]
pub struct Known {
    /// The bot.
    pub bot: u64,
    /// Its name.
    pub name: String,
    /// What it remembers of the person; null if nothing.
    #[schema(value_type = Object)]
    pub remembered: Value,
    /// What it remembers of their direct chat; null if nothing.
    #[schema(value_type = Object)]
    pub direct_chat: Value,
    /// What came in of the person lately, and timers.
    #[schema(value_type = Vec<Object>)]
    pub updates: Vec<Value>,
    /// What the bot did and does about it.
    #[schema(value_type = Vec<Object>)]
    pub actions: Vec<Value>,
    /// What receivers of webhooks are told about it.
    #[schema(value_type = Vec<Object>)]
    pub webhooks: Vec<Value>,
    /// What could not be handled.
    #[schema(value_type = Vec<Object>)]
    pub dead_letters: Vec<Value>,
}

/// What was found of a person, and what became of it.
#[derive(Debug, Serialize, ToSchema)]
pub struct Receipt {
    /// The person's Telegram id.
    pub person: i64,
    /// The bots that were to forget, by number.
    pub bots: Vec<u64>,
    /// When.
    #[schema(value_type = String, format = DateTime)]
    pub at: jiff::Timestamp,
    /// Whether all of it was done; if not, ask again.
    pub complete: bool,
    /// What was found where.
    pub found: Vec<Finding>,
    /// The stores that failed.
    pub failed: Vec<Failure>,
    /// What remains by design, and until when.
    pub remains: [Remains; 5],
}

/// So much of one thing.
#[derive(Debug, Serialize, ToSchema)]
pub struct Finding {
    /// `redis`, `nats`, `ingress` or `clickhouse`.
    pub store: &'static str,
    /// What it is.
    pub what: Cow<'static, str>,
    /// Whose it was; null if of all bots.
    pub bot: Option<u64>,
    /// How much was found.
    pub found: u64,
    /// How much of it was removed.
    pub removed: u64,
}

/// A store that failed.
#[derive(Debug, Serialize, ToSchema)]
pub struct Failure {
    /// Which.
    pub store: &'static str,
    /// For which bot; null for all.
    pub bot: Option<u64>,
    /// Why.
    pub reason: String,
}

/// What remains of a person who was erased.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
pub struct Remains {
    /// What.
    pub what: &'static str,
    /// Until when.
    pub until: &'static str,
}

/// What remains of everybody who is erased.
pub const REMAINS: [Remains; 5] = [
    Remains {
        what: "a mark in Redis, made of the id with the installation's key, against updates that are told again",
        until: "8 days; for good if the person had opted out, who stays unanswered",
    },
    Remains { what: "numbers in counts, without the person's id", until: "as long as the counts" },
    Remains {
        what: "what ClickHouse and Redis had written to disk before: replaced parts, the append-only file",
        until: "ClickHouse removes it within minutes, Redis when it rewrites the file",
    },
    Remains { what: "what receivers of webhooks were told", until: "whoever runs them deletes it" },
    Remains {
        what: "logs and traces, which name chats by their ids, and backups",
        until: "whoever keeps them deletes them",
    },
];
