//! Names in documents that lead nowhere: scenarios that are not the bot's, files that are not there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use troupe_engine::{Fault, Use, Uses};

use super::{Bundle, File, Kind, bot::BotFile};
use crate::problem::Problems;

/// The folder of the files that answers show.
pub const MEDIA: &str = "media";
/// The folders that content is put into, each below the one that all of it belongs to.
const FOLDERS: &[&str] = &["rules", "libraries", "scenarios", "bots", "tests"];

impl Bundle {
    /// Notes scenarios that are started or called and that the bot does not have.
    pub(super) fn check_scenarios(&self, files: &[File], problems: &mut Problems) {
        if self.bots.is_empty() {
            // One that is wrong is there all the same.
            let scenarios = files.iter().filter(|file| file.kind == Kind::Scenario);
            let known: Vec<&str> = scenarios.map(|file| file.name.as_str()).collect();
            for (path, uses) in self.uses() {
                note_missing(path, uses, "there is no scenario", &known, problems);
            }
        }
        for bot in &self.bots {
            let known: Vec<&str> =
                bot.settings.scenarios.iter().map(|weighted| weighted.name.as_str()).collect();
            let missing = format!("{} has no scenario", bot.key);
            for (path, uses) in self.uses_of(bot) {
                note_missing(path, uses, &missing, &known, problems);
            }
        }
    }

    /// Notes files that answers show and that are not beside the content of the folders among `paths`.
    pub(super) fn check_media(&self, paths: &[PathBuf], problems: &mut Problems) {
        for folder in paths.iter().filter(|path| path.is_dir()) {
            let media = above(folder).join(MEDIA);
            let entries = fs::read_dir(&media).into_iter().flatten().flatten();
            let known: Vec<String> = entries
                .filter_map(|entry| Some(entry.path().file_stem()?.to_string_lossy().into_owned()))
                .collect();
            for (path, uses) in self.uses().filter(|(path, _)| path.starts_with(folder)) {
                for used in uses.media.iter().filter(|used| !known.iter().any(|known| **known == *used.name))
                {
                    let place = media.join(format!("{}.*", used.name));
                    problems.fault(path, fault(used, format!("there is no file {}", place.display())));
                }
            }
        }
    }

    fn uses(&self) -> impl Iterator<Item = (&Path, &Uses)> {
        let rules = self.rules.values().map(|found| (found.path.as_path(), found.compiled.uses()));
        let libraries = self.libraries.values().map(|found| (found.path.as_path(), found.compiled.uses()));
        let scenarios = self.scenarios.values().map(|found| (found.path.as_path(), found.compiled.uses()));
        rules.chain(libraries).chain(scenarios)
    }

    /// What the rules and the scenarios of `bot` name.
    fn uses_of(&self, bot: &BotFile) -> impl Iterator<Item = (&Path, &Uses)> {
        let rules = bot.settings.rules.iter().filter_map(|name| self.rules.get(name.as_str()));
        let rules = rules.map(|found| (found.path.as_path(), found.compiled.uses()));
        let scenarios = &bot.settings.scenarios;
        let scenarios = scenarios.iter().filter_map(|weighted| self.scenarios.get(weighted.name.as_str()));
        rules.chain(scenarios.map(|found| (found.path.as_path(), found.compiled.uses())))
    }
}

fn note_missing(path: &Path, uses: &Uses, missing: &str, known: &[&str], problems: &mut Problems) {
    for used in uses.scenarios.iter().filter(|used| !known.contains(&&*used.name)) {
        let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
        problems.fault(path, fault(used, format!("{missing} {:?}; there is: {known}", used.name)));
    }
}

fn fault(used: &Use, reason: String) -> Fault {
    Fault { line: used.line, column: used.column, field: used.field.clone(), reason }
}

/// The folder that the content in `folder` belongs to.
fn above(folder: &Path) -> PathBuf {
    // Where it is given from within, only the whole path tells what it is called.
    let whole = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    match (whole.file_name().and_then(|name| name.to_str()), whole.parent()) {
        (Some(name), Some(parent)) if FOLDERS.contains(&name) => parent.to_owned(),
        _ => folder.to_owned(),
    }
}
