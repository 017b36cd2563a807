//! Reads conversation tests.

use std::{path::PathBuf, time::Duration};

use regex::{Regex, RegexBuilder};
use troupe_engine::Fault;
use troupe_types::{Media, MediaKind, Timestamp};

use super::webhooks;
use crate::{
    bundle::File,
    document::{self, At, Value},
    explain,
    problem::Problems,
    told,
    try_out::duration,
    world::Place,
};

const FILE: &[&str] = &["content", "bot", "phrases", "tests"];
const TEST: &[&str] = &["name", "bot", "as", "in", "at", "vars", "language", "time", "seed", "talk"];
const STEP: &[&str] = &[
    "say",
    "photo",
    "file",
    "mention",
    "edit",
    "as",
    "in",
    "wait",
    "hand_back",
    "vars",
    "at",
    "expect",
    "expect_vars",
    "expect_webhooks",
];
const EXPECTED: &[&str] = &["source", "text", "matches", "silent"];

/// A file of tests.
#[derive(Debug)]
pub struct Suite {
    pub path: PathBuf,
    /// Where the content is, if the file says so: a folder or a bot file.
    pub content: Option<PathBuf>,
    /// The libraries of which each phrase has to be answered by its own entry, with the places of their names.
    pub phrases: Vec<(Fault, String)>,
    pub tests: Vec<Test>,
}

/// A conversation with one bot, from the beginning or from the middle.
#[derive(Debug)]
pub struct Test {
    pub line: u32,
    pub column: u32,
    pub name: String,
    pub bot: Option<String>,
    pub person: String,
    pub place: Place,
    pub at: Option<(String, String)>,
    pub vars: Vec<(String, Option<String>)>,
    pub language: Option<String>,
    pub time: Option<Timestamp>,
    pub seed: Option<u64>,
    pub talk: Vec<Step>,
}

/// A step of a conversation: what is done, in this order, and what is expected of it.
#[derive(Debug)]
pub struct Step {
    pub line: u32,
    pub person: Option<String>,
    pub place: Option<Place>,
    pub wait: Option<Duration>,
    /// An operator gives the conversation back.
    pub hand_back: bool,
    pub vars: Vec<(String, Option<String>)>,
    pub at: Option<(String, String)>,
    pub said: Option<Message>,
    /// `None` if whatever comes is fine.
    pub expect: Option<Vec<Expected>>,
    pub expect_vars: Vec<(u32, String, Option<String>)>,
    /// The webhooks that are called, in order; `None` if whichever are is fine.
    pub expect_webhooks: Option<Vec<webhooks::Expected>>,
}

#[derive(Debug)]
pub struct Message {
    pub text: String,
    pub mention: bool,
    pub edit: bool,
    pub media: Option<Media>,
}

/// One thing that is expected: a message of the bot's, or its silence.
#[derive(Debug)]
pub struct Expected {
    pub line: u32,
    /// What answers, as `troupe try` tells it.
    pub source: Option<String>,
    /// The text is one of these; any, if there are none.
    pub texts: Vec<String>,
    /// The text has a hit of this.
    pub matches: Option<Regex>,
    /// Nothing is said, for this reason or, if it is `any`, for whatever reason.
    pub silent: Option<String>,
}

/// Reads a file of tests.
///
/// # Errors
/// All that is wrong with it.
pub fn read(file: &File) -> Result<Suite, Problems> {
    let mut problems = Problems::default();
    let mut faults = Vec::new();
    let mut suite = Suite { path: file.path.clone(), content: None, phrases: Vec::new(), tests: Vec::new() };
    match document::read(&file.text) {
        Ok(node) => read_suite(&At::root(&node), &mut suite, &mut faults),
        Err(fault) => faults.push(fault),
    }
    problems.faults(&file.path, faults);
    problems.or(suite)
}

fn read_suite(at: &At<'_>, suite: &mut Suite, faults: &mut Vec<Fault>) {
    if !at.is_map_of(FILE, faults) {
        return;
    }
    let text = |field: &str, faults: &mut Vec<Fault>| at.get(field)?.text(faults).map(str::to_owned);
    let folder = suite.path.parent().map(PathBuf::from).unwrap_or_default();
    suite.content = text("content", faults).map(|content| folder.join(content));
    let bot = text("bot", faults);
    for library in at.get("phrases").map(|list| list.items()).unwrap_or_default() {
        suite.phrases.extend(library.text(faults).map(|name| (library.fault(""), name.to_owned())));
    }
    let Some(tests) = at.get("tests") else {
        if suite.phrases.is_empty() {
            faults.push(at.fault("there are no tests: write `tests:` and a list"));
        }
        return;
    };
    for test in tests.items() {
        suite.tests.extend(read_test(&test, bot.as_deref(), faults));
    }
}

fn read_test(at: &At<'_>, bot: Option<&str>, faults: &mut Vec<Fault>) -> Option<Test> {
    if !at.is_map_of(TEST, faults) {
        return None;
    }
    let text = |field: &str, faults: &mut Vec<Fault>| at.get(field)?.text(faults).map(str::to_owned);
    let name = text("name", faults);
    if name.is_none() {
        faults.push(at.fault("a test needs a name"));
    }
    let time = |text: &str| {
        let time: jiff::Timestamp = text.parse().ok()?;
        Some(Timestamp::from_seconds(time.as_second()))
    };
    let talk = at.get("talk").map(|talk| talk.items()).unwrap_or_default();
    if talk.is_empty() {
        faults.push(at.fault("a test needs a talk: a list of what is said and what is expected"));
    }
    let talk = talk.iter().filter_map(|step| read_step(step, faults)).collect();
    Some(Test {
        line: at.node.line,
        column: at.node.column,
        name: name?,
        bot: text("bot", faults).or_else(|| bot.map(str::to_owned)),
        person: text("as", faults).unwrap_or_else(|| "ann".to_owned()),
        place: read_place(at, faults).unwrap_or(Place::Direct),
        at: read_at(at, faults),
        vars: read_vars(at, "vars", faults).into_iter().map(|(_, name, value)| (name, value)).collect(),
        language: text("language", faults),
        time: at
            .get("time")
            .and_then(|at| at.parsed("a time in UTC such as 2026-01-05T09:00:00Z", time, faults)),
        seed: at.get("seed").and_then(|at| at.parsed("a whole number", |text| text.parse().ok(), faults)),
        talk,
    })
}

fn read_step(at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Step> {
    if !at.is_map_of(STEP, faults) {
        return None;
    }
    let step = Step {
        line: at.node.line,
        person: at.get("as").and_then(|at| at.text(faults)).map(str::to_owned),
        place: read_place(at, faults),
        wait: at.get("wait").and_then(|at| at.parsed("a time such as 30s, 5m, 2h or 3d", duration, faults)),
        hand_back: at.get("hand_back").and_then(|at| at.boolean(faults)).unwrap_or(false),
        vars: read_vars(at, "vars", faults).into_iter().map(|(_, name, value)| (name, value)).collect(),
        at: read_at(at, faults),
        said: read_message(at, faults),
        // A list that is empty expects nothing at all, which `null` does not.
        expect: at
            .get("expect")
            .map(|list| list.items().iter().filter_map(|expected| read_expected(expected, faults)).collect()),
        expect_vars: read_vars(at, "expect_vars", faults),
        expect_webhooks: at.get("expect_webhooks").map(|list| webhooks::read(&list, faults)),
    };
    let expects = step.expect.is_some() || step.expect_webhooks.is_some();
    if expects && step.said.is_none() && step.wait.is_none() && !step.hand_back {
        faults.push(at.fault(
            "nothing happens here that could be answered: say, photo, file, edit, wait or hand_back is missing",
        ));
    }
    Some(step)
}

fn read_message(at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Message> {
    let size =
        |at: At<'_>, faults: &mut Vec<Fault>| at.parsed("a size such as 200kB or 1.5MB", told::bytes, faults);
    let photo = at.get("photo").and_then(|at| size(at, faults));
    let photo = photo.map(|bytes| Media { kind: MediaKind::Photo, bytes, mime: None });
    let file = at.get("file").and_then(|at| {
        at.is_map_of(&["size", "type"], faults);
        let bytes = at.get("size").and_then(|at| size(at, faults));
        let mime = at.get("type").and_then(|at| at.text(faults)).map(str::to_owned);
        if bytes.is_none() {
            faults.push(at.fault("a file needs a size, e.g. {size: 2MB, type: application/pdf}"));
        }
        Some(Media { kind: MediaKind::Document, bytes: bytes?, mime })
    });
    let edit = at.get("edit");
    let text = at.get("say").or_else(|| edit.clone()).and_then(|at| at.text(faults)).map(str::to_owned);
    let media = photo.or(file);
    if text.is_none() && media.is_none() {
        return None;
    }
    let mention = at.get("mention").and_then(|at| at.boolean(faults)).unwrap_or(false);
    Some(Message { text: text.unwrap_or_default(), mention, edit: edit.is_some(), media })
}

fn read_expected(at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Expected> {
    let mut expected =
        Expected { line: at.node.line, source: None, texts: Vec::new(), matches: None, silent: None };
    if !matches!(at.node.value, Value::Map(_)) {
        let source = at.text(faults)?;
        let word = source.split(' ').next().unwrap_or_default();
        if let Some(reason) = source.strip_prefix("silent") {
            let reason = reason.trim();
            expected.silent = Some(if reason.is_empty() { "any" } else { reason }.to_owned());
        } else if told::SOURCES.contains(&word) {
            expected.source = Some(source.to_owned());
        } else {
            let known = told::SOURCES.join(", ");
            faults.push(at.fault(format!(
                "expected what answers, which begins with one of {known}; for a text write {{text: …}} or {{matches: …}}"
            )));
            return None;
        }
        return Some(expected);
    }
    if !at.is_map_of(EXPECTED, faults) || at.node.fields().is_empty() {
        return None;
    }
    let text = |field: &str, faults: &mut Vec<Fault>| at.get(field)?.text(faults).map(str::to_owned);
    expected.source = text("source", faults);
    expected.silent = text("silent", faults);
    for item in at.get("text").map(|texts| texts.items()).unwrap_or_default() {
        expected.texts.extend(item.text(faults).map(str::to_owned));
    }
    if let Some(pattern) = at.get("matches") {
        match RegexBuilder::new(pattern.text(faults)?).case_insensitive(true).build() {
            Ok(regex) => expected.matches = Some(regex),
            Err(error) => faults.push(pattern.fault(format!("no regular expression: {error}"))),
        }
    }
    if expected.silent.is_some()
        && (expected.source.is_some() || at.get("text").is_some() || at.get("matches").is_some())
    {
        faults.push(at.fault("silence has no source and no text"));
    }
    Some(expected)
}

fn read_place(at: &At<'_>, faults: &mut Vec<Fault>) -> Option<Place> {
    at.get("in")?.parsed("direct or group", |text| explain::place(text).ok(), faults)
}

fn read_at(at: &At<'_>, faults: &mut Vec<Fault>) -> Option<(String, String)> {
    at.get("at")?.parsed("SCENARIO/STEP, e.g. welcome/email", |text| explain::step(text).ok(), faults)
}

/// Reads a map from names to values, null for none, each with its line.
pub(super) fn read_vars(
    at: &At<'_>,
    field: &str,
    faults: &mut Vec<Fault>,
) -> Vec<(u32, String, Option<String>)> {
    let Some(vars) = at.get(field) else { return Vec::new() };
    if !matches!(vars.node.value, Value::Map(_)) {
        faults.push(vars.fault("expected a map from variables to values, null for none"));
    }
    let mut value = |field: &At<'_>| match &field.node.value {
        Value::Null => None,
        Value::Bool(value) => Some(value.to_string()),
        _ => field.text(faults).map(str::to_owned),
    };
    vars.fields().map(|(name, field)| (field.node.line, name.to_owned(), value(&field))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bundle::Kind;

    #[test]
    fn no_bytes_make_reading_tests_panic() {
        let examples: [&[u8]; 3] = [
            include_bytes!("../../../../deploy/demo/content/tests/clara.yaml"),
            b"{\"tests\": [{\"name\": \"\\ud83d\\udc4b\", \"talk\": [{\"say\": \"a\", \"expect\": null}]}]}",
            b"bot: b\ntests:\n  - {name: n, at: s/t, vars: {a: 1}, talk: [{wait: 2h, photo: 1 MB, expect: {matches: '('}}]}\n",
        ];
        troupe_fuzz::fuzz(&examples, 2000, |data| {
            let text = String::from_utf8_lossy(data).into_owned();
            let _ = read(&File { path: PathBuf::from("t.yaml"), kind: Kind::Tests, name: "t".into(), text });
        });
    }
}
