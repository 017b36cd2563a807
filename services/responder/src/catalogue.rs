//! What every bot is and says, as far as it is known here: the registry's records and the documents they name.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    sync::{Arc, OnceLock},
};

use troupe_engine::{Account, Content, Faults, Library, Ruleset, Scenario, WeightedScenario};
use troupe_protocol::{BotRecord, ContentDocument, ContentKind, ContentName, Desired};
use troupe_types::{BotId, UserId};

use crate::convert;

/// Every bot and every document.
#[derive(Debug, Default)]
pub(crate) struct Catalogue {
    bots: BTreeMap<BotId, BotRecord>,
    /// The accounts of all bots.
    fleet: Arc<BTreeSet<UserId>>,
    rules: BTreeMap<ContentName, Versions<Ruleset>>,
    libraries: BTreeMap<ContentName, Versions<Library>>,
    scenarios: BTreeMap<ContentName, Versions<Scenario>>,
}

/// All that a bot decides by.
#[derive(Debug)]
pub(crate) struct Live {
    pub(crate) content: Content,
    pub(crate) versions: InUse,
}

/// Which versions of documents are in use. Scenarios know their own.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct InUse {
    pub(crate) rules: Option<u32>,
    pub(crate) libraries: BTreeMap<ContentName, u32>,
}

impl InUse {
    /// The version of the library of that name.
    pub(crate) fn library(&self, name: &str) -> Option<u32> {
        let known = self.libraries.iter().find(|(known, _)| known.as_str() == name);
        known.map(|(_, version)| *version)
    }
}

/// Why a bot cannot decide yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Missing {
    /// It has no record.
    Bot,
    /// Its record does not say who it is on Telegram.
    Account,
    /// There is no usable version of a document.
    Document(ContentKind, ContentName),
    /// There is no usable document of the version that a person is in the middle of.
    Version(String, u32),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bot => f.write_str("it is not in the registry"),
            Self::Account => f.write_str("it has not signed in"),
            Self::Document(kind, name) => write!(f, "there is no usable {kind} {name}"),
            Self::Version(name, version) => write!(f, "there is no usable scenario {name} version {version}"),
        }
    }
}

impl Catalogue {
    /// A bot's record is there, or has changed.
    pub(crate) fn put_bot(&mut self, record: BotRecord) {
        self.bots.insert(record.id, record);
        self.count_fleet();
    }

    /// A bot is gone.
    pub(crate) fn delete_bot(&mut self, bot: BotId) {
        self.bots.remove(&bot);
        self.count_fleet();
    }

    fn count_fleet(&mut self) {
        let users =
            self.bots.values().filter_map(|record| record.identity.as_ref()).map(|account| account.user);
        let fleet: BTreeSet<UserId> = users.collect();
        if fleet != *self.fleet {
            self.fleet = Arc::new(fleet);
        }
    }

    /// A version of a document is there.
    pub(crate) fn put_document(&mut self, document: ContentDocument) {
        let ContentDocument { kind, name, version, text, .. } = document;
        match kind {
            ContentKind::Rules => self
                .rules
                .entry(name.clone())
                .or_insert_with(|| Versions::new(name, rules))
                .put(version, text),
            ContentKind::Library => {
                self.libraries
                    .entry(name.clone())
                    .or_insert_with(|| Versions::new(name, library))
                    .put(version, text);
            }
            ContentKind::Scenario => {
                self.scenarios
                    .entry(name.clone())
                    .or_insert_with(|| Versions::new(name, Scenario::parse))
                    .put(version, text);
            }
        }
    }

    /// The newest version of a document has this number.
    pub(crate) fn put_head(&mut self, kind: ContentKind, name: ContentName, version: u32) {
        match kind {
            ContentKind::Rules => {
                let versions = self.rules.entry(name.clone()).or_insert_with(|| Versions::new(name, rules));
                versions.set_head(version);
                versions.forget_old();
            }
            ContentKind::Library => {
                let versions =
                    self.libraries.entry(name.clone()).or_insert_with(|| Versions::new(name, library));
                versions.set_head(version);
                versions.forget_old();
            }
            ContentKind::Scenario => {
                self.scenarios
                    .entry(name.clone())
                    .or_insert_with(|| Versions::new(name, Scenario::parse))
                    .set_head(version);
            }
        }
    }

    /// All that `bot` decides by, with the scenario versions that the person it talks to is in the middle of.
    pub(crate) fn content<'p>(
        &self,
        bot: BotId,
        pinned: impl IntoIterator<Item = (&'p str, u32)>,
    ) -> Result<Live, Missing> {
        let record = self.bots.get(&bot).ok_or(Missing::Bot)?;
        let identity = record.identity.as_ref().ok_or(Missing::Account)?;
        let account = Account {
            user: identity.user,
            first_name: identity.first_name.clone(),
            username: identity.username.clone(),
        };
        let settings = &record.settings;
        let mut versions = InUse::default();
        let mut library = |name: &Option<ContentName>| {
            let found = live(&self.libraries, ContentKind::Library, name.as_ref())?;
            Ok(name.clone().zip(found).map(|(name, (version, library))| {
                versions.libraries.insert(name, version);
                library
            }))
        };
        let (group_library, direct_library) =
            (library(&settings.group_library)?, library(&settings.direct_library)?);
        let rules = live(&self.rules, ContentKind::Rules, settings.rules.as_ref())?;
        versions.rules = rules.as_ref().map(|(version, _)| *version);
        let scenarios = settings.scenarios.iter().map(|weighted| {
            let scenario = live(&self.scenarios, ContentKind::Scenario, Some(&weighted.name))?;
            let weight = weighted.weight;
            Ok(scenario.map(|(_, scenario)| WeightedScenario { scenario, weight }))
        });
        let mut content = Content {
            rules: rules.map(|(_, rules)| rules),
            group_library,
            direct_library,
            scenarios: scenarios.filter_map(Result::transpose).collect::<Result<_, _>>()?,
            groups: convert::groups(&settings.groups),
            fleet: Arc::clone(&self.fleet),
            stopped: record.desired == Desired::Stopped,
            zone: settings.zone,
            run: record.generation,
            ..Content::of(account)
        };
        for (name, version) in pinned {
            let scenario =
                name.parse().ok().and_then(|name: ContentName| self.scenarios.get(&name)?.get(version));
            let scenario = scenario.ok_or_else(|| Missing::Version(name.to_owned(), version))?;
            content.pinned.insert((name.to_owned(), version), scenario);
        }
        Ok(Live { content, versions })
    }
}

fn rules(_name: &str, _version: u32, text: &str) -> Result<Ruleset, Faults> {
    Ruleset::parse(text)
}

fn library(name: &str, _version: u32, text: &str) -> Result<Library, Faults> {
    Library::parse(name, text)
}

/// The version of `name` that is in use, and its number; `None` if no document is asked for.
fn live<T>(
    documents: &BTreeMap<ContentName, Versions<T>>,
    kind: ContentKind,
    name: Option<&ContentName>,
) -> Result<Option<(u32, Arc<T>)>, Missing> {
    let Some(name) = name else { return Ok(None) };
    match documents.get(name).and_then(Versions::live) {
        Some(found) => Ok(Some(found)),
        None => Err(Missing::Document(kind, name.clone())),
    }
}

type Parse<T> = fn(&str, u32, &str) -> Result<T, Faults>;

/// The versions of one document, each compiled when it is first needed.
struct Versions<T> {
    name: ContentName,
    parse: Parse<T>,
    head: u32,
    known: BTreeMap<u32, Version<T>>,
}

struct Version<T> {
    text: String,
    /// `None`: it has faults.
    compiled: OnceLock<Option<Arc<T>>>,
}

impl<T> fmt::Debug for Versions<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Versions").field("name", &self.name).field("head", &self.head).finish_non_exhaustive()
    }
}

impl<T> Versions<T> {
    fn new(name: ContentName, parse: Parse<T>) -> Self {
        Self { name, parse, head: 0, known: BTreeMap::new() }
    }

    fn put(&mut self, version: u32, text: String) {
        // A version never changes, so what is compiled already stays.
        self.known.entry(version).or_insert(Version { text, compiled: OnceLock::new() });
    }

    fn set_head(&mut self, version: u32) {
        self.head = version;
        if let Some((version, _)) = self.live() {
            tracing::info!(name = %self.name, version, "content is live");
        }
    }

    /// Forgets what is older than the version in use. Not for scenarios: people are in the middle of old ones.
    fn forget_old(&mut self) {
        if let Some((live, _)) = self.live() {
            self.known.retain(|version, _| *version >= live);
        }
    }

    fn get(&self, version: u32) -> Option<Arc<T>> {
        let Version { text, compiled } = self.known.get(&version)?;
        let compile = || match (self.parse)(self.name.as_str(), version, text) {
            Ok(document) => Some(Arc::new(document)),
            Err(faults) => {
                // The manager refuses such documents, so somebody else wrote it, or an older manager.
                tracing::error!(name = %self.name, version, %faults, "stored content cannot be used");
                None
            }
        };
        compiled.get_or_init(compile).clone()
    }

    /// The newest version that can be used.
    fn live(&self) -> Option<(u32, Arc<T>)> {
        self.known.range(..=self.head).rev().find_map(|(version, _)| Some((*version, self.get(*version)?)))
    }
}

#[cfg(test)]
mod tests {
    use troupe_protocol::{BotSettings, Identity};
    use troupe_types::Timestamp;

    use super::*;

    const BOT: BotId = BotId::new(7);
    const GOOD: &str = "entries:\n  - id: hello\n    phrases: [hello]\n    answers: [hi]\n";

    fn name(name: &str) -> ContentName {
        name.parse().unwrap()
    }

    fn bot(library: &str) -> BotRecord {
        BotRecord {
            id: BOT,
            name: "anna".into(),
            created: Timestamp::default(),
            identity: Some(Identity { user: UserId::new(9), first_name: "Anna".into(), username: None }),
            desired: Desired::Running,
            generation: 0,
            settings: BotSettings { direct_library: Some(name(library)), ..BotSettings::default() },
        }
    }

    fn library(version: u32, text: &str) -> ContentDocument {
        ContentDocument {
            kind: ContentKind::Library,
            name: name("talk"),
            version,
            created: Timestamp::default(),
            text: text.into(),
            parts: None,
        }
    }

    #[test]
    fn what_is_missing_is_told() {
        let mut catalogue = Catalogue::default();
        let missing = |catalogue: &Catalogue| catalogue.content(BOT, None).map(|_| ()).unwrap_err();
        assert_eq!(missing(&catalogue), Missing::Bot);
        catalogue.put_bot(BotRecord { identity: None, ..bot("talk") });
        assert_eq!(missing(&catalogue), Missing::Account);
        catalogue.put_bot(bot("talk"));
        let document = Missing::Document(ContentKind::Library, name("talk"));
        assert_eq!(missing(&catalogue), document);
        catalogue.put_document(library(1, GOOD));
        assert_eq!(missing(&catalogue), document, "a version is used when the head says so");
        catalogue.put_head(ContentKind::Library, name("talk"), 1);
        let content = catalogue.content(BOT, None).unwrap().content;
        assert!(content.direct_library.is_some());
        assert!(content.fleet.contains(&UserId::new(9)));
        catalogue.delete_bot(BOT);
        assert_eq!(missing(&catalogue), Missing::Bot);
    }

    #[test]
    fn a_version_with_faults_leaves_the_one_before_in_use() {
        let mut catalogue = Catalogue::default();
        catalogue.put_bot(bot("talk"));
        catalogue.put_document(library(1, GOOD));
        catalogue.put_head(ContentKind::Library, name("talk"), 1);
        catalogue.put_document(library(2, "entries: 7"));
        catalogue.put_head(ContentKind::Library, name("talk"), 2);
        assert!(catalogue.content(BOT, None).is_ok());
        // The head may come before its document.
        catalogue.put_head(ContentKind::Library, name("talk"), 3);
        assert!(catalogue.content(BOT, None).is_ok());
        catalogue.put_document(library(3, GOOD));
        let in_use = catalogue.content(BOT, None).unwrap().versions;
        assert_eq!((in_use.library("talk"), in_use.library("other"), in_use.rules), (Some(3), None, None));
    }

    #[test]
    fn a_person_in_the_middle_of_an_old_version_finishes_it() {
        let scenario = "steps:\n  a:\n    ask: your name?\n    save: x\n    next: b\n  b:\n    say: bye\n    end: goal\n";
        let mut catalogue = Catalogue::default();
        catalogue.put_bot(BotRecord { settings: BotSettings::default(), ..bot("talk") });
        for version in 1..=2 {
            catalogue.put_document(ContentDocument {
                kind: ContentKind::Scenario,
                text: scenario.into(),
                ..library(version, "")
            });
        }
        catalogue.put_head(ContentKind::Scenario, name("talk"), 2);
        let pinned = catalogue.content(BOT, Some(("talk", 1))).unwrap().content.pinned;
        assert_eq!(pinned.into_keys().collect::<Vec<_>>(), [("talk".to_owned(), 1)]);
        let missing = catalogue.content(BOT, Some(("talk", 3))).map(|_| ()).unwrap_err();
        assert_eq!(missing, Missing::Version("talk".into(), 3));
    }
}
