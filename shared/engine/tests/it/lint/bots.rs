//! Bots that would answer each other without end are found, the exchange is one that the engine has, and the guard that
//! keeps them from it cannot be told otherwise.

use std::{collections::BTreeSet, sync::Arc};

use proptest::{collection::vec, prelude::*};
use troupe_engine::{
    Content, Groups, Library, Ruleset, Scenario, WeightedScenario,
    lint::bots::{Bot, Exchange, Exchanges, WITHOUT_END, exchanges},
};
use troupe_types::{ChatId, MessageId, UserId};

use super::own::laws;
use crate::talk::{BOT, COLLEAGUE, GROUP, Talk, content, heard, parsed, said};

/// More bots than can be tried on each other.
pub const TOO_MANY: usize = 600;

/// What is found of so many bots with this library, all in one group.
pub fn of_library(library: &str, count: usize) -> Exchanges {
    let mut content = content();
    content.group_library = Some(Arc::new(parsed(Library::parse("lib", library))));
    let contents: Vec<Content> = (9001..).take(count).map(|user| account(content.clone(), user)).collect();
    found(&contents.iter().map(|content| (content, None)).collect::<Vec<_>>())
}

fn found(bots: &[(&Content, Option<&str>)]) -> Exchanges {
    let bots: Vec<_> = bots.iter().map(|(content, rules)| Bot { content, rules: *rules }).collect();
    exchanges(&bots)
}

fn account(mut content: Content, user: i64) -> Content {
    content.account.user = UserId::new(user);
    content.account.username = Some(format!("bot_{user}"));
    content.fleet = Arc::new((9001..9010).map(UserId::new).collect());
    content.groups = Groups::All;
    content
}

fn with_rules(rules: &str, user: i64) -> Content {
    let mut content = content();
    content.rules = Some(Arc::new(parsed(Ruleset::parse(rules))));
    account(content, user)
}

/// Plays an exchange as strangers: each line has to come of the one before.
fn play(exchange: &Exchange, contents: &[&Content]) {
    let mut talks: Vec<Talk> = contents
        .iter()
        .map(|content| Talk::new(Content { fleet: Arc::default(), ..(*content).clone() }))
        .collect();
    let mut lines = exchange.lines.iter();
    let (_, mut text) = lines.next().cloned().expect("somebody says something");
    let mut from = None;
    for round in 0..WITHOUT_END {
        let listener = match (from, lines.next()) {
            (_, Some((Some(bot), _))) => *bot,
            (Some(speaker), None) => usize::from(speaker == 0),
            _ => panic!("the first line is a person's"),
        };
        let mut message = said(&text).in_group();
        message.to_the_bot = round != 1;
        message.reply_to = (round > 0).then(|| MessageId::new(1));
        if let Some(speaker) = from {
            let account: &Content = contents[speaker];
            message.sender.id = account.account.user;
        }
        let answers = talks[listener].hear(message);
        assert!(!answers[0].starts_with('('), "{text:?} is not answered: {answers:?}");
        (text, from) = (answers[0].clone(), Some(listener));
    }
}

const ECHO: &str = "
groups:
  - {name: ping, when: [{keyword: ping}], react: [{say: pong}]}
";
const OTHER: &str = "
groups:
  - {name: pong, when: [{text: '^pong$'}], react: [{say: ping}]}
";

#[test]
fn rules_that_answer_each_other_are_found_and_do_so() {
    let (one, other) = (with_rules(ECHO, 9001), with_rules(OTHER, 9002));
    let found = found(&[(&one, Some(ECHO)), (&other, Some(OTHER))]);
    let [exchange] = &found.found[..] else { panic!("{found:?}") };
    let lines: Vec<_> = exchange.lines.iter().map(|(bot, text)| (*bot, text.as_str())).collect();
    assert_eq!(lines[..4], [(None, "ping"), (Some(0), "pong"), (Some(1), "ping"), (Some(0), "pong")]);
    play(exchange, &[&one, &other]);
    let findings = found.findings(&["anna", "boris"]);
    let (0, finding) = &findings[0] else { panic!("{findings:?}") };
    assert!(finding.message.starts_with("\"anna\" and \"boris\" would answer each other"), "{finding:#?}");
    let outcome = &finding.witness.as_ref().unwrap().outcome;
    assert_eq!(outcome, "\"anna\" says \"pong\", \"boris\" says \"ping\", \"anna\" says \"pong\", and so on");
}

#[test]
fn entries_that_answer_who_says_the_like_go_on_without_end() {
    let library = "fallback: {answers: Sorry?}\nentries: [{id: fees, keywords: [fees], answers: One percent is the fees.}]";
    // The second one answers the first one's answer unasked; from there on each is replied to.
    assert_eq!(of_library(library, 2).found.len(), 1);
    let silent =
        "when: addressed\nfallback: {answers: Sorry?}\nentries: [{id: a, phrases: [fees], answers: Fees.}]";
    assert!(of_library(silent, 2).found.is_empty(), "the second one is never addressed");
}

#[test]
fn what_ends_is_not_told() {
    let cooling = "entries: [{id: hi, phrases: [hi], cooldown: 1m, answers: Hi!}]";
    assert!(of_library(cooling, 2).found.is_empty());
    let (one, other) = (with_rules(ECHO, 9001), with_rules(OTHER, 9002));
    let apart = |content: &Content, chat| Content {
        groups: Groups::Only([ChatId::new(chat)].into()),
        ..content.clone()
    };
    let (here, there) = (apart(&one, -1), apart(&other, -2));
    assert!(found(&[(&here, Some(ECHO)), (&there, Some(OTHER))]).found.is_empty(), "they share no group");
    let together = apart(&other, -1);
    assert_eq!(found(&[(&here, Some(ECHO)), (&together, Some(OTHER))]).found[0].chat, ChatId::new(-1));
}

/// Content that answers everything it can, in every way there is.
fn talkative(rules: Ruleset, groups: Groups) -> Content {
    let library =
        "fallback: {when: always, answers: Sorry?}\nentries: [{id: a, regexes: ['.'], answers: Yes.}]";
    let scenario = "steps: {a: {ask: Your name?, next: b}, b: {end: goal, say: Bye.}}";
    let mut content = content();
    content.rules = Some(Arc::new(rules));
    content.group_library = Some(Arc::new(parsed(Library::parse("lib", library))));
    content.direct_library.clone_from(&content.group_library);
    let scenario = Arc::new(parsed(Scenario::parse("welcome", 1, scenario)));
    content.scenarios = vec![WeightedScenario { scenario, weight: 1 }];
    content.groups = groups;
    content.fleet = Arc::new(BTreeSet::from([BOT, COLLEAGUE]));
    content
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    /// A message of one of our own is never answered, whatever the content, the chats and the message.
    #[test]
    fn no_configuration_lets_bots_of_one_s_own_answer_each_other(
        groups in vec(laws::group(), 1..5), messages in vec(laws::message(), 60), everywhere in any::<bool>(),
    ) {
        let rules = parsed(Ruleset::parse(&laws::written(&groups)));
        let listed = if everywhere { Groups::All } else { Groups::Only([GROUP].into()) };
        let mut talk = Talk::new(talkative(rules, listed));
        for message in &messages {
            let mut line = super::set_up(&mut talk, message);
            line = line.by(COLLEAGUE);
            if message.direct {
                line.chat = ChatId::direct(COLLEAGUE);
            }
            prop_assert_eq!(heard(talk.say(line)), ["(own_bot)"]);
        }
    }
}
