use proptest::prelude::*;

use super::*;
use crate::{Ruleset, document, document::At, rules::superbot_as_own};

proptest! {
    #[test]
    fn every_text_reads_back_as_it_was_written(text in any::<String>(), other in "[ a-z'\"\\\\\n\u{85}\u{2028}\u{feff}#:,{}\\[\\]|&*!-]{0,9}") {
        for text in [text, other] {
            let mut faults = crate::Faults::default();
            let yaml = format!("a: {{b: {}, c: {}}}", scalar(&text), quoted(&text));
            let node = document::read(&yaml, &mut faults).ok_or(faults).unwrap();
            let root = At::root(&node);
            let fields: Vec<_> = root.fields().map(|(_, field)| field.node.clone()).collect();
            let read: Vec<_> = At::root(&fields[0]).fields()
                .map(|(_, field)| field.text(&mut crate::Faults::default()).map(str::to_owned)).collect();
            prop_assert_eq!(read, [Some(text.clone()), Some(text)], "{}", yaml);
        }
    }
}

#[test]
fn what_superbot_says_is_said_in_fewer_words() {
    let superbot = r#"{
        "triggers": {"kyc wallet": {"privateTrigger": true, "triggers": [
            {"triggerType": "DictionaryVariable", "modifier": 0, "data": {"variable": "kyc", "value": "need it"}},
            {"triggerType": "Text", "modifier": 0, "data": "^\\s*0x\\w+$", "subgroup": "format", "onFailMsg": "never"},
            {"triggerType": "Image", "modifier": 0, "data": {"minSize": 0.01, "maxSize": null}, "subgroup": "format",
             "onFailMsg": "Wrong {address}"}
        ]}},
        "reactions": {
            "kyc wallet": {"reactions": [
                {"reactionType": "Text", "modifier": 0, "data": "One.", "subgroup": ""},
                {"reactionType": "Text", "modifier": 0, "data": {"text": "Two\nlines", "chat": "here"}, "subgroup": ""},
                {"reactionType": "DictionaryVariable", "modifier": 0, "data": {"variable": "kyc", "value": null}},
                {"reactionType": "IO", "modifier": 0, "data": {"minSize": null, "maxSize": 10}}
            ]},
            "forgotten": {"reactions": [
                {"reactionType": "DictionaryVariable", "modifier": 1, "data": {"variable": "kyc", "value": null}}
            ]}
        },
        "variables": [
            {"variableName": "kyc", "saveToDisk": false, "isDictionary": true, "value": "a"},
            {"variableName": "here", "saveToDisk": true, "isDictionary": false, "value": "-5"}
        ]
    }"#;
    let own = superbot_as_own(superbot).unwrap();
    assert_eq!(
        own,
        r#"variables:
  kyc: {of: person, saved: false} # superbot gives a dictionary no start value, though it says "a"
  here: {of: bot, start: '-5'}
groups:
  - name: kyc wallet
    where: direct
    when:
      - {variable: kyc, is: need it}
      - any:
          - {text: '^\s*0x\w+$'}
          - {media: {kind: image, min: 0.01 MB}}
        # only the last of them is heard: never
        name: format
        else_say: {plain: 'Wrong {address}'}
    react:
      - one_of:
          - {say: One.}
          - {say: "Two\nlines", chat: here}
        name: ''
      - {save: kyc}
      - {store_file: {max: 10 MB}}
#   - name: forgotten
#     when: never called
#     react:
#       - {remove: kyc}
"#
    );
    Ruleset::parse(&own).unwrap();
}

#[test]
fn names_that_are_all_escapes_can_be_fields() {
    let name = "\u{feff}".repeat(crate::limits::NAME_CHARS);
    let superbot = serde_json::json!({
        "triggers": {&name: {"triggers": []}},
        "reactions": {&name: {"reactions": [
            {"reactionType": "DictionaryVariable", "data": {"variable": &name, "value": "x"}}
        ]}},
        "variables": [{"variableName": &name, "isDictionary": true}],
    });
    let own = superbot_as_own(&superbot.to_string()).unwrap();
    let ruleset = Ruleset::parse(&own).unwrap();
    assert_eq!(ruleset.group_names().collect::<Vec<_>>(), [&name]);
    assert!(ruleset.variable(&name).is_some_and(|variable| variable.dictionary && !variable.saved));
}

#[test]
fn what_has_no_effect_is_kept() {
    let superbot = r#"{
        "triggers": {"all": {"privateTrigger": false, "triggers": []}},
        "reactions": {"all": {"reactions": []}, "none": {"reactions": [
            {"reactionType": "IO", "modifier": 0, "data": {"minSize": -0.0, "maxSize": null}}
        ]}}
    }"#;
    let own = "groups:\n  - name: all\n    when: []\n    react: []\n#   - name: none\n#     when: never called\n\
               #     react:\n#       - {store_file: {min: 0 MB}}\n";
    assert_eq!(superbot_as_own(superbot).unwrap(), own);
    Ruleset::parse(own).unwrap();
}

#[test]
fn only_what_superbot_could_read_is_converted() {
    let faults = |text: &str| superbot_as_own(text).unwrap_err().to_string();
    assert_eq!(faults("groups: []"), "1:1: this is troupe's own format already");
    let wrong = r#"{"a": {"triggers": [{"triggerType": "Text", "data": "("}]}}"#;
    assert!(faults(wrong).starts_with("1:53: /a/triggers/0/data: "), "{}", faults(wrong));
}
