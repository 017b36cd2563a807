//! More was missed than Telegram tells: what can be had is read from the chats.

use troupe_protocol::{BotStatus, Bucket, Desired, LoginReply, LoginStep, Secret, SessionState};
use troupe_telegram::{AccountView, FaultKind, GroupKind, NewAccount, Settings};
use troupe_types::BotId;

use crate::world::{Instance, PATIENCE, Scene, Updates, World};

/// From so many missed events on Telegram tells no difference.
const TOLD: usize = 20;

fn forgetful(world: &World) {
    let settings = world.emulator.settings();
    world.emulator.set_settings(Settings { difference_max: TOLD, ..settings });
}

async fn hear(updates: &mut Updates, count: usize) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.len() < count {
        heard.push(updates.next().await.body.message().expect("it is a message").text.clone());
    }
    heard
}

/// Has `from` write, and waits until it is heard, and that it was heard is stored.
async fn heard_last(world: &World, updates: &mut Updates, from: &AccountView, to: i64, ingress: Instance) {
    world.emulator.send(from.id, to, "before").expect("it can be sent");
    assert_eq!(hear(updates, 1).await, ["before"]);
    ingress.stop().await;
}

/// What the bot's status says beside that it is online.
async fn detail(world: &World, bot: BotId, instance: &str) -> Option<String> {
    let statuses = world.bus.bucket(Bucket::Status);
    let status = statuses.get::<BotStatus>(&bot.to_string()).await.expect("it can be read");
    let status = status.expect("it has a status").value;
    assert_eq!((status.state, status.instance.as_str()), (SessionState::Online, instance));
    status.detail
}

#[tokio::test(flavor = "multi_thread")]
async fn what_telegram_does_not_tell_is_read_from_the_chats_once_and_in_order() {
    let Scene { world, ingress, clara, anna, group, bot, mut updates, .. } = Scene::new().await;
    let boris = world.person("boris");
    let friends = world.group_of(GroupKind::Basic, "Friends", &[clara.id, anna.id, boris.id]);
    heard_last(&world, &mut updates, &anna, clara.id, ingress).await;
    forgetful(&world);
    let mut own = Vec::new();
    for n in 0..15 {
        for (from, to) in [(&anna, clara.id), (&boris, clara.id), (&boris, friends.get())] {
            let text = format!("{n} from {} in {to}", from.id);
            world.emulator.send(from.id, to, &text).unwrap();
            own.push(text);
        }
        world.emulator.send(anna.id, group.get(), &format!("public {n}")).unwrap();
    }
    let ingress = world.ingress("b").await;
    let heard = hear(&mut updates, own.len() + 15).await;
    let (public, direct): (Vec<_>, Vec<_>) = heard.into_iter().partition(|text| text.starts_with("public"));
    assert_eq!(direct, own);
    assert_eq!(public, (0..15).map(|n| format!("public {n}")).collect::<Vec<_>>());
    assert_eq!(detail(&world, bot, "b").await, None, "nothing is missing");
    world.emulator.send(anna.id, clara.id, "after").unwrap();
    assert_eq!(hear(&mut updates, 1).await, ["after"]);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_ingress_that_is_killed_while_it_reads_loses_and_doubles_nothing() {
    let Scene { world, ingress, clara, anna, mut updates, .. } = Scene::new().await;
    let boris = world.person("boris");
    heard_last(&world, &mut updates, &anna, clara.id, ingress).await;
    forgetful(&world);
    let mut texts = Vec::new();
    for n in 0..80 {
        let from = if n % 2 == 0 { &anna } else { &boris };
        texts.push(format!("text {n}"));
        world.emulator.send(from.id, clara.id, &texts[n]).unwrap();
    }
    // The first one is killed while it waits for a chat, the next one while it publishes.
    world.emulator.add_fault(Some(clara.id), Some("messages.GetHistory"), FaultKind::NoReply, 1);
    let ingress = world.ingress("b").await;
    let asked = async {
        while world.emulator.calls(clara.id, "messages.getHistory") == 0 {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, asked).await.expect("it asks in time");
    ingress.kill().await;
    let ingress = world.ingress("c").await;
    let mut heard = hear(&mut updates, 1).await;
    ingress.kill().await;
    texts.push("the last".to_owned());
    world.emulator.send(anna.id, clara.id, "the last").unwrap();
    let ingress = world.ingress("d").await;
    while heard.last().is_some_and(|text| text != "the last") {
        heard.extend(hear(&mut updates, 1).await);
    }
    assert_eq!(heard, texts);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_that_had_heard_of_nobody_yet_hears_what_was_written_since_it_signed_in() {
    let Scene { world, ingress, clara, anna, mut updates, .. } = Scene::new().await;
    ingress.stop().await;
    forgetful(&world);
    let texts: Vec<String> = (0..=TOLD).map(|n| format!("text {n}")).collect();
    for text in &texts {
        world.emulator.send(anna.id, clara.id, text).unwrap();
    }
    let ingress = world.ingress("b").await;
    assert_eq!(hear(&mut updates, texts.len()).await, texts);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_a_chat_with_very_much_the_newest_is_read_and_the_bots_status_says_so() {
    let Scene { world, ingress, clara, anna, bot, mut updates, .. } = Scene::new().await;
    let boris = world.person("boris");
    heard_last(&world, &mut updates, &anna, clara.id, ingress).await;
    forgetful(&world);
    world.emulator.send(boris.id, clara.id, "only one").unwrap();
    for n in 0..130 {
        world.emulator.send(anna.id, clara.id, &format!("one of many {n}")).unwrap();
    }
    let ingress = world.ingress("b").await;
    let mut expected = vec!["only one".to_owned()];
    expected.extend((30..130).map(|n| format!("one of many {n}")));
    assert_eq!(hear(&mut updates, expected.len()).await, expected);
    let told = async {
        loop {
            if let Some(detail) = detail(&world, bot, "b").await {
                return detail;
            }
            tokio::task::yield_now().await;
        }
    };
    let told = tokio::time::timeout(PATIENCE, told).await.expect("it is told in time");
    assert!(told.contains("not all of it could be read"), "{told}");
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_telegram_refuses_to_tell_is_read_from_the_chats() {
    let Scene { world, ingress, clara, anna, mut updates, .. } = Scene::new().await;
    world.emulator.send(anna.id, clara.id, "before").unwrap();
    assert_eq!(hear(&mut updates, 1).await, ["before"]);
    let refused = FaultKind::Error { code: 400, name: "PERSISTENT_TIMESTAMP_INVALID".into() };
    world.emulator.add_fault(Some(clara.id), Some("updates.GetDifference"), refused, 1);
    world.emulator.mute(clara.id, true).unwrap();
    world.emulator.send(anna.id, clara.id, "meanwhile").unwrap();
    world.emulator.mute(clara.id, false).unwrap();
    world.emulator.send(anna.id, clara.id, "after").unwrap();
    assert_eq!(hear(&mut updates, 2).await, ["meanwhile", "after"]);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_account_which_may_not_look_into_chats_asks_for_messages_by_their_numbers() {
    let world = World::new().await;
    let ingress = world.ingress("a").await;
    let (anna, boris) = (world.person("anna"), world.person("boris"));
    let new = NewAccount { first_name: "Helper".into(), bot: true, ..NewAccount::default() };
    let helper = world.emulator.create_account(new).unwrap();
    let bot = BotId::new(1);
    let token = Secret::new(helper.bot_token.clone().unwrap());
    assert!(matches!(world.login(bot, LoginStep::Token { token }).await, LoginReply::SignedIn { .. }));
    world.record(bot, Desired::Running).await;
    let mut updates = world.updates(bot).await;
    world.events(bot).await.session(SessionState::Online).await;
    heard_last(&world, &mut updates, &anna, helper.id, ingress).await;
    forgetful(&world);
    let mut texts = Vec::new();
    for n in 0..120 {
        let from = if n % 2 == 0 { &anna } else { &boris };
        world.emulator.send(from.id, helper.id, &format!("text {n}")).unwrap();
        texts.push(format!("text {n}"));
    }
    let ingress = world.ingress("b").await;
    assert_eq!(hear(&mut updates, texts.len()).await, texts);
    assert_eq!(detail(&world, bot, "b").await, None, "nothing is missing");
    ingress.stop().await;
}
