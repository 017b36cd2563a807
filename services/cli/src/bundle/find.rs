//! Finds content in folders, and tells what each file is.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{File, Kind, names::MEDIA};
use crate::{
    document::{self, Node},
    problem::Problems,
};

/// How deep folders are looked into.
const DEPTH: usize = 8;

/// The files among `paths` and below those of them that are folders, in the order of their names.
///
/// # Errors
/// What can't be read, or is none of the kinds of file that there are.
pub fn find(paths: &[PathBuf]) -> Result<Vec<File>, Problems> {
    let mut problems = Problems::default();
    let mut found = Vec::new();
    for path in paths {
        if path.is_dir() {
            walk(path, DEPTH, &mut found, &mut problems);
        } else {
            found.push(path.clone());
        }
    }
    let mut files: Vec<File> = Vec::new();
    for path in found {
        if files.iter().any(|file| file.path == path) {
            continue;
        }
        match read(&path) {
            Ok(file) => files.push(file),
            Err(other) => problems.add(other),
        }
    }
    problems.or(files)
}

fn walk(folder: &Path, depth: usize, found: &mut Vec<PathBuf>, problems: &mut Problems) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return problems.file(folder, format!("cannot be read: {error}")),
    };
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    for path in paths {
        let hidden = path.file_name().is_none_or(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        if path.is_dir() {
            // What answers show is no content, whatever it is.
            if depth > 0 && !path.ends_with(MEDIA) {
                walk(&path, depth - 1, found, problems);
            }
        } else if path
            .extension()
            .is_some_and(|ending| ["yaml", "yml", "json"].iter().any(|known| ending == *known))
        {
            found.push(path);
        }
    }
}

fn read(path: &Path) -> Result<File, Problems> {
    let text = fs::read_to_string(path).map_err(|error| {
        Problems::of(path, format!("cannot be read: {error}; give a file or a folder with content"))
    })?;
    let stem = path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default();
    let kind = match by_folder(path) {
        Some(kind) => kind,
        None => by_fields(path, &text)?,
    };
    Ok(File { path: path.to_owned(), kind, name: stem, text })
}

/// The folder that a file lies in may tell what it is.
fn by_folder(path: &Path) -> Option<Kind> {
    let folder = path.parent()?.file_name()?.to_str()?;
    Some(match folder {
        "rules" => Kind::Rules,
        "libraries" => Kind::Library,
        "scenarios" => Kind::Scenario,
        "bots" => Kind::Bot,
        "tests" => Kind::Tests,
        _ => return None,
    })
}

/// Else its fields do.
fn by_fields(path: &Path, text: &str) -> Result<Kind, Problems> {
    let node = document::read(text).map_err(|fault| {
        let mut problems = Problems::default();
        problems.fault(path, fault);
        problems
    })?;
    let has = |names: &[&str]| names.iter().any(|name| node.get(name).is_some());
    if has(&["tests"]) {
        Ok(Kind::Tests)
    } else if has(&["entries"]) {
        Ok(Kind::Library)
    } else if has(&["steps"]) {
        Ok(Kind::Scenario)
    } else if has(&["triggers", "reactions", "variables"]) || has_groups_of_rules(&node) {
        Ok(Kind::Rules)
    } else if has(super::bot::FIELDS) {
        Ok(Kind::Bot)
    } else {
        let reason = "cannot tell what this is: rules have groups or triggers, a library entries, a scenario steps, a bot file \
                      names them (rules, library, scenarios), tests have tests; or put it into a folder called rules, \
                      libraries, scenarios, bots or tests";
        Err(Problems::of(path, reason))
    }
}

/// Whether `groups` are trigger groups. A bot file's are the chats that it speaks in.
fn has_groups_of_rules(node: &Node) -> bool {
    let groups = node.get("groups").map(Node::items).unwrap_or_default();
    groups.iter().any(|group| !group.fields().is_empty())
}
