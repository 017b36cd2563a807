//! A conversation that an operator has had, through all of troupe.

use serde_json::json;
use troupe_dev::{demo::manager::Manager, stack::Options};
use troupe_protocol::{BotSettings, WeightedScenario};

use crate::world::World;

const SCENARIO: &str = "
steps:
  desk: {hand_over: 2h, say: A colleague takes over., next: name}
  name: {ask: 'Hello again, {{person.first_name}}. Your name?', save: name, next: done}
  done: {end: goal, say: 'Thank you, {{variable.name}}.'}
";

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_that_is_given_back_goes_on_where_it_was() {
    let mut world = World::new(Options::default()).await;
    let boris = world.scene.bots["boris"];
    let manager = Manager::new(&world.endpoints.services["manager"].url, &world.endpoints.manager_token);
    manager.put_content("scenarios", "handing", SCENARIO).await.expect("it is taken");
    let name = "handing".parse().expect("it is a name");
    let settings =
        BotSettings { scenarios: vec![WeightedScenario { name, weight: 1 }], ..BotSettings::default() };
    manager.settings(boris.id.get(), &settings).await.expect("they are taken");
    let person = world.scene.people["mila"];
    let first = world.write(person, boris.account, "hello").await;
    world.said_by(boris.account, first, 1).await;
    // To the operator, as it were.
    world.write(person, boris.account, "it is urgent").await;
    let path = format!("/v1/bots/{}/people/{person}/hand-back", boris.id);
    let url = format!("{}{path}", world.endpoints.services["manager"].url);
    let call = reqwest::Client::new().post(url).bearer_auth(&world.endpoints.manager_token).json(&json!({}));
    let answer = call.send().await.expect("the manager answers");
    assert_eq!(answer.status().as_u16(), 202);
    world.said_by(boris.account, first, 2).await;
    world.write(person, boris.account, "Sam").await;
    let said = world.said_by(boris.account, first, 3).await;
    let said: Vec<_> = said.iter().map(|message| message["text"].as_str().unwrap_or_default()).collect();
    assert_eq!(said, ["A colleague takes over.", "Hello again, Mila. Your name?", "Thank you, Sam."]);
    world.stack.stop().await;
}
