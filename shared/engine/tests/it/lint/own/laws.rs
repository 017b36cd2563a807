//! Whatever the rules ask: what is said to be dead never fires, and what shows a finding does so when it is played.

use std::collections::{BTreeMap, BTreeSet};

use proptest::{collection::vec, option, prelude::*, sample::select};
use troupe_engine::{
    GroupOutcome,
    lint::{Call, Code, Finding, Witness},
};
use troupe_types::{ChatId, Media, MediaKind, Timestamp, UserId};

use super::{item, rules};
use crate::lint::{in_rules, outcomes_in, talk};

/// How many worlds are tried for one in which chance comes out as it is told.
const WORLDS: u64 = 400;

/// Whether what a witness says comes of it, in one of the worlds.
pub fn shows(rules: &str, witness: &Witness) -> bool {
    let mut parts = witness.outcome.split('"');
    let (name, does) = (parts.nth(1).unwrap_or_default(), parts.next().unwrap_or_default());
    let does_so = |outcome: &GroupOutcome| {
        if does.starts_with(" fires") {
            *outcome == GroupOutcome::Fired
        } else {
            does.starts_with(" sends") && matches!(outcome, GroupOutcome::Failed { message: true, .. })
        }
    };
    let talk = talk(rules);
    (0..WORLDS)
        .any(|world| outcomes_in(&talk.clone().in_world(world), witness).get(name).is_some_and(does_so))
}

const CONDITIONS: &[&str] = &[
    "text: a",
    "text: '^a'",
    "text: '^[ab ]+$'",
    "text: '(?i)fees'",
    "text: '^fees$'",
    "text: '\\S*'",
    "phrase: fees",
    "phrase: what are the fees",
    "phrase: [are the fees, price]",
    "keyword: fees",
    "keyword: [price list, a]",
    "keyword: the price",
    "variable: v, is: '1'",
    "variable: v, is: ['1', '2']",
    "variable: v, exists: true",
    "variable: v, exists: false",
    "variable: v, at_least: 2",
    "variable: v, at_least: 1, at_most: 1.5",
    "variable: w, is: {variable: v}",
    "variable: w, at_most: {variable: v}",
    "variable: level, at_least: 5",
    "variable: level, is: '5'",
    "media: any",
    "media: photo",
    "media: {kind: image, min: 1 kB, max: 1 MB}",
    "media: {kind: document, max: 2 kB}",
    "media: other",
    "addressed: true",
    "addressed: false",
    "mentioned: true",
    "reply: true",
    "chat: -1",
    "chat: [-1, -500]",
    "chat: 7",
    "sender: 7",
    "sender: ['@ann', 1001]",
    "time: {from: '09:00', to: '18:00'}",
    "time: {from: '22:00', to: '10:00', days: [mon, sun]}",
    "time: {days: [mon], zone: '+03:00'}",
    "chance: 0.5",
    "chance: 0.3",
    "chance: 0",
    "chance: 1",
    "cooldown: 1h",
    "cooldown: {person: 1h}",
];

/// An item of `when`: a condition, what it is turned around to, or one of several.
fn condition() -> impl Strategy<Value = String> {
    let plain = || select(CONDITIONS).prop_map(str::to_owned);
    let turned = plain().prop_map(|condition| {
        if condition.starts_with("cooldown") { condition } else { format!("not: {{{condition}}}") }
    });
    let one = prop_oneof![4 => plain(), 2 => turned];
    let any = vec(one.clone(), 1..4).prop_map(|conditions| {
        let conditions: Vec<String> = conditions.iter().map(|condition| item(condition)).collect();
        format!("any: [{}]", conditions.join(", "))
    });
    let asked = prop_oneof![4 => one, 1 => any];
    (asked, 0..5_u8).prop_map(|(condition, say)| if say == 0 { format!("! {condition}") } else { condition })
}

pub type Group = (&'static str, Vec<String>);

pub fn group() -> impl Strategy<Value = Group> {
    (select(&["any", "direct", "group"][..]), vec(condition(), 1..4))
}

const NAMES: &[&str] = &["one", "two", "three", "four"];

pub fn written(groups: &[Group]) -> String {
    let conditions: Vec<Vec<&str>> =
        groups.iter().map(|(_, conditions)| conditions.iter().map(String::as_str).collect()).collect();
    let groups = groups.iter().zip(&conditions).zip(NAMES);
    let groups: Vec<_> =
        groups.map(|(((place, _), conditions), name)| (*name, *place, &conditions[..])).collect();
    rules(&groups)
}

pub fn message() -> impl Strategy<Value = Witness> {
    let word =
        select(&["a", "b", "fees", "FEES", "feees", "what", "are", "the", "price", "prise", "list", "!"][..]);
    let text = vec(word, 0..6).prop_map(|words| words.join(" "));
    let value = || option::of(select(&["1", "1.2", "2", "7", "x"][..]).prop_map(str::to_owned));
    let media = option::of((
        select(&[MediaKind::Photo, MediaKind::Document, MediaKind::Other][..]),
        select(&[0_u64, 500, 1024, 1500, 900_000, 3_000_000][..]),
        option::of(select(&["image/png", "audio/ogg"][..])),
    ));
    let place = (
        any::<bool>(),
        select(&[7_i64, 1001, 8][..]),
        option::of(select(&["ann", "bert"][..])),
        select(&[Call::Nobody, Call::Mention, Call::Reply][..]),
        select(&[-1_i64, -500, -7][..]),
    );
    let resting = vec(select(NAMES), 0..2);
    (text, (value(), value(), value()), media, place, 0..10_080_i64, resting).prop_map(
        |(text, (v, w, level), media, (direct, sender, username, call, chat), minute, resting)| {
            let rows = |rows: &[(&str, &Option<String>)]| -> BTreeMap<String, String> {
                rows.iter()
                    .filter_map(|(name, value)| Some(((*name).to_owned(), (*value).clone()?)))
                    .collect()
            };
            Witness {
                text,
                direct,
                chat: ChatId::new(if direct { sender } else { chat }),
                sender: UserId::new(sender),
                username: username.map(str::to_owned),
                call,
                time: Timestamp::from_seconds(1_767_571_200 + minute * 60),
                variables: rows(&[("v", &v), ("w", &w)]),
                bot_variables: rows(&[("level", &level)]),
                media: media.map(|(kind, bytes, mime)| Media { kind, bytes, mime: mime.map(str::to_owned) }),
                draws: BTreeMap::new(),
                resting: resting.into_iter().map(str::to_owned).collect::<BTreeSet<_>>(),
                outcome: String::new(),
            }
        },
    )
}

/// The groups that a finding says never fire.
fn dead(finding: &Finding) -> Vec<String> {
    let quoted = |text: &str| text.split('"').skip(1).step_by(2).map(str::to_owned).collect::<Vec<_>>();
    match finding.code {
        Code::R101 | Code::R102 => quoted(&finding.message).into_iter().take(1).collect(),
        Code::R201 => quoted(finding.message.split(" behind it").next().unwrap_or_default()),
        _ => Vec::new(),
    }
}

/// The group and the condition that a finding says always holds.
fn always(finding: &Finding) -> Option<(&'static str, usize)> {
    let mut parts = finding.field.split('/').skip(2);
    let group = parts.next()?.parse::<usize>().ok()?;
    let condition = parts.nth(1)?.parse().ok()?;
    (finding.code == Code::R108).then_some((NAMES[group], condition))
}

/// Whether lint knows all that these conditions come to together: phrases together with other texts, variables that are
/// compared with each other, and the bot's name in a text it does not.
fn can_be_told(conditions: &[String]) -> bool {
    let count = |parts: &[&str]| {
        let all = conditions.join(" ");
        parts.iter().map(|part| all.matches(part).count()).sum::<usize>()
    };
    let said = count(&["phrase", "keyword"]);
    (said == 0 || said + count(&["text"]) == 1)
        && (count(&["{variable: v}"]) == 0 || count(&["variable: v,", "variable: w,"]) == 1)
        && (count(&["mentioned"]) == 0 || count(&["reply", "addressed"]) == 0)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn what_is_said_to_be_dead_never_fires(groups in vec(group(), 1..5), messages in vec(message(), 250)) {
        let rules = written(&groups);
        let findings = in_rules(&rules);
        let dead: Vec<_> = findings.iter().flat_map(dead).collect();
        let always: Vec<_> = findings.iter().filter_map(always).collect();
        if !dead.is_empty() || !always.is_empty() {
            let talk = talk(&rules);
            for (world, message) in (0..).zip(&messages) {
                let outcomes = outcomes_in(&talk.clone().in_world(world % 7), message);
                for name in &dead {
                    prop_assert_ne!(outcomes.get(name), Some(&GroupOutcome::Fired), "{}: {:?}\n{}", name, message, rules);
                }
                for (name, condition) in &always {
                    let fails = matches!(outcomes.get(*name), Some(GroupOutcome::Failed { subgroup, .. }) if subgroup == condition);
                    prop_assert!(!fails, "{name} fails at {condition}: {message:?}\n{rules}");
                }
            }
        }
    }

    #[test]
    fn every_witness_shows_what_is_said(groups in vec(group(), 1..5)) {
        let rules = written(&groups);
        for finding in in_rules(&rules) {
            let Some(witness) = &finding.witness else { continue };
            prop_assert!(shows(&rules, witness), "{:#?}\n{}", finding, rules);
            if finding.code == Code::R202 {
                // Without the group that cuts it off, the one that was meant fires.
                let name = witness.outcome.split('"').nth(1).unwrap_or_default();
                let meant = witness.outcome.split('"').nth(3).unwrap_or_default();
                let fires = Witness { outcome: format!("{meant:?} fires"), ..witness.clone() };
                let passed: Vec<Group> = groups.iter().zip(NAMES).map(|(group, other)| {
                    if *other == name { ("any", vec!["chance: 0".to_owned()]) } else { group.clone() }
                }).collect();
                prop_assert!(shows(&written(&passed), &fires), "{:#?}\n{}", finding, rules);
            }
        }
    }

    #[test]
    fn a_group_that_asks_for_more_than_the_one_before_it_is_found(
        place in select(&["any", "direct", "group"][..]), conditions in vec(condition(), 1..3), more in condition()
    ) {
        // Without messages, and without what lets the first one pass by chance.
        let plain = |condition: &str| condition.trim_start_matches("! ").to_owned();
        let conditions: Vec<String> = conditions.iter().map(|condition| plain(condition)).collect();
        let by_chance = conditions.iter().any(|condition| condition.contains("chance") || condition.contains("cooldown"));
        prop_assume!(!by_chance && can_be_told(&[&conditions[..], &[plain(&more)]].concat()));
        let last = [conditions.clone(), vec![plain(&more)]].concat();
        let findings = in_rules(&written(&[(place, conditions), (place, last)]));
        let dead: Vec<_> = findings.iter().flat_map(dead).collect();
        prop_assert!(dead.iter().any(|name| name == "two"), "{findings:#?}");
    }
}
