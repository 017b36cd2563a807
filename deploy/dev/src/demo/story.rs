//! The demo's script: who says what, and which bot answers from which part of its content.
//!
//! The content, and what of it answers what, is in `deploy/demo/content`. A reply that is not named here must not come.

use super::script::{By, Conversation, Line, in_group, to};

/// How many goals are reached: four of a scenario, and one that a rule counts.
pub const GOALS: usize = 5;

/// Everything that is said.
pub fn story() -> Vec<Conversation> {
    vec![
        Conversation { title: "the group", lines: group() },
        Conversation { title: "Mila chooses Pro", lines: mila() },
        Conversation { title: "Виктор спрашивает для команды", lines: viktor() },
        Conversation { title: "Елена выбирает Basic", lines: elena() },
        Conversation { title: "Dmitri looks twice", lines: dmitri() },
        Conversation { title: "Felix hands in his papers", lines: felix() },
        Conversation { title: "Grace wants to be left alone", lines: grace() },
        Conversation { title: "Felix asks for a colleague", lines: felix_asks() },
    ]
}

/// The same once more, for people who have said it all before: scenarios are begun again, and what is answered is not
/// foretold, for it hangs on what was said.
pub fn again() -> Vec<Conversation> {
    let mut story = story();
    for conversation in &mut story {
        for line in &mut conversation.lines {
            if line.replies.iter().any(|reply| reply.by == By::Step("hello")) {
                line.text = "restart";
            }
            line.replies.clear();
        }
    }
    story
}

/// Anna answers everybody, Boris and Clara who speaks to them, and nobody what is meant for somebody else.
fn group() -> Vec<Line> {
    let anna = |line: Line, entry| line.answered("anna", By::Entry(entry));
    vec![
        anna(in_group("felix", "Hi everyone"), "greeting"),
        anna(in_group("viktor", "Всем доброе утро"), "good-morning"),
        anna(in_group("grace", "Where can I download the app?"), "download"),
        anna(in_group("felix", "Where is the harbour?"), "chart"),
        // It has said so a moment ago.
        in_group("dmitri", "good morning"),
        anna(in_group("mila", "waht are the fees"), "fees"),
        anna(in_group("elena", "Какие комиссии?"), "fees"),
        in_group("felix", "My cat sleeps on the keyboard all day"),
        in_group("felix", "@anna_of_harbour My cat sleeps on the keyboard all day")
            .answered("anna", By::Fallback),
        in_group("mila", "@harbour_boris_bot what are the fees?").answered("boris", By::Entry("fees")),
        in_group("viktor", "@harbour_boris_bot мой вывод завис")
            .answered("boris", By::Entry("withdrawal-pending")),
        in_group("dmitri", "@clara_of_harbour how much is Pro?").answered("clara", By::Entry("plans")),
        in_group("mila", "@clara_of_harbour is there a disocunt?").answered("clara", By::Rule("discount")),
        in_group("mila", "@clara_of_harbour can I get a discount?")
            .answered("clara", By::Rule("discount again")),
        in_group("dmitri", "@mila_lind have you been at the lake?"),
        anna(in_group("grace", "Somebody from support messaged me, is this a scam?"), "scam-messages"),
        in_group("felix", "I will send you my recovery phrase, is that fine?")
            .answered("anna", By::Rule("recovery phrase")),
        in_group("dmitri", "guaranteed profit, write to me")
            .answered("anna", By::Rule("too good to be true")),
        anna(in_group("elena", "как пройти верификацию"), "kyc"),
        anna(in_group("mila", "thanks a lot"), "thanks"),
        anna(in_group("viktor", "спасибо!"), "thanks"),
    ]
}

/// The scenario in English, with an answer that is refused first; after it the library answers.
fn mila() -> Vec<Line> {
    let say = |text| to("clara", "mila", text);
    vec![
        say("Hi!").gets(By::Step("hello"), 2),
        say("Mila").gets(By::Step("use"), 1),
        say("for myself").gets(By::Step("plan"), 1),
        say("Pro").gets(By::Step("pro_offer"), 2),
        say("none").gets(By::Step("email"), 1),
        say("mila@example.org").gets(By::Step("confirm"), 1),
        say("yes").gets(By::Step("done"), 1),
        say("how much does it cost?").gets(By::Entry("fees"), 1),
        say("thank you").gets(By::Entry("thanks"), 1),
    ]
}

/// The scenario for a team, with answers that are refused, and with an address that is corrected.
fn viktor() -> Vec<Line> {
    let say = |text| to("clara", "viktor", text);
    vec![
        say("Здравствуйте").gets(By::Step("hello"), 2),
        say("Виктор").gets(By::Step("use"), 1),
        say("для команды").gets(By::Step("seats"), 1),
        say("много").gets(By::Step("seats"), 1),
        say("12").gets(By::Step("team_offer"), 2),
        say("viktor@example.org").gets(By::Step("confirm"), 1),
        say("нет").gets(By::Step("email"), 1),
        say("team@example.org").gets(By::Step("confirm"), 1),
        say("да").gets(By::Step("done"), 1),
    ]
}

/// The scenario in Russian, the shortest way.
fn elena() -> Vec<Line> {
    let say = |text| to("clara", "elena", text);
    vec![
        say("Здравствуйте").gets(By::Step("hello"), 2),
        say("Елена").gets(By::Step("use"), 1),
        say("для себя").gets(By::Step("plan"), 1),
        say("базовый").gets(By::Step("basic_offer"), 2),
        say("elena@example.org").gets(By::Step("confirm"), 1),
        say("да").gets(By::Step("done"), 1),
        say("спасибо").gets(By::Entry("thanks"), 1),
    ]
}

/// An end that is no goal, and from there again to the one that is.
fn dmitri() -> Vec<Line> {
    let say = |text| to("clara", "dmitri", text);
    vec![
        say("Good day").gets(By::Step("hello"), 2),
        say("Dmitri").gets(By::Step("use"), 1),
        say("me").gets(By::Step("plan"), 1),
        say("just looking").gets(By::Step("not_now"), 1),
        say("what are the fees").gets(By::Entry("fees"), 1),
        say("restart").gets(By::Step("hello"), 2),
        say("Dmitri").gets(By::Step("use"), 1),
        say("myself").gets(By::Step("plan"), 1),
        say("basic").gets(By::Step("basic_offer"), 2),
        say("dmitri@example.org").gets(By::Step("confirm"), 1),
        say("ok").gets(By::Step("done"), 1),
    ]
}

/// Rules in the seed's form: variables lead from one to the next, failures are told by `onFailMsg`, a photo is stored.
fn felix() -> Vec<Line> {
    let say = |text| to("boris", "felix", text);
    vec![
        say("hello").gets(By::Entry("greeting"), 1),
        say("kyc").gets(By::Rule("kyc start"), 2),
        say("my address is secret").gets(By::Fail("kyc email"), 1),
        say("felix@example.org").gets(By::Rule("kyc email"), 1),
        say("0x123").gets(By::Fail("kyc wallet"), 1),
        say("0x52908400098527886E0F7030069857D2E4169EE7").gets(By::Rule("kyc wallet"), 1),
        say("here it is").gets(By::Fail("kyc photo"), 1),
        say("").with_photo(2_000).gets(By::Fail("kyc photo"), 1),
        say("").with_photo(200_000).gets(By::Rule("kyc photo"), 1),
        say("whitelist").gets(By::Rule("kyc done already"), 1),
        say("I forgot my pasword").gets(By::Entry("password"), 1),
        say("purple elephants").gets(By::Fallback, 1),
    ]
}

/// Who does not want to be written to is not written to.
fn grace() -> Vec<Line> {
    let say = |text| to("clara", "grace", text);
    vec![
        say("hi").gets(By::Step("hello"), 2),
        say("not now").gets(By::Step(""), 1),
        say("restart").gets(By::Step("hello"), 2),
        say("unsubscribe").gets(By::Guard, 1),
        say("hello?"),
    ]
}

/// Rules in the own form: a colleague takes over, and the bot keeps silent.
fn felix_asks() -> Vec<Line> {
    let say = |text| to("clara", "felix", text);
    vec![say("Hello, can I talk to a humna?").gets(By::Rule("human"), 1), say("hello?")]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::{
        super::{
            cast::{BOTS, PEOPLE},
            script::Place,
        },
        *,
    };

    #[test]
    fn everybody_in_the_story_is_in_the_cast() {
        let bots: BTreeSet<&str> = BOTS.iter().map(|role| role.name).collect();
        let people: BTreeSet<&str> = PEOPLE.iter().map(|role| role.name).collect();
        let mut spoke = BTreeSet::new();
        for line in story().into_iter().flat_map(|conversation| conversation.lines) {
            assert!(people.contains(line.who), "{line:?}");
            spoke.insert(line.who);
            if let Place::Direct(bot) = line.place {
                assert!(bots.contains(bot), "{line:?}");
            }
            for reply in line.replies {
                assert!(bots.contains(reply.bot), "{reply:?}");
            }
        }
        assert_eq!(spoke, people);
    }

    #[test]
    fn goals_are_as_many_as_the_story_leads_to() {
        let lines = story().into_iter().flat_map(|conversation| conversation.lines);
        let counts = |by| matches!(by, By::Step("done") | By::Rule("human"));
        let goals = lines.filter(|line| line.replies.iter().any(|reply| counts(reply.by)));
        assert_eq!(goals.count(), GOALS);
    }
}
