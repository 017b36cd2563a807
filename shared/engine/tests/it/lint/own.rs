//! Rules in troupe's own format: what is found in them is so, whatever they ask.

pub mod laws;

use troupe_engine::{GroupOutcome, lint::Code};

use super::{codes, finding, in_rules, outcomes};

/// Rules of groups `name: where: conditions`, whose conditions are the items of a list, or `…! ITEM` with an `else_say`.
fn rules(groups: &[(&str, &str, &[&str])]) -> String {
    let group = |(name, place, conditions): &(&str, &str, &[&str])| {
        let conditions: Vec<String> = conditions.iter().map(|condition| item(condition)).collect();
        let when = conditions.join(", ");
        format!("  - name: {name}\n    where: {place}\n    when: [{when}]\n    react: [{{say: '{name}!'}}]\n")
    };
    let groups: String = groups.iter().map(group).collect();
    format!("variables: {{level: {{of: bot, start: '5'}}}}\ngroups:\n{groups}")
}

pub fn item(condition: &str) -> String {
    match condition.strip_prefix("! ") {
        Some(condition) => format!("{{{condition}, else_say: 'no'}}"),
        None => format!("{{{condition}}}"),
    }
}

/// Checks that `group` is told of by `code`, and that what shows it does so.
#[track_caller]
fn check(groups: &[(&str, &str, &[&str])], code: Code, group: &str) {
    let rules = rules(groups);
    let findings = in_rules(&rules);
    let found = finding(&findings, code);
    assert!(found.message.contains(&format!("{group:?}")), "{found:#?}");
    let Some(witness) = &found.witness else { return };
    let shown = laws::shows(&rules, witness);
    assert!(shown, "{:?} on {witness:?}", outcomes(&rules, witness));
}

/// Checks that nothing is found, but what is good to know.
#[track_caller]
fn check_fine(groups: &[(&str, &str, &[&str])]) {
    let findings = in_rules(&rules(groups));
    let found: Vec<_> = codes(&findings).into_iter().filter(|code| !code.starts_with("R4")).collect();
    assert!(found.is_empty(), "{findings:#?}");
}

#[test]
fn a_phrase_that_is_said_whenever_another_is_takes_its_messages() {
    check(&[("a", "any", &["keyword: fees"]), ("b", "any", &["phrase: what are the fees"])], Code::R101, "b");
    check(&[("a", "any", &["phrase: [fees, costs]"]), ("b", "direct", &["phrase: Costs!"])], Code::R101, "b");
    check(
        &[("a", "any", &["phrase: are the fees"]), ("b", "any", &["phrase: what are the fees"])],
        Code::R101,
        "b",
    );
    check(
        &[("a", "any", &["keyword: fees"]), ("b", "any", &["text: '^fees?$'", "text: 's$'"])],
        Code::R101,
        "b",
    );
    check(
        &[("a", "any", &["any: [{phrase: fees}, {text: x}]"]), ("b", "any", &["text: '^(fees|x+)$'"])],
        Code::R101,
        "b",
    );
    check_fine(&[("a", "any", &["phrase: fees"]), ("b", "any", &["keyword: fees"])]);
    check_fine(&[("a", "any", &["phrase: what are the fees"]), ("b", "any", &["keyword: fees"])]);
    check_fine(&[("a", "any", &["text: '(?i)fees'"]), ("b", "any", &["keyword: fees"])]);
    check_fine(&[("a", "direct", &["keyword: fees"]), ("b", "any", &["keyword: fees"])]);
}

#[test]
fn what_is_asked_of_the_place_is_known() {
    check(
        &[("a", "group", &["addressed: true"]), ("b", "group", &["mentioned: true", "addressed: true"])],
        Code::R101,
        "b",
    );
    check(&[("a", "any", &["chat: [-1, -2]"]), ("b", "group", &["chat: -2", "text: x"])], Code::R101, "b");
    check(&[("a", "any", &["sender: ['@Ann', 7]"]), ("b", "any", &["sender: 7"])], Code::R101, "b");
    check(&[("a", "direct", &["chat: -1"])], Code::R102, "a");
    check(&[("a", "group", &["mentioned: true", "reply: true"])], Code::R102, "a");
    check(&[("a", "direct", &["sender: 7", "chat: 8"])], Code::R102, "a");
    check_fine(&[("a", "any", &["sender: '@ann'"]), ("b", "any", &["sender: 7"])]);
    check_fine(&[
        ("a", "any", &["chat: -1"]),
        ("b", "group", &["not: {chat: -1}"]),
        ("c", "direct", &["text: x"]),
    ]);
}

#[test]
fn what_is_asked_of_variables_media_and_time_is_known() {
    check(&[("a", "any", &["variable: v, at_least: 5", "variable: v, at_most: 4"])], Code::R102, "a");
    check(
        &[("a", "any", &["variable: v, at_least: 5"]), ("b", "any", &["variable: v, at_least: 7"])],
        Code::R101,
        "b",
    );
    check(
        &[
            ("a", "any", &["variable: v, is: {variable: w}"]),
            ("b", "any", &["variable: v, is: {variable: w}"]),
        ],
        Code::R101,
        "b",
    );
    check(&[("a", "any", &["variable: level, exists: false"])], Code::R102, "a");
    check(&[("a", "any", &["not: {variable: v, is: ['1', '2']}", "variable: v, is: '2'"])], Code::R102, "a");
    check(
        &[("a", "any", &["media: image"]), ("b", "any", &["media: {kind: photo, min: 1 MB}"])],
        Code::R101,
        "b",
    );
    check(
        &[
            ("a", "any", &["time: {from: '09:00', to: '18:00'}"]),
            ("b", "any", &["time: {from: '10:00', to: '12:00', days: [mon]}"]),
        ],
        Code::R101,
        "b",
    );
    check(
        &[(
            "a",
            "any",
            &["time: {from: '09:00', to: '18:00', zone: '+03:00'}", "time: {from: '15:00', to: '20:00'}"],
        )],
        Code::R102,
        "a",
    );
    check_fine(&[("a", "any", &["variable: v, at_least: 5", "variable: v, at_most: 5"])]);
    check_fine(&[
        ("a", "any", &["variable: v, is: {variable: w}"]),
        ("b", "any", &["variable: v, at_least: {variable: w}"]),
    ]);
    check_fine(&[("a", "any", &["media: photo"]), ("b", "any", &["media: image"])]);
}

#[test]
fn what_chance_and_cooldowns_leave_goes_on_to_the_groups_behind() {
    let a: (&str, &str, &[&str]) = ("a", "any", &["keyword: fees", "cooldown: 1h"]);
    check(&[a, ("b", "any", &["keyword: fees"])], Code::R106, "b");
    check(&[("a", "any", &["chance: 0.5"]), ("b", "any", &["text: x"])], Code::R106, "b");
    check(&[("a", "any", &["chance: 1"]), ("b", "any", &["text: x"])], Code::R101, "b");
    check(&[("a", "any", &["chance: 0"])], Code::R102, "a");
    check(&[("a", "any", &["chance: 0.4", "not: {chance: 0.5}"])], Code::R102, "a");
    check_fine(&[("a", "any", &["text: x", "chance: 0.5"]), ("b", "any", &["text: '[xy]'"])]);
}

#[test]
fn an_else_say_cuts_off_what_is_behind_it() {
    check(&[("a", "any", &["! text: '^0x'"]), ("b", "any", &["phrase: hello"])], Code::R201, "b");
    check(
        &[("a", "direct", &["text: wallet", "! text: 0x"]), ("b", "direct", &["text: my (wallet|key)"])],
        Code::R202,
        "b",
    );
    check(
        &[("a", "any", &["keyword: fees", "! addressed: true"]), ("b", "group", &["keyword: fees"])],
        Code::R201,
        "b",
    );
    let fenced: (&str, &str, &[&str]) = ("a", "direct", &["variable: v, is: '1'", "! text: 0x"]);
    let findings = in_rules(&rules(&[fenced, ("b", "direct", &["phrase: hello"])]));
    assert!(!codes(&findings).iter().any(|code| code.starts_with("R2")), "{findings:#?}");
    let findings = in_rules(&rules(&[("a", "direct", &["text: x", "! addressed: true"])]));
    assert!(finding(&findings, Code::R203).message.contains("its condition holds whenever it is asked"));
    assert_eq!(finding(&findings, Code::R203).field, "/groups/0/when/1/else_say");
}

#[test]
fn conditions_that_never_or_always_hold_are_told() {
    let findings = in_rules(&rules(&[("a", "direct", &["text: x", "addressed: true"])]));
    let found = finding(&findings, Code::R108);
    assert_eq!((found.line, found.column, found.field.as_str()), (5, 35, "/groups/0/when/1/addressed"));
    let never = "any: [{text: x}, {mentioned: true, chat: -1}]";
    assert!(troupe_engine::Ruleset::parse(&rules(&[("a", "any", &[never])])).is_err(), "one question each");
    let findings = in_rules(&rules(&[("a", "direct", &["any: [{text: x}, {chat: -1}]"])]));
    assert_eq!(finding(&findings, Code::R107).field, "/groups/0/when/0/any/1/chat");
    let findings = in_rules(&rules(&[(
        "a",
        "direct",
        &["any: [{variable: v, exists: true}, {variable: v, exists: false}]"],
    )]));
    finding(&findings, Code::R108);
    let findings = in_rules(&rules(&[("a", "any", &["any: [{text: 'a^'}, {text: '\\S*'}]"])]));
    assert_eq!(codes(&findings), ["R103", "R104"]);
}

#[test]
fn variables_and_texts_are_looked_at() {
    let findings = in_rules(
        "variables: {kyc: {}, operators: {of: bot, start: '-5'}, unused: {}}
groups:
  - {name: a, when: [{variable: kyc, is: done}], react: [{say: 'Hi {{variable.nmae|you}}: {{message.text}}'}]}
  - {name: b, when: [{variable: operators, is: '-6'}, {not: {variable: kcy, exists: true}}], react: [{set: {kyc: started}}]}
  - {name: c, when: [{keyword: x}], react: [{say: {plain: '{{variable.nobody}}'}}, {add: {points: 1}}]}
  - {name: d, when: [{keyword: y, else_say: [No., No.]}]}
",
    );
    let found: Vec<_> = findings.iter().map(|found| (found.code.as_str(), found.line)).collect();
    let expected = [
        ("R404", 1),
        ("R402", 3),
        ("L107", 3),
        ("L105", 3),
        ("R402", 4),
        ("R401", 4),
        ("R403", 5),
        ("R301", 6),
        ("L106", 6),
    ];
    for one in expected {
        assert!(found.contains(&one), "{one:?} in {findings:#?}");
    }
    assert_eq!(found.len(), expected.len(), "{findings:#?}");
}

#[test]
fn the_engine_tells_the_same_of_a_group_that_never_fires() {
    let rules = rules(&[("a", "any", &["keyword: fees"]), ("b", "any", &["phrase: what are the fees"])]);
    let findings = in_rules(&rules);
    let witness = finding(&findings, Code::R101).witness.as_ref().unwrap();
    assert_eq!(witness.text, "what are the fees");
    assert_eq!(outcomes(&rules, witness)["a"], GroupOutcome::Fired);
}
