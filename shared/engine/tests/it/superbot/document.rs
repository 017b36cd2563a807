//! `docs/superbot.md` against the seed and against the tests that it names.

use std::collections::BTreeSet;

const DOCUMENT: &str = include_str!("../../../../../docs/superbot.md");
/// What the seed says about triggers, reactions and variables, word for word.
const SEED: &str = include_str!("seed.md");

/// The tests that the document may name, under the names that it gives their modules.
const SOURCES: [(&str, &str); 11] = [
    ("superbot::examples", include_str!("examples.rs")),
    ("superbot::fail_messages", include_str!("fail_messages.rs")),
    ("superbot::groups", include_str!("groups.rs")),
    ("superbot::reactions", include_str!("reactions.rs")),
    ("superbot::triggers", include_str!("triggers.rs")),
    ("superbot::variables", include_str!("variables.rs")),
    ("guards", include_str!("../guards.rs")),
    ("places", include_str!("../places.rs")),
    ("rules", include_str!("../rules.rs")),
    ("responder::variables", include_str!("../../../../../services/responder/tests/it/variables.rs")),
    ("ingress::messages", include_str!("../../../../../services/ingress/tests/it/messages.rs")),
];

/// The names of all tests in `SOURCES`.
fn tests() -> BTreeSet<String> {
    let mut tests = BTreeSet::new();
    for (module, source) in SOURCES {
        let lines: Vec<_> = source.lines().map(str::trim).collect();
        for pair in
            lines.windows(2).filter(|pair| pair[0] == "#[test]" || pair[0].starts_with("#[tokio::test"))
        {
            let function = pair[1].trim_start_matches("async ").trim_start_matches("fn ");
            let (name, _) = function.split_once('(').expect("a test is a function");
            tests.insert(format!("{module}::{name}"));
        }
    }
    tests
}

/// The names in the document that look like those of tests.
fn named() -> BTreeSet<String> {
    let quoted = DOCUMENT.lines().filter(|line| !line.starts_with('>')).flat_map(|line| {
        line.split('`').enumerate().filter(|(place, _)| place % 2 == 1).map(|(_, quoted)| quoted)
    });
    quoted
        .filter(|name| name.contains("::") && !name.ends_with("::") && *name != "superbot::document")
        .map(str::to_owned)
        .collect()
}

/// The text without its headings and its layout.
fn words<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<&'t str> {
    lines.filter(|line| !line.starts_with('#')).flat_map(str::split_whitespace).collect()
}

#[test]
fn the_quotations_together_are_the_seed_word_for_word() {
    let quoted = words(DOCUMENT.lines().filter_map(|line| line.strip_prefix('>')));
    let seed = words(SEED.lines());
    let differs = quoted.iter().zip(&seed).position(|(quoted, seed)| quoted != seed);
    let place = differs.unwrap_or_else(|| quoted.len().min(seed.len()));
    let around = |words: &[&str]| words[place.saturating_sub(8)..words.len().min(place + 8)].join(" ");
    assert!(quoted == seed, "quoted: {}\nthe seed: {}", around(&quoted), around(&seed));
}

#[test]
fn every_quotation_has_its_tests() {
    let mut waiting = None;
    for line in DOCUMENT.lines() {
        if let Some(quoted) = line.strip_prefix("> ") {
            waiting = Some(quoted);
        } else if line.starts_with("Test: `") || line.starts_with("Tests: `") {
            waiting = None;
        } else if line.starts_with('#') {
            assert_eq!(waiting, None, "before {line}");
        }
    }
    assert_eq!(waiting, None);
    // A quotation that follows another one's without a test between them would share its test.
    for block in DOCUMENT.split("\n\n").collect::<Vec<_>>().windows(2) {
        assert!(!(block[0].starts_with('>') && block[1].starts_with('>')), "{}", block[0]);
    }
}

#[test]
fn every_test_that_is_named_exists() {
    let tests = tests();
    let missing: Vec<_> = named().into_iter().filter(|name| !tests.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
    assert!(named().len() > 50, "the names are not found: {:?}", named());
}

#[test]
fn every_test_of_the_seed_is_named() {
    let of_the_seed =
        |name: &String| name.starts_with("superbot::") || name.starts_with("responder::variables");
    let named = named();
    let missing: Vec<_> =
        tests().into_iter().filter(of_the_seed).filter(|name| !named.contains(name)).collect();
    assert!(missing.is_empty(), "{missing:#?}");
}
