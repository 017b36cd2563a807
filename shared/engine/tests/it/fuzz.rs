//! A short run of each fuzz target. `shared/engine/fuzz/README.md` tells how libFuzzer runs them for longer.

use troupe_fuzz::fuzz;

#[path = "../../fuzz/targets.rs"]
mod targets;

macro_rules! demo {
    ($file:literal) => {
        include_bytes!(concat!("../../../../deploy/demo/content/", $file)).as_slice()
    };
}

#[test]
fn no_bytes_make_a_rule_set_panic() {
    let alone = br#"{"a": {"privateTrigger": true, "triggers": [{"triggerType": "Image", "modifier": 0,
        "data": {"minSize": null, "maxSize": 2.5e0}, "subgroup": "s", "onFailMsg": "\ud83d\udc4b"}]}}"#;
    fuzz(
        &[demo!("rules/kyc.json"), demo!("rules/safety.json"), demo!("rules/sales.yaml"), alone],
        2000,
        targets::rules,
    );
}

#[test]
fn no_bytes_make_a_library_panic() {
    let small = b"when: addressed\nfallback: {answers: [a, {text: b, weight: 2}]}\nentries:\n  - id: x\n    phrases:\n      - >\n        y z\n    keywords: [k]\n    regexes: ['r+']\n    chance: 0.5\n    cooldown: 1h\n    answers: {en: a, ru: [b]}\n";
    fuzz(
        &[small, b"{\"entries\": [{\"id\": \"a\", \"phrases\": [\"b\"], \"answers\": \"c\"}]}"],
        5000,
        targets::library,
    );
}

#[test]
fn no_bytes_make_a_scenario_panic() {
    let small = b"start: [hi]\nstop: {words: [cancel], say: Fine.}\nrestart: [again]\nsteps:\n  a: {say: x, next: b}\n  b: {ask: y, validate: {choice: {p: [q]}}, save: v, tries: 2, retry: z, next: c, otherwise: d}\n  c: {branch: [{variable: v, is: p, next: d}], otherwise: d}\n  d: {end: goal, say: w}\n";
    fuzz(&[small, demo!("scenarios/welcome.yaml")], 3000, targets::scenario);
}

#[test]
fn no_bytes_make_a_template_panic() {
    let examples: [&[u8]; 4] = [
        b"Hi {{person.first_name|friend}}!",
        b"{a|b {c|d}} {{variable.x}}",
        b"\\{{{message.text}}",
        "ё {{".as_bytes(),
    ];
    fuzz(&examples, 5000, targets::template);
}

#[test]
fn no_bytes_make_a_pattern_panic() {
    let examples: [&[u8]; 5] = [
        b"(?i)hello|hi\\b\nwell hello there",
        b"^0x[0-9a-f]{4,40}$\n0xabcd",
        "\\p{Cyrillic}+|[^ё]*?\nпривет".as_bytes(),
        b"(a(b(c|d)?)*)+x{2,3}\nabcx",
        b"(?s).\\W\\d\n a1",
    ];
    fuzz(&examples, 3000, targets::pattern);
}

#[test]
fn no_bytes_make_a_duration_panic() {
    fuzz(&[b"1h 30m", b"90s", b"2days", b"99999999999999999999y"], 3000, targets::duration);
}

#[test]
fn no_bytes_make_a_state_panic() {
    let person = br#"{"v":1,"first_seen":1800000001000,"variables":{"a":"b"},"opted_out":true}"#;
    fuzz(&[person, b"{\"v\":1}", b"{\"v\":1,\"cooldowns\":{\"1\":2}}"], 5000, targets::state);
}

#[test]
fn no_words_make_deciding_panic_or_disagree_with_itself() {
    let examples: [&[u8]; 6] = [
        b"\0hello\nSam\nkyc\nann@example.org\n0x1234\nstop",
        b"\x01what are the fees",
        b"\x04kyc\nphoto",
        b"\x1cimage/png\nkyc",
        "\u{60}как пройти верификацию\nspasibo".as_bytes(),
        b"\x80cancel\nagain\n\xff",
    ];
    fuzz(&examples, 1500, targets::deciding);
}
