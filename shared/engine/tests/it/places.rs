//! What is wrong with a document is told with its line, column, field and reason, all at once.

use troupe_engine::{Faults, Library, Ruleset, Scenario};

#[track_caller]
fn check<T>(parsed: Result<T, Faults>, expected: &[&str]) {
    let Err(faults) = parsed else { panic!("nothing is wrong with it") };
    let told: Vec<_> = faults.to_string().lines().map(str::to_owned).collect();
    assert_eq!(told.len(), expected.len(), "{told:#?}");
    for (told, expected) in told.iter().zip(expected) {
        assert!(told.starts_with(expected), "{told:?} does not begin with {expected:?}");
    }
}

#[test]
fn malformed_json_is_told_with_its_place() {
    check(Ruleset::parse("{\"triggers\": {,}}"), &["1:15: expected a field's name in quotes, found ','"]);
    check(Ruleset::parse("{\n  \"triggers\": {}\n"), &["3:1: expected ',' or '}' after a field"]);
    check(Ruleset::parse("{\"a\": \"\\s\"}"), &["1:8: not an escape of JSON"]);
    check(Ruleset::parse("{} x"), &["1:4: expected the end of the document, found 'x'"]);
    check(Ruleset::parse(""), &["1:1: the document is empty"]);
    check(Ruleset::parse(&"[".repeat(100_000)), &["1:34: nested deeper than 32 levels"]);
}

#[test]
fn malformed_yaml_is_told_with_its_place() {
    check(Library::parse("l", "entries:\n  - id: a\n   bad: b\n"), &["3:4: not YAML:"]);
    check(Library::parse("l", "entries: &a []\nwhen: *a\n"), &["1:13: anchors"]);
    check(Library::parse("l", "entries: []\n---\nentries: []\n"), &["2:1: a second document"]);
    check(Library::parse("l", "entries: !!str x\n"), &["1:16: tags"]);
    check(Library::parse("l", &"- ".repeat(5_000)), &["1:"]);
}

#[test]
fn every_fault_of_a_rule_set_is_told() {
    let rules = r#"{
  "triggers": {
    "one": {"privateTrigger": "yes", "triggers": [
      {"triggerType": "Txet", "modifier": 0, "data": "a"},
      {"triggerType": "Text", "modifier": 1, "data": "a"},
      {"triggerType": "Text", "modifier": 0, "data": "(a"},
      {"triggerType": "Text", "modifier": 0, "data": "(?=a)"},
      {"triggerType": "Text", "modifier": 0, "data": 5},
      {"triggerType": "Image", "modifier": 0, "data": {"minSize": 2, "maxSize": 1}},
      {"triggerType": "DictionaryVariable", "modifier": 2, "data": {"variable": "v"}},
      {"triggerType": "DictionaryVariable", "modifier": 0, "data": {"variable": "single", "value": "x"}},
      {"triggerType": "Text", "modifer": 0, "data": "a", "onFailMsg": "  "}
    ]},
    "one": {"triggers": []},
    "two": {}
  },
  "reactions": {
    "one": {"reactions": [
      {"reactionType": "Text", "modifier": 0, "data": ""},
      {"reactionType": "Dance", "modifier": 0, "data": ""},
      {"reactionType": "Text", "modifier": 0, "data": {"text": "x", "chat": "nowhere"}}
    ]}
  },
  "variables": [
    {"variableName": "single", "saveToDisk": true, "isDictionary": false, "value": null},
    {"variableName": "single", "saveToDisk": true, "isDictionary": true, "value": 5}
  ],
  "extra": 1
}"#;
    check(
        Ruleset::parse(rules),
        &[
            "14:5: /triggers/one: \"one\" is here for the second time",
            "28:3: /extra: there is no field \"extra\"; known are",
            "3:31: /triggers/one/privateTrigger: expected true or false, found a text",
            "4:23: /triggers/one/triggers/0/triggerType: there is no trigger type \"Txet\"; known are",
            "5:43: /triggers/one/triggers/1/modifier: Text has no modifier 1; known: 0",
            "8:54: /triggers/one/triggers/4/data: expected a text, found a number; put it in quotes",
            "9:55: /triggers/one/triggers/5/data: no size is at least 2 and at most 1",
            "10:57: /triggers/one/triggers/6/modifier: DictionaryVariable has no modifier 2; known: 0 and 1",
            "12:31: /triggers/one/triggers/8/modifer: there is no field \"modifer\"",
            "12:71: /triggers/one/triggers/8/onFailMsg: a text to send can't be blank",
            "15:12: /triggers/two: the field \"triggers\" is missing",
            "19:55: /reactions/one/reactions/0/data: a text to send can't be blank",
            "20:24: /reactions/one/reactions/1/reactionType: there is no reaction type \"Dance\"",
            "26:83: /variables/1/value: expected a text or null, found a number",
            "26:22: /variables/1/variableName: the variable \"single\" is declared for the second time",
            "21:55: /reactions/one/reactions/2/data/chat: the single variable \"nowhere\" is not declared",
        ],
    );
}

#[test]
fn what_can_not_be_compiled_is_told() {
    let rules = r#"{
  "triggers": {
    "one": {"triggers": [
      {"triggerType": "Text", "modifier": 0, "data": "(a"},
      {"triggerType": "Text", "modifier": 0, "data": "(?=a)"},
      {"triggerType": "Text", "modifier": 0, "data": "(a)\\1"},
      {"triggerType": "Text", "modifier": 0, "data": "\\w{9999}"},
      {"triggerType": "DictionaryVariable", "modifier": 0, "data": {"variable": "single", "value": "x"}}
    ]}
  },
  "variables": [{"variableName": "single", "saveToDisk": true, "isDictionary": false, "value": null}]
}"#;
    check(
        Ruleset::parse(rules),
        &[
            "4:54: /triggers/one/triggers/0/data: not a regular expression: unclosed group",
            "5:54: /triggers/one/triggers/1/data: not a regular expression: look-around, including look-ahead and \
             look-behind, is not supported; matching stays linear",
            "6:54: /triggers/one/triggers/2/data: not a regular expression: backreferences are not supported; matching",
            "7:54: /triggers/one/triggers/3/data: the regular expression takes more than 1048576 bytes when compiled",
            "8:68: /triggers/one/triggers/4/data/variable: \"single\" is declared as a single variable",
        ],
    );
}

#[test]
fn what_is_too_large_is_refused() {
    let long = "x".repeat(4097);
    let reactions = format!(
        r#"{{"reactions": {{"a": {{"reactions": [{{"reactionType": "Text", "data": "{long}"}}]}}}}}}"#
    );
    check(
        Ruleset::parse(&reactions),
        &["1:69: /reactions/a/reactions/0/data: the text has 4097 UTF-16 units"],
    );
    let pattern = "x".repeat(1025);
    let trigger = format!(
        r#"{{"triggers": {{"a": {{"triggers": [{{"triggerType": "Text", "data": "{pattern}"}}]}}}}}}"#
    );
    check(
        Ruleset::parse(&trigger),
        &["1:66: /triggers/a/triggers/0/data: the regular expression has 1025 bytes"],
    );
    let groups: Vec<_> = (0..=10_000).map(|number| format!("\"{number}\":{{\"triggers\":[]}}")).collect();
    check(
        Ruleset::parse(&format!("{{\"triggers\": {{{}}}}}", groups.join(","))),
        &["1:14: /triggers: a map of 10001 is too long: at most 10000"],
    );
    let document = format!("{{}}{}", " ".repeat(16 * 1024 * 1024));
    check(Ruleset::parse(&document), &["1:1: the document has 16777218 bytes, more than 16777216"]);
    let zeros = format!("[{}0]", "0,".repeat(1_000_000));
    check(Ruleset::parse(&zeros), &["1:2000000: more than 1000000 values"]);
    check(Ruleset::parse(&"[0]".repeat(200)), &["1:4: expected the end"]);
}

#[test]
fn a_document_that_is_wrong_all_over_lists_a_hundred_faults() {
    let fields: Vec<_> = (0..500).map(|number| format!("\"f{number}\": 1")).collect();
    let Err(faults) = Ruleset::parse(&format!("{{{}}}", fields.join(","))) else { panic!("it was accepted") };
    assert_eq!(faults.iter().count(), 100);
    assert!(faults.to_string().ends_with("and 400 more"));
}

#[test]
fn every_fault_of_a_library_is_told() {
    let library = "
when: sometimes
entries:
  - id: a
    phrases: ['!!!', 5]
    answers: []
  - id: a
    answers: {english: Hi}
  - id: b
    keywords: [x]
    regexes: ['(']
    chance: 2
    cooldown: soon
    answers: 'Hi {{person.age}}'
  - phrases: [x]
    answers: x
";
    check(
        Library::parse("l", library),
        &[
            "2:7: /when: there is no time to answer \"sometimes\"; known are \"addressed\", \"always\"",
            "5:15: /entries/0/phrases/0: there is no word in this",
            "5:22: /entries/0/phrases/1: expected a text, found a number; put it in quotes",
            "6:14: /entries/0/answers: the list of answers is empty",
            "7:9: /entries/1/id: the id \"a\" is here for the second time",
            "7:5: /entries/1: an entry needs phrases, keywords or regexes",
            "8:15: /entries/1/answers/english: expected a language such as en",
            "11:15: /entries/2/regexes/0: not a regular expression: unclosed group",
            "12:13: /entries/2/chance: a chance is a number from 0, never, to 1, always",
            "13:15: /entries/2/cooldown: expected a duration such as 90s",
            "14:14: /entries/2/answers: there is no value \"person.age\"",
            "15:5: /entries/3: the field \"id\" is missing",
        ],
    );
}

#[test]
fn every_fault_of_an_answer_is_told() {
    let library = format!(
        "
entries:
  - {{id: a, phrases: [a], answers: '{{|x}}'}}
  - {{id: b, phrases: [b], answers: '{{x|{long}}}'}}
  - {{id: c, phrases: [c], answers: {{photo: p, text: {caption}}}}}
  - {{id: d, phrases: [d], answers: {{photo: p, document: q}}}}
  - {{id: e, phrases: [e], answers: {{photo: P.jpg}}}}
  - {{id: f, phrases: [f], answers: {{text: ' '}}}}
  - {{id: g, phrases: [g], answers: {{weight: 2}}}}
  - {{id: h, phrases: [h], answers: h, cooldown: {{person: x, group: 1m}}}}
",
        long = "y".repeat(4097),
        caption = "z".repeat(1025)
    );
    check(
        Library::parse("l", &library),
        &[
            "3:36: /entries/0/answers: a text to send can't be blank",
            "4:36: /entries/1/answers: the text has 4097 UTF-16 units, more than the 4096",
            "5:53: /entries/2/answers/text: the text has 1025 UTF-16 units, more than the 1024",
            "6:36: /entries/3/answers: an answer shows a photo or a document, not both",
            "7:44: /entries/4/answers/photo: \"P.jpg\" is no name of a file to send: use 1 to 64 of a-z",
            "8:43: /entries/5/answers/text: a text to send can't be blank",
            "9:36: /entries/6/answers: the field \"text\" is missing",
            "10:61: /entries/7/cooldown/group: there is no field \"group\"; known are \"chat\", \"person\"",
            "10:58: /entries/7/cooldown/person: expected a duration",
        ],
    );
}

#[test]
fn every_fault_of_a_scenario_is_told() {
    let scenario = "
first: nowhere
steps:
  a: {say: Hi, next: b}
  b: {ask: 'Yes?', validate: mood, retries: 99, next: c, otherwise: gone}
  c: {end: maybe}
  d: {sing: la}
  e: {branch: [{variable: x, next: a}, {reply: x, is: y, next: a}], otherwise: a}
";
    check(
        Scenario::parse("s", 1, scenario),
        &[
            "2:8: /first: there is no step \"nowhere\"",
            "5:30: /steps/b/validate: there is no validation \"mood\"; known are",
            "5:45: /steps/b/retries: expected a whole number from 0 to 20, found 99",
            "5:69: /steps/b/otherwise: there is no step \"gone\"",
            "6:12: /steps/c/end: there is no end \"maybe\"",
            "7:6: /steps/d: a step has one of say, ask, branch, set, webhook, wait, follow_up, hand_over, call, end",
            "8:16: /steps/e/branch/0: a variable is asked one of",
            "8:55: /steps/e/branch/1/is: only a variable is compared",
        ],
    );
}

#[test]
fn every_fault_of_time_in_a_scenario_is_told() {
    let scenario = "
quiet: 1h
expire: {after: 2d, next: gone}
help: {words: [help]}
replaces: {old: b, older: nowhere}
steps:
  a: {ask: A?, remind: [{after: 1h, say: x}, {after: 30m, say: y}, {after: 0s, say: z}], next: b}
  b: {set: {x: '{{nothing}}'}, next: c}
  c: {wait: 40d, next: d}
  d: {follow_up: [{after: 3d, say: x}], expire: {after: 3d}, next: e}
  e: {hand_over: soon, next: f}
  f: {call: '', next: g, otherwise: gone}
  g: {follow_up: [], next: a}
";
    check(
        Scenario::parse("s", 1, scenario),
        &[
            "4:7: /help: the field \"say\" is missing",
            "2:8: /quiet: expected a duration up to 10m",
            "3:27: /expire/next: there is no step \"gone\"",
            "7:46: /steps/a/remind/1: this comes no later than the one before",
            "7:76: /steps/a/remind/2/after: expected a duration from 1s to 30d",
            "8:16: /steps/b/set/x: there is no value \"nothing\"",
            "9:13: /steps/c/wait: expected a duration from 1s to 30d",
            "10:6: /steps/d: the last reminder comes after 3d, but the step expires after 3d already",
            "11:18: /steps/e/hand_over: expected a duration such as",
            "12:37: /steps/f/otherwise: there is no step \"gone\"",
            "12:13: /steps/f/call: a name can't be empty",
            "13:18: /steps/g/follow_up: the list is empty",
        ],
    );
    let scenario = "replaces: {old: b, older: nowhere}\nsteps:\n  a: {ask: A?, next: b}\n  b: {end: goal}\n";
    check(
        Scenario::parse("s", 1, scenario),
        &[
            "1:17: /replaces/old: nobody waits at the step \"b\": choose one that asks",
            "1:27: /replaces/older: there is no step \"nowhere\"",
        ],
    );
}

#[test]
fn steps_that_never_wait_are_refused() {
    let circle =
        "steps:\n  a: {say: Hi, next: b}\n  b: {branch: [], otherwise: a}\n  c: {ask: 'Hm?', next: c}\n";
    check(
        Scenario::parse("s", 1, circle),
        &[
            "2:3: /steps/a: from \"a\" on, steps can follow each other in a circle",
            "3:3: /steps/b: from \"b\" on",
        ],
    );
    let circle = |between: &str| format!("steps:\n  a: {{say: Hi, next: b}}\n  b: {{{between}, next: a}}\n");
    for between in ["wait: 1m", "hand_over: 1h", "follow_up: [{after: 1m, say: Hm}]"] {
        assert!(Scenario::parse("s", 1, &circle(between)).is_ok(), "{between}");
    }
    for between in ["set: {x: y}", "call: other"] {
        assert!(Scenario::parse("s", 1, &circle(between)).is_err(), "{between}");
    }
    let chain = |steps: usize| {
        let says: Vec<_> =
            (1..steps).map(|step| format!("  s{step}: {{say: Hi, next: s{}}}\n", step + 1)).collect();
        format!("steps:\n{}  s{steps}: {{end: goal}}\n", says.concat())
    };
    assert!(Scenario::parse("s", 1, &chain(32)).is_ok());
    check(
        Scenario::parse("s", 1, &chain(33)),
        &["2:3: /steps/s1: from \"s1\" on, 33 steps follow each other"],
    );
    assert!(Scenario::parse("s", 1, &chain(1000)).is_err());
}

/// The YAML example in a module's documentation.
fn example(source: &str) -> String {
    let (_, example) = source.split_once("//! ```yaml").expect("the module shows an example");
    let (example, _) = example.split_once("//! ```").expect("the example ends");
    example.lines().map(|line| line.trim_start_matches("//!")).collect::<Vec<_>>().join("\n")
}

#[test]
fn the_documented_examples_load() {
    let library = example(include_str!("../../src/library.rs"));
    assert_eq!(Library::parse("l", &library).map(|library| library.entry_ids().len()), Ok(2));
    let scenario = example(include_str!("../../src/scenario.rs"));
    assert_eq!(Scenario::parse("s", 1, &scenario).map(|scenario| scenario.step_names().len()), Ok(11));
}
