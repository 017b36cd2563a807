use troupe_protocol::{Event, EventBody, Source, TraceContext};
use troupe_responder::Faults;
use troupe_service::telemetry;

use crate::world::World;

#[tokio::test(flavor = "multi_thread")]
async fn every_update_gets_its_answer_once_and_in_order() {
    let world = World::with_bots(2).await;
    for message in 1..=10 {
        for (bot, person) in [(1, 11), (1, 12), (2, 11)] {
            world.say(bot, person, message).await;
        }
    }
    let responder = world.responder(Faults::default());
    world.check(&[(1, 11), (1, 12), (2, 11)], 10).await;
    let (action, _) = world.actions().await.remove(0);
    assert_eq!(action.person.get(), 11);
    responder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_what_happened() {
    let world = World::with_bots(1).await;
    world.say(1, 11, 1).await;
    let responder = world.responder(Faults::default());
    world.settled().await;
    let events: Vec<EventBody> = world.events().await.into_iter().map(|(event, _)| event.body).collect();
    assert!(matches!(events[0], EventBody::MessageReceived { own_bot: false, .. }), "{events:?}");
    assert!(events.contains(&EventBody::PersonFirstSeen), "{events:?}");
    let started = EventBody::ScenarioStarted { scenario: "questions".into(), version: 1 };
    assert!(events.contains(&started), "{events:?}");
    let by_step = |event: &EventBody| matches!(event, EventBody::Replied { source: Source::Step { .. }, .. });
    assert!(events.iter().any(by_step), "{events:?}");
    responder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn events_tell_what_people_wrote_only_where_that_is_wanted() {
    for wanted in [false, true] {
        let mut world = World::with_bots(1).await;
        world.config.deciding.tell_texts = wanted;
        world.say_text(1, 11, 1, "a secret").await;
        let responder = world.responder(Faults::default());
        world.settled().await;
        let told = |(event, _): &(Event, TraceContext)| match &event.body {
            EventBody::MessageReceived { text, .. } => text.clone(),
            _ => None,
        };
        let texts: Vec<String> = world.events().await.iter().filter_map(told).collect();
        assert_eq!(texts, if wanted { vec!["a secret".to_owned()] } else { Vec::new() });
        responder.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_responders_keep_the_order_and_double_nothing() {
    let world = World::with_bots(3).await;
    let responders = [world.responder(Faults::default()), world.responder(Faults::default())];
    let chats = [(1, 11), (1, 12), (2, 11), (2, 12), (3, 11), (3, 12)];
    for message in 1..=20 {
        for (bot, person) in chats {
            world.say(bot, person, message).await;
        }
    }
    world.check(&chats, 20).await;
    for responder in responders {
        responder.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_responder_leaves_nothing_half_done() {
    let world = World::with_bots(2).await;
    let chats = [(1, 11), (2, 11)];
    // Each is stopped while there is work; the next one goes on.
    for round in 0..3 {
        let before = world.actions().await.len();
        for message in round * 10 + 1..=round * 10 + 10 {
            for (bot, person) in chats {
                world.say(bot, person, message).await;
            }
        }
        let responder = world.responder(Faults::default());
        while world.actions().await.len() < before + 6 {}
        responder.stop().await;
    }
    let responder = world.responder(Faults::default());
    world.check(&chats, 30).await;
    responder.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn actions_and_events_belong_to_the_trace_of_their_update() {
    let world = World::with_bots(1).await;
    let _telemetry = telemetry::init("responder", &world.config.telemetry).unwrap();
    let traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    let trace = TraceContext { traceparent: Some(traceparent.into()), tracestate: None };
    world.say_in(1, 11, 1, &trace).await;
    let responder = world.responder(Faults::default());
    world.settled().await;
    let mut traces: Vec<TraceContext> = world.actions().await.into_iter().map(|(_, trace)| trace).collect();
    traces.extend(world.events().await.into_iter().map(|(_, trace)| trace));
    for sent in &traces {
        assert_eq!(sent.trace_id(), trace.trace_id());
        assert_ne!(sent.traceparent, trace.traceparent, "they belong to the responder's span");
    }
    assert!(traces.len() > 2);
    responder.stop().await;
}
