use troupe_engine::{ActionBody, Groups};

use crate::talk::{ANN, COLLEAGUE, GROUP, Talk, said};

fn talkative() -> Talk {
    Talk::with_library("{\"fallback\": {\"when\": \"always\", \"answers\": \"Hm?\"}, \"entries\": []}")
}

#[test]
fn a_stopped_bot_says_nothing_and_remembers_nobody() {
    let mut talk = talkative();
    talk.content.stopped = true;
    talk.check("hi", &["(stopped)"]);
    assert_eq!(talk.events(), ["MessageReceived", "Silent"]);
    assert_eq!(talk.ann().person.stored(), None);
}

#[test]
fn a_group_that_is_not_listed_gets_no_answer() {
    let mut talk = talkative();
    talk.check(said("hi").in_group(), &["Hm?"]);
    talk.content.groups = Groups::None;
    talk.check(said("hi").in_group(), &["(not_listed)"]).check("hi", &["Hm?"]);
    talk.content.groups = Groups::All;
    talk.check(said("hi").in_group(), &["Hm?"]);
}

#[test]
fn bots_are_not_answered() {
    let mut talk = talkative();
    talk.check(said("hi").addressed_in_group().by(COLLEAGUE), &["(own_bot)"]);
    assert_eq!(talk.events(), ["MessageReceived", "Silent"]);
    let mut bot = said("hi").addressed_in_group();
    bot.sender.is_bot = true;
    talk.check(bot, &["(bot_account)"]);
}

#[test]
fn an_edited_message_is_an_event_and_nothing_else() {
    let mut talk = talkative();
    talk.check(said("hi").edited(), &[]);
    assert_eq!(talk.events(), ["MessageEdited"]);
    assert!(talk.last.as_ref().unwrap().actions.is_empty());
    assert_eq!(talk.ann(), troupe_engine::State::default());
}

#[test]
fn whoever_opts_out_hears_it_once_and_then_nothing_in_any_chat() {
    for (word, confirmation) in [
        ("STOP!", "You won't hear from me again. All the best!"),
        ("/stop", "You won't hear from me again. All the best!"),
        ("Unsubscribe", "You won't hear from me again. All the best!"),
        ("Отписаться.", "Больше не побеспокою. Всего доброго!"),
    ] {
        let mut talk = talkative();
        talk.check(word, &[confirmation]);
        assert_eq!(talk.source(), "guard");
        assert_eq!(talk.events(), ["MessageReceived", "PersonFirstSeen", "OptedOut", "Replied"]);
        talk.check(word, &["(opted_out)"]).check("hi", &["(opted_out)"]);
        talk.check(said("hi").addressed_in_group(), &["(opted_out)"]);
        talk.check(said("hi").in_group().by(troupe_types::UserId::new(2)), &["Hm?"]);
    }
}

#[test]
fn an_opt_out_word_is_a_whole_message_and_in_a_group_said_to_the_bot() {
    let mut talk = talkative();
    talk.check("please stop the music", &["Hm?"]);
    talk.check(said("stop").in_group(), &["Hm?"]);
    talk.check(
        said("@boris_bot stop").addressed_in_group(),
        &["You won't hear from me again. All the best!"],
    );
    talk.check("hi", &["(opted_out)"]);
}

#[test]
fn the_first_message_of_a_person_is_told_once() {
    let mut talk = talkative();
    talk.say(said("hi").in_group());
    assert_eq!(talk.events(), ["MessageReceived", "PersonFirstSeen", "Replied"]);
    talk.say("hi");
    assert_eq!(talk.events(), ["MessageReceived", "Replied"]);
}

#[test]
fn a_bot_reads_before_it_answers_and_replies_in_groups() {
    let mut talk = talkative();
    let decision = talk.say("hi").clone();
    let [read, reply] = decision.actions.as_slice() else { panic!("{decision:?}") };
    assert!(matches!(read.body, ActionBody::Read { .. }));
    assert_eq!(read.source, reply.source);
    assert!(matches!(reply.body, ActionBody::Reply { reply_to: None, .. }));
    assert_eq!(reply.chat.get(), ANN.get());
    let decision = talk.say(said("hi").in_group()).clone();
    let [read, reply] = decision.actions.as_slice() else { panic!("{decision:?}") };
    let (ActionBody::Read { message }, ActionBody::Reply { reply_to, .. }) = (&read.body, &reply.body) else {
        panic!("{decision:?}")
    };
    assert_eq!((reply.chat, *reply_to), (GROUP, Some(*message)));
}

#[test]
fn a_bot_that_is_silent_leaves_the_message_unread() {
    let mut talk = Talk::new(crate::talk::content());
    talk.check("hi", &["(no_match)"]);
    assert!(talk.last.unwrap().actions.is_empty());
}
