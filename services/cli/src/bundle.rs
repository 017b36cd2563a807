//! Content from files: everything that a bot says, read, checked and compiled, with all faults told at once.

pub mod bot;
mod find;
mod names;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use troupe_engine::{Account, Content, Groups, Library, Ruleset, Scenario, WeightedScenario};
use troupe_protocol::{BotSettings, ContentName, GroupPolicy};
use troupe_types::UserId;

pub use self::{bot::BotFile, find::find};
use crate::{document, document::Node, problem::Problems};

/// The accounts of bots begin here; people's ids are smaller.
const FIRST_ACCOUNT: i64 = 9_000_001;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    Rules,
    Library,
    Scenario,
    Bot,
    Tests,
}

impl Kind {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "rules",
            Self::Library => "library",
            Self::Scenario => "scenario",
            Self::Bot => "bot file",
            Self::Tests => "tests",
        }
    }
}

/// A file that was read.
#[derive(Debug, Clone)]
pub struct File {
    pub path: PathBuf,
    pub kind: Kind,
    /// Its name without the ending: what bot files call it.
    pub name: String,
    pub text: String,
}

/// A document as its author wrote it, beside what the engine made of it.
#[derive(Debug)]
pub struct Document<T> {
    pub path: PathBuf,
    pub compiled: Arc<T>,
    pub source: Node,
}

/// Content that was found together.
#[derive(Debug, Default)]
pub struct Bundle {
    pub rules: BTreeMap<String, Document<Ruleset>>,
    pub libraries: BTreeMap<String, Document<Library>>,
    pub scenarios: BTreeMap<String, Document<Scenario>>,
    pub bots: Vec<BotFile>,
    /// Where it was looked for, to name in messages.
    place: PathBuf,
}

/// A bot that is ready to answer.
#[derive(Debug, Clone)]
pub struct Bot<'a> {
    pub file: BotFile,
    pub content: Content,
    pub bundle: &'a Bundle,
}

impl Bundle {
    /// Loads all content among `paths`: folders, content files, or one bot file, which brings along what it names from
    /// the folder that it lies in.
    ///
    /// # Errors
    /// All that is wrong with any of it.
    pub fn load(paths: &[PathBuf]) -> Result<Self, Problems> {
        let place = paths.first().cloned().unwrap_or_default();
        let mut files = find(paths)?;
        if let [File { kind: Kind::Bot, .. }] = &files[..] {
            let bot = bot::read(&files[0])?;
            let wanted = |file: &File| {
                file.path == bot.path
                    || bot
                        .named
                        .iter()
                        .any(|(kind, name, _)| *kind == file.kind && name.as_str() == file.name)
            };
            files = find(&[home(&bot.path)])?.into_iter().filter(|file| wanted(file)).collect();
        }
        let mut bundle = Self { place: place.clone(), ..Self::default() };
        let mut problems = Problems::default();
        for file in &files {
            if let Err(others) = bundle.add(file) {
                problems.add(others);
            }
        }
        if files.iter().all(|file| file.kind == Kind::Tests) {
            problems
                .file(&place, "there is no content here: rules, libraries or scenarios as .yaml or .json");
        }
        bundle.check_names(&files, &mut problems);
        // Documents that are looked at by themselves name what others have.
        if !bundle.bots.is_empty() || paths.iter().any(|path| path.is_dir()) {
            bundle.check_scenarios(&files, &mut problems);
        }
        bundle.check_media(paths, &mut problems);
        problems.or(bundle)
    }

    fn add(&mut self, file: &File) -> Result<(), Problems> {
        if matches!(file.kind, Kind::Rules | Kind::Library | Kind::Scenario)
            && let Err(error) = file.name.parse::<ContentName>()
        {
            return Err(Problems::of(&file.path, format!("the file's name without its ending: {error}")));
        }
        let twice = |known: &Path| {
            let reason = format!("a {} of this name is in {} already", file.kind.as_str(), known.display());
            Err(Problems::of(&file.path, reason))
        };
        match file.kind {
            Kind::Rules => {
                if let Some(known) = self.rules.get(&file.name) {
                    return twice(&known.path);
                }
                let document = compiled(file, Ruleset::parse(&file.text))?;
                self.rules.insert(file.name.clone(), document);
            }
            Kind::Library => {
                if let Some(known) = self.libraries.get(&file.name) {
                    return twice(&known.path);
                }
                let document = compiled(file, Library::parse(&file.name, &file.text))?;
                self.libraries.insert(file.name.clone(), document);
            }
            Kind::Scenario => {
                if let Some(known) = self.scenarios.get(&file.name) {
                    return twice(&known.path);
                }
                let document = compiled(file, Scenario::parse(&file.name, 1, &file.text))?;
                self.scenarios.insert(file.name.clone(), document);
            }
            Kind::Bot => {
                if let Some(known) = self.bots.iter().find(|bot| bot.key == file.name) {
                    return twice(&known.path);
                }
                self.bots.push(bot::read(file)?);
            }
            Kind::Tests => {}
        }
        Ok(())
    }

    /// A name that leads nowhere is told where it stands; one that leads to a file that is wrong is not: the file is.
    fn check_names(&self, files: &[File], problems: &mut Problems) {
        for bot in &self.bots {
            for (kind, name, place) in &bot.named {
                let known: Vec<&str> =
                    files.iter().filter(|file| file.kind == *kind).map(|file| file.name.as_str()).collect();
                if !known.contains(&name.as_str()) {
                    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                    let reason =
                        format!("there is no {} {:?}; there is: {known}", kind.as_str(), name.as_str());
                    problems.fault(&bot.path, troupe_engine::Fault { reason, ..place.clone() });
                }
            }
        }
    }

    /// The bot called `name`; without a name the only one, or one that is made of all the content if no bot file says
    /// otherwise.
    ///
    /// # Errors
    /// If it can't be told which one is meant.
    pub fn bot(&self, name: Option<&str>) -> Result<Bot<'_>, Problems> {
        let known = || self.bots.iter().map(|bot| bot.key.as_str()).collect::<Vec<_>>().join(", ");
        let file = match (name, &self.bots[..]) {
            (None, []) => self.bot_of_everything()?,
            (None, [bot]) => bot.clone(),
            (None, _) => {
                let reason = format!("there are several bots here: choose one with --bot: {}", known());
                return Err(Problems::of(&self.place, reason));
            }
            (Some(name), bots) => {
                let found = bots.iter().find(|bot| bot.key == name).cloned();
                found.ok_or_else(|| {
                    let reason = format!("there is no bot file {name:?} here; there is: {}", known());
                    Problems::of(&self.place, reason)
                })?
            }
        };
        Ok(Bot { content: self.content(&file), file, bundle: self })
    }

    /// Every bot that there is.
    ///
    /// # Errors
    /// If there is no bot file and it can't be told what a bot would say.
    pub fn every_bot(&self) -> Result<Vec<Bot<'_>>, Problems> {
        if self.bots.is_empty() {
            return Ok(vec![self.bot(None)?]);
        }
        let bot = |file: &BotFile| Bot { content: self.content(file), file: file.clone(), bundle: self };
        Ok(self.bots.iter().map(bot).collect())
    }

    fn bot_of_everything(&self) -> Result<BotFile, Problems> {
        let mut problems = Problems::default();
        let hint =
            "write a bot file that says which one: `rules: …`, `library: …`, `scenarios: […]`, `groups: all`";
        let mut only = |count: usize, what: &str| {
            if count > 1 {
                problems.file(&self.place, format!("there are {count} {what} and no bot file: {hint}"));
            }
        };
        only(self.rules.len(), "rule sets");
        only(self.libraries.len(), "libraries");
        let name = |name: &String| name.parse::<ContentName>().ok();
        let library = self.libraries.keys().next().and_then(name);
        let scenarios = self.scenarios.keys().filter_map(name);
        let settings = BotSettings {
            rules: self.rules.keys().next().and_then(name),
            group_library: library.clone(),
            direct_library: library,
            scenarios: scenarios.map(|name| troupe_protocol::WeightedScenario { name, weight: 1 }).collect(),
            groups: GroupPolicy::All,
            ..BotSettings::default()
        };
        problems.or(BotFile {
            key: "bot".to_owned(),
            path: self.place.clone(),
            first_name: "Bot".to_owned(),
            username: Some("the_bot".to_owned()),
            id: None,
            settings,
            named: Vec::new(),
        })
    }

    /// The account of the bot called `name`, as the rest of the bots know it.
    pub fn account(&self, name: &str) -> Option<UserId> {
        let index = self.bots.iter().position(|bot| bot.key == name)?;
        Some(UserId::new(FIRST_ACCOUNT + i64::try_from(index).ok()?))
    }

    /// What `bot` says, compiled. The names in it lead somewhere, which loading has made sure of.
    fn content(&self, bot: &BotFile) -> Content {
        let user = self.account(&bot.key).unwrap_or(UserId::new(FIRST_ACCOUNT));
        let account = Account { user, first_name: bot.first_name.clone(), username: bot.username.clone() };
        let library = |name: &Option<ContentName>| {
            name.as_ref()
                .and_then(|name| self.libraries.get(name.as_str()))
                .map(|found| Arc::clone(&found.compiled))
        };
        let settings = &bot.settings;
        let mut content = Content::of(account);
        content.rules = settings
            .rules
            .as_ref()
            .and_then(|name| self.rules.get(name.as_str()))
            .map(|found| Arc::clone(&found.compiled));
        content.group_library = library(&settings.group_library);
        content.direct_library = library(&settings.direct_library);
        content.scenarios = settings
            .scenarios
            .iter()
            .filter_map(|weighted| {
                let found = self.scenarios.get(weighted.name.as_str())?;
                Some(WeightedScenario { scenario: Arc::clone(&found.compiled), weight: weighted.weight })
            })
            .collect();
        content.groups = match &settings.groups {
            GroupPolicy::None => Groups::None,
            GroupPolicy::All => Groups::All,
            GroupPolicy::Only(chats) => Groups::Only(chats.clone()),
        };
        content.zone = settings.zone;
        let fleet = self.bots.iter().filter_map(|bot| self.account(&bot.key)).chain([user]);
        content.fleet = Arc::new(fleet.collect::<BTreeSet<_>>());
        content
    }
}

impl Bot<'_> {
    /// The rule set as its author wrote it.
    pub fn rules(&self) -> Option<&Document<Ruleset>> {
        self.bundle.rules.get(self.file.settings.rules.as_ref()?.as_str())
    }
}

/// The folder whose content a bot file or a file of tests belongs to: that of the file, or the one above `bots` or
/// `tests`.
pub fn home(file: &Path) -> PathBuf {
    let parent = file.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Where the file is given from within that folder, only the whole path tells what it is called.
    let whole = parent.canonicalize().unwrap_or_else(|_| parent.to_owned());
    if !whole.file_name().is_some_and(|name| name == "bots" || name == "tests") {
        return parent.to_owned();
    }
    match parent.parent() {
        Some(above) if !above.as_os_str().is_empty() && !parent.ends_with("..") => above.to_owned(),
        Some(_) if parent != Path::new(".") && !parent.ends_with("..") => PathBuf::from("."),
        _ => parent.join(".."),
    }
}

fn compiled<T>(file: &File, parsed: Result<T, troupe_engine::Faults>) -> Result<Document<T>, Problems> {
    let mut problems = Problems::default();
    match parsed {
        Ok(compiled) => {
            // What the engine has read can be read here, too; were it not, only what is shown of it would be missing.
            let nothing = Node { line: 1, column: 1, value: document::Value::Null };
            let source = document::read(&file.text).unwrap_or(nothing);
            problems.or(Document { path: file.path.clone(), compiled: Arc::new(compiled), source })
        }
        Err(faults) => {
            problems.faults(&file.path, faults);
            Err(problems)
        }
    }
}
