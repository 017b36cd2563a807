//! `troupe try`.

use std::fs;

use super::{check, demo, write};

#[test]
fn a_conversation_through_a_pipe_reads_like_one_in_a_terminal() {
    let input = "kyc\nann@example.org\n/vars\n/wait 2h\n/photo 2kB\n/quit\nnot said any more\n";
    let out = check(&["try", &demo(), "--bot", "boris", "--seed", "1"], input, 0);
    let lines: Vec<&str> = out.lines().collect();
    let said: Vec<&&str> = lines.iter().filter(|line| line.starts_with("ann> ")).collect();
    assert_eq!(said.len(), 6, "{out}");
    let sources: Vec<&str> =
        lines.iter().filter(|line| line.starts_with("  [")).map(|line| line.trim()).collect();
    let expected = ["kyc start", "kyc start", "kyc email"].map(|group| format!("[trigger_group {group}]"));
    assert_eq!(sources[..3], expected);
    assert_eq!(sources[3..], ["[fail_message kyc wallet]"]);
    assert!(out.contains(
        "kyc email = \"ann@example.org\"\nkyc status = \"need wallet\"\nit is Thu 2026-01-01 12:00:02\n"
    ));
    assert!(out.contains("it is Thu 2026-01-01 14:00:02\n"));
}

#[test]
fn people_and_places_can_be_changed() {
    let input = "hi\n/as bert\nhi\n/in group\nwhat are the fees\n@clara_of_harbour what are the fees\n/mention fees?\n\
                 /as bot:boris\n/mention fees?\n/in direct\n/as ann\nAnn\n/edit Anne\n";
    let out = check(&["try", &demo(), "--bot", "clara"], input, 0);
    let sources: Vec<&str> = out.lines().filter_map(|line| line.trim().strip_prefix('[')).collect();
    let sources: Vec<&str> = sources.iter().map(|line| line.split([']', ':']).next().unwrap()).collect();
    assert_eq!(
        sources,
        [
            "step welcome/hello",
            "step welcome/name",
            "step welcome/hello",
            "step welcome/name",
            "silent not_addressed",
            "entry support/fees",
            "entry support/fees",
            "silent own_bot",
            "step welcome/use",
            "silent edited",
        ],
        "{out}"
    );
}

#[test]
fn why_explains_the_last_message_and_names() {
    let input = "/why\nhow do i widthdraw\n/why\n/why kyc start\n/why nothing of this name\n";
    let out = check(&["try", &demo(), "--bot", "boris"], input, 0);
    assert!(out.starts_with("ann> /why\nnothing was said yet\n"), "{out}");
    assert!(out.contains("entry withdrawal-how: score"), "{out}");
    assert!(out.contains("kyc start: it did not fire: subgroup \"wish\" failed"), "{out}");
    assert!(out.contains("the bot has no trigger group or entry \"nothing of this name\""), "{out}");
}

#[test]
fn restart_forgets_everybody() {
    let out = check(&["try", &demo(), "--bot", "clara"], "stop\nhello\n/restart\nhello\n", 0);
    let silent = out.find("[silent opted_out").unwrap();
    assert!(out[silent..].contains("[step welcome/hello]"), "{out}");
}

#[test]
fn the_middle_of_a_scenario_can_be_gone_to() {
    let out = check(
        &["try", &demo(), "--bot", "clara"],
        "/set name=Ann\n/at welcome/confirm\nyes\n/at welcome/x\n",
        0,
    );
    assert!(out.contains("Ann! ") && out.contains("[step welcome/done]"), "{out}");
    assert!(out.contains("the scenario \"welcome\" has no step \"x\"; it has: hello, name,"), "{out}");
}

#[test]
fn commands_that_are_wrong_say_what_is_right() {
    let input = "/in space\n/wait a bit\n/photo big\n/file 2MB\n/set x\n/at x\n/mention\n/help\n";
    let out = check(&["try", &demo(), "--bot", "boris"], input, 0);
    for told in [
        "/in takes group or direct",
        "/wait takes a time",
        "/photo takes a size",
        "/file takes a size",
        "/set takes",
        "expected SCENARIO/STEP",
        "/mention needs",
        "/restart  ",
    ] {
        assert!(out.contains(told), "{told:?} in {out}");
    }
    assert!(!out.contains("  ["), "nothing of this was said: {out}");
}

#[test]
fn a_slash_command_that_is_unknown_is_for_the_bot() {
    let out = check(&["try", &demo(), "--bot", "boris"], "/start\n//wait\n", 0);
    assert!(out.contains("[entry support/greeting]") && out.contains("[fallback support]"), "{out}");
}

#[test]
fn loose_files_make_a_bot_of_their_own() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "faq.yaml", "entries: [{id: hi, phrases: [hi], answers: Hello!}]");
    let out = check(&["try", folder.path().to_str().unwrap()], "hi\n", 0);
    assert_eq!(out, "ann> hi\nBot: Hello!\n  [entry faq/hi]\n");
}

#[test]
fn what_was_said_can_be_recorded_and_replayed() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("updates.jsonl");
    let record = record.to_str().unwrap();
    check(&["try", &demo(), "--bot", "boris", "--record", record], "hello\n/photo 2kB\n/edit hallo\n", 0);
    assert_eq!(fs::read_to_string(record).unwrap().lines().count(), 3);
    let out = check(&["replay", "--old", &demo(), "--new", &demo(), "--bot", "boris", record], "", 0);
    assert_eq!(out, "answered alike: 3 updates\n");
}
