use proptest::prelude::*;
use regex::Regex;

use super::*;
use crate::pattern::Pattern;

fn patterns() -> impl Strategy<Value = Vec<String>> {
    let word = proptest::sample::select(
        &[
            "привет",
            "Сколько",
            "k",
            "Straße",
            "hi",
            " ",
            "a",
            "стоит телефон",
            "σς",
            "!",
            "7",
            "сколько стоит",
        ][..],
    );
    let piece = prop_oneof![
        6 => word.prop_map(str::to_owned),
        1 => proptest::sample::select(
            &[".+", "\\d+", "(?:hi|привет)", "(?: a)?", "\\b", "[kK]", "^", "$", "x*", "(?:ab)+", "[0-9a-z]{3}",
              "(?:стоит .|сколько[^ ])", "\\w{9}", "a{300}?"][..]).prop_map(str::to_owned),
    ];
    let pattern = (any::<bool>(), proptest::collection::vec(piece, 1..4))
        .prop_map(|(caseless, parts)| format!("{}{}", if caseless { "(?i)" } else { "" }, parts.concat()));
    proptest::collection::vec(pattern, 1..30)
}

fn text() -> impl Strategy<Value = String> {
    let word = proptest::sample::select(
        &[
            "привет",
            "ПРИВЕТ",
            "сколько",
            "Сколько",
            " ",
            "стоит телефон",
            "k",
            "K",
            "ſtraße",
            "hi",
            "HI",
            "Σ",
            "ς",
            "!",
            "7",
            "a",
            "ab",
            "x",
            "\n",
            "😀",
        ][..],
    );
    proptest::collection::vec(word, 0..12).prop_map(|words| words.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn the_matcher_agrees_with_the_regex_crate(patterns in patterns(), text in text(), wanted: u64) {
        let mut builder = Builder::default();
        for pattern in &patterns {
            builder.add(Pattern::new(pattern).unwrap());
        }
        let matcher = builder.finish(|number| wanted >> (number % 64) & 1 == 0);
        let folded = Folded::new(&text);
        let hits = matcher.look_up(&text, &folded);
        for (number, pattern) in (0..).zip(&patterns) {
            let expected = Regex::new(pattern).unwrap().is_match(&text);
            prop_assert_eq!(hits.is_match(number), expected, "{} on {:?}", pattern, text);
            if expected && matcher.finds(number) {
                prop_assert!(hits.numbers().contains(&number), "{} on {:?}", pattern, text);
            }
        }
    }
}
