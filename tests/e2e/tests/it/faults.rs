//! Services that are killed in the middle of the demo, and several of each side by side.

use std::{collections::BTreeMap, time::Duration};

use serde_json::Value;
use troupe_bus::{Bus, NatsConfig};
use troupe_dev::{
    demo::{self, manager::Manager},
    service,
    stack::{Options, Stack},
};
use troupe_protocol::Bucket;

use crate::world::{World, wait_for};

/// Plays the demo, and meanwhile does `harm` again and again until it is played.
pub async fn play_through(
    world: &mut World,
    mut harm: impl AsyncFnMut(&mut troupe_dev::stack::Stack),
) -> demo::Summary {
    let (scene, endpoints) = (world.scene.clone(), world.endpoints.clone());
    let play = tokio::spawn(async move { demo::once(&scene, &endpoints).await });
    let mut rounds = 0;
    while !play.is_finished() {
        harm(&mut world.stack).await;
        rounds += 1;
    }
    assert!(rounds > 0, "the harm was done in the middle of the demo");
    play.await.expect("the demo does not panic").expect("the servers answer")
}

/// Lets work come to pass between two kills, so that each of them hits something.
async fn a_moment() {
    tokio::time::sleep(Duration::from_millis(700)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_a_responder_loses_and_doubles_nothing() {
    let mut world = World::new(Options::default()).await;
    let summary = play_through(&mut world, async |stack| {
        a_moment().await;
        stack.responders[0].kill();
        stack.responders[0].restart().await.expect("the responder starts again");
    })
    .await;
    assert!(summary.is_well(), "{summary}\n{:#?}", summary.faults());
}

#[tokio::test(flavor = "multi_thread")]
async fn killing_ingress_loses_and_doubles_nothing() {
    // Whoever is killed gives nothing back: the next one waits until the leases run out.
    let environment = vec![("TROUPE__NATS__LEASE_TTL".to_owned(), "2s".to_owned())];
    let mut world = World::new(Options { environment, ..Options::default() }).await;
    let summary = play_through(&mut world, async |stack| {
        a_moment().await;
        a_moment().await;
        stack.ingresses[0].kill();
        stack.ingresses[0].restart().await.expect("ingress starts again");
        tokio::time::sleep(Duration::from_secs(4)).await;
    })
    .await;
    assert!(summary.is_well(), "{summary}\n{:#?}", summary.faults());
    assert_eq!(world.look("/overlaps").await, Value::Array(Vec::new()), "no session was connected twice");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_shows_as_online_only_while_an_ingress_has_it() {
    let environment = vec![("TROUPE__NATS__LEASE_TTL".to_owned(), "2s".to_owned())];
    let mut world = World::new(Options { environment, ..Options::default() }).await;
    let manager = Manager::new(&world.endpoints.services["manager"].url, &world.endpoints.manager_token);
    let bots: Vec<u64> = world.scene.bots.values().map(|bot| bot.id.get()).collect();
    let all = async |state: &str| {
        wait_for(async || {
            for bot in &bots {
                let bot = manager.bot(*bot).await.expect("the manager answers");
                if bot["status"]["state"] != state {
                    return None;
                }
            }
            Some(())
        })
        .await;
    };
    all("online").await;
    world.stack.ingresses[0].kill();
    all("no_ingress").await;
    world.stack.ingresses[0].restart().await.expect("ingress starts again");
    all("online").await;
    world.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_of_each_keep_order_and_never_share_a_session() {
    let mut world = World::new(Options { ingresses: 2, responders: 2, ..Options::default() }).await;
    let summary = demo::once(&world.scene, &world.endpoints).await.expect("the servers answer");
    assert!(summary.is_well(), "{summary}\n{:#?}", summary.faults());

    // A burst, faster than anybody answers: the answers come in the order of the questions.
    let (boris, anna) =
        (world.scene.bots["boris"], *world.scene.people.values().next().expect("there are people"));
    let mut first = 0;
    for n in 0..30 {
        let sequence = world.write(anna, boris.account, &format!("question {n}")).await;
        first = if n == 0 { sequence } else { first };
    }
    world.said_by(boris.account, first, 30).await;
    let rows = world
        .rows(&format!(
            "SELECT toInt64(splitByChar('/', update)[3]) AS message FROM events WHERE bot = {} AND chat = {anna} AND kind = 'replied' ORDER BY seq",
            boris.id
        ))
        .await;
    let order: Vec<i64> = rows.iter().filter_map(|row| row["message"].as_i64()).collect();
    assert!(order.len() >= 30 && order.is_sorted(), "decided out of order: {order:?}");
    // Decided in order is not yet sent in order: a person sees the numbers that Telegram gave the answers.
    let sent = format!(
        "SELECT toInt64(splitByChar('/', update)[3]) AS question FROM events WHERE bot = {} AND chat = {anna} AND kind = 'message_sent' ORDER BY message",
        boris.id
    );
    let answered = wait_for(async || {
        let rows = world.rows(&sent).await;
        let questions: Vec<i64> = rows.iter().filter_map(|row| row["question"].as_i64()).collect();
        (questions.len() >= order.len()).then_some(questions)
    })
    .await;
    assert!(answered.is_sorted(), "answered out of order: {answered:?}");
    assert_eq!(world.look("/overlaps").await, Value::Array(Vec::new()), "no session was connected twice");
    let bus = Bus::connect(&NatsConfig::at(world.stack.nats.url())).await.expect("NATS can be used");
    let owners = bus.bucket(Bucket::Owners);
    let mut holders = BTreeMap::<String, usize>::new();
    for key in owners.keys("lease.ingress.").await.expect("leases can be listed") {
        if let Some(lease) = owners.get::<Value>(&key).await.expect("a lease can be read") {
            *holders.entry(lease.value["instance"].to_string()).or_default() += 1;
        }
    }
    assert_eq!(holders.len(), 2, "both instances own partitions: {holders:?}");
    assert!(holders.values().all(|partitions| *partitions > 16), "and about as many: {holders:?}");
    world.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn services_that_start_without_nats_and_redis_say_so_and_wait_for_them() {
    let mut world = World::new(Options::default()).await;
    for service in world.stack.services() {
        service.kill();
    }
    let Stack { manager, ingresses, responders, webhooks, stats, nats, redis, .. } = &mut world.stack;
    nats.kill();
    redis.kill();
    let api = format!("{}/v1/bots", manager.url());
    let mut services = [manager, &mut ingresses[0], &mut responders[0], webhooks, stats];
    let urls: Vec<String> = services.iter().map(|service| service.url()).collect();
    let waits_for = async |url: &str, what: &str| {
        wait_for(async || service::ready(url).await.err().filter(|said| said.contains(what)).map(|_| ()))
            .await;
    };
    let bring_them_back = async {
        for url in &urls {
            waits_for(url, "waiting for nats").await;
        }
        let answer = reqwest::get(&api).await.expect("the manager answers").text().await.expect("in text");
        assert!(answer.contains("waits for NATS"), "{answer}");
        nats.restart().await.expect("NATS starts again");
        waits_for(&urls[2], "waiting for redis").await;
        redis.restart().await.expect("Redis starts again");
    };
    let starts = futures::future::join_all(services.iter_mut().map(|service| service.restart()));
    let (started, ()) = tokio::join!(starts, bring_them_back);
    for (started, service) in started.into_iter().zip(&mut services) {
        started.expect("it waits, and then it works");
        assert!(service.process().said().contains("waiting for NATS"), "{} says so", service.name());
    }
    let (clara, person) =
        (world.scene.bots["clara"].account, *world.scene.people.values().next().expect("there are people"));
    let asked = world.write(person, clara, "hello").await;
    world.said_by(clara, asked, 1).await;
}
