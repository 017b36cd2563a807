//! The bot file: which content a bot speaks from, where, and who it is.
//!
//! ```yaml
//! name: Boris                  # its first name on Telegram; the file's name by default
//! username: harbour_boris_bot  # without @
//! id: 2                        # its number in the installation: whose updates are replayed; not needed
//! rules: kyc                   # documents by the names of their files, without the ending
//! library: support             # or group_library and direct_library
//! scenarios: [welcome]         # or [{name: welcome, weight: 2}]
//! groups: all                  # none (the default), all, or a list of chats' ids
//! zone: "+03:00"               # what its clock is ahead of UTC, the default
//! ```

use std::{collections::BTreeSet, path::PathBuf};

use troupe_engine::Fault;
use troupe_protocol::{BotSettings, ContentName, GroupPolicy, WeightedScenario};
use troupe_types::{BotId, ChatId};

use super::{File, Kind};
use crate::{
    document::{self, At, Value},
    problem::Problems,
};

pub const FIELDS: &[&str] = &[
    "name",
    "username",
    "id",
    "rules",
    "library",
    "group_library",
    "direct_library",
    "scenarios",
    "groups",
    "zone",
];

/// A bot file that was read.
#[derive(Debug, Clone)]
pub struct BotFile {
    /// What it is called here: the file's name without the ending.
    pub key: String,
    pub path: PathBuf,
    pub first_name: String,
    pub username: Option<String>,
    pub id: Option<BotId>,
    pub settings: BotSettings,
    /// The documents that it names, for telling where a name leads nowhere.
    pub named: Vec<(Kind, ContentName, Fault)>,
}

/// Reads a bot file.
///
/// # Errors
/// All that is wrong with it.
pub fn read(file: &File) -> Result<BotFile, Problems> {
    let mut faults = Vec::new();
    let bot = match document::read(&file.text) {
        Ok(node) => read_bot(file, &At::root(&node), &mut faults),
        Err(fault) => {
            faults.push(fault);
            None
        }
    };
    let mut problems = Problems::default();
    problems.faults(&file.path, faults);
    match bot {
        Some(bot) => problems.or(bot),
        None => Err(problems),
    }
}

fn read_bot(file: &File, at: &At<'_>, faults: &mut Vec<Fault>) -> Option<BotFile> {
    if !at.is_map_of(FIELDS, faults) {
        return None;
    }
    let mut named = Vec::new();
    let mut document = |field: &str, kind: Kind, faults: &mut Vec<Fault>| {
        let name = at.get(field)?;
        let read = content_name(&name, faults)?;
        named.push((kind, read.clone(), name.fault("")));
        Some(read)
    };
    let rules = document("rules", Kind::Rules, faults);
    let library = document("library", Kind::Library, faults);
    let group_library = document("group_library", Kind::Library, faults).or_else(|| library.clone());
    let direct_library = document("direct_library", Kind::Library, faults).or(library);
    let mut scenarios = Vec::new();
    for item in at.get("scenarios").map(|list| list.items()).unwrap_or_default() {
        let (name, weight) = if matches!(item.node.value, Value::Map(_)) {
            item.is_map_of(&["name", "weight"], faults);
            let weight = item.get("weight").and_then(|weight| {
                weight.parsed("a whole number of 0 or more", |text| text.parse().ok(), faults)
            });
            let Some(name) = item.get("name") else {
                faults.push(item.fault("the scenario's name is missing"));
                continue;
            };
            (name, weight.unwrap_or(1))
        } else {
            (item, 1)
        };
        if let Some(read) = content_name(&name, faults) {
            named.push((Kind::Scenario, read.clone(), name.fault("")));
            scenarios.push(WeightedScenario { name: read, weight });
        }
    }
    let groups = at.get("groups").map(|groups| read_groups(&groups, faults)).unwrap_or_default();
    let text = |field: &str, faults: &mut Vec<Fault>| at.get(field)?.text(faults).map(str::to_owned);
    let first_name = text("name", faults).unwrap_or_else(|| capitalised(&file.name));
    let username = text("username", faults).map(|name| name.trim_start_matches('@').to_owned());
    let id = at
        .get("id")
        .and_then(|id| id.parsed("the bot's number", |text| text.parse().ok(), faults))
        .map(BotId::new);
    let zone = at.get("zone").and_then(|zone| {
        zone.parsed(
            "UTC or what the clock is ahead of it, such as \"+03:00\"",
            |text| text.parse().ok(),
            faults,
        )
    });
    let zone = zone.unwrap_or_default();
    let settings = BotSettings { rules, group_library, direct_library, scenarios, groups, zone };
    Some(BotFile {
        key: file.name.clone(),
        path: file.path.clone(),
        first_name,
        username,
        id,
        settings,
        named,
    })
}

fn content_name(at: &At<'_>, faults: &mut Vec<Fault>) -> Option<ContentName> {
    match at.text(faults)?.parse() {
        Ok(name) => Some(name),
        Err(error) => {
            faults.push(at.fault(error_text(&error)));
            None
        }
    }
}

fn error_text(error: &troupe_protocol::NameError) -> String {
    format!("{error}; a document is named by its file's name without the ending")
}

fn read_groups(at: &At<'_>, faults: &mut Vec<Fault>) -> GroupPolicy {
    match at.node.text() {
        Some("all") => return GroupPolicy::All,
        Some("none") => return GroupPolicy::None,
        _ => {}
    }
    // As the manager's API writes it.
    let list = match at.node.value {
        Value::Map(_) if !at.is_map_of(&["only"], faults) => return GroupPolicy::None,
        _ => at.get("only").unwrap_or_else(|| at.clone()),
    };
    let mut ids = BTreeSet::new();
    for item in list.items() {
        let group = |text: &str| text.parse().ok().filter(|id: &i64| *id < 0);
        let id = item.parsed("none, all, or a list of groups' ids, which are negative", group, faults);
        ids.extend(id.map(ChatId::new));
    }
    GroupPolicy::Only(ids)
}

pub fn capitalised(name: &str) -> String {
    let mut letters = name.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(text: &str) -> File {
        File { path: "bots/boris.yaml".into(), kind: Kind::Bot, name: "boris".into(), text: text.into() }
    }

    #[test]
    fn a_bot_file_names_its_content() {
        let bot = read(&file(
            "username: '@boris_bot'\nlibrary: support\nscenarios: [{name: a, weight: 2}, b]\ngroups: [-5]\n",
        ))
        .unwrap();
        assert_eq!((bot.first_name.as_str(), bot.username.as_deref()), ("Boris", Some("boris_bot")));
        let settings = &bot.settings;
        assert_eq!(settings.group_library, settings.direct_library);
        let weights: Vec<_> =
            settings.scenarios.iter().map(|scenario| (scenario.name.as_str(), scenario.weight)).collect();
        assert_eq!(weights, [("a", 2), ("b", 1)]);
        assert_eq!(settings.groups, GroupPolicy::Only([ChatId::new(-5)].into()));
    }

    #[test]
    fn all_that_is_wrong_is_told_with_its_place() {
        let problems =
            read(&file("rules: No Name\nlibary: x\ngroups: everywhere\n")).unwrap_err().to_string();
        assert_eq!(
            problems,
            "bots/boris.yaml:2:9: /libary: unknown field \"libary\"; known: name, username, id, rules, library, \
             group_library, direct_library, scenarios, groups, zone\n\
             bots/boris.yaml:1:8: /rules: \"No Name\" is no name: use 1 to 64 of a-z, 0-9, - and _; a document is \
             named by its file's name without the ending\n\
             bots/boris.yaml:3:9: /groups: expected none, all, or a list of groups' ids, which are negative, found \
             \"everywhere\""
        );
    }
}
