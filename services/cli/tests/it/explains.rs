//! `troupe explain`.

use serde_json::Value;

use super::{check, demo};

fn explain(bot: &str, more: &[&str]) -> String {
    let demo = demo();
    let arguments: Vec<&str> =
        ["explain", &demo, "--bot", bot].into_iter().chain(more.iter().copied()).collect();
    check(&arguments, "", 0)
}

#[test]
fn every_group_that_was_tried_tells_what_in_it_failed() {
    let out = explain("boris", &["--say", "0x1", "--var", "kyc status=need wallet"]);
    let expected = "\
\"0x1\" from Ann in a direct chat, to Boris
trigger group kyc cancel: subgroup 1 (unnamed) fails
  line 6: the text matches (?i)^\\s*(cancel|отмена|отменить)\\s*[.!]*\\s*$; found \"0x1\"
trigger group kyc email: subgroup \"status check\" fails
  line 15: kyc status is \"need email\"; found \"need wallet\"
trigger group kyc wallet: subgroup \"format check\" fails; its onFailMsg is sent, which ends the search
  line 29: the text matches ^\\s*0x[0-9a-fA-F]{40}\\s*$; found \"0x1\"
answered by fail_message kyc wallet
  A wallet address begins with 0x and has 40 more characters";
    assert!(out.starts_with(expected), "{out}");
}

#[test]
fn a_rule_that_was_not_reached_tells_by_what_and_whether_it_would_fire() {
    let say = ["--say", "kyc", "--var", "kyc status=in review", "--rule", "kyc start"];
    let out = explain("boris", &say);
    let told = out.split("\n\n").nth(1).unwrap();
    let expected = "\
kyc start: it was not reached: the trigger group \"kyc done already\", which stands before it, fired
  subgroup \"wish\" holds
    line 61: the text matches (?i)^\\s*/?(kyc|whitelist|white list)\\s*[.!?]*\\s*$: yes; found \"kyc\"";
    assert!(told.starts_with(expected), "{out}");
}

#[test]
fn a_rule_for_direct_chats_says_so_in_a_group() {
    let out = explain("boris", &["--say", "kyc", "--chat", "group", "--rule", "kyc start"]);
    assert!(out.contains("kyc start: it did not fire: it is for direct chats only"), "{out}");
}

#[test]
fn the_images_size_is_told_beside_its_bounds() {
    let out = explain("boris", &["--photo", "2kB", "--var", "kyc status=need photo", "--rule", "kyc photo"]);
    let expected = "there is an image of at least 0.01 MB of at most 10.0 MB: no; found photo of 2048 bytes";
    assert!(out.contains(expected), "{out}");
}

#[test]
fn silence_says_why_and_what_was_near() {
    let out = explain("anna", &["--say", "what were those feeds", "--chat", "group"]);
    assert!(out.contains("silent no_match: nothing matched"), "{out}");
    assert!(out.contains("entry fees: no match; its phrase"), "{out}");
    let out = explain("boris", &["--say", "what are the fees", "--chat", "group"]);
    assert!(out.contains("keeps silent: not_addressed"), "{out}");
    let out = explain("anna", &["--say", "hello", "--person", "bot:boris"]);
    let expected = "\"hello\" from Boris in a direct chat, to Anna\nguard one of our own bots wrote\nsilent own_bot: one of our own bots wrote\n";
    assert_eq!(out, expected);
}

#[test]
fn an_entry_that_lost_tells_its_score() {
    let say = ["--say", "what are the fees for a withdrawal", "--rule", "withdrawal-how"];
    let out = explain("boris", &say);
    let told = out.split("\n\n").nth(1).unwrap();
    assert!(told.starts_with("withdrawal-how: it "), "{out}");
    let out = explain("boris", &["--say", "purple", "--rule", "fees"]);
    assert!(out.contains("fees: it does not match"), "{out}");
}

#[test]
fn a_step_can_be_begun_from() {
    let say = ["--say", "nonsense", "--step", "welcome/email"];
    let out = explain("clara", &say);
    assert!(out.contains("scenario welcome/email: refuses the answer, and asks again"), "{out}");
}

#[test]
fn json_tells_the_same() {
    let out = explain("boris", &["--say", "kyc", "--json", "--rule", "kyc start"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["replies"][0]["source"], "trigger_group kyc start");
    assert_eq!(told["trace"][1]["outcome"], "failed");
    assert_eq!(told["trace"][1]["triggers"][0]["found"], "not set");
    assert_eq!(told["rule"]["fired"], true);
    let out = explain("anna", &["--say", "waht are the fees", "--json"]);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["trace"].as_array().unwrap().iter().filter(|tried| tried["entry"] == "fees").count(), 1);
    assert_eq!(told["library"]["matches"][0]["entry"], "fees");
}

#[test]
fn what_is_wrong_with_the_call_says_what_to_do() {
    let demo = demo();
    let err = check(&["explain", &demo, "--say", "x"], "", 2);
    assert!(
        err.ends_with("there are several bots here: choose one with --bot: anna, boris, clara\n"),
        "{err}"
    );
    let err = check(&["explain", &demo, "--bot", "dora", "--say", "x"], "", 2);
    assert!(err.ends_with("there is no bot file \"dora\" here; there is: anna, boris, clara\n"), "{err}");
    let err = check(&["explain", &demo, "--bot", "clara", "--say", "x", "--step", "welcome/x"], "", 2);
    assert!(err.contains("the scenario \"welcome\" has no step \"x\"; it has: hello,"), "{err}");
    let err = check(&["explain", &demo, "--bot", "boris", "--say", "x", "--rule", "x"], "", 2);
    assert!(err.contains("no trigger group or entry \"x\" for this chat; groups: kyc cancel,"), "{err}");
    let err = check(&["explain", &demo], "", 2);
    assert!(err.contains("--say"), "{err}");
}
