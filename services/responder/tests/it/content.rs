use std::time::Duration;

use troupe_protocol::{BotSettings, ContentKind, EventBody, Source};
use troupe_responder::Faults;

use crate::world::{World, name, scenario_settings, soon};

fn library(answer: &str) -> String {
    format!(
        "fallback:\n  answers: [{answer}]\nentries:\n  - id: one\n    phrases: [one]\n    answers: [two]\n"
    )
}

fn library_settings(library: &str) -> BotSettings {
    BotSettings { direct_library: Some(name(library)), ..BotSettings::default() }
}

async fn said(world: &World, bot: u64) -> Vec<String> {
    world.settled().await;
    let mut said = world.said().await;
    said.remove(&(bot, 11)).unwrap_or_default().into_iter().map(|(_, text)| text).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_update_waits_for_content_that_is_on_its_way() {
    let world = World::with_bots(0).await;
    world.put_bot(1, library_settings("late")).await;
    world.say(1, 11, 1).await;
    let responder = world.responder(Faults::default());
    // It has to look at the update first, and find nothing.
    let context = async_nats::jetstream::new(async_nats::connect(world.nats.url()).await.unwrap());
    let stream = context.get_stream("UPDATES").await.unwrap();
    let consumer = format!("responder-{}", world.partition(1));
    soon(async {
        while !matches!(stream.consumer_info(&consumer).await, Ok(info) if info.num_ack_pending == 1) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    world.put_content(ContentKind::Library, "late", 1, &library("here I am")).await;
    assert_eq!(said(&world, 1).await, ["here I am"]);
    responder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn changed_content_is_live_and_content_with_faults_is_not() {
    let world = World::with_bots(0).await;
    world.put_content(ContentKind::Library, "talk", 1, &library("first")).await;
    world.put_bot(1, library_settings("talk")).await;
    let responder = world.responder(Faults::default());
    world.say(1, 11, 1).await;
    assert_eq!(said(&world, 1).await, ["first"]);
    world.put_content(ContentKind::Library, "talk", 2, &library("second")).await;
    world.put_content(ContentKind::Library, "talk", 3, "entries: 7").await;
    // There is no telling when it is live; but some time it is.
    let mut message = 1;
    soon(async {
        loop {
            message += 1;
            world.say(1, 11, message).await;
            if said(&world, 1).await.last().unwrap() == "second" {
                break;
            }
        }
    })
    .await;
    let versions: Vec<_> =
        world.events().await.into_iter().filter_map(|(event, _)| version(&event.body)).collect();
    assert_eq!(
        (versions.first(), versions.last()),
        (Some(&1), Some(&2)),
        "events tell which version answered"
    );
    responder.stop().await;
}

/// The version of the library whose fallback answered.
fn version(event: &EventBody) -> Option<u32> {
    match event {
        EventBody::Replied { source: Source::Fallback { version, .. }, .. } => *version,
        _ => None,
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_bot_that_does_not_exist_or_has_nothing_to_say_holds_up_nobody() {
    let mut world = World::with_bots(1).await;
    world.config.deciding.content_wait = Duration::from_millis(50);
    let same_partition = |bot: &u64| world.partition(*bot) == world.partition(1);
    let mut others = (2..).filter(same_partition);
    let (absent, mute) = (others.next().unwrap(), others.next().unwrap());
    world.put_bot(mute, library_settings("nowhere")).await;
    for message in 1..=3 {
        for bot in [absent, mute, 1] {
            world.say(bot, 11, message).await;
        }
    }
    let responder = world.responder(Faults::default());
    assert_eq!(said(&world, 1).await, ["question 1", "question 2", "question 3"]);
    let letters = world.dead_letters().await;
    let about = |bot: u64, what: &str| {
        let told = |letter: &&troupe_protocol::DeadLetter| letter.subject.ends_with(&format!(".{bot}"));
        let letters: Vec<_> = letters.iter().filter(told).collect();
        assert_eq!(letters.len(), 3);
        assert!(letters.iter().all(|letter| letter.reason.contains(what)), "{letters:?}");
    };
    about(absent, "there is no bot");
    about(mute, "library nowhere");
    // The mute one speaks as soon as it has something to say.
    world.put_bot(mute, scenario_settings()).await;
    soon(async {
        let mut message = 3;
        while said(&world, mute).await.is_empty() {
            message += 1;
            world.say(mute, 11, message).await;
        }
    })
    .await;
    responder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_larger_than_the_broker_takes_is_answered_from() {
    let world = World::with_bots(0).await;
    world.put_bot(1, library_settings("large")).await;
    let large = format!("{}# {}\n", library("from far away"), "x".repeat(3 << 20));
    world.put_content(ContentKind::Library, "large", 1, &large).await;
    let responder = world.responder(Faults::default());
    world.say(1, 11, 1).await;
    assert_eq!(said(&world, 1).await, ["from far away"]);
    responder.stop().await;
}
