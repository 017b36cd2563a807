//! Timers through all of troupe.

use std::time::Duration;

use troupe_dev::{demo::manager::Manager, stack::Options};
use troupe_protocol::{BotSettings, WeightedScenario};

use crate::world::{World, wait_for};

const SCENARIO: &str = "
steps:
  ask: {ask: Your name?, remind: [{after: 8s, say: Still there?}], next: done}
  done: {end: goal, say: Thank you.}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_reminder_comes_once_though_the_responder_is_killed_before_it_is_due() {
    let mut world = World::new(Options::default()).await;
    let boris = world.scene.bots["boris"];
    let manager = Manager::new(&world.endpoints.services["manager"].url, &world.endpoints.manager_token);
    manager.put_content("scenarios", "reminding", SCENARIO).await.expect("it is taken");
    let name = "reminding".parse().expect("it is a name");
    let scenarios = vec![WeightedScenario { name, weight: 1 }];
    let settings = BotSettings { scenarios, ..BotSettings::default() };
    manager.settings(boris.id.get(), &settings).await.expect("they are taken");
    let people: Vec<i64> = world.scene.people.values().copied().collect();
    let mut first = 0;
    for (number, person) in people.iter().enumerate() {
        let sequence = world.write(*person, boris.account, "hello").await;
        first = if number == 0 { sequence } else { first };
        // In the middle of whatever it does for them.
        world.stack.responders[0].kill();
        world.stack.responders[0].restart().await.expect("the responder starts again");
    }
    // Each was asked, so each has a timer, or it is in the outbox. Now nobody is there when it fires.
    world.said_by(boris.account, first, people.len()).await;
    world.stack.responders[0].kill();
    tokio::time::sleep(Duration::from_secs(2)).await;
    world.stack.responders[0].restart().await.expect("the responder starts again");
    world.said_by(boris.account, first, 2 * people.len()).await;
    for person in &people {
        world.write(*person, boris.account, "Ann").await;
    }
    // Whoever was reminded twice would have heard more by now: an answer comes after all that came before it.
    let said = world.said_by(boris.account, first, 3 * people.len()).await;
    for text in ["Your name?", "Still there?", "Thank you."] {
        let count = said.iter().filter(|message| message["text"] == text).count();
        assert_eq!(count, people.len(), "{text}: {said:#?}");
    }
    let counted = wait_for(async || {
        let rows = world.rows("SELECT count() AS count FROM events WHERE kind = 'step_reminded'").await;
        let count = rows.first()?["count"].as_u64()?;
        (count >= people.len() as u64).then_some(count)
    })
    .await;
    assert_eq!(counted, people.len() as u64);
    world.stack.stop().await;
}
