use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use troupe_types::{ChatId, UserId, Zone};

use crate::{Library, Ruleset, Scenario};

/// All that a bot says and how, compiled: what [`crate::decide`] reads and never changes.
#[derive(Debug, Clone)]
pub struct Content {
    /// The rule set that cuts in before all else.
    pub rules: Option<Arc<Ruleset>>,
    /// The library that answers in groups.
    pub group_library: Option<Arc<Library>>,
    /// The library that answers in direct chats when no scenario does.
    pub direct_library: Option<Arc<Library>>,
    /// The newest versions of the scenarios of direct chats. Each person gets one, by weight, and keeps it.
    pub scenarios: Vec<WeightedScenario>,
    /// Older versions that people are still in the middle of, by name and version. [`crate::State::pinned`] tells
    /// which one a person needs.
    pub pinned: BTreeMap<(String, u32), Arc<Scenario>>,
    /// The groups that the bot answers in.
    pub groups: Groups,
    /// The accounts of all our bots: they are never answered.
    pub fleet: Arc<BTreeSet<UserId>>,
    /// Whether the bot was told to stop: it says nothing.
    pub stopped: bool,
    /// Who the bot is.
    pub account: Account,
    /// The zone of the bot's clock.
    pub zone: Zone,
    /// Counts the bot's restarts: a variable that is not saved to disk is forgotten when this changes.
    pub run: u64,
}

/// A scenario and its share among the others.
#[derive(Debug, Clone)]
pub struct WeightedScenario {
    /// The scenario.
    pub scenario: Arc<Scenario>,
    /// Its share, beside the others' weights; one of 0 is given to nobody new.
    pub weight: u32,
}

/// The groups that a bot answers in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Groups {
    /// None: a bot speaks only where it was told to.
    #[default]
    None,
    /// Every group that it is a member of.
    All,
    /// These.
    Only(BTreeSet<ChatId>),
}

impl Groups {
    pub(crate) fn contains(&self, chat: ChatId) -> bool {
        match self {
            Self::None => false,
            Self::All => true,
            Self::Only(chats) => chats.contains(&chat),
        }
    }
}

/// Who a bot is on Telegram.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Account {
    /// The account's id.
    pub user: UserId,
    /// The account's first name.
    pub first_name: String,
    /// The account's public name, without `@`.
    pub username: Option<String>,
}

impl Content {
    /// The content of a bot that has nothing to say yet: no rules, libraries or scenarios, no groups.
    pub fn of(account: Account) -> Self {
        Self {
            rules: None,
            group_library: None,
            direct_library: None,
            scenarios: Vec::new(),
            pinned: BTreeMap::new(),
            groups: Groups::None,
            fleet: Arc::default(),
            stopped: false,
            account,
            zone: Zone::UTC,
            run: 0,
        }
    }

    /// The scenario `name` in `version`, if it was given.
    pub(crate) fn scenario(&self, name: &str, version: u32) -> Option<&Arc<Scenario>> {
        let newest = self.scenarios.iter().map(|weighted| &weighted.scenario);
        newest
            .filter(|scenario| scenario.name() == name && scenario.version() == version)
            .chain(self.pinned.get(&(name.to_owned(), version)))
            .next()
    }
}
