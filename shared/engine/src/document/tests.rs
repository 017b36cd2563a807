use proptest::prelude::*;

use super::*;

fn parsed(text: &str) -> Node {
    let mut faults = Faults::default();
    read(text, &mut faults).unwrap_or_else(|| panic!("{text:?}: {faults}"))
}

#[track_caller]
fn refused(text: &str, expected: &str) {
    let mut faults = Faults::default();
    read(text, &mut faults);
    assert_eq!(faults.to_string(), expected, "{text:?}");
}

/// The tree as `serde_json` has it, without the places.
fn plain(node: &Node) -> serde_json::Value {
    match &node.value {
        Value::Null => serde_json::Value::Null,
        Value::Bool(value) => (*value).into(),
        Value::Number(written) => serde_json::from_str(written).unwrap(),
        Value::Text(text) => text.as_str().into(),
        Value::List(items) => items.iter().map(plain).collect(),
        Value::Map(fields) => fields.iter().map(|(key, node)| (key.text.clone(), plain(node))).collect(),
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        // Eighths, since serde_json reads long fractions a hair off.
        any::<i32>().prop_map(|eighths| (f64::from(eighths) / 8.0).into()),
        any::<String>().prop_map(Into::into),
    ];
    leaf.prop_recursive(4, 64, 8, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..8).prop_map(Into::into),
            proptest::collection::btree_map(any::<String>(), inner, 0..8)
                .prop_map(|fields| fields.into_iter().collect::<serde_json::Map<_, _>>().into()),
        ]
    })
}

proptest! {
    #[test]
    fn what_serde_json_writes_is_read_as_it_was(value in json()) {
        for text in [serde_json::to_string(&[&value]).unwrap(), serde_json::to_string_pretty(&[&value]).unwrap()] {
            prop_assert_eq!(plain(&parsed(&text)), serde_json::json!([value]));
        }
    }
}

#[test]
fn json_escapes_are_read_surrogate_pairs_included() {
    let node = parsed(r#"["\ud83d\ude00 \u00e9 \n\t\"\\\/", "é"]"#);
    assert_eq!(plain(&node), serde_json::json!(["😀 é \n\t\"\\/", "é"]));
    refused(r#"["\ud83d"]"#, "1:3: this first half of a surrogate pair lacks the second");
    refused(r#"["\ude00"]"#, "1:3: this second half of a surrogate pair lacks the first");
    refused(
        "[\"a\nb\"]",
        "1:4: a text can't run over the end of a line or hold other control characters: \
                           write them as \\n, \\t or \\u00XX",
    );
}

#[test]
fn places_count_characters_from_one() {
    let Value::Map(fields) = parsed("{\r\n  \"ключ\": [1,\n    \"x\"]\r\n}").value else {
        panic!("a map")
    };
    let (key, node) = &fields[0];
    let Value::List(items) = &node.value else { panic!("a list") };
    let places = [key.mark, node.mark, items[0].mark, items[1].mark].map(|mark| (mark.line, mark.column));
    assert_eq!(places, [(2, 3), (2, 11), (2, 12), (3, 5)]);
    let Value::Map(fields) = parsed("# comment\nключ:\n  - x\n").value else { panic!("a map") };
    let Value::List(items) = &fields[0].1.value else { panic!("a list") };
    assert_eq!((items[0].mark.line, items[0].mark.column), (3, 5));
}

#[test]
fn yaml_scalars_follow_the_core_schema() {
    let node = parsed(
        "- ~\n- null\n-\n- true\n- 'true'\n- yes\n- 12\n- -1.5\n- 1.2.3\n- 0x10\n- .5\n- no: 1\n  1: x\n",
    );
    let expected = serde_json::json!([null, null, null, true, "true", "yes", 12, -1.5, "1.2.3", "0x10", ".5", {"no": 1, "1": "x"}]);
    assert_eq!(plain(&node), expected);
    let block = parsed("a: |\n  one\n  two\nb: >-\n  one\n  two\n");
    assert_eq!(plain(&block), serde_json::json!({"a": "one\ntwo\n", "b": "one two"}));
}

#[test]
fn a_byte_order_mark_is_skipped() {
    assert_eq!(plain(&parsed("\u{feff}{\"a\": 1}")), serde_json::json!({"a": 1}));
    assert_eq!(plain(&parsed("\u{feff}a: 1")), serde_json::json!({"a": 1}));
}

#[test]
fn a_field_that_is_there_twice_is_refused() {
    refused(
        "{\"a\": 1, \"b\": {\"c/~\": 1, \"c/~\": 2}}",
        "1:26: /b/c~1~0: \"c/~\" is here for the second time",
    );
    refused("a: 1\na: 2\n", "2:1: /a: \"a\" is here for the second time");
}

#[test]
fn yaml_that_is_more_than_data_is_refused() {
    refused("? [a]\n: b\n", "1:3: a field's name has to be a text");
    refused("%YAML 1.1\n", "2:1: not YAML: did not find expected <document start>");
    refused("- !x y\n", "1:6: tags (!name) are not supported; a text that begins with ! needs quotes");
}
