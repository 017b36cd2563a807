use std::time::Duration;

use troupe_protocol::{ActionBody, Attachment, AttachmentKind, Desired, EventBody, SessionState, UpdateBody};
use troupe_telegram::{FaultKind, LedgerEntry};
use troupe_types::{MediaKind, MessageId, Person, UserId};

use crate::world::{Scene, World, chat_with};

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_hears_and_answers_in_direct_chats_and_groups() {
    let Scene { world, ingress, clara, anna, group, mut updates, mut events, .. } = Scene::new().await;

    world.emulator.send(anna.id, clara.id, "hello in private").unwrap();
    let direct = updates.next().await;
    assert_eq!(
        (direct.chat.id, direct.body.message().unwrap().text.as_str()),
        (chat_with(&anna), "hello in private")
    );
    let Person { id, first_name, last_name, .. } = &direct.sender;
    assert_eq!((id.get(), first_name.as_str(), last_name.as_deref()), (anna.id, "anna", Some("Lee")));
    world.reply(&direct, "hello to you").await;
    let sent = events.sent().await;
    assert!(sent.get() > direct.key.message.get());

    world.emulator.send(anna.id, group.get(), "hello @clara_user").unwrap();
    let public = updates.next().await;
    assert_eq!((public.chat.id, public.chat.title.as_deref()), (group, Some("Lounge")));
    assert!(public.body.message().unwrap().mentions_bot);
    let body =
        ActionBody::Reply { text: "hello all".into(), media: None, reply_to: Some(public.key.message) };
    world.act(&public, 0, body).await;
    events.sent().await;
    assert_eq!(world.said(clara.id).await, ["hello to you", "hello all"]);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_action_that_comes_again_is_sent_once() {
    let Scene { world, ingress, clara, anna, mut updates, mut events, .. } = Scene::new().await;
    world.emulator.send(anna.id, clara.id, "hi").unwrap();
    let update = updates.next().await;
    world.reply(&update, "once").await;
    let first = events.sent().await;
    world.reply(&update, "once").await;
    // The second send is recognised by Telegram, and told as the same event, which the broker may even leave out.
    world.emulator.send(anna.id, clara.id, "and now?").unwrap();
    let update = updates.next().await;
    world.reply(&update, "twice").await;
    let mut second = events.sent().await;
    if second == first {
        second = events.sent().await;
    }
    assert!(second > first);
    assert_eq!(world.said(clara.id).await, ["once", "twice"]);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_while_nobody_listened_is_heard_later_in_order() {
    let Scene { world, ingress, clara, anna, group, mut updates, .. } = Scene::new().await;
    // Both chats have been heard of once, so that there is a position to go on from.
    world.emulator.send(anna.id, clara.id, "direct 0").unwrap();
    assert_eq!(updates.next().await.body.message().unwrap().text, "direct 0");
    world.emulator.send(anna.id, group.get(), "group 0").unwrap();
    assert_eq!(updates.next().await.body.message().unwrap().text, "group 0");
    ingress.kill().await;
    for n in 1..=20 {
        world.emulator.send(anna.id, clara.id, &format!("direct {n}")).unwrap();
        world.emulator.send(anna.id, group.get(), &format!("group {n}")).unwrap();
    }
    let ingress = world.ingress("b").await;
    let (mut direct, mut public) = (Vec::new(), Vec::new());
    while direct.len() < 20 || public.len() < 20 {
        let text = updates.next().await.body.message().unwrap().text.clone();
        let heard = if text.starts_with("direct") { &mut direct } else { &mut public };
        // What was heard just before the kill may be told again, if its position was not stored yet.
        if !text.ends_with(" 0") && !heard.contains(&text) {
            heard.push(text);
        }
    }
    assert_eq!(direct, (1..=20).map(|n| format!("direct {n}")).collect::<Vec<_>>());
    assert_eq!(public, (1..=20).map(|n| format!("group {n}")).collect::<Vec<_>>());
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_group_joined_while_nobody_listened_is_heard_from_then_on() {
    let world = World::new().await;
    let ingress = world.ingress("a").await;
    let (clara, anna, boris) = (world.person("clara"), world.person("anna"), world.person("boris"));
    let bot = world.register(1, &clara).await;
    let (mut updates, mut events) = (world.updates(bot).await, world.events(bot).await);
    events.session(SessionState::Online).await;
    world.emulator.send(anna.id, clara.id, "before").unwrap();
    assert_eq!(updates.next().await.body.message().unwrap().text, "before");
    ingress.stop().await;

    let group = world.group("Founded meanwhile", &[anna.id, boris.id, clara.id]);
    for n in 1..=3 {
        world.emulator.send(anna.id, group.get(), &format!("meanwhile {n}")).unwrap();
    }
    let ingress = world.ingress("b").await;
    for n in 1..=3 {
        let update = updates.next().await;
        assert_eq!(
            (update.chat.id, update.body.message().unwrap().text.clone()),
            (group, format!("meanwhile {n}"))
        );
    }
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn lost_connections_lose_no_messages() {
    let Scene { world, ingress, clara, anna, group, mut updates, .. } = Scene::new().await;
    let mut heard = Vec::new();
    for n in 0..60 {
        let to = if n % 2 == 0 { clara.id } else { group.get() };
        world.emulator.send(anna.id, to, &format!("{n}")).unwrap();
        if n % 10 == 3 {
            world.emulator.kill_connections(Some(clara.id));
        }
    }
    while heard.len() < 60 {
        let number: u32 = updates.next().await.body.message().unwrap().text.parse().unwrap();
        assert!(!heard.contains(&number), "{number} was heard twice");
        heard.push(number);
    }
    for parity in [0, 1] {
        assert!(heard.iter().filter(|number| *number % 2 == parity).is_sorted(), "out of order: {heard:?}");
    }
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_wait_is_waited_out_and_told() {
    let Scene { world, ingress, clara, anna, mut updates, mut events, .. } = Scene::new().await;
    let wait = FaultKind::Error { code: 420, name: "FLOOD_WAIT_1".into() };
    world.emulator.add_fault(Some(clara.id), Some("messages.SendMessage"), wait, 2);
    world.emulator.send(anna.id, clara.id, "hi").unwrap();
    let update = updates.next().await;
    world.reply(&update, "patience").await;
    let event = events.find(|body| matches!(body, EventBody::FloodWait { .. })).await;
    assert_eq!(event.body, EventBody::FloodWait { seconds: 1, method: "send".into() });
    events.sent().await;
    assert_eq!(world.said(clara.id).await, ["patience"]);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_whose_answer_was_lost_is_not_sent_twice() {
    let Scene { world, ingress, clara, anna, mut updates, mut events, .. } = Scene::new().await;
    world.emulator.add_fault(Some(clara.id), Some("messages.SendMessage"), FaultKind::DropAfter, 2);
    world.emulator.send(anna.id, clara.id, "hi").unwrap();
    let update = updates.next().await;
    world.reply(&update, "only once").await;
    events.sent().await;
    assert_eq!(world.said(clara.id).await, ["only once"]);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_send_that_telegram_fails_at_is_tried_a_few_times_and_the_next_one_goes_on() {
    let Scene { world, ingress, clara, anna, mut updates, mut events, .. } = Scene::new().await;
    world.emulator.send(anna.id, clara.id, "hi").unwrap();
    let update = updates.next().await;
    let say = |text: &str| ActionBody::Reply { text: text.into(), media: None, reply_to: None };
    let mut number = 0;
    for (code, name) in [(500, "RPC_CALL_FAIL"), (-503, "Timeout")] {
        let failing = FaultKind::Error { code, name: name.into() };
        // Once less than it is tried, and as often.
        for (times, text) in [(2, "after two failures"), (3, "never said")] {
            world.emulator.add_fault(Some(clara.id), Some("messages.SendMessage"), failing.clone(), times);
            let key = world.act(&update, number, say(text)).await;
            world.act(&update, number + 1, say("and on")).await;
            let ends = |body: &EventBody| match body {
                EventBody::DeliveryFailed { action, .. } | EventBody::MessageSent { action, .. } => {
                    action.number == number
                }
                _ => false,
            };
            match events.find(ends).await.body {
                EventBody::MessageSent { .. } => assert_eq!(times, 2),
                failed => {
                    assert_eq!(times, 3);
                    assert_eq!(failed, EventBody::DeliveryFailed { action: key, reason: name.into() });
                }
            }
            events.sent().await;
            number += 2;
        }
    }
    let said = ["after two failures", "and on", "and on"];
    assert_eq!(world.said(clara.id).await, [said, said].concat());
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_send_is_told_as_failed() {
    let Scene { world, ingress, clara, anna, bot, mut updates, mut events, .. } = Scene::new().await;
    let refused = FaultKind::Error { code: 400, name: "USER_IS_BLOCKED".into() };
    world.emulator.add_fault(Some(clara.id), Some("messages.SendMessage"), refused, 1);
    world.emulator.send(anna.id, clara.id, "hi").unwrap();
    let update = updates.next().await;
    let key = world.reply(&update, "never said").await;
    let event = events.find(|body| matches!(body, EventBody::DeliveryFailed { .. })).await;
    assert_eq!(event.body, EventBody::DeliveryFailed { action: key, reason: "USER_IS_BLOCKED".into() });
    let blocked = events.find(|body| *body == EventBody::BotBlocked).await;
    assert_eq!((blocked.chat, blocked.person), (Some(chat_with(&anna)), Some(UserId::new(anna.id))));
    // A stopped bot's actions are refused, too.
    world.record(bot, Desired::Stopped).await;
    events.session(SessionState::Stopped).await;
    let key = world
        .act(&update, 1, ActionBody::Reply { text: "too late".into(), media: None, reply_to: None })
        .await;
    let event = events.find(|body| matches!(body, EventBody::DeliveryFailed { .. })).await;
    assert_eq!(event.body, EventBody::DeliveryFailed { action: key, reason: "BOT_STOPPED".into() });
    assert!(world.said(clara.id).await.is_empty());
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_is_seen_with_its_size_and_can_be_stored() {
    let Scene { world, ingress, clara, anna, mut updates, mut events, .. } = Scene::new().await;
    world.emulator.send_photo(anna.id, clara.id, "my passport", 700_000).unwrap();
    let update = updates.next().await;
    let UpdateBody::Message(message) = &update.body else { panic!("{update:?}") };
    let media = message.media.as_ref().expect("a photo is attached");
    assert_eq!((media.kind, media.bytes, message.text.as_str()), (MediaKind::Photo, 700_000, "my passport"));
    let id: MessageId = message.id;
    world.act(&update, 0, ActionBody::StoreFile { message: id }).await;
    let event = events.find(|body| matches!(body, EventBody::FileStored { .. })).await;
    assert!(matches!(event.body, EventBody::FileStored { bytes: 700_000, .. }), "{event:?}");
    let file = world.media().join("1").join(format!("{}_{id}_{}.jpg", chat_with(&anna), anna.id));
    assert_eq!(std::fs::metadata(file).unwrap().len(), 700_000);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_of_20_megabytes_is_stored_and_a_larger_one_is_refused() {
    const LARGEST: u64 = 20 << 20;
    let Scene { world, ingress, clara, anna, mut updates, mut events, .. } = Scene::new().await;
    for bytes in [LARGEST, LARGEST + 1] {
        let length = usize::try_from(bytes).unwrap();
        world.emulator.send_photo(anna.id, clara.id, "my passport", length).unwrap();
        let update = updates.next().await;
        assert_eq!(update.body.message().unwrap().media.as_ref().map(|media| media.bytes), Some(bytes));
        let key = world.act(&update, 0, ActionBody::StoreFile { message: update.key.message }).await;
        let ends = |body: &EventBody| {
            matches!(body, EventBody::FileStored { .. } | EventBody::DeliveryFailed { .. })
        };
        let expected = match bytes {
            LARGEST => EventBody::FileStored { action: key, bytes },
            _ => EventBody::DeliveryFailed { action: key, reason: "FILE_ABSENT_OR_TOO_LARGE".into() },
        };
        assert_eq!(events.find(ends).await.body, expected);
    }
    let stored = std::fs::read_dir(world.media().join("1")).unwrap().collect::<Vec<_>>();
    assert_eq!(stored.len(), 1, "{stored:?}");
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_or_a_document_is_sent_once_with_its_caption() {
    let Scene { world, ingress, clara, anna, mut updates, mut events, .. } = Scene::new().await;
    // More than one part of an upload, and of what the broker keeps.
    let picture = [b"\x89PNG\r\n\x1a\n".to_vec(), vec![7; 1_300_000]].concat();
    world.put_file("map", &picture).await;
    world.put_file("prices", b"a,b").await;
    let send = |kind, name: &str, text: &str| ActionBody::Reply {
        text: text.into(),
        media: Some(Attachment { kind, name: name.into() }),
        reply_to: None,
    };
    world.emulator.send(anna.id, clara.id, "where?").unwrap();
    let update = updates.next().await;
    let photo = send(AttachmentKind::Photo, "map", "here");
    world.act(&update, 0, photo.clone()).await;
    let told = events.find(|body| matches!(body, EventBody::MessageSent { .. })).await;
    assert!(matches!(told.body, EventBody::MessageSent { media: Some(MediaKind::Photo), .. }), "{told:?}");
    // Once more, as after a crash; then what Telegram has by now, and a document without a word.
    world.act(&update, 0, photo).await;
    world.act(&update, 1, send(AttachmentKind::Photo, "map", "and again")).await;
    world.act(&update, 2, send(AttachmentKind::Document, "prices", "")).await;
    events.find(|body| matches!(body, EventBody::MessageSent { media: Some(MediaKind::Document), .. })).await;
    let media = |entry: &LedgerEntry| {
        let media = entry.media.as_ref().expect("something is attached");
        (media.kind.clone(), media.bytes, entry.text.clone())
    };
    let said: Vec<_> = world.ledger(clara.id).await.iter().map(media).collect();
    let photo = |text: &str| ("photo".to_owned(), picture.len() as u64, text.to_owned());
    assert_eq!(said, [photo("here"), photo("and again"), ("document".to_owned(), 3, String::new())]);
    assert_eq!(world.emulator.calls(clara.id, "upload.saveFilePart"), 4, "three parts once, and one");
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_there_is_not_is_told_as_the_reason() {
    let Scene { world, ingress, clara, anna, mut updates, mut events, .. } = Scene::new().await;
    world.emulator.send(anna.id, clara.id, "where?").unwrap();
    let update = updates.next().await;
    let media = Some(Attachment { kind: AttachmentKind::Photo, name: "map".into() });
    let key = world.act(&update, 0, ActionBody::Reply { text: "here".into(), media, reply_to: None }).await;
    let event = events.find(|body| matches!(body, EventBody::DeliveryFailed { .. })).await;
    assert_eq!(event.body, EventBody::DeliveryFailed { action: key, reason: "FILE_UNKNOWN".into() });
    assert!(world.said(clara.id).await.is_empty());
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_edit_is_told_as_an_edit() {
    let Scene { world, ingress, clara, anna, mut updates, .. } = Scene::new().await;
    let said = world.emulator.send(anna.id, clara.id, "helo").unwrap();
    let new = updates.next().await;
    world.emulator.edit(said.sequence, "hello").unwrap();
    let edited = updates.next().await;
    assert!(matches!(&edited.body, UpdateBody::Edited(message) if message.text == "hello"), "{edited:?}");
    assert_ne!(edited.key, new.key);
    assert_eq!(edited.key.message, new.key.message);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deleted_message_is_told_with_its_chat_where_telegram_tells_it() {
    let Scene { world, ingress, clara, anna, group, mut updates, mut events, .. } = Scene::new().await;
    for (to, chat) in [(group.get(), Some(group)), (clara.id, None)] {
        let said = world.emulator.send(anna.id, to, "forget it").unwrap();
        let message = updates.next().await.key.message;
        world.emulator.delete(said.sequence).unwrap();
        let deleted = events.find(|body| matches!(body, EventBody::MessageDeleted { .. })).await;
        assert_eq!((deleted.chat, deleted.body), (chat, EventBody::MessageDeleted { message }));
    }
    // What is deleted while nobody listens is told later.
    let said = world.emulator.send(anna.id, clara.id, "nor this").unwrap();
    let message = updates.next().await.key.message;
    ingress.stop().await;
    world.emulator.delete(said.sequence).unwrap();
    let ingress = world.ingress("b").await;
    let deleted = events.find(|body| matches!(body, EventBody::MessageDeleted { .. })).await;
    assert_eq!(deleted.body, EventBody::MessageDeleted { message });
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_is_reacted_to_and_forwarded_once_though_the_answer_is_lost() {
    let Scene { world, ingress, clara, anna, group, mut updates, mut events, .. } = Scene::new().await;
    world.emulator.add_fault(Some(clara.id), Some("messages.ForwardMessages"), FaultKind::DropAfter, 1);
    world.emulator.add_fault(Some(clara.id), Some("messages.SendReaction"), FaultKind::DropAfter, 1);
    world.emulator.send(anna.id, clara.id, "look at this").unwrap();
    let update = updates.next().await;
    let message = update.key.message;
    world.act(&update, 0, ActionBody::React { message, emoji: "👍".into() }).await;
    let forward = ActionBody::Forward { from: update.chat.id, message };
    world.act_in(group, Duration::ZERO, &update, 1, forward.clone()).await;
    events.sent().await;
    // Both come again, as they do after a crash, and change nothing.
    world.act(&update, 0, ActionBody::React { message, emoji: "👍".into() }).await;
    world.act_in(group, Duration::ZERO, &update, 1, forward).await;
    let told = ActionBody::Reply { text: "I told them".into(), media: None, reply_to: None };
    world.act(&update, 2, told).await;
    events.find(|body| matches!(body, EventBody::MessageSent { action, .. } if action.number == 2)).await;

    let ledger = world.emulator.ledger(&troupe_telegram::LedgerQuery::default()).await.unwrap().messages;
    let original = ledger.iter().find(|entry| entry.from == anna.id).unwrap();
    assert_eq!(original.reactions, [(clara.id, vec!["👍".to_owned()])].into());
    let of_clara = ledger.iter().filter(|entry| entry.from == clara.id);
    let of_clara: Vec<_> = of_clara.map(|entry| (entry.text.as_str(), entry.forwarded)).collect();
    assert_eq!(of_clara, [("look at this", Some(original.sequence)), ("I told them", None)]);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_to_be_done_later_comes_after_its_own_and_holds_up_nobody_else() {
    let Scene { world, ingress, clara, anna, mut updates, mut events, .. } = Scene::new().await;
    world.emulator.send(anna.id, clara.id, "one").unwrap();
    let update = updates.next().await;
    let say = |text: &str| ActionBody::Reply { text: text.into(), media: None, reply_to: None };
    let later = Duration::from_secs(3);
    for (number, delay, text) in [(1, later, "third"), (2, later, "fourth"), (0, Duration::ZERO, "first")] {
        world.act_in(update.chat.id, delay, &update, number, say(text)).await;
    }
    world.emulator.send(anna.id, clara.id, "two").unwrap();
    let other = updates.next().await;
    world.reply(&other, "second").await;
    for _ in 0..4 {
        events.sent().await;
    }
    assert_eq!(world.said(clara.id).await, ["first", "second", "third", "fourth"]);
    ingress.stop().await;
}
