use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use troupe_types::{BotId, ChatId, Timestamp, UserId, Zone};

use crate::ContentName;

/// A bot as the registry keeps it. Written by the manager alone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotRecord {
    /// Its number.
    pub id: BotId,
    /// What the operators call it; unique.
    pub name: String,
    /// When it was registered, by the manager's clock.
    pub created: Timestamp,
    /// Who it is on Telegram; `None` until it has signed in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<Identity>,
    /// What the operators want of it.
    pub desired: Desired,
    /// Counts the restarts that were asked for: ingress reconnects a session when it changes.
    #[serde(default)]
    pub generation: u64,
    /// What it says, and where.
    #[serde(default)]
    pub settings: BotSettings,
}

/// Who a bot is on Telegram.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The account's id.
    pub user: UserId,
    /// The account's first name.
    pub first_name: String,
    /// The account's public name, without `@`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

/// Whether a bot is to be connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Desired {
    /// Connected and answering.
    Running,
    /// Not connected.
    Stopped,
}

/// What a bot says, and where. Content is named; the newest version of it is used.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BotSettings {
    /// The rule set that cuts in before all else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rules: Option<ContentName>,
    /// The library that answers in groups.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub group_library: Option<ContentName>,
    /// The library that answers in direct chats when no scenario runs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub direct_library: Option<ContentName>,
    /// The scenarios of direct chats; each person gets one, by weight, and keeps it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub scenarios: Vec<WeightedScenario>,
    /// The groups that the bot answers in.
    pub groups: GroupPolicy,
    /// The zone of its clock: of the times that it tells.
    #[serde(skip_serializing_if = "Zone::is_utc")]
    pub zone: Zone,
}

/// A scenario and how often it is given, beside the others.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WeightedScenario {
    /// The scenario's name.
    pub name: ContentName,
    /// Its share, beside the others' weights; with 0 nobody is given it, but rules start it or scenarios call it.
    #[serde(default = "one")]
    pub weight: u32,
}

const fn one() -> u32 {
    1
}

/// The groups that a bot answers in. By default none: a bot speaks only where it was told to.
#[derive(Debug, Default, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GroupPolicy {
    /// None.
    #[default]
    None,
    /// Every group that it is a member of.
    All,
    /// These.
    Only(BTreeSet<ChatId>),
}

/// How a bot's session fares. Written by the ingress that owns the bot's partition.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct BotStatus {
    /// The state.
    pub state: SessionState,
    /// What there is to say about it: the error that led to it, what an operator can do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Since when, by ingress's clock.
    pub since: Timestamp,
    /// The ingress instance that wrote this.
    pub instance: String,
    /// The generation of the record that the session was connected for.
    #[serde(default)]
    pub generation: u64,
}

/// The states of a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SessionState {
    /// Being connected, or connected again after a loss.
    Connecting,
    /// Connected; updates flow.
    Online,
    /// Told to stop, and disconnected.
    Stopped,
    /// Telegram no longer accepts the session: the account has to sign in again.
    LoggedOut,
}
