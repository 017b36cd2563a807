use serde_json::{Value, json};
use troupe_engine::ActionBody;
use troupe_types::{ChatId, UserId};

use super::{change, groups, loads_reaction, reply, text};
use crate::talk::{ANN, GROUP, Talk, said};

/// A conversation with a bot that reacts to everything with these.
fn reacting(reactions: Vec<Value>) -> Talk {
    Talk::with_rules(&groups(&[("any", vec![], reactions)]))
}

fn in_subgroup(mut reaction: Value, subgroup: &str) -> Value {
    reaction["subgroup"] = json!(subgroup);
    reaction
}

#[test]
fn a_reaction_has_these_four_fields_and_no_other() {
    let reaction = reply("a");
    assert_eq!(reaction.as_object().unwrap().len(), 4);
    assert!(loads_reaction(&reaction));
    let mut more = reaction.clone();
    more["onFailMsg"] = json!("a reaction has none");
    assert!(!loads_reaction(&more));
    for required in ["reactionType", "data"] {
        let mut less = reaction.clone();
        less.as_object_mut().unwrap().remove(required);
        assert!(!loads_reaction(&less), "without {required}");
    }
}

#[test]
fn reaction_types_and_modifiers_that_are_unknown_are_refused() {
    let data = |kind: &str| match kind {
        "Text" => json!("a"),
        "IO" => json!({"minSize": null, "maxSize": null}),
        _ => json!({"variable": "v", "value": "x"}),
    };
    for (kind, known) in [("Text", 1), ("DictionaryVariable", 2), ("IO", 1), ("Image", 0), ("io", 0)] {
        for modifier in 0..4 {
            let reaction = json!({"reactionType": kind, "modifier": modifier, "data": data(kind)});
            assert_eq!(loads_reaction(&reaction), modifier < known, "{reaction}");
        }
    }
}

#[test]
fn the_data_of_each_reaction_type_has_the_shape_of_the_table() {
    let string = json!("string");
    let value = json!({"variable": "string", "value": "string"});
    let no_value = json!({"variable": "string", "value": null});
    let sizes = json!({"minSize": 0.5, "maxSize": 2});
    let no_sizes = json!({"minSize": null, "maxSize": null});
    let shapes: [(&str, &[&Value]); 3] =
        [("Text", &[&string]), ("DictionaryVariable", &[&value, &no_value]), ("IO", &[&sizes, &no_sizes])];
    for (kind, fitting) in shapes {
        for data in [&string, &value, &no_value, &sizes, &no_sizes, &Value::Null, &json!(5), &json!([])] {
            let reaction = json!({"reactionType": kind, "modifier": 0, "data": data});
            assert_eq!(loads_reaction(&reaction), fitting.contains(&data), "{reaction}");
        }
    }
}

#[test]
fn a_text_reaction_replies_in_the_same_chat() {
    let mut talk = reacting(vec![reply("Hello.")]);
    for (message, chat) in [(said("a"), ChatId::direct(ANN)), (said("a").in_group(), GROUP)] {
        let actions = &talk.say(message).actions;
        let chats = actions.iter().filter(|action| matches!(action.body, ActionBody::Reply { .. }));
        assert_eq!(chats.map(|action| action.chat).collect::<Vec<_>>(), [chat]);
    }
}

#[test]
fn modifier_0_of_a_variable_sets_the_value() {
    let mut talk = reacting(vec![change(0, "whitelist", Some("Accepted"))]);
    talk.say("please");
    assert_eq!(talk.ann().person.variables["whitelist"], "Accepted");
}

#[test]
fn modifier_0_with_null_saves_the_text_of_the_message() {
    let mut talk = reacting(vec![change(0, "e-mail", None)]);
    talk.say("ann@example.org");
    assert_eq!(talk.ann().person.variables["e-mail"], "ann@example.org");
}

#[test]
fn modifier_1_of_a_variable_removes_the_row_whatever_its_value() {
    for value in [None, Some("other")] {
        let mut talk = Talk::with_rules(&groups(&[
            ("set", vec![text("set")], vec![change(0, "v", Some("x"))]),
            ("remove", vec![], vec![change(1, "v", value)]),
        ]));
        talk.say("set");
        assert_eq!(talk.ann().person.variables.len(), 1);
        talk.say("remove");
        assert!(talk.ann().person.variables.is_empty());
    }
}

#[test]
fn a_reaction_is_applied_to_nobody_but_who_triggered_it() {
    let mut talk = reacting(vec![change(0, "v", None)]);
    let bert = UserId::new(2);
    talk.say(said("of bert").by(bert).in_group());
    talk.say(said("of ann").in_group());
    let of = |talk: &Talk, person| talk.state(GROUP, person).person.variables["v"].clone();
    assert_eq!([of(&talk, ANN), of(&talk, bert)], ["of ann", "of bert"]);
}

#[test]
fn reactions_without_a_subgroup_are_all_carried_out() {
    reacting(vec![reply("1"), reply("2"), change(0, "v", Some("x")), reply("3")])
        .check("a", &["1", "2", "3"]);
    let mut missing = reply("2");
    missing.as_object_mut().unwrap().remove("subgroup");
    reacting(vec![reply("1"), missing, reply("3")]).check("a", &["1", "2", "3"]);
}

#[test]
fn a_reaction_subgroup_belongs_to_its_group_alone() {
    let rules = groups(&[
        ("a", vec![text("a")], vec![in_subgroup(reply("of a"), "sub")]),
        ("b", vec![text("b")], vec![in_subgroup(reply("of b"), "sub")]),
    ]);
    for world in 1..20 {
        Talk::with_rules(&rules).in_world(world).check("a", &["of a"]).check("b", &["of b"]);
    }
}
