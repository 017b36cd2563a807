//! Whatever the rules: what is said to be dead never fires, and what is planted is found.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{prelude::*, sample::select};
use troupe_engine::{
    GroupOutcome,
    lint::{Call, Code, Witness},
};
use troupe_types::{ChatId, Media, MediaKind};

use super::{in_rules, outcomes, outcomes_in, rules, talk};

const TESTS: &[&str] = &[
    "/a/",
    "/b/",
    "/ab/",
    "/^a/",
    "/b$/",
    "/^a*$/",
    "/\\bж\\b/",
    "/(?i)Ж/",
    "/[ab]/",
    "/\\S*/",
    "/a^/",
    "/\\W/",
    "v=1",
    "v=2",
    "v=",
    "v?",
    "w=1",
    "w?",
    "image 1-5",
    "image 2-3",
    "image 6-9",
];

#[derive(Debug, Clone)]
struct Group {
    private: bool,
    tests: Vec<String>,
}

fn group() -> impl Strategy<Value = Group> {
    let test = (select(TESTS), 0..4_u8, 0..5_u8).prop_map(|(test, subgroup, message)| {
        let subgroup = if subgroup < 2 { format!("s{subgroup}: ") } else { String::new() };
        let message = if message == 0 { " ! no" } else { "" };
        format!("{subgroup}{test}{message}")
    });
    (any::<bool>(), proptest::collection::vec(test, 1..4))
        .prop_map(|(private, tests)| Group { private, tests })
}

fn written(groups: &[Group]) -> String {
    const NAMES: &[&str] = &["one", "two", "three", "four", "five"];
    let tests: Vec<Vec<&str>> =
        groups.iter().map(|group| group.tests.iter().map(String::as_str).collect()).collect();
    let groups: Vec<_> = groups
        .iter()
        .zip(&tests)
        .zip(NAMES)
        .map(|((group, tests), name)| (*name, group.private, &tests[..]))
        .collect();
    rules(&groups)
}

fn message() -> impl Strategy<Value = Witness> {
    let row = || proptest::option::of(select(vec!["1", "2", "3"]));
    let image = proptest::option::of(0..10_u64);
    ("[abжЖ c]{0,4}", any::<bool>(), row(), row(), image).prop_map(|(text, direct, v, w, image)| {
        let rows = [("v", v), ("w", w)].into_iter();
        Witness {
            text,
            direct,
            chat: if direct { ChatId::direct(Witness::SOMEBODY) } else { Witness::SOMEWHERE },
            sender: Witness::SOMEBODY,
            username: None,
            call: Call::Nobody,
            time: Witness::NOON,
            variables: rows.filter_map(|(name, value)| Some((name.to_owned(), value?.to_owned()))).collect(),
            bot_variables: BTreeMap::new(),
            media: image.map(|megabytes| Media {
                kind: MediaKind::Photo,
                bytes: megabytes * 1_048_576,
                mime: None,
            }),
            draws: BTreeMap::new(),
            resting: BTreeSet::new(),
            outcome: String::new(),
        }
    })
}

/// The groups that are said never to fire.
fn dead(rules: &str) -> Vec<(String, Code)> {
    let findings = in_rules(rules).into_iter();
    findings
        .flat_map(|finding| {
            let told: Vec<String> = match finding.code {
                Code::R101 | Code::R102 => vec![finding.field.trim_start_matches("/triggers/").to_owned()],
                Code::R201 => {
                    let list = finding.message.split(" behind it").next().unwrap_or_default();
                    list.split('"').skip(1).step_by(2).map(str::to_owned).collect()
                }
                _ => Vec::new(),
            };
            told.into_iter().map(move |name| (name, finding.code))
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_to_be_dead_never_fires(
        groups in proptest::collection::vec(group(), 2..5),
        messages in proptest::collection::vec(message(), 1000)
    ) {
        let rules = written(&groups);
        let dead = dead(&rules);
        if !dead.is_empty() {
            let talk = talk(&rules);
            for message in &messages {
                let outcomes = outcomes_in(&talk, message);
                for (name, code) in &dead {
                    prop_assert_ne!(outcomes.get(name), Some(&GroupOutcome::Fired), "{} by {}: {:?}", name, code, message);
                }
            }
        }
    }

    #[test]
    fn every_witness_shows_what_is_said(groups in proptest::collection::vec(group(), 2..5)) {
        let rules = written(&groups);
        for finding in in_rules(&rules) {
            let Some(witness) = &finding.witness else { continue };
            let outcomes = outcomes(&rules, witness);
            let ends = |outcome: &&GroupOutcome| match finding.code {
                Code::R101 => **outcome == GroupOutcome::Fired,
                _ => matches!(outcome, GroupOutcome::Failed { message: true, .. }),
            };
            let by = outcomes.iter().find(|(_, outcome)| ends(outcome));
            let name = by.map(|(name, _)| name.clone()).unwrap_or_default();
            prop_assert!(witness.outcome.starts_with(&format!("{name:?}")), "{:#?} {:?}", finding, outcomes);
        }
    }

    #[test]
    fn a_group_that_asks_for_more_than_one_before_it_is_found(
        first in group(), between in proptest::collection::vec(group(), 0..2), more in group()
    ) {
        // The first one without messages, so that it takes what it takes by firing.
        let tests: Vec<String> =
            first.tests.iter().map(|test| test.split(" ! ").next().unwrap_or_default().to_owned()).collect();
        let first = Group { tests, ..first };
        let mut last = first.clone();
        last.tests.extend(more.tests.iter().map(|test| test.replace("s0: ", "").replace("s1: ", "")));
        let groups: Vec<Group> = [first].into_iter().chain(between).chain([last]).collect();
        let name = ["two", "three", "four"][groups.len() - 2];
        let dead = dead(&written(&groups));
        prop_assert!(dead.iter().any(|(dead, _)| dead == name), "{dead:?}");
    }
}
