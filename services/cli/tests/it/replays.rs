//! `troupe replay`.

use serde_json::{Value, json};

use super::{changed, check, demo};

/// Updates of a bot, as ingress publishes them: who said what, where.
fn updates(bot: u64, said: &[(i64, i64, &str)]) -> String {
    let update = |(index, (person, chat, text)): (usize, &(i64, i64, &str))| {
        let (message, time) = (index + 1, 1_800_000_000_000_u64 + index as u64 * 1000);
        json!({
            "key": format!("{bot}/{chat}/{message}/new"), "bot": bot, "chat": {"id": chat},
            "sender": {"id": person, "first_name": "Ann"}, "time": time, "received": time,
            "type": "message", "message": {"id": message, "text": text, "mentions_bot": true},
        })
        .to_string()
    };
    said.iter().enumerate().map(update).collect::<Vec<_>>().join("\n")
}

#[test]
fn what_would_come_differently_is_grouped_by_what_answers_and_by_chat() {
    let new = changed("libraries/support.yaml", "  - id: thanks\n", "  - id: gratitude\n");
    let new = new.path().to_str().unwrap();
    let said = [(1, 1, "hello"), (1, 1, "thanks"), (2, 2, "thanks"), (2, 2, "thanks"), (1, -5, "thank you")];
    let demo = demo();
    let replay =
        ["replay", "--old", &demo, "--new", new, "--bot", "boris", "-", "--sources", "--examples", "0"];
    let out = check(&replay, &updates(7, &said), 1);
    let expected = "\
entry support/thanks -> entry support/gratitude (4 updates)
  group -5 (Ann): 1
  direct 1 (Ann): 1
  direct 2 (Ann): 2
answered differently: 4 of 5 updates
";
    assert_eq!(out, expected);
    let replay = ["replay", "--old", &demo, "--new", new, "--bot", "boris", "-", "--json"];
    let told: Value = serde_json::from_str(&check(&replay, &updates(7, &said), 1)).unwrap();
    assert_eq!((&told["compared"], &told["different"]), (&json!(5), &json!(4)));
    assert_eq!(told["changes"][0]["chats"][2]["updates"][0]["said"], "thanks");
}

#[test]
fn another_text_of_the_same_rule_is_a_difference_unless_only_sources_count() {
    let new = changed("rules/kyc.json", "Now your public wallet", "Next your public wallet");
    let new = new.path().to_str().unwrap();
    let said = updates(7, &[(1, 1, "kyc"), (1, 1, "ann@example.org")]);
    let demo = demo();
    let replay = ["replay", "--old", &demo, "--new", new, "--bot", "boris", "-"];
    let out = check(&replay, &said, 1);
    let expected = "\
trigger_group kyc email: another text (1 update)
  direct 1 (Ann): 1
    > ann@example.org [7/1/2/new]
    - Thank you. Now your public wallet address, please: 0x and 40 characters.
    - Спасибо. Теперь публичный адрес кошелька: 0x и 40 знаков.
    + Thank you. Next your public wallet address, please: 0x and 40 characters.
    + Спасибо. Теперь публичный адрес кошелька: 0x и 40 знаков.
answered differently: 1 of 2 updates
";
    assert_eq!(out, expected);
    let sources: Vec<&str> = replay.into_iter().chain(["--sources"]).collect();
    assert_eq!(check(&sources, &said, 0), "answered alike: 2 updates\n");
}

#[test]
fn each_bot_gets_its_own_updates_by_its_number() {
    let old = changed("bots/boris.yaml", "rules: kyc", "id: 7\nrules: kyc");
    let old = old.path().to_str().unwrap();
    let said = format!("{}\n\n{}", updates(7, &[(1, 1, "kyc")]), updates(8, &[(1, 1, "hi")]));
    let out = check(&["replay", "--old", old, "--new", old, "-"], &said, 0);
    let expected = "left out: 1 update for bot 8, which is the id of no bot file on both sides\nanswered alike: 1 update\n";
    assert_eq!(out, expected);
    let err = check(&["replay", "--old", old, "--new", old, "-"], &updates(9, &[(1, 1, "hi")]), 2);
    assert!(err.contains("they are for bot 9; say `id: NUMBER` in the bot files, or give --bot"), "{err}");
}

#[test]
fn a_line_that_is_no_update_is_told_with_its_place() {
    let said = format!("{}\n{{\"bot\": 1}}\n", updates(7, &[(1, 1, "hi")]));
    let demo = demo();
    let err = check(&["replay", "--old", &demo, "--new", &demo, "--bot", "anna", "-"], &said, 2);
    assert_eq!(err, "-:2:10: no update: missing field `key`\n");
}
