//! Webhooks through all of troupe: from what a person writes to a receiver of somebody else's.

use std::collections::BTreeSet;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use hmac::{Hmac, Mac as _};
use serde_json::{Value, json};
use sha2::Sha256;
use troupe_bus::{Bus, NatsConfig};
use troupe_dev::{demo::manager::Manager, stack::Options};
use troupe_protocol::{BotSettings, TraceContext, Webhook, WeightedScenario};
use troupe_testkit::receiver::{Answer, Receiver, Request};

use crate::world::World;

/// The secret's key, in base64.
const KEY: &str = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";

/// The settings by which `name` leads to a receiver on this machine.
pub fn target(name: &str, receiver: &Receiver) -> Vec<(String, String)> {
    let setting =
        |key: &str, value: String| (format!("TROUPE__TARGETS__{}__{key}", name.to_uppercase()), value);
    vec![
        setting("URL", format!("http://127.0.0.1:{}/hooks", receiver.port)),
        setting("SECRET", format!("whsec_{KEY}")),
        setting("OWN_NETWORK", "true".to_owned()),
    ]
}

/// Lets a webhook be called, as the responder does.
pub async fn call(world: &World, target: &str, number: u16) {
    let call: Webhook = serde_json::from_value(json!({
        "key": format!("7/42/5/new#{number}"), "bot": 7, "chat": 42, "person": 42, "decided": 0,
        "source": {"by": "guard"}, "target": target,
    }))
    .expect("it is a call");
    let bus = Bus::connect(&NatsConfig::at(world.stack.nats.url())).await.expect("NATS can be used");
    let (payload, trace) =
        (serde_json::to_vec(&call).expect("it is plain data").into(), TraceContext::default());
    let published = bus.publish_stored(&call.subject(), &call.id(), payload, &trace, None).await;
    published.expect("the broker takes it");
}

const RULES: &str = "
groups:
  - name: order
    where: direct
    when: [{keyword: order}]
    react:
      - webhook: {to: crm, send: {who: '{{person.first_name}}', said: '{{message.text}}'}}
      - say: Ordered.
";
const SCENARIO: &str = "
start: {phrases: [join]}
steps:
  crm: {webhook: {to: crm, send: {who: '{{person.first_name}}', said: joined}}, next: done}
  done: {end: goal, say: Welcome.}
";

#[track_caller]
fn check_signature(request: &Request) {
    let key = BASE64_STANDARD.decode(KEY).expect("it is base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("it is a key");
    let (id, timestamp) = (&request.headers["webhook-id"], &request.headers["webhook-timestamp"]);
    mac.update(&[format!("{id}.{timestamp}.").as_bytes(), &request.body].concat());
    let signature = request.headers["webhook-signature"].strip_prefix("v1,").expect("it has a version");
    mac.verify_slice(&BASE64_STANDARD.decode(signature).expect("it is base64")).expect("it is ours");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_rules_and_steps_call_is_told_though_the_responder_is_killed_and_the_receiver_fails_twice() {
    let receiver = Receiver::new(&[Answer::Status(500), Answer::Status(503), Answer::Status(200)]).await;
    let mut webhooks = target("crm", &receiver);
    // A name that leads into one's own network, where no setting says that it may.
    let outside = Receiver::new(&[Answer::Status(200)]).await;
    webhooks.extend(target("outside", &outside).into_iter().filter(|(key, _)| key.ends_with("SECRET")));
    let url = format!("https://localhost:{}/", outside.port);
    webhooks.push(("TROUPE__TARGETS__OUTSIDE__URL".to_owned(), url));
    webhooks.push(("TROUPE__CALLS__PAUSE_MIN".to_owned(), "100ms".to_owned()));
    let mut world = World::new(Options { webhooks, ..Options::default() }).await;
    let boris = world.scene.bots["boris"];
    let manager = Manager::new(&world.endpoints.services["manager"].url, &world.endpoints.manager_token);
    let leaking = RULES
        .replace("to: crm", "to: outside")
        .replace("keyword: order", "keyword: leak")
        .replace("name: order", "name: leak");
    let rules = format!("{RULES}{}", leaking.trim_start().trim_start_matches("groups:"));
    manager.put_content("rules", "ordering", &rules).await.expect("it is taken");
    manager.put_content("scenarios", "joining", SCENARIO).await.expect("it is taken");
    let name = |name: &str| name.parse().expect("it is a name");
    let settings = BotSettings {
        rules: Some(name("ordering")),
        scenarios: vec![WeightedScenario { name: name("joining"), weight: 1 }],
        ..BotSettings::default()
    };
    manager.settings(boris.id.get(), &settings).await.expect("they are taken");
    let people: Vec<i64> = world.scene.people.values().copied().collect();
    let mut first = 0;
    for (number, person) in people.iter().enumerate() {
        world.write(*person, boris.account, "leak").await;
        let sequence = world.write(*person, boris.account, &format!("order {number}")).await;
        first = if number == 0 { sequence } else { first };
        // In the middle of whatever it does for them.
        world.stack.responders[0].kill();
        world.stack.responders[0].restart().await.expect("the responder starts again");
        world.write(*person, boris.account, "join").await;
    }
    // Each of the six is told twice something; two calls failed at first.
    let told = |requests: &[Request]| -> BTreeSet<(String, String)> {
        let body = |request: &Request| serde_json::from_slice::<Value>(&request.body).expect("it is JSON");
        let taken = requests.iter().skip(2).map(body);
        taken.map(|body| (body["type"].to_string(), body["data"]["send"].to_string())).collect()
    };
    let requests = crate::world::wait_for(async || {
        let requests = receiver.got();
        (told(&requests).len() >= 2 * people.len()).then_some(requests)
    })
    .await;
    requests.iter().for_each(check_signature);
    let bodies: BTreeSet<(&str, &[u8])> =
        requests.iter().map(|request| (request.headers["webhook-id"].as_str(), &request.body[..])).collect();
    assert_eq!(bodies.len(), 2 * people.len(), "each has one id and one body: {requests:#?}");
    assert!(
        requests.iter().all(|request| request.headers["idempotency-key"] == request.headers["webhook-id"])
    );
    assert!(told(&requests).iter().filter(|(kind, _)| kind == "\"step.reached\"").count() == people.len());
    world.said_by(boris.account, first, 2 * people.len()).await;
    let counted = "SELECT count() AS calls, countIf(reminder > 0) AS again FROM events \
        WHERE kind = 'webhook_called' AND variable = 'crm' AND reason = 'delivered' AND person > 0";
    let counted = crate::world::wait_for(async || {
        let row = world.rows(counted).await.remove(0);
        (row["calls"].as_u64() == u64::try_from(2 * people.len()).ok()).then_some(row)
    })
    .await;
    assert!(counted["again"].as_u64().is_some_and(|again| (1..=2).contains(&again)), "{counted}");
    assert!(outside.got().is_empty(), "one's own network is not called by default");
    world.stack.stop().await;
}
