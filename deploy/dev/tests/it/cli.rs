use std::{
    path::Path,
    process::{Command, Output},
};

/// Runs `cargo dev` with a folder of its own.
fn dev(folder: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_troupe-dev"));
    command.args(arguments).arg("--folder").arg(folder).output().expect("it can be run")
}

fn said(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn without_a_command_the_help_says_where_to_start() {
    let folder = tempfile::tempdir().unwrap();
    let output = dev(folder.path(), &[]);
    assert!(output.status.success());
    let (out, _) = said(&output);
    for word in ["up", "down", "status", "logs", "test", "bench", "setup", "Start here:  cargo dev up"] {
        assert!(out.contains(word), "{word} is missing in\n{out}");
    }
}

#[test]
fn where_nothing_runs_each_command_says_so() {
    let folder = tempfile::tempdir().unwrap();
    let status = dev(folder.path(), &["status"]);
    assert_eq!(
        (status.status.code(), said(&status).0.as_str()),
        (Some(1), "Nothing runs. Start it: cargo dev up\n")
    );
    let down = dev(folder.path(), &["down"]);
    assert_eq!((down.status.code(), said(&down).0.as_str()), (Some(0), "Nothing runs.\n"));
    let logs = dev(folder.path(), &["logs", "ingress"]);
    assert_eq!(logs.status.code(), Some(1));
    assert!(said(&logs).1.contains("cannot show the log of ingress"), "{logs:?}");
}

#[test]
fn logs_are_shown_by_name_or_all_with_their_names() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::create_dir(folder.path().join("logs")).unwrap();
    let lines: Vec<String> = (1..=300).map(|number| format!("line {number}")).collect();
    std::fs::write(folder.path().join("logs/nats.log"), lines.join("\n") + "\n").unwrap();
    std::fs::write(folder.path().join("logs/redis.log"), "ready\nhalf a li").unwrap();
    let (nats, _) = said(&dev(folder.path(), &["logs", "nats"]));
    assert!(nats.starts_with("line 201\n") && nats.ends_with("line 300\n"), "{nats}");
    let (all, _) = said(&dev(folder.path(), &["logs"]));
    assert!(all.starts_with("nats         | line 281\n") && all.ends_with("redis        | ready\n"), "{all}");
    let other = dev(folder.path(), &["logs", "grafana"]);
    assert!(said(&other).1.contains("There are: nats, redis"), "{other:?}");
}

#[test]
fn folder_of_something_else_is_refused_before_anything_is_done() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("thesis.txt"), "years of work").unwrap();
    let output = dev(folder.path(), &["up"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(said(&output).1.contains("there is something else in it"), "{output:?}");
    assert!(folder.path().join("thesis.txt").exists());
}

#[test]
fn misspelt_command_fails_with_the_list_of_those_there_are() {
    let folder = tempfile::tempdir().unwrap();
    let output = dev(folder.path(), &["pu"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(said(&output).1.contains("unrecognized subcommand 'pu'"), "{output:?}");
}
