use std::sync::Arc;

use troupe_engine::{Action, ActionBody, Ruleset};
use troupe_types::{ChatId, MediaKind};

use crate::talk::{ANN, GROUP, Talk, parsed, said};

/// A rule set of groups that each say their own name, in order.
fn groups(groups: &[(&str, &str)]) -> String {
    let triggers: Vec<_> =
        groups.iter().map(|(name, triggers)| format!(r#""{name}": {{"triggers": [{triggers}]}}"#)).collect();
    let reactions: Vec<_> = groups
        .iter()
        .map(|(name, _)| {
            format!(
                r#""{name}": {{"reactions": [{{"reactionType": "Text", "modifier": 0, "data": "{name}"}}]}}"#
            )
        })
        .collect();
    format!(r#"{{"triggers": {{{}}}, "reactions": {{{}}}}}"#, triggers.join(","), reactions.join(","))
}

const HELLO: &str = r#"{"triggerType": "Text", "modifier": 0, "data": "hello"}"#;

#[test]
fn only_the_first_group_that_is_true_is_triggered() {
    let two = groups(&[("second by alphabet", HELLO), ("a", HELLO)]);
    Talk::with_rules(&two).check("hello", &["second by alphabet"]);
}

#[test]
fn the_order_of_the_file_is_the_order_of_evaluation() {
    let names: Vec<_> = (0..50).map(|number| format!("group {}", (number * 37) % 50)).collect();
    let list: Vec<_> = names.iter().map(|name| (name.as_str(), HELLO)).collect();
    let rules = parsed(Ruleset::parse(&groups(&list)));
    assert_eq!(rules.group_names().collect::<Vec<_>>(), names);
}

#[test]
fn a_regular_expression_needs_one_hit_and_minds_the_case() {
    Talk::with_rules(&groups(&[("hit", HELLO)]))
        .check("well hello there", &["hit"])
        .check("Hello", &["(no_match)"])
        .check(said("a picture, hello").with_photo(1.0), &["hit"]);
}

#[test]
fn a_message_without_text_hits_no_expression() {
    let anything = r#"{"triggerType": "Text", "modifier": 0, "data": ".*"}"#;
    Talk::with_rules(&groups(&[("hit", anything)])).check(said("").with_photo(1.0), &["(no_match)"]);
}

#[test]
fn an_image_has_to_be_within_its_bounds_which_are_inside() {
    let trigger = r#"{"triggerType": "Image", "modifier": 0, "data": {"minSize": 0.5, "maxSize": 2.0}}"#;
    let image = groups(&[("image", trigger)]);
    for (megabytes, fits) in [(0.49, false), (0.5, true), (1.0, true), (2.0, true), (2.01, false)] {
        let expected = if fits { "image" } else { "(no_match)" };
        Talk::with_rules(&image).check(said("").with_photo(megabytes), &[expected]);
    }
    let file = |mime| said("").with(MediaKind::Document, Some(mime), 1_000_000);
    Talk::with_rules(&image).check(file("image/png"), &["image"]).check(file("video/mp4"), &["(no_match)"]);
    Talk::with_rules(&image).check("no picture", &["(no_match)"]);
}

#[test]
fn a_null_bound_is_none() {
    let from =
        |data| groups(&[("image", &format!(r#"{{"triggerType": "Image", "modifier": 0, "data": {data}}}"#))]);
    Talk::with_rules(&from(r#"{"minSize": null, "maxSize": null}"#))
        .check(said("").with_photo(19.9), &["image"]);
    Talk::with_rules(&from(r#"{"minSize": null, "maxSize": 1}"#))
        .check(said("").with_photo(1.1), &["(no_match)"]);
    Talk::with_rules(&from(r#"{"minSize": 1, "maxSize": null}"#))
        .check(said("").with_photo(0.9), &["(no_match)"]);
}

/// `set` and `drop` change the variable, the groups behind them ask for it.
const VARIABLES: &str = r#"{
    "triggers": {
        "set": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "^set$"}]},
        "save": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "^save"}]},
        "drop": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "^drop$"}]},
        "is gold": {"triggers": [
            {"triggerType": "DictionaryVariable", "modifier": 0, "data": {"variable": "level", "value": "gold"}}
        ]},
        "exists": {"triggers": [
            {"triggerType": "DictionaryVariable", "modifier": 1, "data": {"variable": "level", "value": null}}
        ]},
        "is null": {"triggers": [
            {"triggerType": "DictionaryVariable", "modifier": 0, "data": {"variable": "level", "value": null}}
        ]}
    },
    "reactions": {
        "set": {"reactions": [
            {"reactionType": "DictionaryVariable", "modifier": 0, "data": {"variable": "level", "value": "gold"}}
        ]},
        "save": {"reactions": [
            {"reactionType": "DictionaryVariable", "modifier": 0, "data": {"variable": "level", "value": null}}
        ]},
        "drop": {"reactions": [
            {"reactionType": "DictionaryVariable", "modifier": 1, "data": {"variable": "level", "value": null}}
        ]},
        "is gold": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "gold"}]},
        "exists": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "something"}]},
        "is null": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "nothing"}]}
    },
    "variables": [{"variableName": "level", "saveToDisk": SAVED, "isDictionary": true, "value": null}]
}"#;

#[test]
fn a_dictionary_variable_is_set_saved_and_removed_for_the_one_who_triggered() {
    let mut talk = Talk::with_rules(&VARIABLES.replace("SAVED", "true"));
    talk.check("?", &["nothing"]).check("set", &["(wordless)"]).check("?", &["gold"]);
    assert_eq!(talk.ann().person.variables["level"], "gold");
    talk.check(said("?").by(troupe_types::UserId::new(2)), &["nothing"]);
    talk.check("save me", &["(wordless)"]).check("?", &["something"]);
    assert_eq!(talk.ann().person.variables["level"], "save me");
    // The key is the person, in whatever chat.
    talk.check(said("?").in_group(), &["something"]);
    talk.check("drop", &["(wordless)"]).check("?", &["nothing"]);
    assert!(talk.ann().person.variables.is_empty());
}

#[test]
fn a_change_is_an_event_and_no_change_is_none() {
    let mut talk = Talk::with_rules(&VARIABLES.replace("SAVED", "true"));
    talk.say("drop");
    assert_eq!(talk.events(), ["MessageReceived", "PersonFirstSeen", "Silent"]);
    talk.say("set");
    assert_eq!(talk.events(), ["MessageReceived", "VariableChanged", "Silent"]);
    talk.say("drop");
    assert_eq!(talk.events(), ["MessageReceived", "VariableChanged", "Silent"]);
}

#[test]
fn only_what_is_saved_to_disk_outlives_a_restart() {
    for (saved, expected) in [("true", "gold"), ("false", "nothing")] {
        let mut talk = Talk::with_rules(&VARIABLES.replace("SAVED", saved));
        talk.check("set", &["(wordless)"]).check("?", &["gold"]);
        talk.content.run += 1;
        talk.check("?", &[expected]);
    }
}

const ELSEWHERE: &str = r#"{
    "triggers": {"report": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "^report"}]}},
    "reactions": {"report": {"reactions": [
        {"reactionType": "Text", "modifier": 0, "data": {"text": "A report came in.", "chat": "staff chat"}},
        {"reactionType": "Text", "modifier": 0, "data": "Thank you for the report."}
    ]}},
    "variables": [{"variableName": "staff chat", "saveToDisk": true, "isDictionary": false, "value": "-700"}]
}"#;

#[test]
fn a_text_goes_to_the_chat_that_a_single_variable_names() {
    let mut talk = Talk::with_rules(ELSEWHERE);
    let chats = |actions: &[Action]| -> Vec<_> {
        let reply = |action: &Action| match &action.body {
            ActionBody::Reply { text, reply_to, .. } => Some((action.chat, text.clone(), reply_to.is_some())),
            _ => None,
        };
        actions.iter().filter_map(reply).collect()
    };
    let thanks = "Thank you for the report.".to_owned();
    let report = "A report came in.".to_owned();
    let there = ChatId::new(-700);
    let direct = ChatId::direct(ANN);
    let actions = talk.say("report").actions.clone();
    assert_eq!(chats(&actions), [(there, report.clone(), false), (direct, thanks.clone(), false)]);
    let actions = talk.say(said("report").in_group()).actions.clone();
    assert_eq!(chats(&actions), [(there, report.clone(), false), (GROUP, thanks, true)]);
    // A stored value wins over the start value.
    for state in talk.states.values_mut() {
        state.bot.variables.insert("staff chat".into(), "-800".into());
    }
    let actions = talk.say("report").actions.clone();
    assert_eq!(chats(&actions)[0], (ChatId::new(-800), report, false));
    // One that is no chat's id says nothing there.
    for state in talk.states.values_mut() {
        state.bot.variables.insert("staff chat".into(), "somewhere".into());
    }
    talk.check("report", &["Thank you for the report."]);
}

const STORE: &str = r#"{
    "triggers": {"file": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "^keep"}]}},
    "reactions": {"file": {"reactions": [
        {"reactionType": "IO", "modifier": 0, "data": {"minSize": null, "maxSize": 5}},
        {"reactionType": "Text", "modifier": 0, "data": "ok"}
    ]}}
}"#;

#[test]
fn io_stores_the_file_of_the_message_if_its_size_is_within_bounds() {
    let kinds = |said| {
        let mut talk = Talk::with_rules(STORE);
        let actions = &talk.say(said).actions;
        actions.iter().map(|action| matches!(action.body, ActionBody::StoreFile { .. })).collect::<Vec<_>>()
    };
    assert_eq!(kinds(said("keep").with_photo(5.0)), [false, true, false]);
    assert_eq!(kinds(said("keep").with(MediaKind::Document, None, 10)), [false, true, false]);
    assert_eq!(kinds(said("keep").with_photo(5.1)), [false, false]);
    assert_eq!(kinds(said("keep").with(MediaKind::Other, None, 0)), [false, false]);
    assert_eq!(kinds(said("keep")), [false, false]);
}

#[test]
fn reaction_subgroups_run_in_the_order_of_their_first_appearance() {
    let rules = r#"{
        "triggers": {"go": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "go"}]}},
        "reactions": {"go": {"reactions": [
            {"reactionType": "Text", "modifier": 0, "data": "1", "subgroup": "z"},
            {"reactionType": "Text", "modifier": 0, "data": "2", "subgroup": null},
            {"reactionType": "Text", "modifier": 0, "data": "1", "subgroup": "z"},
            {"reactionType": "Text", "modifier": 0, "data": "3", "subgroup": "a"},
            {"reactionType": "Text", "modifier": 0, "data": "4", "subgroup": null}
        ]}}
    }"#;
    Talk::with_rules(rules).check("go", &["1", "2", "3", "4"]);
}

#[test]
fn the_last_of_many_reactions_is_as_likely_as_the_others() {
    let reactions: Vec<_> = (0..5)
        .map(|number| {
            format!(r#"{{"reactionType": "Text", "modifier": 0, "data": "{number}", "subgroup": "s"}}"#)
        })
        .collect();
    let rules = format!(
        r#"{{"triggers": {{"go": {{"triggers": [{{"triggerType": "Text", "modifier": 0, "data": "go"}}]}}}},
            "reactions": {{"go": {{"reactions": [{}]}}}}}}"#,
        reactions.join(",")
    );
    let rules = Arc::new(parsed(Ruleset::parse(&rules)));
    let mut content = crate::talk::content();
    content.rules = Some(rules);
    let mut counts = [0_u32; 5];
    for world in 1..=5000 {
        let heard = Talk::new(content.clone()).in_world(world).hear("go");
        counts[heard[0].parse::<usize>().unwrap()] += 1;
    }
    // Chi-square for 4 degrees of freedom is 18.5 at one in a thousand.
    let squares: u32 = counts.iter().map(|count| count.abs_diff(1000).pow(2)).sum();
    assert!(squares < 18_500, "{counts:?}");
}

/// Two subgroups; the fail messages of the first are `FIRST` and `LAST`, that of the second is `second`.
const FAIL: &str = r#"{
    "triggers": {
        "picky": {"triggers": [
            {"triggerType": "Text", "modifier": 0, "data": "a", "subgroup": "one", "onFailMsg": FIRST},
            {"triggerType": "Text", "modifier": 0, "data": "b", "subgroup": "two", "onFailMsg": "second"},
            {"triggerType": "Text", "modifier": 0, "data": "c", "subgroup": "one", "onFailMsg": LAST}
        ]},
        "behind": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "x"}]}
    },
    "reactions": {
        "picky": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "picky"}]},
        "behind": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "behind"}]}
    }
}"#;

#[test]
fn the_fail_message_of_the_last_trigger_of_the_failed_subgroup_is_sent() {
    let rules = FAIL.replace("FIRST", "\"first\"").replace("LAST", "\"last\"");
    Talk::with_rules(&rules).check("x", &["last"]).check("cx", &["second"]).check("cb", &["picky"]);
}

#[test]
fn a_null_or_empty_fail_message_lets_the_search_go_on() {
    for none in ["null", "\"\""] {
        let rules = FAIL.replace("FIRST", "\"first\"").replace("LAST", none);
        Talk::with_rules(&rules).check("x", &["behind"]).check("cx", &["second"]);
    }
}

#[test]
fn a_fail_message_of_a_private_group_is_not_sent_to_a_group() {
    let rules = FAIL
        .replace("FIRST", "null")
        .replace("LAST", "\"last\"")
        .replace("\"picky\": {\"triggers\"", "\"picky\": {\"privateTrigger\": true, \"triggers\"");
    Talk::with_rules(&rules).check(said("x").in_group(), &["behind"]).check("x", &["last"]);
}

#[test]
fn a_group_without_triggers_fires_and_one_without_reactions_says_nothing() {
    let rules = r#"{
        "triggers": {"always": {"privateTrigger": true, "triggers": []},
                     "never asked": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "a"}]}},
        "reactions": {"never asked": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "no"}]}}
    }"#;
    Talk::with_rules(rules).check("a", &["(wordless)"]);
}

#[test]
fn a_subgroup_named_by_the_empty_text_is_one_subgroup() {
    let rules = groups(&[(
        "either",
        r#"{"triggerType": "Text", "modifier": 0, "data": "a", "subgroup": ""},
           {"triggerType": "Text", "modifier": 0, "data": "b", "subgroup": ""}"#,
    )]);
    Talk::with_rules(&rules).check("a", &["either"]).check("b", &["either"]);
}

#[test]
fn texts_of_rules_are_said_as_they_stand() {
    let rules = r#"{
        "triggers": {"go": {"triggers": [{"triggerType": "Text", "modifier": 0, "data": "go"}]}},
        "reactions": {"go": {"reactions": [{"reactionType": "Text", "modifier": 0, "data": "{{person.first_name}} {"}]}}
    }"#;
    Talk::with_rules(rules).check("go", &["{{person.first_name}} {"]);
}
