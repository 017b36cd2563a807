//! The binary, run as from a terminal, on the demo's content.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod bundles;
mod converts;
mod explains;
mod lints;
mod plays;
mod replays;
mod schemas;
mod tries;

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

/// What a run of `troupe` came to.
#[derive(Debug)]
struct Ran {
    code: i32,
    out: String,
    err: String,
}

/// The demo's content.
fn demo() -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../deploy/demo/content");
    path.canonicalize().unwrap().to_str().unwrap().to_owned()
}

/// Runs `troupe` with `input` on its standard input.
fn troupe(arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_troupe"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    // A command that refuses its arguments reads nothing, and has closed the pipe.
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

/// Runs `troupe`, which has to come to `code`; returns what it printed.
#[track_caller]
fn check(arguments: &[&str], input: &str, code: i32) -> String {
    let ran = troupe(arguments, input);
    assert_eq!(ran.code, code, "{arguments:?}: {ran:#?}");
    assert!(!ran.out.contains('\u{1b}') && !ran.err.contains('\u{1b}'), "a pipe has no colours: {ran:?}");
    if code == 2 { ran.err } else { ran.out }
}

/// Writes a file and the folders that lead to it.
fn write(folder: &Path, file: &str, text: &str) {
    let path = folder.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// A copy of the demo's content, in which `from` is `to` in `file`.
fn changed(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap() {
            let path = entry.unwrap().path();
            let target = to.join(path.file_name().unwrap());
            if path.is_dir() {
                copy(&path, &target);
            } else {
                fs::copy(&path, target).unwrap();
            }
        }
    }
    let folder = tempfile::tempdir().unwrap();
    copy(Path::new(&demo()), folder.path());
    let path = folder.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{file} does not say {from:?}");
    fs::write(path, text.replace(from, to)).unwrap();
    folder
}

#[test]
fn help_begins_with_what_works_without_a_manager() {
    let help = check(&["--help"], "", 0);
    let place =
        |command: &str| help.find(&format!("\n  {command} ")).unwrap_or_else(|| panic!("{command}: {help}"));
    let order = [
        "try",
        "explain",
        "lint",
        "test",
        "replay",
        "convert",
        "schema",
        "register",
        "bots",
        "put",
        "statistics",
    ]
    .map(place);
    assert!(order.is_sorted(), "{help}");
    for command in ["try", "explain", "lint", "test", "replay", "convert", "schema"] {
        let help = check(&[command, "--help"], "", 0);
        assert!(help.contains("Usage: troupe"), "{help}");
        let tells_json = ["explain", "lint", "test", "replay"].contains(&command);
        assert!(!help.contains("--url") && help.contains("--json") == tells_json, "{help}");
    }
    for command in [&["convert", "csv"], &["convert", "rivescript"]] {
        let help = check(&[command[0], command[1], "--help"], "", 0);
        assert!(help.contains("Usage: troupe convert") && !help.contains("--token"), "{help}");
    }
    for asks_manager in ["bots", "report"] {
        let help = check(&[asks_manager, "--help"], "", 0);
        assert!(help.contains("--url") && help.contains("--json"), "{help}");
    }
}

#[test]
fn a_range_is_said_in_one_way() {
    for (other, value) in [("--ever", None), ("--from", Some("2026-01-01")), ("--to", Some("2026-01-01"))] {
        let line = ["report", "bots", "--days", "7", other].into_iter().chain(value).collect::<Vec<_>>();
        let told = check(&line, "", 2);
        assert!(told.contains("cannot be used with"), "{told}");
    }
    let told = check(&["report", "activity", "--ever", "--compare"], "", 2);
    assert!(told.contains("cannot be used with"), "{told}");
}

#[test]
fn the_usage_of_a_wrong_command_line_says_only_what_is_to_be_typed() {
    let mut troupe = Command::new(env!("CARGO_BIN_EXE_troupe"));
    troupe.args(["export-person", "1"]).env("TROUPE_URL", "http://127.0.0.1:1").env("TROUPE_TOKEN", "secret");
    let told = String::from_utf8(troupe.output().unwrap().stderr).unwrap();
    assert!(told.contains("Usage: troupe export-person <BOT> <PERSON>"), "{told}");
}
