//! The three JSON examples of the seed, with their placeholders filled, and what its text says of them.

use troupe_engine::Ruleset;

use crate::talk::{Talk, parsed, said};

/// "Here we have a trigger on Group … with 2 Sub-groups, a random one and Sub-group "sub". … `(A) && (B || C)`".
pub const A_AND_B_OR_C: &str = r#"{
    "triggers": {
        "trigger group name": {
            "privateTrigger": true,
            "triggers": [
                {"triggerType": "Text", "modifier": 0, "data": "A", "subgroup": null, "onFailMsg": null},
                {"triggerType": "Text", "modifier": 0, "data": "B", "subgroup": "sub", "onFailMsg": null},
                {"triggerType": "Text", "modifier": 0, "data": "C", "subgroup": "sub", "onFailMsg": null}
            ]
        }
    },
    "reactions": {
        "trigger group name": {
            "reactions": [{"reactionType": "Text", "modifier": 0, "data": "triggered", "subgroup": null}]
        }
    }
}"#;

#[test]
fn a_group_is_triggered_when_one_trigger_of_each_subgroup_is() {
    for (text, fires) in
        [("", false), ("A", false), ("B", false), ("BC", false), ("AB", true), ("AC", true), ("ABC", true)]
    {
        let expected = if fires { "triggered" } else { "(no_match)" };
        Talk::with_rules(A_AND_B_OR_C).check(text, &[expected]);
    }
}

#[test]
fn a_private_trigger_is_for_direct_chats_only() {
    Talk::with_rules(A_AND_B_OR_C)
        .check(said("AB").addressed_in_group(), &["(no_match)"])
        .check("AB", &["triggered"]);
    let any = A_AND_B_OR_C.replace("\"privateTrigger\": true", "\"privateTrigger\": false");
    Talk::with_rules(&any).check(said("AB").in_group(), &["triggered"]).check("AB", &["triggered"]);
}

/// The second example: a fenced `onFailMsg`. Around it, what its text speaks of: a group before that brings the person
/// into the state, and one behind.
pub const KYC_WALLET: &str = r#"{
    "triggers": {
        "begin": {
            "privateTrigger": true,
            "triggers": [{"triggerType": "Text", "data": "^kyc$", "modifier": 0, "subgroup": null, "onFailMsg": null}]
        },
        "kyc wallet": {
            "privateTrigger": true,
            "triggers": [
                {
                    "triggerType": "DictionaryVariable",
                    "data": {
                        "variable": "kyc status",
                        "value": "need wallet"
                    },
                    "modifier": 0,
                    "subgroup": "status check"
                },
                {
                    "triggerType": "Text",
                    "data": "\\S*",
                    "modifier": 0,
                    "subgroup": "format check",

                    "onFailMsg": "Wrong wallet address you moron"
                }
            ]
        },
        "behind": {
            "privateTrigger": true,
            "triggers": [{"triggerType": "Text", "data": "hello", "modifier": 0, "subgroup": null, "onFailMsg": null}]
        }
    },
    "reactions": {
        "begin": {
            "reactions": [
                {
                    "reactionType": "DictionaryVariable",
                    "modifier": 0,
                    "data": {"variable": "kyc status", "value": "need wallet"},
                    "subgroup": null
                },
                {"reactionType": "Text", "modifier": 0, "data": "Your wallet, please.", "subgroup": null}
            ]
        },
        "kyc wallet": {
            "reactions": [
                {
                    "reactionType": "DictionaryVariable",
                    "modifier": 0,
                    "data": {"variable": "wallet", "value": null},
                    "subgroup": null
                },
                {"reactionType": "DictionaryVariable", "modifier": 1, "data": {"variable": "kyc status"}},
                {"reactionType": "Text", "modifier": 0, "data": "Thank you.", "subgroup": null}
            ]
        },
        "behind": {
            "reactions": [{"reactionType": "Text", "modifier": 0, "data": "Hello!", "subgroup": null}]
        }
    },
    "variables": [
        {"variableName": "kyc status", "saveToDisk": true, "isDictionary": true, "value": null},
        {"variableName": "wallet", "saveToDisk": true, "isDictionary": true, "value": null}
    ]
}"#;

#[test]
fn a_fenced_fail_message_is_silent_before_its_state_is_reached() {
    Talk::with_rules(KYC_WALLET).check("hello", &["Hello!"]).check(said("").with_photo(1.0), &["(no_match)"]);
}

#[test]
fn a_fenced_fail_message_stops_everything_in_its_state() {
    let mut talk = Talk::with_rules(KYC_WALLET);
    talk.check("kyc", &["Your wallet, please."]);
    // A message without a text is what `\S*` can't be found in.
    talk.check(said("").with_photo(1.0), &["Wrong wallet address you moron"]);
    assert_eq!(talk.source(), "fail:kyc wallet");
    // "hello" is a wallet now, for `\S*` is found in every text: the group behind is not asked.
    talk.check("hello", &["Thank you."]);
    assert_eq!(talk.ann().person.variables.get("wallet").map(String::as_str), Some("hello"));
    talk.check("hello", &["Hello!"]);
}

#[test]
fn without_the_fence_the_fail_message_eclipses_what_is_behind() {
    let strict = KYC_WALLET.replace(r"\\S*", "^0x[0-9a-f]{4}$");
    Talk::with_rules(&strict).check("hello", &["Hello!"]);
    let unfenced = strict.replace(
        r#""value": "need wallet"
                    },
                    "modifier": 0,"#,
        r#""value": null
                    },
                    "modifier": 0,"#,
    );
    assert_ne!(unfenced, strict);
    Talk::with_rules(&unfenced)
        .check("hello", &["Wrong wallet address you moron"])
        .check("0xab12", &["Thank you."])
        .check("hello", &["Wrong wallet address you moron"]);
}

/// The third example, with a trigger group of its name to call it.
pub const REACTIONS: &str = r#"{
    "triggers": {
        "ReactionGroup name": {
            "privateTrigger": false,
            "triggers": [{"triggerType": "Text", "data": "you", "modifier": 0, "subgroup": null, "onFailMsg": null}]
        }
    },
    "reactions": {
        "ReactionGroup name": {
            "reactions": [
                {"reactionType": "Text", "modifier": 0, "data": "Shut up asshole :(", "subgroup": "response"},
                {"reactionType": "Text", "modifier": 0, "data": "I love you", "subgroup": "response"},
                {
                    "reactionType": "DictionaryVariable",
                    "modifier": 0,
                    "data": {
                        "variable":"whitelist",
                        "value":"Accepted"
                    },
                    "subgroup": null
                }
            ]
        }
    }
}"#;

#[test]
fn the_bot_reacts_with_1_and_3_or_with_2_and_3() {
    let mut heard = std::collections::BTreeMap::<String, u32>::new();
    for world in 1..=2000 {
        let mut talk = Talk::with_rules(REACTIONS).in_world(world);
        let replies = talk.hear("I hate you");
        assert_eq!(talk.ann().person.variables.get("whitelist").map(String::as_str), Some("Accepted"));
        let [reply] = replies.as_slice() else { panic!("{replies:?}") };
        *heard.entry(reply.clone()).or_default() += 1;
    }
    // Five standard deviations of a fair coin thrown 2,000 times are 112.
    assert_eq!(heard.len(), 2, "{heard:?}");
    assert!(heard.values().all(|count| (888..=1112).contains(count)), "{heard:?}");
}

/// The seed shows its groups without anything around them: they load as they stand.
#[test]
fn the_examples_load_with_nothing_around_their_groups() {
    let trigger_groups = parsed(Ruleset::parse(
        r#"{
        "trigger group name":{
            "privateTrigger": true,
            "triggers": [
                {"triggerType": "Text", "modifier": 0, "data": "A", "subgroup": null, "onFailMsg": null},
                {"triggerType": "Text", "modifier": 0, "data": "B", "subgroup": "sub", "onFailMsg": null},
                {"triggerType": "Text", "modifier": 0, "data": "C", "subgroup": "sub", "onFailMsg": null}
            ]
        },
        "kyc wallet": {
            "privateTrigger": true,
            "triggers": [
                {
                    "triggerType": "DictionaryVariable",
                    "data": {
                        "variable": "kyc status",
                        "value": "need wallet"
                    },
                    "modifier": 0,
                    "subgroup": "status check"
                },
                {
                    "triggerType": "Text",
                    "data": "\\S*",
                    "modifier": 0,
                    "subgroup": "format check",

                    "onFailMsg": "Wrong wallet address you moron"
                }
            ]
        }
    }"#,
    ));
    assert_eq!(trigger_groups.group_names().collect::<Vec<_>>(), ["trigger group name", "kyc wallet"]);
    let reactions = serde_json::from_str::<serde_json::Value>(REACTIONS).unwrap()["reactions"].to_string();
    assert_eq!(parsed(Ruleset::parse(&reactions)).group_count(), 0);
    // A group that has neither is still no group.
    let faults = Ruleset::parse(r#"{"a": {"triggers": []}, "b": {}}"#).unwrap_err().to_string();
    assert!(faults.starts_with("1:30: /b: the field \"triggers\" is missing"), "{faults}");
}
