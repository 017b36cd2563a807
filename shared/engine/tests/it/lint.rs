//! What lint finds is there: each witness is put to the engine, and what is said to be dead never answers.

mod bots;
mod documented;
mod laws;
mod own;
mod seed;

use std::{collections::BTreeMap, sync::Arc};

use troupe_engine::{
    GroupOutcome, Groups, Ruleset, Tried,
    lint::{Call, Code, Document, Finding, Witness, lint},
};
use troupe_types::{MessageId, Timestamp};

use crate::talk::{Said, Talk, content, parsed, said};

/// What is found in a rule set.
pub fn in_rules(rules: &str) -> Vec<Finding> {
    parsed(Ruleset::parse(rules));
    lint(&[Document::Rules(rules)]).remove(0)
}

pub fn codes(findings: &[Finding]) -> Vec<&'static str> {
    findings.iter().map(|finding| finding.code.as_str()).collect()
}

/// The finding of this code.
#[track_caller]
pub fn finding(findings: &[Finding], code: Code) -> &Finding {
    let found = findings.iter().find(|finding| finding.code == code);
    found.unwrap_or_else(|| panic!("{code} is not among {findings:#?}"))
}

/// A talk in which all is as the witness needs it, and what is said.
pub fn set_up(talk: &mut Talk, witness: &Witness) -> Said {
    let mut message = said(&witness.text);
    message.chat = witness.chat;
    message.sender.id = witness.sender;
    message.sender.username.clone_from(&witness.username);
    message.to_the_bot = witness.call == Call::Mention || (witness.call == Call::Reply && !witness.direct);
    message.reply_to = (witness.call == Call::Reply).then(|| MessageId::new(1));
    message.media.clone_from(&witness.media);
    let mut state = talk.state(witness.chat, witness.sender);
    state.person.variables = witness.variables.clone();
    state.bot.variables = witness.bot_variables.clone();
    talk.set_time(witness.time);
    let later = Timestamp::from_seconds(4_000_000_000);
    state.person.cooldowns.0.extend(witness.resting.iter().map(|group| (memory_of(group), later)));
    talk.states.insert((witness.chat, witness.sender), state);
    message
}

/// What the memory of cooldowns calls a group: 64-bit FNV-1a of its name behind `rules`.
fn memory_of(group: &str) -> u64 {
    let bytes = ["rules", group].into_iter().flat_map(|part| part.bytes().chain([0xff]));
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A talk with a bot of these rules.
pub fn talk(rules: &str) -> Talk {
    let mut content = content();
    content.rules = Some(Arc::new(parsed(Ruleset::parse(rules))));
    content.groups = Groups::All;
    Talk::new(content)
}

/// What each group comes to on `witness`, as the engine tells it, up to the one that ends the search.
pub fn outcomes(rules: &str, witness: &Witness) -> BTreeMap<String, GroupOutcome> {
    outcomes_in(&talk(rules), witness)
}

/// The same, in a talk that is there already.
pub fn outcomes_in(talk: &Talk, witness: &Witness) -> BTreeMap<String, GroupOutcome> {
    let mut talk = talk.clone();
    let message = set_up(&mut talk, witness);
    talk.say(message);
    let steps = talk.last.map(|last| last.trace.steps).unwrap_or_default();
    let outcomes = steps.into_iter().filter_map(|tried| match tried {
        Tried::TriggerGroup { group, outcome } => Some((group.to_string(), outcome)),
        _ => None,
    });
    outcomes.collect()
}

/// Rules from groups written in short: a name, whether it is private, and triggers as `subgroup: test ! message`.
pub fn rules(groups: &[(&str, bool, &[&str])]) -> String {
    let mut triggers = Vec::new();
    let mut reactions = Vec::new();
    for (name, private, tests) in groups {
        let tests: Vec<String> = tests.iter().map(|test| trigger(test)).collect();
        triggers.push(format!(
            "  {name:?}: {{\"privateTrigger\": {private}, \"triggers\": [\n    {}\n  ]}}",
            tests.join(",\n    ")
        ));
        reactions.push(format!(
            "  {name:?}: {{\"reactions\": [{{\"reactionType\": \"Text\", \"modifier\": 0, \"data\": \"{name}!\"}}]}}"
        ));
    }
    format!(
        "{{\"triggers\": {{\n{}\n}}, \"reactions\": {{\n{}\n}}}}",
        triggers.join(",\n"),
        reactions.join(",\n")
    )
}

/// `[subgroup: ]test[ ! message]`, where a test is `/regex/`, `variable=value`, `variable=` for no row, `variable?` or
/// `image min-max`.
fn trigger(text: &str) -> String {
    let (text, message) =
        text.split_once(" ! ").map_or((text, None), |(text, message)| (text, Some(message)));
    let (subgroup, asked) = text.split_once(": ").map_or((None, text), |(name, asked)| (Some(name), asked));
    let (kind, modifier, data) = if let Some(pattern) = asked.strip_prefix('/') {
        ("Text", 0, serde_json::json!(pattern.strip_suffix('/').expect("a regex ends with /")))
    } else if let Some(sizes) = asked.strip_prefix("image ") {
        let (min, max) = sizes.split_once('-').expect("sizes are min-max");
        let [min, max] = [min, max].map(|size| size.parse::<f64>().ok());
        ("Image", 0, serde_json::json!({"minSize": min, "maxSize": max}))
    } else if let Some(variable) = asked.strip_suffix('?') {
        ("DictionaryVariable", 1, serde_json::json!({"variable": variable, "value": null}))
    } else {
        let (variable, value) = asked.split_once('=').expect("a test is known");
        let value = Some(value).filter(|value| !value.is_empty());
        ("DictionaryVariable", 0, serde_json::json!({"variable": variable, "value": value}))
    };
    serde_json::json!({
        "triggerType": kind, "modifier": modifier, "data": data, "subgroup": subgroup, "onFailMsg": message
    })
    .to_string()
}

/// Checks that `group` never fires by `code`, and that the witness, if there is one, is taken by another.
#[track_caller]
fn check_dead(groups: &[(&str, bool, &[&str])], code: Code, group: &str) {
    let rules = rules(groups);
    let findings = in_rules(&rules);
    let found = finding(&findings, code);
    assert!(found.message.contains(&format!("{group:?}")), "{found:#?}");
    let Some(witness) = &found.witness else { return };
    let outcomes = outcomes(&rules, witness);
    let ended = outcomes
        .values()
        .any(|outcome| matches!(outcome, GroupOutcome::Fired | GroupOutcome::Failed { message: true, .. }));
    assert!(ended && !outcomes.contains_key(group), "{outcomes:?} on {witness:?}");
}

#[track_caller]
fn check_none(groups: &[(&str, bool, &[&str])], codes: &[Code]) {
    let findings = in_rules(&rules(groups));
    assert!(!findings.iter().any(|finding| codes.contains(&finding.code)), "{findings:#?}");
}

#[test]
fn a_group_behind_one_that_asks_for_less_never_fires() {
    check_dead(&[("a", false, &["/hell/"]), ("b", false, &["/hello/"])], Code::R101, "b");
    check_dead(&[("a", false, &["/(?i)fee/"]), ("b", true, &["/\\bfees?\\b/"])], Code::R101, "b");
    check_dead(&[("a", false, &["/^\\w+$/"]), ("b", false, &["/^[a-z]+$/", "v=1"])], Code::R101, "b");
    check_dead(&[("a", true, &["v?"]), ("b", true, &["v=1", "/x/"])], Code::R101, "b");
    check_dead(&[("a", true, &["image 1-5"]), ("b", true, &["image 2-3"])], Code::R101, "b");
    check_dead(&[("a", false, &["s: /x/", "s: /y/"]), ("b", false, &["/[xy]/"])], Code::R101, "b");
    check_dead(
        &[("a", false, &["/сколько/"]), ("b", false, &["/^(?i:С)колько|сколько/", "/ск/", "/^с/"])],
        Code::R101,
        "b",
    );
}

#[test]
fn several_groups_may_leave_nothing_for_one_behind_them() {
    check_dead(&[("a", false, &["v?"]), ("b", false, &["v="]), ("c", false, &["/x/"])], Code::R101, "c");
    check_dead(
        &[("a", true, &["/x/"]), ("b", false, &["/[xy]/", "v="]), ("c", true, &["/x/", "v=1"])],
        Code::R101,
        "c",
    );
}

#[test]
fn a_group_that_any_message_reaches_is_not_called_dead() {
    let codes = [Code::R101, Code::R102, Code::R201];
    check_none(&[("a", true, &["/hell/"]), ("b", false, &["/hello/"])], &codes);
    check_none(&[("a", false, &["/hello/"]), ("b", false, &["/(?i)hello/"])], &codes);
    check_none(&[("a", false, &["/\\bfee\\b/"]), ("b", false, &["/fee/"])], &codes);
    check_none(&[("a", false, &["image 1-5"]), ("b", false, &["image 2-6"])], &codes);
    check_none(&[("a", false, &["v=1"]), ("b", false, &["v?"]), ("c", false, &["v="])], &codes);
    check_none(&[("a", false, &["/x/", "v=1"]), ("b", false, &["/x/"])], &codes);
    check_none(&[("a", false, &["v=1", "/^0x/ ! no"]), ("b", false, &["/hello/"])], &codes);
}

#[test]
fn a_group_that_nothing_meets_never_fires() {
    check_dead(&[("a", true, &["v=1", "v=2"])], Code::R102, "a");
    check_dead(&[("a", true, &["v=", "v?"])], Code::R102, "a");
    check_dead(&[("a", true, &["/a^/"])], Code::R102, "a");
    check_dead(&[("a", true, &["/^a+$/", "/^b/"])], Code::R102, "a");
    check_dead(&[("a", true, &["image 1-2", "image 3-4"])], Code::R102, "a");
    let findings = in_rules(&rules(&[("a", true, &["/x/", "v=1", "v=2"])]));
    assert!(
        findings[0].message.contains("its second and third subgroups contradict each other"),
        "{findings:#?}"
    );
}

#[test]
fn an_expression_that_no_text_or_every_text_hits_is_told() {
    let findings = in_rules(&rules(&[("a", true, &["s: /x[^\\s\\S]/", "s: /y/"]), ("b", true, &["/z*/"])]));
    let found = finding(&findings, Code::R103);
    assert_eq!((found.line, found.field.as_str()), (3, "/triggers/a/triggers/0/data"));
    assert_eq!(finding(&findings, Code::R104).line, 7);
}

#[test]
fn a_message_on_the_first_subgroup_cuts_off_all_behind_it() {
    check_dead(&[("a", false, &["/^0x/ ! no"]), ("b", false, &["/hello/"])], Code::R201, "b");
    check_dead(
        &[
            ("a", false, &["/x/ ! no", "/y/"]),
            ("b", false, &["/^y/", "/z$/", "v=1"]),
            ("c", false, &["/^w$/"]),
        ],
        Code::R201,
        "c",
    );
    check_none(&[("a", true, &["/^0x/ ! no"]), ("b", false, &["/hello/"])], &[Code::R201]);
}

#[test]
fn a_message_without_a_fence_may_cut_off_what_is_meant() {
    let unfenced = rules(&[("a", true, &["/wallet/", "/0x/ ! no"]), ("b", true, &["/my (wallet|key)/"])]);
    let findings = in_rules(&unfenced);
    let found = finding(&findings, Code::R202);
    let witness = found.witness.as_ref().expect("it is shown");
    let outcomes = outcomes(&unfenced, witness);
    assert!(matches!(outcomes["a"], GroupOutcome::Failed { message: true, .. }), "{outcomes:?}");
    let codes = [Code::R201, Code::R202];
    check_none(&[("a", true, &["v=1", "/0x/ ! no"]), ("b", true, &["/my wallet/"])], &codes);
    check_none(&[("a", true, &["/^wallet/", "/0x/ ! no"]), ("b", true, &["/^my wallet/"])], &codes);
    // A group that asks about the same variable is not behind the fence.
    let asking = ("b", true, &["v?", "/help/"][..]);
    check_dead(&[("a", true, &["v=1", "/0x/ ! no"]), asking], Code::R202, "b");
    check_dead(&[("a", true, &["v=1", "/0x/ ! no"]), ("b", true, &["v=1", "/help/"])], Code::R201, "b");
}

#[test]
fn a_message_that_is_never_sent_is_told() {
    let findings =
        in_rules(&rules(&[("a", true, &["v=1", "/\\S*/ ! no"]), ("b", true, &["s: /x/ ! lost", "s: /y/"])]));
    assert!(finding(&findings, Code::R203).message.contains("to a message with a text"));
    assert_eq!(finding(&findings, Code::R204).field, "/triggers/b/triggers/0/onFailMsg");
    let findings = in_rules(&rules(&[("a", true, &["v=1", "v? ! no"])]));
    assert!(finding(&findings, Code::R203).message.contains("holds whenever it is asked"), "{findings:#?}");
}

#[test]
fn what_has_no_partner_is_told() {
    let findings = in_rules(
        r#"{"triggers": {"a": {"triggers": [{"triggerType": "Text", "data": "x"}]}},
            "reactions": {"b": {"reactions": [{"reactionType": "Text", "data": "x"}]}},
            "variables": [{"variableName": "v", "isDictionary": true, "value": null}]}"#,
    );
    assert_eq!(codes(&findings), ["R301", "R501", "R302", "R404"]);
}

/// The codes that are found in each of some scenarios of these names.
fn in_scenarios(scenarios: &[(&str, &str)]) -> Vec<Vec<&'static str>> {
    let documents: Vec<_> = scenarios.iter().map(|(name, text)| Document::Scenario { name, text }).collect();
    lint(&documents).iter().map(|findings| codes(findings)).collect()
}

#[test]
fn a_call_goes_on_as_the_called_scenario_can_end() {
    let caller = "steps: {a: {ask: One, next: b}, b: {call: sub, next: a}, c: {end: goal}}";
    // Nothing leads out of the circle, however the other one ends.
    let ends = "steps: {x: {ask: Your name?, next: y}, y: {end: goal}}";
    assert_eq!(
        in_scenarios(&[("main", caller), ("sub", ends)]),
        [vec!["S102", "S104", "S101"], vec!["S104"]]
    );
    let caller =
        "steps: {a: {call: sub, next: done, otherwise: bye}, done: {end: goal}, bye: {end: no_goal}}";
    assert_eq!(in_scenarios(&[("main", caller), ("sub", ends)]), [vec![], vec!["S104"]]);
    // The other one never comes back.
    let endless = "steps: {x: {ask: One?, next: y}, y: {ask: Two?, next: x}, z: {end: goal}}";
    let found = in_scenarios(&[("main", caller), ("sub", endless)]);
    assert_eq!(found, [vec!["S102"], vec!["S102", "S104", "S101"]]);
    // It comes back, but never so that the goal is reached.
    let fails = "steps: {x: {ask: One?, next: y}, y: {end: no_goal}, z: {end: goal}}";
    let found = in_scenarios(&[("main", caller), ("sub", fails)]);
    assert_eq!(found[0], ["S103"]);
    // Whoever is not here may end either way; whoever calls itself is passed over when it is too deep.
    assert_eq!(in_scenarios(&[("main", caller)]), [Vec::<&str>::new()]);
    let itself = "steps: {a: {ask: Again?, next: b}, b: {call: main, next: done}, done: {end: goal}}";
    assert_eq!(in_scenarios(&[("main", itself)]), [["S104"]]);
}
