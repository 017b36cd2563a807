//! Content from files, and what is said of content that is wrong.

use std::process::Command;

use super::{check, demo, write};

/// What `troupe try` says of a folder with these files.
fn told(files: &[(&str, &str)]) -> String {
    let folder = tempfile::tempdir().unwrap();
    for (file, text) in files {
        write(folder.path(), file, text);
    }
    let place = folder.path().to_str().unwrap();
    check(&["try", place], "", 2).replace(place, "DIR")
}

#[test]
fn all_faults_of_all_files_are_told_at_once() {
    let told = told(&[
        ("libraries/a.yaml", "entries:\n- {id: x, phrases: [hi], answers: [], whenn: always}\n"),
        (
            "rules/b.json",
            "{\"triggers\": {\"g\": {\"triggers\": [{\"triggerType\": \"Text\", \"modifier\": 0, \"data\": \"(\"}]}}}",
        ),
        ("scenarios/c.yaml", "steps:\n  a: {say: hi, next: b}\n"),
        ("bots/d.yaml", "groups: everywhere\n"),
    ]);
    let places: Vec<&str> = told.lines().map(|line| line.split(": ").next().unwrap()).collect();
    for place in
        ["DIR/bots/d.yaml:1:9", "DIR/libraries/a.yaml:2:", "DIR/rules/b.json:1:", "DIR/scenarios/c.yaml:2:"]
    {
        assert!(places.iter().any(|found| found.starts_with(place)), "{place} in {told}");
    }
}

#[test]
fn a_bot_file_that_names_what_is_not_there_says_what_is() {
    let told = told(&[
        ("libraries/a.yaml", "entries: [{id: hi, phrases: [hi], answers: x}]"),
        ("bots/d.yaml", "library: b\nrules: c\n"),
    ]);
    assert_eq!(
        told,
        "DIR/bots/d.yaml:2:8: /rules: there is no rules \"c\"; there is: none\n\
         DIR/bots/d.yaml:1:10: /library: there is no library \"b\"; there is: a\n"
    );
}

#[test]
fn what_names_a_file_that_is_wrong_is_not_wrong_as_well() {
    let told = told(&[
        ("libraries/a.yaml", "entries: [{id: hi, phrases: [hi], answers: x}]\nfallback: Pardon?\n"),
        ("bots/d.yaml", "library: a\n"),
    ]);
    assert_eq!(
        told,
        "DIR/libraries/a.yaml:2:11: /fallback: expected a map with some of answers, when, chance, cooldown, found a text\n"
    );
}

#[test]
fn two_libraries_want_a_bot_file() {
    let library = "entries: [{id: hi, phrases: [hi], answers: x}]";
    let told = told(&[("a.yaml", library), ("b.yaml", library)]);
    assert!(
        told.starts_with("DIR: there are 2 libraries and no bot file: write a bot file that says which"),
        "{told}"
    );
}

#[test]
fn a_file_that_is_nothing_known_says_what_there_is() {
    assert!(
        told(&[("x.yaml", "a: 1")])
            .starts_with("DIR/x.yaml: cannot tell what this is: rules have groups or triggers,")
    );
    assert_eq!(
        told(&[("rules/No Name.json", "{\"triggers\": {}}")]),
        "DIR/rules/No Name.json: the file's name without its ending: \"No Name\" is no name: use 1 to 64 of a-z, 0-9, - \
         and _\n"
    );
    assert!(told(&[]).contains("there is no content here"));
    let err = check(&["try", "/there/is/no/such/folder"], "", 2);
    assert!(err.contains("cannot be read"), "{err}");
}

#[test]
fn a_bot_file_and_tests_find_their_content_from_wherever_they_are_named() {
    for (folder, arguments) in [
        ("bots", ["explain", "boris.yaml", "--say=kyc"]),
        ("bots", ["explain", "./boris.yaml", "--say=kyc"]),
        ("bots", ["explain", "../bots/boris.yaml", "--say=kyc"]),
        (".", ["explain", "bots/boris.yaml", "--say=kyc"]),
        ("tests", ["test", "boris.yaml", "--only=whitelist"]),
        ("tests", ["test", ".", "--only=whitelist"]),
        (".", ["test", "tests/boris.yaml", "--only=whitelist"]),
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_troupe"));
        let output = command.args(arguments).current_dir(format!("{}/{folder}", demo())).output().unwrap();
        assert!(output.status.success(), "{arguments:?} in {folder}: {output:?}");
    }
}

#[test]
fn rules_in_yaml_are_explained_with_their_lines() {
    let folder = tempfile::tempdir().unwrap();
    let rules = "triggers:\n  greet:\n    triggers:\n      - {triggerType: Text, data: ^hi$, subgroup: said}\n      \
                 - {triggerType: Text, data: ^hello$, subgroup: said}\nreactions:\n  greet:\n    reactions:\n      \
                 - {reactionType: Text, data: Hello!}\n";
    write(folder.path(), "rules.yaml", rules);
    let out =
        check(&["explain", folder.path().to_str().unwrap(), "--say", "hello", "--rule", "greet"], "", 0);
    let expected = "\
\"hello\" from Ann in a direct chat, to Bot
trigger group greet: fires
  reaction 1: 1 of 1: done
answered by trigger_group greet
  Hello!

greet: it fired
  subgroup \"said\" holds
    line 4: the text matches ^hi$: no; found \"hello\"
    line 5: the text matches ^hello$: yes; found \"hello\"
";
    assert_eq!(out, expected);
}

#[test]
fn a_scenario_that_is_not_the_bots_is_told_where_it_is_named() {
    let rules = "groups:\n- {name: a, where: direct, when: [], react: [{start_scenario: advice}]}\n";
    let welcome = "steps:\n  a: {call: advice, next: b}\n  b: {end: goal}\n";
    let advice = "steps: {a: {end: goal}}";
    let files = [("rules/r.yaml", rules), ("scenarios/welcome.yaml", welcome)];
    let places = "/groups/0/react/0/start_scenario";
    assert_eq!(
        told(&files),
        format!(
            "DIR/rules/r.yaml:2:63: {places}: there is no scenario \"advice\"; there is: welcome\n\
             DIR/scenarios/welcome.yaml:2:13: /steps/a/call: there is no scenario \"advice\"; there is: welcome\n"
        )
    );
    let bot = ("bots/d.yaml", "rules: r\nscenarios: [welcome]\n");
    assert_eq!(
        told(&[files[0], files[1], ("scenarios/advice.yaml", advice), bot]),
        format!(
            "DIR/rules/r.yaml:2:63: {places}: d has no scenario \"advice\"; there is: welcome\n\
             DIR/scenarios/welcome.yaml:2:13: /steps/a/call: d has no scenario \"advice\"; there is: welcome\n"
        )
    );
    let folder = tempfile::tempdir().unwrap();
    let both = ("bots/d.yaml", "rules: r\nscenarios: [welcome, {name: advice, weight: 0}]\n");
    for (file, text) in [files[0], files[1], ("scenarios/advice.yaml", advice), both] {
        write(folder.path(), file, text);
    }
    let place = |file: &str| folder.path().join(file).to_str().unwrap().to_owned();
    check(&["try", &place("")], "", 0);
    // By itself a document cannot tell what others have.
    check(&["lint", &place("rules/r.yaml")], "", 0);
}

#[test]
fn a_file_that_an_answer_shows_has_to_be_beside_the_content() {
    let library = ("libraries/l.yaml", "entries:\n- {id: a, phrases: [map], answers: {photo: map}}\n");
    assert_eq!(
        told(&[library]),
        "DIR/libraries/l.yaml:2:44: /entries/0/answers/photo: there is no file DIR/media/map.*\n"
    );
    let folder = tempfile::tempdir().unwrap();
    // Whatever it is called, it is no content.
    for (file, text) in [library, ("media/map.png", "a picture"), ("media/prices.json", "[]")] {
        write(folder.path(), file, text);
    }
    check(&["try", folder.path().to_str().unwrap()], "", 0);
    check(&["lint", folder.path().join("libraries").to_str().unwrap()], "", 0);
}
