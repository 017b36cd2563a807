use serde_json::{Value, json};
use troupe_types::{MediaKind, UserId};

use super::{NO, change, groups, image, loads_trigger, one, text, variable};
use crate::talk::{Said, Talk, said};

#[test]
fn a_trigger_has_these_five_fields_and_no_other() {
    let trigger = text("a");
    assert_eq!(trigger.as_object().unwrap().len(), 5);
    assert!(loads_trigger(&trigger));
    let mut more = trigger.clone();
    more["comment"] = json!("no such field");
    assert!(!loads_trigger(&more));
    for required in ["triggerType", "data"] {
        let mut less = trigger.clone();
        less.as_object_mut().unwrap().remove(required);
        assert!(!loads_trigger(&less), "without {required}");
    }
    // The second example leaves these out.
    for optional in ["subgroup", "onFailMsg"] {
        let mut less = trigger.clone();
        less.as_object_mut().unwrap().remove(optional);
        assert!(loads_trigger(&less), "without {optional}");
    }
}

#[test]
fn trigger_types_and_modifiers_that_the_tables_do_not_name_are_refused() {
    let data = |kind: &str| match kind {
        "Text" => json!("a"),
        "Image" => json!({"minSize": null, "maxSize": null}),
        _ => json!({"variable": "v", "value": null}),
    };
    for (kind, known) in [("Text", 1), ("DictionaryVariable", 2), ("Image", 1), ("text", 0), ("Video", 0)] {
        for modifier in 0..4 {
            let trigger = json!({"triggerType": kind, "modifier": modifier, "data": data(kind)});
            assert_eq!(loads_trigger(&trigger), modifier < known, "{trigger}");
        }
    }
}

#[test]
fn the_data_of_each_trigger_type_has_the_shape_of_the_table() {
    let expression = json!("regex expression string");
    let value = json!({"variable": "string", "value": "string"});
    let no_value = json!({"variable": "string", "value": null});
    let sizes = json!({"minSize": 0.5, "maxSize": 2});
    let no_sizes = json!({"minSize": null, "maxSize": null});
    let shapes: [(&str, &[&Value]); 3] = [
        ("Text", &[&expression]),
        ("DictionaryVariable", &[&value, &no_value]),
        ("Image", &[&sizes, &no_sizes]),
    ];
    for (kind, fitting) in shapes {
        for data in [&expression, &value, &no_value, &sizes, &no_sizes, &Value::Null, &json!(5), &json!([])] {
            let trigger = json!({"triggerType": kind, "modifier": 0, "data": data});
            assert_eq!(loads_trigger(&trigger), fitting.contains(&data), "{trigger}");
        }
    }
}

#[test]
fn a_text_trigger_depends_on_the_text_of_the_message() {
    one(vec![text("wallet")]).check("my wallet", &["yes"]).check("my purse", &[NO]);
    // The text of an image is its caption.
    one(vec![text("wallet")])
        .check(said("my wallet").with_photo(1.0), &["yes"])
        .check(said("").with_photo(1.0), &[NO]);
}

#[test]
fn one_hit_of_the_expression_anywhere_in_the_message_is_enough() {
    one(vec![text("[0-9]+")]).check("1", &["yes"]).check("call 112 or 911", &["yes"]).check("none", &[NO]);
    one(vec![text("^[0-9]+$")]).check("112", &["yes"]).check("call 112", &[NO]);
    one(vec![text("Цена")]).check("Цена?", &["yes"]).check("цена?", &[NO]);
    one(vec![text("(?i)Цена")]).check("цена?", &["yes"]);
}

/// Says the value when told `set`, and the group asks for the rest.
fn level(trigger: Value) -> Talk {
    Talk::with_rules(&groups(&[
        ("set gold", vec![text("^gold$")], vec![change(0, "level", Some("gold"))]),
        ("set tin", vec![text("^tin$")], vec![change(0, "level", Some("tin"))]),
        ("yes", vec![trigger], vec![super::reply("yes")]),
    ]))
}

const SET: &[&str] = &["(wordless)"];

#[test]
fn a_variable_trigger_depends_on_the_one_who_sent_the_message() {
    let bert = || said("?").by(UserId::new(2));
    level(variable(0, "level", Some("gold")))
        .check("?", &[NO])
        .check("gold", SET)
        .check("?", &["yes"])
        .check(bert(), &[NO]);
}

#[test]
fn modifier_0_asks_whether_the_variable_has_the_value() {
    level(variable(0, "level", Some("gold")))
        .check("tin", SET)
        .check("?", &[NO])
        .check("gold", SET)
        .check("?", &["yes"]);
}

#[test]
fn modifier_0_with_null_asks_whether_there_is_no_row() {
    level(variable(0, "level", None)).check("?", &["yes"]).check("tin", SET).check("?", &[NO]);
}

#[test]
fn modifier_1_asks_whether_there_is_a_row_whatever_its_value() {
    for value in [None, Some("gold")] {
        level(variable(1, "level", value)).check("?", &[NO]).check("tin", SET).check("?", &["yes"]);
    }
}

#[test]
fn an_image_trigger_depends_on_the_image_of_the_message() {
    let file = |mime| said("").with(MediaKind::Document, Some(mime), 1_000_000);
    one(vec![image(None, None)])
        .check("no image", &[NO])
        .check(said("").with_photo(1.0), &["yes"])
        .check(file("image/png"), &["yes"])
        .check(file("application/pdf"), &[NO]);
}

#[test]
fn an_image_is_compared_in_megabytes_and_both_bounds_are_inside() {
    let mut talk = one(vec![image(Some(0.5), Some(2.0))]);
    for (megabytes, fits) in [(0.4, false), (0.5, true), (2.0, true), (2.1, false)] {
        talk.check(said("").with_photo(megabytes), &[if fits { "yes" } else { NO }]);
    }
}

#[test]
fn an_image_of_20_megabytes_is_within_20_and_one_byte_more_is_not() {
    let sent = |bytes: u64| -> Said { said("").with(MediaKind::Photo, None, bytes) };
    let mut talk = one(vec![image(None, Some(20.0))]);
    talk.check(sent(20 << 20), &["yes"]).check(sent((20 << 20) + 1), &[NO]);
    let mut talk = one(vec![image(Some(20.0), None)]);
    talk.check(sent((20 << 20) - 1), &[NO]).check(sent(20 << 20), &["yes"]);
}
