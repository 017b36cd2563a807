//! What the API takes and gives about bots, written for that border.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use troupe_protocol::{BotRecord, BotSettings, ContentName, Desired, GroupPolicy, WeightedScenario};
use troupe_types::{ChatId, Zone};
use utoipa::ToSchema;

use crate::{
    error::ApiError,
    status::{State, Status},
};

/// A bot.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct BotView {
    /// Its number.
    pub id: u64,
    /// What it is called here.
    pub name: String,
    /// When it was registered, in milliseconds since 1970.
    pub created_ms: i64,
    /// Who it is on Telegram; null until it has signed in.
    pub identity: Option<IdentityView>,
    /// `running` or `stopped`: what is wanted of it.
    #[schema(value_type = String)]
    pub desired: Desired,
    /// How it fares; null if it never was connected.
    pub status: Option<StatusView>,
    /// What it says, and where.
    pub settings: SettingsView,
}

/// Who a bot is on Telegram.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct IdentityView {
    /// The account's id.
    pub user: i64,
    /// The account's first name.
    pub first_name: String,
    /// The account's public name, without `@`.
    pub username: Option<String>,
}

/// How a bot's session fares.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub struct StatusView {
    /// `connecting`, `online`, `stopped`, `logged_out`, or `no_ingress`: no instance of ingress is there for the bot.
    #[schema(value_type = String)]
    pub state: State,
    /// What there is to say about it.
    pub detail: Option<String>,
    /// Since when, in milliseconds since 1970; with `no_ingress` since when it was as the last instance told.
    pub since_ms: i64,
    /// The ingress instance that holds the session, or did so last.
    pub instance: String,
}

/// What a bot says, and where. Content is named; the newest version of it is used.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields, default)]
pub struct SettingsView {
    /// The rule set that cuts in before all else.
    pub rules: Option<String>,
    /// The library that answers in groups.
    pub group_library: Option<String>,
    /// The library that answers in direct chats when no scenario runs.
    pub direct_library: Option<String>,
    /// The scenarios of direct chats; each person gets one, by weight, and keeps it.
    pub scenarios: Vec<ScenarioView>,
    /// The groups that the bot answers in: `"none"`, `"all"`, or `{"only": [ids]}`.
    pub groups: GroupsView,
    /// The zone of its clock: of the times that it tells. `UTC`, or what it is ahead of it, such as `+03:00`.
    #[schema(value_type = String)]
    pub zone: Zone,
}

/// The largest weight of a scenario.
const WEIGHT_MAX: u32 = 1_000_000;

/// A scenario and how often it is given, beside the others.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ScenarioView {
    /// The scenario's name.
    pub name: String,
    /// Its share, beside the others' weights; 1 unless given. With 0 nobody is given it: rules start it, or scenarios call
    /// it.
    #[serde(default = "one")]
    pub weight: u32,
}

const fn one() -> u32 {
    1
}

/// The groups that a bot answers in.
#[derive(Debug, Clone, Default, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum GroupsView {
    /// None.
    #[default]
    None,
    /// Every group that it is a member of.
    All,
    /// These, in the numbering of Telegram's Bot API.
    Only(BTreeSet<i64>),
}

impl BotView {
    /// Puts a bot's record and status together.
    pub fn new(record: BotRecord, status: Option<Status>) -> Self {
        Self {
            id: record.id.get(),
            name: record.name,
            created_ms: record.created.as_millis(),
            identity: record.identity.map(|identity| IdentityView {
                user: identity.user.get(),
                first_name: identity.first_name,
                username: identity.username,
            }),
            desired: record.desired,
            status: status.map(|status| StatusView {
                state: status.state,
                detail: status.told.detail,
                since_ms: status.told.since.as_millis(),
                instance: status.told.instance,
            }),
            settings: record.settings.into(),
        }
    }
}

impl From<BotSettings> for SettingsView {
    fn from(settings: BotSettings) -> Self {
        Self {
            rules: settings.rules.map(String::from),
            group_library: settings.group_library.map(String::from),
            direct_library: settings.direct_library.map(String::from),
            scenarios: settings
                .scenarios
                .into_iter()
                .map(|scenario| ScenarioView { name: scenario.name.into(), weight: scenario.weight })
                .collect(),
            groups: match settings.groups {
                GroupPolicy::None => GroupsView::None,
                GroupPolicy::All => GroupsView::All,
                GroupPolicy::Only(groups) => GroupsView::Only(groups.into_iter().map(ChatId::get).collect()),
            },
            zone: settings.zone,
        }
    }
}

impl TryFrom<SettingsView> for BotSettings {
    type Error = ApiError;

    fn try_from(view: SettingsView) -> Result<Self, ApiError> {
        let name = |field: &str, text: String| {
            ContentName::try_from(text).map_err(|error| ApiError::BadRequest(format!("{field}: {error}")))
        };
        let optional = |field: &str, text: Option<String>| text.map(|text| name(field, text)).transpose();
        let mut known = BTreeSet::new();
        let scenarios = view.scenarios.into_iter().map(|scenario| {
            let ScenarioView { name: text, weight } = &scenario;
            if *weight > WEIGHT_MAX {
                let message = format!(
                    "scenarios: the weight of {text} is {weight}; it has to be from 0 to {WEIGHT_MAX}"
                );
                return Err(ApiError::BadRequest(message));
            }
            if !known.insert(text.clone()) {
                return Err(ApiError::BadRequest(format!("scenarios: {text} is named twice")));
            }
            Ok(WeightedScenario { name: name("scenarios", scenario.name)?, weight: scenario.weight })
        });
        Ok(Self {
            rules: optional("rules", view.rules)?,
            group_library: optional("group_library", view.group_library)?,
            direct_library: optional("direct_library", view.direct_library)?,
            scenarios: scenarios.collect::<Result<_, _>>()?,
            groups: match view.groups {
                GroupsView::None => GroupPolicy::None,
                GroupsView::All => GroupPolicy::All,
                GroupsView::Only(groups) => {
                    if let Some(direct) = groups.iter().find(|id| **id >= 0) {
                        let message = format!("groups: {direct} is no group; a group's id is negative");
                        return Err(ApiError::BadRequest(message));
                    }
                    GroupPolicy::Only(groups.into_iter().map(ChatId::new).collect())
                }
            },
            zone: view.zone,
        })
    }
}
