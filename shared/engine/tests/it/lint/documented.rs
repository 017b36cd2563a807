//! `docs/lint.md` lists the codes that there are, and its examples are found what they are examples of.

use std::{collections::BTreeMap, fs, path::PathBuf};

use troupe_engine::lint::{Code, Document, lint};

use super::bots;

/// The sections on codes, by code.
fn sections() -> BTreeMap<String, String> {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../docs/lint.md");
    let text = fs::read_to_string(path).expect("the document is there");
    let sections = text.split("\n### ").skip(1).filter_map(|section| section.split_once('\n'));
    let without_next = |text: &str| text.split("\n## ").next().unwrap_or_default().to_owned();
    sections.map(|(code, text)| (code.to_owned(), without_next(text))).collect()
}

#[test]
fn the_document_lists_the_codes_that_there_are() {
    let sections = sections();
    let mut codes: Vec<&str> = Code::ALL.iter().map(|code| code.as_str()).collect();
    codes.sort_unstable();
    assert_eq!(sections.keys().map(String::as_str).collect::<Vec<_>>(), codes);
    for code in Code::ALL {
        let level = code.level().to_string();
        let level = format!("{}{}", level[..1].to_uppercase(), &level[1..]);
        let first = sections[code.as_str()].lines().next().unwrap();
        assert_eq!(first, format!("{} {level}.", code.title()));
    }
}

#[test]
fn each_example_is_found_what_it_is_an_example_of() {
    for (code, section) in sections() {
        let example = section.split("\n```").nth(1).unwrap();
        let (kind, text) = example.split_once('\n').unwrap();
        let document = match kind {
            "yaml library of two bots" => {
                let found = bots::of_library(text, 2).findings(&["a", "b"]);
                assert!(found.iter().any(|(_, finding)| finding.code.as_str() == code), "{code}: {found:#?}");
                continue;
            }
            "yaml library of many bots" => {
                assert!(bots::of_library(text, bots::TOO_MANY).gave_up, "{code}");
                continue;
            }
            "json rules" | "yaml rules" => Document::Rules(text),
            "yaml library" => Document::Library { name: "library", text },
            "yaml scenario" => Document::Scenario { name: "scenario", text },
            other => panic!("{code}: there is no example {other:?}"),
        };
        let found = lint(&[document]).remove(0);
        assert!(found.iter().any(|finding| finding.code.as_str() == code), "{code}: {found:#?}");
    }
}
