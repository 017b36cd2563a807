use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use troupe_types::{Timestamp, Zone};

use super::*;
use crate::Seed;

fn expanded(template: &str, seed: u64, name: &str, language: Option<&str>) -> Result<String, String> {
    let lookup = BTreeMap::from([("plan".to_owned(), "{{person.first_name}} {a|b}".to_owned())]);
    let values = Values {
        first_name: name,
        last_name: Some("Lee"),
        username: None,
        person_language: Some("en"),
        chat_title: None,
        bot_first_name: "Boris",
        bot_username: Some("boris"),
        message_text: "hi",
        time: Timestamp::from_seconds(1_800_000_000),
        zone: Zone::UTC,
        language,
        lookup: &lookup,
    };
    let template = Template::parse(template)?;
    Ok(template.expand(&values, || Seed::new(seed).stream(&["alternatives"])))
}

#[track_caller]
fn check(template: &str, expected: &str) {
    let text = expanded(template, 1, "Ann", None);
    assert_eq!(text.unwrap_or_else(|fault| format!("fault: {fault}")), expected);
}

/// All that a template can become.
#[track_caller]
fn check_all(template: &str, expected: &[&str]) {
    let texts: BTreeSet<_> = (0..200).map(|seed| expanded(template, seed, "Ann", None).unwrap()).collect();
    assert_eq!(texts.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{template}");
}

#[test]
fn values_come_into_their_places() {
    check("Hi {{person.first_name}}, I am {{ bot.first_name }}.", "Hi Ann, I am Boris.");
    check("{{person.username|friend}} {{variable.none}}{{chat.title|here}}", "friend here");
    check("{{person.language}} {{person.first_name}} {{person.last_name}}", "en Ann Lee");
    check("a { b } c", "a { b } c");
}

#[test]
fn the_time_is_the_updates() {
    check("{{time.date}} {{time.clock}} {{time.weekday}}", "2027-01-15 08:00 Friday");
    check("{{time.hour}}h{{time.minute}}", "8h00");
    assert_eq!(expanded("{{time.weekday}}", 1, "Ann", Some("ru")).unwrap(), "пятница");
    assert_eq!(expanded("{{time.weekday}}", 1, "Ann", Some("pt-BR")).unwrap(), "sexta-feira");
    assert_eq!(expanded("{{time.weekday}}", 1, "Ann", Some("ja")).unwrap(), "Friday");
}

#[test]
fn a_value_is_never_expanded_again() {
    check("{{variable.plan}}", "{{person.first_name}} {a|b}");
}

#[test]
fn what_is_no_template_is_refused() {
    check("{{person.first_name", "fault: a {{ without its }}");
    check("{{variable.}}", "fault: a variable's name is missing");
    check("{{person.age}}", &format!("fault: there is no value \"person.age\"; known are {}", values::KNOWN));
}

#[test]
fn one_of_the_alternatives_is_said() {
    check_all("{Hi|Hello} there", &["Hello there", "Hi there"]);
    check_all("{a|b {c|d}|}!", &["!", "a!", "b c!", "b d!"]);
    check_all("{x{a|b}|{{person.first_name}}}", &["Ann", "xa", "xb"]);
}

#[test]
fn braces_that_are_no_alternatives_stay() {
    for text in ["{", "}", "|", "a|b", "{a}", "{a|b", "a|b}", "{a {b}", "}{", "{}", "\\", "\\n", "C:\\dir"] {
        check(text, text);
    }
    check_all("{a {b|c}", &["{a b", "{a c"]);
}

#[test]
fn a_backslash_keeps_a_brace() {
    check("\\{a|b\\}", "{a|b}");
    check("\\{\\{time.hour}}", "{{time.hour}}");
    check_all("{a\\|b|c\\}}", &["a|b", "c}"]);
}

#[test]
fn alternatives_are_nested_within_a_bound() {
    let nested = |depth: usize| format!("{}z{}", "{x|y".repeat(depth), "}".repeat(depth));
    check(&nested(9), "fault: alternatives are nested more than 8 deep");
    assert!(Template::parse(&nested(8)).is_ok());
    // Braces without alternatives nest nothing.
    assert!(Template::parse(&format!("{}{{a|b}}", "{ ".repeat(100))).is_ok());
}

#[test]
fn every_alternative_is_as_likely_and_the_last_is_reached() {
    let mut counts = BTreeMap::<String, u32>::new();
    for seed in 0..9_000 {
        *counts.entry(expanded("{a|b|c {d|e}}", seed, "Ann", None).unwrap()).or_default() += 1;
    }
    for (text, expected) in [("a", 3_000), ("b", 3_000), ("c d", 1_500), ("c e", 1_500)] {
        assert!(counts[text].abs_diff(expected) < 200, "{counts:?}");
    }
}

#[test]
fn the_longest_and_the_shortest_are_known() {
    let longest = |text| Template::parse(text).unwrap().utf16_max();
    assert_eq!(longest("{a|bb {c|ddd}}!😀"), 9);
    assert_eq!(longest("{{variable.x|four}}{{message.text}}"), 4);
    let blank = |text| Template::parse(text).unwrap().may_be_blank();
    assert!(blank(" {a|} "));
    assert!(!blank("{a|}."));
    assert!(!blank("{a|{{variable.x}}}"));
}

proptest! {
    #[test]
    fn any_value_appears_as_it_is(name in "[a-z{}|\\\\ ж😀]{0,12}", seed: u64) {
        let name = format!("{name}.");
        let text = expanded("{Hi|Hello}, {{person.first_name}}!", seed, &name, None).unwrap();
        prop_assert!(text == format!("Hi, {name}!") || text == format!("Hello, {name}!"), "{}", text);
    }

    #[test]
    fn what_is_said_is_no_longer_than_was_told(text in "[ab{}|\\\\]{0,40}", seed: u64) {
        if let Ok(template) = Template::parse(&text) {
            let said = expanded(&text, seed, "Ann", None).unwrap();
            prop_assert!(text::utf16_len(&said) <= template.utf16_max());
            prop_assert!(template.may_be_blank() || !said.trim().is_empty());
        }
    }

    #[test]
    fn a_text_without_bars_and_backslashes_is_as_it_was(text in "[ab{} }]{0,40}", seed: u64) {
        prop_assume!(!text.contains("{{"));
        prop_assert_eq!(expanded(&text, seed, "Ann", None), Ok(text));
    }
}
