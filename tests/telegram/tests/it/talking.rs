//! Messages in direct chats, basic groups and supergroups.

use grammers_client::{message::InputMessage, tl, update::Update};
use troupe_telegram::{Emulator, GroupKind, GroupView, LedgerQuery, NewGroup, Settings};

use crate::client::{emulator, emulator_with, person, signed_in};

fn group(emulator: &Emulator, kind: GroupKind, members: &[i64]) -> GroupView {
    let new = NewGroup { title: "Friends".into(), kind, members: members.to_vec(), username: None };
    emulator.create_group(new).unwrap()
}

#[tokio::test]
async fn a_direct_message_goes_both_ways_and_stands_in_the_ledger() {
    let emulator = emulator().await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let (a, mut b) = (signed_in(&emulator, anna.id).await, signed_in(&emulator, boris.id).await);
    b.client.get_me().await.unwrap();
    let sent = a.client.send_message(a.find("Boris").await, "hello").await.unwrap();
    assert!(sent.outgoing());

    let got = b.message("hello").await;
    assert!(!got.outgoing() && !got.mentioned());
    assert_eq!(got.sender_id().unwrap().bare_id(), Some(anna.id));
    let reply = InputMessage::new().text("hi").reply_to(Some(got.id()));
    let back = b.client.send_message(got.peer_ref().await.unwrap().unwrap(), reply).await.unwrap();

    let page = emulator.ledger(&LedgerQuery::default()).await.unwrap();
    assert_eq!(page.last, 2);
    let [first, second] = &page.messages[..] else { panic!("{page:?}") };
    assert_eq!((first.from, first.text.as_str(), first.sequence), (anna.id, "hello", 1));
    assert_eq!(first.users, Some(vec![anna.id, boris.id]));
    assert_eq!((first.ids[&anna.id], first.ids[&boris.id]), (sent.id(), got.id()));
    assert!(first.random_id != 0 && first.id.is_none() && first.group.is_none());
    assert_eq!((second.from, second.reply_to, second.reply_to_id), (boris.id, Some(1), Some(got.id())));
    assert_eq!(second.ids[&boris.id], back.id());
}

#[tokio::test]
async fn a_basic_group_counts_per_member() {
    let emulator = emulator().await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    // So that the two count differently.
    emulator.send(anna.id, anna.id, "a note").unwrap();
    let friends = group(&emulator, GroupKind::Basic, &[anna.id, boris.id]);
    let (mut a, mut b) = (signed_in(&emulator, anna.id).await, signed_in(&emulator, boris.id).await);
    b.client.get_me().await.unwrap();
    let chat = a.dialog("Friends").await;
    assert_eq!(chat.id.bot_api_dialog_id(), Some(friends.id));
    let sent = a.client.send_message(chat, "to all").await.unwrap();
    let got = b.message("to all").await;
    assert_eq!(got.sender_id().unwrap().bare_id(), Some(anna.id));
    assert_ne!(sent.id(), got.id());
    b.client.send_message(b.dialog("Friends").await, "and back").await.unwrap();
    assert_eq!(a.message("and back").await.sender_id().unwrap().bare_id(), Some(boris.id));
}

#[tokio::test]
async fn a_supergroup_counts_for_all_and_mentions_are_per_viewer() {
    let emulator = emulator().await;
    let (anna, boris, clara) =
        (person(&emulator, "Anna"), person(&emulator, "Boris"), person(&emulator, "Clara"));
    let friends = group(&emulator, GroupKind::Super, &[anna.id, boris.id, clara.id]);
    let a = signed_in(&emulator, anna.id).await;
    let (mut b, mut c) = (signed_in(&emulator, boris.id).await, signed_in(&emulator, clara.id).await);
    let (chat, _) = (a.dialog("Friends").await, (b.dialog("Friends").await, c.dialog("Friends").await));
    assert_eq!(chat.id.bot_api_dialog_id(), Some(friends.id));

    let sent = a.client.send_message(chat, "well, @boris_test?").await.unwrap();
    let (to_b, to_c) = (b.message("well, @boris_test?").await, c.message("well, @boris_test?").await);
    assert_eq!((to_b.id(), to_c.id()), (sent.id(), sent.id()));
    assert!(to_b.mentioned() && !to_c.mentioned());
    let entities = to_c.fmt_entities().unwrap();
    assert!(
        matches!(&entities[..], [tl::enums::MessageEntity::Mention(m)] if (m.offset, m.length) == (6, 11))
    );

    // An answer mentions whom it answers.
    let reply = InputMessage::new().text("no").reply_to(Some(to_c.id()));
    c.client.send_message(c.dialog("Friends").await, reply).await.unwrap();
    let answer = b.message("no").await;
    assert!(!answer.mentioned());
    let entry = emulator.ledger(&LedgerQuery { after: Some(1), ..LedgerQuery::default() }).await.unwrap();
    assert_eq!(entry.messages[0].mentioned, [anna.id]);
    assert_eq!((entry.messages[0].reply_to, entry.messages[0].id), (Some(1), Some(answer.id())));
}

#[tokio::test]
async fn a_simulated_person_is_answered() {
    let emulator = emulator().await;
    let (anna, person) = (person(&emulator, "Anna"), person(&emulator, "Pavel"));
    let mut a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    let said = emulator.send(person.id, anna.id, "hello from nowhere").unwrap();
    let got = a.message("hello from nowhere").await;
    a.client.send_message(got.peer_ref().await.unwrap().unwrap(), "hello").await.unwrap();
    let query = LedgerQuery { after: Some(said.sequence), wait_ms: Some(10_000), ..LedgerQuery::default() };
    let answered = emulator.ledger(&query).await.unwrap();
    assert_eq!(answered.messages[0].text, "hello");

    let edited = emulator.edit(said.sequence, "hello, edited").unwrap();
    assert!(edited.edited);
    a.next(|update| matches!(update, Update::MessageEdited(m) if m.text() == "hello, edited").then_some(()))
        .await;
    assert!(emulator.delete(said.sequence).unwrap().deleted);
    a.next(|update| matches!(update, Update::MessageDeleted(_)).then_some(())).await;
}

#[tokio::test]
async fn typing_and_reading_are_told_to_the_others() {
    let emulator = emulator().await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    group(&emulator, GroupKind::Super, &[anna.id, boris.id]);
    let (mut a, mut b) = (signed_in(&emulator, anna.id).await, signed_in(&emulator, boris.id).await);
    b.dialog("Friends").await;
    let (direct, chat) = (a.find("Boris").await, a.dialog("Friends").await);
    for peer in [direct, chat] {
        a.client.action(peer).oneshot(tl::enums::SendMessageAction::SendMessageTypingAction).await.unwrap();
    }
    let is = |update: &Update, wanted: fn(&tl::enums::Update) -> bool| {
        matches!(update, Update::Raw(raw) if wanted(&raw.raw)).then_some(())
    };
    b.next(|update| is(update, |raw| matches!(raw, tl::enums::Update::UserTyping(_)))).await;
    b.next(|update| is(update, |raw| matches!(raw, tl::enums::Update::ChannelUserTyping(_)))).await;

    a.client.send_message(direct, "one").await.unwrap();
    a.client.send_message(chat, "two").await.unwrap();
    let from = b.message("one").await.peer_ref().await.unwrap().unwrap();
    b.client.mark_as_read(from).await.unwrap();
    b.client.mark_as_read(b.dialog("Friends").await).await.unwrap();
    a.next(|update| is(update, |raw| matches!(raw, tl::enums::Update::ReadHistoryOutbox(_)))).await;
    a.next(|update| is(update, |raw| matches!(raw, tl::enums::Update::ReadChannelOutbox(_)))).await;
}

#[tokio::test]
async fn a_repeated_random_id_gives_the_first_message() {
    let emulator = emulator().await;
    let (anna, _) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let a = signed_in(&emulator, anna.id).await;
    let boris = a.find("Boris").await;
    let call = send(boris.into(), "once", 4242);
    let id = |updates: tl::enums::Updates| match updates {
        tl::enums::Updates::Updates(updates) => updates.updates.iter().find_map(|update| match update {
            tl::enums::Update::MessageId(id) if id.random_id == 4242 => Some(id.id),
            _ => None,
        }),
        other => panic!("{other:?}"),
    };
    let first = id(a.client.invoke(&call).await.unwrap()).unwrap();
    for _ in 0..2 {
        assert_eq!(id(a.client.invoke(&call).await.unwrap()), Some(first));
    }
    let page = emulator.ledger(&LedgerQuery::default()).await.unwrap();
    assert_eq!((page.last, page.messages[0].repeats, page.messages[0].random_id), (1, 2, 4242));

    emulator.set_settings(Settings { random_id_repeat_is_error: true, ..Settings::default() });
    assert_eq!(a.refused(&call).await, (500, "RANDOM_ID_DUPLICATE".into()));
}

#[tokio::test]
async fn a_hash_of_another_account_is_refused() {
    let emulator = emulator().await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    person(&emulator, "Clara");
    group(&emulator, GroupKind::Super, &[anna.id, boris.id]);
    let (a, b) = (signed_in(&emulator, anna.id).await, signed_in(&emulator, boris.id).await);
    b.dialog("Friends").await;
    let (clara_of_a, group_of_a) = (a.find("Clara").await, a.dialog("Friends").await);
    let got = b.refused(&send(clara_of_a.into(), "hi", 1)).await;
    assert_eq!(got, (400, "PEER_ID_INVALID".into()));
    let got = b.refused(&send(group_of_a.into(), "hi", 2)).await;
    assert_eq!(got, (400, "CHANNEL_INVALID".into()));
}

#[tokio::test]
async fn texts_that_are_none_or_too_long_are_refused() {
    let emulator = emulator().await;
    let anna = person(&emulator, "Anna");
    let a = signed_in(&emulator, anna.id).await;
    let me = || tl::enums::InputPeer::PeerSelf;
    for (text, expected) in [(" ", "MESSAGE_EMPTY"), (&*"x".repeat(4097), "MESSAGE_TOO_LONG")] {
        assert_eq!(a.refused(&send(me(), text, 1)).await, (400, expected.into()));
    }
    a.client.invoke(&send(me(), &"x".repeat(4096), 1)).await.unwrap();
    assert_eq!(emulator.ledger(&LedgerQuery::default()).await.unwrap().last, 1);
}

#[tokio::test]
async fn the_short_form_carries_the_message_without_its_sender() {
    let emulator = emulator_with(Settings { short_updates: true, ..Settings::default() }).await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let mut a = signed_in(&emulator, anna.id).await;
    a.client.get_me().await.unwrap();
    emulator.send(boris.id, anna.id, "short").unwrap();
    let got = a.message("short").await;
    assert_eq!(got.peer_id().bare_id(), Some(boris.id));
    assert!(got.peer().is_none());
    let sent = a.client.send_message(a.find("Boris").await, "shorter").await.unwrap();
    assert!(sent.id() > got.id());
}

#[tokio::test]
async fn forwards_reactions_edits_and_deletions_work() {
    let emulator = emulator().await;
    let (anna, boris) = (person(&emulator, "Anna"), person(&emulator, "Boris"));
    let friends = group(&emulator, GroupKind::Super, &[anna.id, boris.id]);
    let (a, mut b) = (signed_in(&emulator, anna.id).await, signed_in(&emulator, boris.id).await);
    b.dialog("Friends").await;
    let chat = a.dialog("Friends").await;
    let sent = a.client.send_message(chat, "first").await.unwrap();
    a.client.edit_message(chat, sent.id(), "second").await.unwrap();
    b.next(|update| matches!(update, Update::MessageEdited(m) if m.text() == "second").then_some(())).await;
    a.client.send_reactions(chat, sent.id(), "👍").await.unwrap();
    a.client.forward_messages(a.find("Boris").await, &[sent.id()], chat).await.unwrap();
    assert!(b.message("second").await.forward_header().is_some());
    a.client.delete_messages(chat, &[sent.id()]).await.unwrap();
    b.next(|update| matches!(update, Update::MessageDeleted(_)).then_some(())).await;

    let page =
        emulator.ledger(&LedgerQuery { group: Some(friends.id), ..LedgerQuery::default() }).await.unwrap();
    let entry = &page.messages[0];
    assert!(entry.edited && entry.deleted && entry.reactions[&anna.id] == ["👍"]);
    let direct = format!("{},{}", anna.id, boris.id);
    let page =
        emulator.ledger(&LedgerQuery { between: Some(direct), ..LedgerQuery::default() }).await.unwrap();
    assert_eq!(page.messages[0].forwarded, Some(entry.sequence));
}

/// A plain text under a chosen `random_id`.
pub fn send(peer: tl::enums::InputPeer, text: &str, random_id: i64) -> tl::functions::messages::SendMessage {
    tl::functions::messages::SendMessage {
        no_webpage: false,
        silent: false,
        background: false,
        clear_draft: false,
        noforwards: false,
        update_stickersets_order: false,
        invert_media: false,
        allow_paid_floodskip: false,
        peer,
        reply_to: None,
        message: text.into(),
        random_id,
        reply_markup: None,
        entities: None,
        schedule_date: None,
        schedule_repeat_period: None,
        send_as: None,
        quick_reply_shortcut: None,
        effect: None,
        allow_paid_stars: None,
        suggested_post: None,
        rich_message: None,
    }
}
