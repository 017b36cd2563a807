use troupe_protocol::{ActionBody, BotStatus, Bucket, Desired, EventBody, SessionState, Stream};
use troupe_types::BotId;

use crate::world::{PATIENCE, World};

/// Whether sessions, each by its instance and state, are as a test wants them.
type Wanted = fn(&[(String, SessionState)]) -> bool;

fn all_online(now: &[(String, SessionState)]) -> bool {
    now.iter().all(|(_, state)| *state == SessionState::Online)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_moves_from_a_stopped_instance_to_another_and_never_has_two() {
    let world = World::new().await;
    let first = world.ingress("first").await;
    let anna = world.person("anna");
    let mut bots = Vec::new();
    for id in 1..=6 {
        let account = world.person(&format!("bot{id}"));
        bots.push((world.register(id, &account).await, account));
    }
    for (bot, _) in &bots {
        world.events(*bot).await.session(SessionState::Online).await;
    }
    let second = world.ingress("second").await;
    let status = world.bus.bucket(Bucket::Status);
    let instances = async || {
        let mut instances = Vec::new();
        for (bot, _) in &bots {
            let entry = status.get::<BotStatus>(&bot.to_string()).await.unwrap().expect("it has a status");
            instances.push((entry.value.instance, entry.value.state));
        }
        instances
    };
    let until = async |wanted: Wanted| {
        let wait = async {
            loop {
                let now = instances().await;
                if wanted(&now) {
                    return;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(PATIENCE, wait).await.expect("sessions settle in time");
    };
    until(|now| all_online(now) && now.iter().any(|(instance, _)| instance == "second")).await;
    first.kill().await;
    until(|now| all_online(now) && now.iter().all(|(instance, _)| instance == "second")).await;
    // Each bot still hears.
    for (bot, account) in &bots {
        let mut updates = world.updates(*bot).await;
        world.emulator.send(anna.id, account.id, "still there?").unwrap();
        assert_eq!(updates.next().await.body.message().unwrap().text, "still there?");
    }
    assert!(world.emulator.overlaps().is_empty(), "{:?}", world.emulator.overlaps());
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_revoked_session_is_told_as_logged_out_and_left_alone() {
    let world = World::new().await;
    let ingress = world.ingress("a").await;
    let clara = world.person("clara");
    let bot = world.register(1, &clara).await;
    let mut events = world.events(bot).await;
    events.session(SessionState::Online).await;
    world.emulator.revoke_keys(clara.id);
    world.emulator.kill_connections(Some(clara.id));
    events.session(SessionState::LoggedOut).await;
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_said_while_a_bot_was_signed_out_is_heard_when_it_has_signed_in_again() {
    let world = World::new().await;
    let ingress = world.ingress("a").await;
    let (clara, anna) = (world.person("clara"), world.person("anna"));
    let bot = world.register(1, &clara).await;
    let (mut updates, mut events) = (world.updates(bot).await, world.events(bot).await);
    events.session(SessionState::Online).await;
    world.emulator.send(anna.id, clara.id, "before").unwrap();
    assert_eq!(updates.next().await.body.message().unwrap().text, "before");
    world.emulator.revoke_keys(clara.id);
    world.emulator.kill_connections(Some(clara.id));
    events.session(SessionState::LoggedOut).await;
    world.emulator.send(anna.id, clara.id, "meanwhile").unwrap();
    world.register(1, &clara).await;
    events.session(SessionState::Online).await;
    assert_eq!(updates.next().await.body.message().unwrap().text, "meanwhile");
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_cannot_send_takes_no_room_from_its_neighbours() {
    let mut world = World::new().await;
    world.actions_window = 8;
    let ingress = world.ingress("a").await;
    let (clara, boris, anna) = (world.person("clara"), world.person("boris"), world.person("anna"));
    let neighbour = (2..10_000).find(|id| world.partition(BotId::new(*id)) == world.partition(BotId::new(1)));
    let (first, second) = (world.register(1, &clara).await, world.register(neighbour.unwrap(), &boris).await);
    let (mut updates, mut events) = (world.updates(first).await, world.events(first).await);
    for _ in [first, second] {
        events.session(SessionState::Online).await;
    }
    world.emulator.send(anna.id, clara.id, "tell me much").unwrap();
    let update = updates.next().await;
    world.emulator.send(anna.id, boris.id, "and you?").unwrap();
    let other = updates.next().await;
    world.emulator.revoke_keys(clara.id);
    world.emulator.kill_connections(Some(clara.id));
    events.session(SessionState::LoggedOut).await;

    let texts: Vec<String> = (0..30).map(|number| format!("line {number}")).collect();
    for (number, text) in (0..).zip(&texts[..20]) {
        world
            .act(&update, number, ActionBody::Reply { text: text.clone(), reply_to: None, media: None })
            .await;
    }
    world.reply(&other, "not held up").await;
    events.find(|body| matches!(body, EventBody::MessageSent { .. })).await;
    assert_eq!(world.said(boris.id).await, ["not held up"]);

    // What was put aside outlives the instance that did it.
    ingress.kill().await;
    let ingress = world.ingress("b").await;
    for (number, text) in (20..).zip(&texts[20..]) {
        world
            .act(&update, number, ActionBody::Reply { text: text.clone(), reply_to: None, media: None })
            .await;
    }
    world.register(1, &clara).await;
    for _ in &texts {
        events.find(|body| matches!(body, EventBody::MessageSent { .. })).await;
    }
    assert_eq!(world.said(clara.id).await, texts, "in order, and each once");
    let caught_up = async {
        while !world.bus.bots_aside(world.partition(first)).await.unwrap().is_empty() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(PATIENCE, caught_up).await.expect("it goes back to its neighbours");
    let body = ActionBody::Reply { text: "as before".to_owned(), reply_to: None, media: None };
    world.act(&update, 40, body).await;
    events.find(|body| matches!(body, EventBody::MessageSent { action, .. } if action.number == 40)).await;
    assert_eq!(world.said(clara.id).await.len(), texts.len() + 1);
    ingress.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_was_stopped_while_nobody_ran_it_is_told_as_stopped() {
    let world = World::new().await;
    let first = world.ingress("first").await;
    let clara = world.person("clara");
    let bot = world.register(1, &clara).await;
    let mut events = world.events(bot).await;
    events.session(SessionState::Online).await;
    first.kill().await;
    world.record(bot, Desired::Stopped).await;
    let second = world.ingress("second").await;
    events.session(SessionState::Stopped).await;
    second.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_broker_that_is_away_at_the_start_is_waited_for() {
    let mut world = World::new().await;
    let bus = world.connect().await;
    world.nats.kill();
    let ingress = world.ingress_on(bus.clone(), "a");
    // The time of two calls: by then its own first one has failed, too.
    for _ in 0..2 {
        bus.last_sequence(Stream::Updates).await.unwrap_err();
    }
    world.nats.restart().await.unwrap();
    let clara = world.person("clara");
    let bot = world.register(1, &clara).await;
    world.events(bot).await.session(SessionState::Online).await;
    ingress.stop().await;
}
