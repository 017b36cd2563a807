use troupe_engine::ActionBody;

use super::{NO, change, groups, image, in_subgroup, named, one, or_say, reply, text, variable};
use crate::talk::{GROUP, Talk, said};

#[test]
fn any_trigger_may_have_a_fail_message() {
    for trigger in [
        text("a"),
        variable(0, "v", Some("x")),
        variable(1, "v", None),
        image(None, None),
        image(None, Some(1.0)),
    ] {
        one(vec![or_say(trigger, "failed")]).check("?", &["failed"]);
    }
}

#[test]
fn a_fail_message_ends_the_search_though_a_group_behind_would_fire() {
    let rules = named(&[("first", vec![or_say(text("a"), "not an a")]), ("second", vec![text("b")])]);
    let mut talk = Talk::with_rules(&rules);
    talk.check("b", &["not an a"]);
    assert_eq!(talk.source(), "fail:first");
}

#[test]
fn a_fail_message_of_a_group_behind_is_not_sent_when_one_before_fires() {
    let rules = named(&[("first", vec![text("a")]), ("second", vec![or_say(text("b"), "not a b")])]);
    Talk::with_rules(&rules).check("a", &["first"]).check("b", &["second"]).check("c", &["not a b"]);
}

#[test]
fn a_fail_message_is_sent_to_the_user_where_the_message_came_from() {
    let mut talk = one(vec![or_say(text("a"), "not an a")]);
    let decision = talk.say(said("x").in_group());
    let replies: Vec<_> = decision
        .actions
        .iter()
        .filter_map(|action| match &action.body {
            ActionBody::Reply { text, reply_to, .. } => {
                Some((action.chat, text.as_str(), reply_to.is_some()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(replies, [(GROUP, "not an a", true)]);
}

const EMAIL: &str = "^[^@ ]+@[^@ ]+$";

/// A whitelist procedure that waits for an e-mail address once "whitelist" was said.
fn whitelist(triggers_of_wait: &[(&str, Vec<serde_json::Value>)]) -> Talk {
    let status = || variable(0, "whitelist state", Some("need email"));
    let begin = vec![change(0, "whitelist state", Some("need email")), reply("Your e-mail address?")];
    let mut list = vec![("begin", vec![text("^whitelist$")], begin)];
    for (name, triggers) in triggers_of_wait {
        let all: Vec<_> = std::iter::once(status()).chain(triggers.clone()).collect();
        list.push((name, all, vec![reply(name)]));
    }
    list.push(("hello", vec![text("hello")], vec![reply("Hello!")]));
    Talk::with_rules(&groups(&list))
}

#[test]
fn one_fail_message_stands_for_a_group_of_the_negated_expression() {
    let bad = "That is no e-mail address.";
    let mut with_message = whitelist(&[("Welcome.", vec![or_say(text(EMAIL), bad)])]);
    // There is no negation, but behind the group of the format everything else is a wrong one.
    let mut with_groups = whitelist(&[("Welcome.", vec![text(EMAIL)]), (bad, vec![text("(?s).")])]);
    for message in ["hello", "whitelist", "hello", "ann@example.org", "@", "whitelist", "a@b c", "x@y"] {
        assert_eq!(with_message.hear(message), with_groups.hear(message), "{message:?}");
    }
    with_message.check("hello", &[bad]).check("ann@example.org", &["Welcome."]);
}

const MESSAGES: [&str; 6] = ["T", "behind", "also", "", "behind also", "anything"];

#[test]
fn a_fail_message_on_the_first_subgroup_eclipses_every_group_behind_it() {
    let rules = named(&[
        ("before", vec![text("before")]),
        ("T", vec![or_say(text("T"), "not T"), in_subgroup(text("."), "second")]),
        ("behind", vec![text("behind")]),
        ("also", vec![text("also")]),
        ("any", vec![]),
    ]);
    let mut talk = Talk::with_rules(&rules);
    for message in MESSAGES {
        talk.check(message, &[if message == "T" { "T" } else { "not T" }]);
    }
    // What stands before it is as free as ever.
    talk.check("before", &["before"]);
}

#[test]
fn a_fail_message_on_an_unfenced_later_subgroup_eclipses_only_now_and_then() {
    let rules = named(&[
        ("T", vec![text("[a-m]"), or_say(text("T"), "not T")]),
        ("behind", vec![text("behind")]),
        ("silly", vec![text("xyz")]),
    ]);
    // The first subgroup lets some messages through that were meant for a group behind.
    Talk::with_rules(&rules).check("behind", &["not T"]).check("xyz", &["silly"]).check("a T", &["T"]);
}

#[test]
fn a_fence_keeps_the_fail_message_to_the_people_it_is_for() {
    let mut talk = whitelist(&[("Welcome.", vec![or_say(text(EMAIL), "wrong")])]);
    talk.check("hello", &["Hello!"]).check("what", &[NO]).check("whitelist", &["Your e-mail address?"]);
    talk.check("hello", &["wrong"]).check(said("hello").by(troupe_types::UserId::new(2)), &["Hello!"]);
}

#[test]
fn without_the_status_check_the_message_is_sent_whenever_no_group_before_fires() {
    let check = or_say(text("^0x[0-9a-f]{4}$"), "Wrong wallet address");
    let rules = named(&[
        ("before", vec![text("before")]),
        ("kyc wallet", vec![check]),
        ("behind", vec![text("behind")]),
    ]);
    Talk::with_rules(&rules)
        .check("before", &["before"])
        .check("behind", &["Wrong wallet address"])
        .check("anything", &["Wrong wallet address"])
        .check("0xab12", &["kyc wallet"]);
}
