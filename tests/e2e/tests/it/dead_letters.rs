//! What nobody could handle goes with the person it is about.

use async_nats::{HeaderMap, jetstream};
use reqwest::Method;
use serde_json::json;
use troupe_dev::{demo::manager::Manager, stack::Options};
use troupe_protocol::BotSettings;
use troupe_types::{BotId, Partition, PartitionCount};

use crate::{
    stores::names,
    world::{World, wait_for},
};

/// What nobody else would say.
const PLANTED: &str = "Zanzibarquokka";

/// A webhook that no setting names is given up.
const RULES: &str = "
groups:
  - name: order
    where: direct
    when: [{keyword: order}]
    react:
      - webhook: {to: nobody, send: {said: '{{message.text}}'}}
      - say: Ordered.
";

/// A bot that was deleted long ago.
const GONE: BotId = BotId::new(987);

#[tokio::test(flavor = "multi_thread")]
async fn no_dead_letter_tells_of_a_person_who_was_erased() {
    let webhooks = vec![("TROUPE__CALLS__GIVE_UP_AFTER".to_owned(), "0s".to_owned())];
    let mut world = World::new(Options { webhooks, ..Options::default() }).await;
    let boris = world.scene.bots["boris"];
    let (felix, mila) = (world.scene.people["felix"], world.scene.people["mila"]);
    let manager = Manager::new(&world.endpoints.services["manager"].url, &world.endpoints.manager_token);
    manager.put_content("rules", "ordering", RULES).await.expect("it is taken");
    let rules = Some("ordering".parse().expect("it is a name"));
    manager
        .settings(boris.id.get(), &BotSettings { rules, ..BotSettings::default() })
        .await
        .expect("they are taken");
    for person in [felix, mila] {
        let first = world.write(person, boris.account, &format!("order {PLANTED} {person}")).await;
        world.said_by(boris.account, first, 1).await;
    }
    let letters = async || {
        let all = world.nats().await;
        all.into_iter()
            .filter(|(place, _)| place.starts_with("nats DEAD"))
            .map(|(_, text)| text)
            .collect::<Vec<_>>()
    };
    wait_for(async || (letters().await.len() == 2 && world.is_quiet().await).then_some(())).await;

    // What no service can read: of a wrong type, cut off, of a newer version; of this bot and of one that is gone.
    let client = async_nats::connect(world.stack.nats.url()).await.expect("NATS answers");
    let context = jetstream::new(client);
    let of = |bot: BotId| format!("{}.{bot}", Partition::of(bot, PartitionCount::default()));
    let wrong = json!({"bot": boris.id, "chat": felix, "person": felix, "decided": PLANTED, "time": PLANTED})
        .to_string();
    let newer = json!({"v": 2, "from": {"number": felix}, "says": PLANTED}).to_string();
    let unreadable = [
        (format!("update.{}", of(boris.id)), wrong.clone()),
        (
            format!("update.{}", of(boris.id)),
            format!("{{\"says\":\"{PLANTED}\",\"sender\":{{\"id\":{felix},"),
        ),
        (format!("update.{}", of(boris.id)), newer.clone()),
        (format!("update.{}", of(GONE)), wrong.clone()),
        (format!("action.{}", of(boris.id)), wrong.clone()),
        (format!("event.{}", of(boris.id)), wrong.clone()),
        (format!("webhook.nobody.{}", boris.id), wrong),
    ];
    let count = 2 + unreadable.len();
    for (subject, payload) in unreadable {
        let mut headers = HeaderMap::new();
        if payload == newer {
            headers.insert("Troupe-Version", "2");
        }
        let stored =
            context.publish_with_headers(subject, headers, payload.into()).await.expect("NATS takes it");
        stored.await.expect("NATS stores it");
    }
    wait_for(async || (letters().await.len() == count).then_some(())).await;
    let of_felix = letters().await.iter().filter(|letter| names(letter, felix)).count();
    assert_eq!(of_felix, count - 1, "all but one");

    let export = world.person(Method::GET, felix, "").await;
    let known = export["bots"].as_array().expect("it is a list");
    let exported: usize = known.iter().filter_map(|bot| bot["dead_letters"].as_array()).map(Vec::len).sum();
    assert_eq!(exported, count - 2, "what bots that there are could not handle: {export:#}");
    let receipt = world.person(Method::DELETE, felix, "").await;
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    let found = receipt["found"].as_array().expect("it tells what was found");
    let removed = found.iter().find(|finding| finding["what"] == "dead letters");
    assert_eq!(removed.map(|finding| &finding["removed"]), Some(&json!(count - 1)), "{receipt:#}");

    let about_mila = format!("{PLANTED} {mila}");
    let everything = world.everything().await;
    let left = everything.iter().filter(|(place, text)| {
        text.replace(&about_mila, "").contains(PLANTED)
            // Logs may name chats.
            || (names(text, felix) && !place.starts_with("file"))
    });
    assert_eq!(left.collect::<Vec<_>>(), []);
    let left = letters().await;
    assert!(left.len() == 1 && left[0].contains(&about_mila), "{left:#?}");
    world.stack.stop().await;
}
