use serde_json::json;
use troupe_engine::Ruleset;
use troupe_types::{ChatId, UserId};

use super::{change, groups, reply, text, variable};
use crate::talk::{ANN, Talk, said};

/// `rules` with declared variables.
fn declaring(rules: &str, variables: &serde_json::Value) -> String {
    let rules = rules.trim_end().strip_suffix('}').expect("it is a map");
    format!("{rules}, \"variables\": {variables}}}")
}

#[test]
fn a_variable_is_declared_by_these_four_fields() {
    let loads =
        |variable: serde_json::Value| Ruleset::parse(&json!({"variables": [variable]}).to_string()).is_ok();
    for value in [json!(null), json!("value")] {
        for (save, dictionary) in [(true, true), (true, false), (false, true), (false, false)] {
            let variable = json!({
                "variableName": "name", "saveToDisk": save, "isDictionary": dictionary, "value": value
            });
            assert!(loads(variable));
        }
    }
    assert!(!loads(json!({"saveToDisk": true, "isDictionary": true, "value": null})));
    assert!(!loads(json!({"variableName": "v", "saveToDisk": "yes", "isDictionary": true, "value": null})));
    // The name that superbot's program reads instead.
    assert!(!loads(json!({"name": "v", "saveToDisk": true, "isDictionary": true, "value": null})));
}

#[test]
fn a_dictionary_variable_holds_one_string_for_each_person() {
    let mut talk = Talk::with_rules(&groups(&[("any", vec![], vec![change(0, "said", None)])]));
    let of = |talk: &Talk, person| talk.state(ChatId::direct(person), person).person.variables.clone();
    let bert = UserId::new(2);
    talk.say("1");
    talk.say(said("2").by(bert));
    talk.say("3");
    assert_eq!(of(&talk, ANN), [("said".to_owned(), "3".to_owned())].into());
    assert_eq!(of(&talk, bert), [("said".to_owned(), "2".to_owned())].into());
}

#[test]
fn the_whitelist_state_is_known_of_whoever_attempted_it() {
    let state = |value| variable(0, "whitelist state", Some(value));
    let rules = groups(&[
        (
            "attempt",
            vec![text("^whitelist$")],
            vec![change(0, "whitelist state", Some("asked")), reply("Sure?")],
        ),
        (
            "accept",
            vec![state("asked"), text("^yes$")],
            vec![change(0, "whitelist state", Some("in")), reply("In.")],
        ),
        ("in already", vec![state("in")], vec![reply("You are in.")]),
        ("attempted", vec![variable(1, "whitelist state", None)], vec![reply("Say yes.")]),
        ("stranger", vec![], vec![reply("Say whitelist.")]),
    ]);
    let bert = |text: &str| said(text).by(UserId::new(2));
    Talk::with_rules(&rules)
        .check("yes", &["Say whitelist."])
        .check("whitelist", &["Sure?"])
        .check("hm", &["Say yes."])
        .check(bert("yes"), &["Say whitelist."])
        .check("yes", &["In."])
        .check("hm", &["You are in."])
        .check(bert("whitelist"), &["Sure?"]);
}

#[test]
fn the_state_is_kept_for_each_person_and_each_variable_by_name() {
    let rules = groups(&[(
        "any",
        vec![],
        vec![change(0, "kyc status", Some("need wallet")), change(0, "kyc email", None)],
    )]);
    let mut talk = Talk::with_rules(&rules);
    talk.say("ann@example.org");
    let variables = talk.ann().person.variables.clone();
    let variables: Vec<_> = variables.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
    assert_eq!(variables, [("kyc email", "ann@example.org"), ("kyc status", "need wallet")]);
}

#[test]
fn what_is_not_saved_to_disk_is_in_no_stored_variable() {
    for (saved, stored) in [(true, 1), (false, 0)] {
        let rules = groups(&[("any", vec![], vec![change(0, "v", Some("x"))])]);
        let declared =
            json!([{"variableName": "v", "saveToDisk": saved, "isDictionary": true, "value": null}]);
        let mut talk = Talk::with_rules(&declaring(&rules, &declared));
        talk.say("a");
        assert_eq!(talk.ann().person.variables.len(), stored);
    }
}

/// Reports to the chat that a single variable names.
fn reporting(saved: bool, start: Option<&str>) -> Talk {
    let elsewhere = json!({"reactionType": "Text", "modifier": 0, "data": {"text": "r", "chat": "staff"}});
    let rules = groups(&[("any", vec![], vec![elsewhere])]);
    let declared =
        json!([{"variableName": "staff", "saveToDisk": saved, "isDictionary": false, "value": start}]);
    Talk::with_rules(&declaring(&rules, &declared))
}

fn reported_to(talk: &mut Talk) -> Vec<i64> {
    let actions = &talk.say("a").actions;
    actions.iter().map(|action| action.chat.get()).filter(|chat| *chat < 0).collect()
}

#[test]
fn a_single_variable_begins_with_its_start_value_if_there_is_one() {
    assert_eq!(reported_to(&mut reporting(true, Some("-700"))), [-700]);
    assert!(reported_to(&mut reporting(true, None)).is_empty());
}

#[test]
fn a_stored_value_overwrites_the_start_value_only_where_it_is_saved_to_disk() {
    for (saved, start, expected) in
        [(true, Some("-700"), -800), (true, None, -800), (false, Some("-700"), -700)]
    {
        let mut talk = reporting(saved, start);
        talk.say("a");
        for state in talk.states.values_mut() {
            state.bot.variables.insert("staff".into(), "-800".into());
        }
        talk.content.run += 1;
        assert_eq!(reported_to(&mut talk), [expected]);
    }
}
