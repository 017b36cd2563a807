use std::time::Duration;

use tokio::sync::mpsc;
use troupe_protocol::{BotSettings, ContentKind, EventBody, TraceContext, Update, WeightedScenario};
use troupe_responder::{Faults, Point};
use troupe_service::{Clock as _, SystemClock};
use troupe_types::UpdateKind;

use crate::world::{World, name, soon, update};

const SCENARIO: &str = "
steps:
  ask: {ask: Your name?, remind: [{after: 2s, say: Still there?}], next: done}
  done: {end: goal, say: Thank you.}
";

async fn world() -> World {
    let world = World::with_bots(1).await;
    world.put_content(ContentKind::Scenario, "reminding", 1, SCENARIO).await;
    let scenarios = vec![WeightedScenario { name: name("reminding"), weight: 1 }];
    world.put_bot(1, BotSettings { scenarios, ..BotSettings::default() }).await;
    world
}

/// Said now: what is due is due by the clock.
fn said(message: i32) -> Update {
    let now = SystemClock.now();
    Update { time: now, received: now, ..update(1, 11, message) }
}

/// Waits until the bot has said so much to the person.
async fn heard(world: &World, texts: usize) -> Vec<String> {
    soon(async {
        loop {
            let said = world.said().await.remove(&(1, 11)).unwrap_or_default();
            if said.len() >= texts {
                return said.into_iter().map(|(_, text)| text).collect();
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
}

/// Stands still at `point` of the update that `which` is about, and tells so.
fn stand_still(point: Point, which: fn(UpdateKind) -> bool) -> (Faults, mpsc::UnboundedReceiver<()>) {
    let (tell, told) = mpsc::unbounded_channel();
    let faults = Faults::new(move |at, update| {
        let here = at == point && which(update.kind);
        if here {
            let _ = tell.send(());
        }
        here
    });
    (faults, told)
}

/// Lets a responder die at `point`; another one goes on. The reminder has to come, once.
async fn check(point: Point, which: fn(UpdateKind) -> bool) {
    let world = world().await;
    let (faults, mut stands) = stand_still(point, which);
    world.publish(&said(1), &TraceContext::default()).await;
    let dying = world.responder(faults);
    soon(stands.recv()).await.unwrap();
    dying.kill();
    let next = world.responder(Faults::default());
    let came = heard(&world, 2).await;
    assert_eq!(came, ["Your name?", "Still there?"], "{point:?}");
    world.publish(&said(2), &TraceContext::default()).await;
    assert_eq!(heard(&world, 3).await, ["Your name?", "Still there?", "Thank you."], "{point:?}");
    world.settled().await;
    let reminded = world.events().await.into_iter();
    let reminded = reminded.filter(|(event, _)| matches!(event.body, EventBody::StepReminded { .. })).count();
    assert_eq!(reminded, 1, "{point:?}");
    assert_eq!(world.dead_letters().await, []);
    next.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_comes_once_though_the_responder_dies_before_the_timer_is_published() {
    check(Point::Committed, |kind| kind == UpdateKind::New).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_comes_once_though_the_responder_dies_before_the_timer_fires() {
    check(Point::Published, |kind| kind == UpdateKind::New).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_comes_once_though_the_responder_dies_while_it_is_decided_on() {
    for point in [Point::Decided, Point::Committed, Point::FirstPublished, Point::Removed] {
        check(point, |kind| matches!(kind, UpdateKind::Timer(_))).await;
    }
}
