//! `troupe test`.

use std::fs;

use serde_json::Value;

use super::{changed, check, demo, troupe, write};

#[test]
fn the_demos_content_passes_its_tests_and_every_flow_is_in_them() {
    let out = check(&["test", &demo(), "--json"], "", 0);
    let told: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(told["files"].as_array().unwrap().len(), 3);
    for coverage in told["coverage"].as_array().unwrap() {
        assert_eq!(coverage["missing"], serde_json::json!([]), "not tested: {coverage:#}");
    }
}

#[test]
fn content_that_says_something_else_fails_with_the_place_of_what_was_expected() {
    let folder = changed("rules/kyc.json", "need photo", "need picture");
    let tests = folder.path().join("tests/boris.yaml");
    let out = check(&["test", tests.to_str().unwrap()], "", 1);
    let file = tests.display();
    let expected = format!(
        "  FAILED the photo has to be between 10 KB and 10 MB\n    {file}:33: after \"\"\n      \
         expected fail_message kyc photo\n      came     fallback support: "
    );
    assert!(out.contains(&expected), "{out}\nexpected {expected}");
    let out = check(&["test", tests.to_str().unwrap(), "--only", "between 10 KB", "--why"], "", 1);
    assert!(out.contains("| trigger group kyc photo: subgroup \"status check\" fails"), "{out}");
    assert!(out.contains("0 passed, 1 failed"), "{out}");
}

const CONTENT: &str =
    "entries:\n- {id: hi, phrases: [hi], answers: [Hello!]}\n- {id: bye, phrases: [bye], answers: Bye.}\n";

fn play(tests: &str, code: i32) -> String {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "faq.yaml", CONTENT);
    write(folder.path(), "tests/talk.yaml", tests);
    let report = folder.path().join("report.xml");
    let place = folder.path().to_str().unwrap();
    let out = check(&["test", place, "--missing", "--junit", report.to_str().unwrap()], "", code);
    let report = fs::read_to_string(report).unwrap_or_default();
    format!("{out}{report}").replace(place, "DIR")
}

#[test]
fn everything_that_can_fail_says_what_was_expected_and_what_came() {
    let out = play(
        "tests:\n- name: <all>\n  talk:\n  - {say: hi, expect: entry faq/bye}\n  - {say: hi, expect: {text: Hallo!}}\n  \
         - {say: hi, expect: {matches: '^bye'}}\n  - {say: hi, expect: []}\n  - {say: hi, expect: [entry faq/hi, guard]}\n  \
         - {say: hm, expect: entry faq/hi}\n  - {say: hm, expect: silent chance}\n  - {say: hi, expect: silent}\n  \
         - {vars: {a: x}, expect_vars: {a: y, b: null}}\n",
        1,
    );
    let expected = r#"DIR/tests/talk.yaml
  FAILED <all>
    DIR/tests/talk.yaml:4: after "hi"
      expected entry faq/bye
      came     entry faq/hi: "Hello!"
    DIR/tests/talk.yaml:5: after "hi"
      expected "Hallo!"
      came     entry faq/hi: "Hello!"
    DIR/tests/talk.yaml:6: after "hi"
      expected a text that matches "^bye"
      came     entry faq/hi: "Hello!"
    DIR/tests/talk.yaml:7: after "hi"
      expected silence
      came     entry faq/hi: "Hello!"
    DIR/tests/talk.yaml:8: after "hi"
      expected guard
      came     nothing more
    DIR/tests/talk.yaml:9: after "hm"
      expected entry faq/hi
      came     silent no_match: nothing matched, and no fallback is for this message
    DIR/tests/talk.yaml:10: after "hm"
      expected silent chance
      came     silent no_match: nothing matched, and no fallback is for this message
    DIR/tests/talk.yaml:11: after "hi"
      expected silence
      came     entry faq/hi: "Hello!"
    DIR/tests/talk.yaml:12:
      expected the variable a to be "y"
      came     "x"
0 passed, 1 failed
tested of the content
  library entries    1 of 2     50 %
    not tested: faq/bye
<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="troupe" tests="1" failures="1">
  <testsuite name="DIR/tests/talk.yaml" tests="1" failures="1" errors="0">
    <testcase classname="DIR/tests/talk.yaml" name="&lt;all&gt;" file="DIR/tests/talk.yaml" line="2">
      <failure message="expected entry faq/bye, came entry faq/hi: &quot;Hello!&quot;">"#;
    assert!(out.starts_with(expected), "{out}");
}

#[test]
fn tests_that_are_wrong_are_told_with_their_places() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "faq.yaml", CONTENT);
    let tests = "tests:\n- name: x\n  talk:\n  - {say: hi, expect: Hello!}\n  - {sya: hi}\n  - {wait: long}\n  - {expect: guard}\n\
                 - {talk: [{say: hi}]}\n";
    write(folder.path(), "tests/talk.yaml", tests);
    let place = folder.path().to_str().unwrap();
    let err = check(&["test", place], "", 2).replace(place, "DIR");
    let told: Vec<&str> = err.lines().map(|line| line.split(';').next().unwrap()).collect();
    let expected = [
        "DIR/tests/talk.yaml:4:23: /tests/0/talk/0/expect: expected what answers, which begins with one of guard, \
         trigger_group, fail_message, step, entry, fallback, silent",
        "DIR/tests/talk.yaml:5:11: /tests/0/talk/1/sya: unknown field \"sya\"",
        "DIR/tests/talk.yaml:6:12: /tests/0/talk/2/wait: expected a time such as 30s, 5m, 2h or 3d, found \"long\"",
        "DIR/tests/talk.yaml:7:5: /tests/0/talk/3: nothing happens here that could be answered: say, photo, file, edit, \
         wait or hand_back is missing",
        "DIR/tests/talk.yaml:8:3: /tests/1: a test needs a name",
    ];
    let mut told = told;
    told.sort_unstable();
    assert_eq!(told, expected, "{err}");
}

#[test]
fn no_tests_are_no_success() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "faq.yaml", CONTENT);
    let place = folder.path().to_str().unwrap();
    let err = check(&["test", place], "", 2);
    assert!(err.contains("there are no tests here"), "{err}");
    let err = check(&["test", folder.path().join("faq.yaml").to_str().unwrap()], "", 2);
    assert!(err.contains("this is no file of tests but a library"), "{err}");
    let ran = troupe(&["test", &demo(), "--only", "no test is called so"], "");
    assert_eq!(ran.code, 2, "{ran:?}");
}

/// A bot whose rules and scenario call webhooks, and its tests.
const CALLING: &[(&str, &str)] = &[
    (
        "rules/r.yaml",
        "groups:\n  - name: order\n    when: [{keyword: order}]\n    react:\n      - save: what\n      \
         - webhook: {to: desk, send: {who: '{{person.first_name}} {{person.last_name}}', what: '{{variable.what}}'}}\n      \
         - {say: Ordered.}\n",
    ),
    ("scenarios/s.yaml", "steps:\n  crm: {webhook: crm, next: hi}\n  hi: {end: goal, say: Hi!}\n"),
];

#[test]
fn webhooks_are_expected_with_what_they_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in CALLING {
        write(folder.path(), file, text);
    }
    let tests = |expected: &str| {
        let talk = format!(
            "tests:\n- name: a\n  talk:\n  - {{say: order tea, expect: trigger_group order, expect_webhooks: {expected}}}\n  \
             - {{say: hello, expect_webhooks: [crm]}}\n  - {{say: what, expect_webhooks: []}}\n"
        );
        write(folder.path(), "tests/t.yaml", &talk);
    };
    let place = folder.path().to_str().unwrap();
    tests("{to: desk, send: {who: Ann Example, what: order tea, why: null}}");
    check(&["test", place], "", 0);
    for (wrong, told) in [
        ("crm", "the webhook crm"),
        ("{to: desk, send: {what: coffee}}", "the webhook desk with what: \"coffee\""),
        ("[desk, crm]", "the webhook crm"),
        ("[]", "no call of a webhook"),
    ] {
        tests(wrong);
        let out = check(&["test", place], "", 1);
        assert!(out.contains(told), "{wrong}: {out}");
    }
    let out = check(&["try", place], "order tea\n", 0);
    let told =
        "[the webhook desk with what: \"order tea\", who: \"Ann Example\" is called by trigger_group order]";
    assert!(out.contains(told), "{out}");
}
