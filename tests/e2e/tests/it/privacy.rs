//! A person is exported and erased, and every store is looked through for what is left.

use reqwest::Method;
use serde_json::json;
use troupe_dev::stack::Options;

use crate::world::{World, wait_for};

/// What nobody else would say.
const PLANTED: &str = "Zanzibarquokka";

/// What was counted of messages and scenarios.
const COUNTED: &str = "SELECT sum(received + sent + edited + deleted + failed + replied + silent + scenarios_started \
    + scenarios_ended + goals) FROM activity_by_day";
const CHATS: &str = "SELECT uniqExact(bot, chat) FROM activity_by_day WHERE chat_kind = 'direct'";
const PEOPLE: &str = "SELECT sum(active) FROM people_by_day WHERE bot = BOT";

#[tokio::test(flavor = "multi_thread")]
async fn nothing_tells_of_a_person_who_was_erased_and_nobody_else_is_forgotten() {
    let mut world = World::new(Options::default()).await;
    let clara = world.scene.bots["clara"];
    let (felix, mila) = (world.scene.people["felix"], world.scene.people["mila"]);
    let mut first = 0;
    for (number, person) in [felix, mila].into_iter().enumerate() {
        let sequence = world.write(person, clara.account, "hi").await;
        first = if number == 0 { sequence } else { first };
    }
    world.said_by(clara.account, first, 4).await;
    let named = world.write(felix, clara.account, PLANTED).await;
    world.write(mila, clara.account, "Mila").await;
    world.said_by(clara.account, named, 2).await;
    let group =
        json!({"from": felix, "to": {"group": world.scene.group}, "text": format!("{PLANTED} again")});
    world.tell("/messages", &group).await;
    // Everything has come to its end: what is with the broker is written, and nothing more comes.
    let people = PEOPLE.replace("BOT", &clara.id.to_string());
    let numbers = [COUNTED, CHATS, &people].map(|query| format!("({query})"));
    let received =
        format!("(SELECT count() FROM events WHERE person = {felix} AND kind IN ('silent', 'replied'))");
    // Clara and the other bots of the group each decide on what was said there.
    let bots = world.scene.bots.len() as u64;
    wait_for(async || (world.number(&received).await >= 2 + bots).then_some(())).await;
    wait_for(async || world.is_quiet().await.then_some(())).await;
    let mut before = Vec::new();
    for number in &numbers {
        before.push(world.number(number).await);
    }
    assert_eq!(before[1..], [2, 2], "direct chats and people");

    let places = world.found(PLANTED, felix).await;
    for store in [
        "redis {p",
        "nats UPDATES",
        "nats ACTIONS",
        "nats EVENTS",
        "clickhouse events_told",
        "clickhouse happened",
    ] {
        assert!(places.iter().any(|place| place.starts_with(store)), "{store}: {places:#?}");
    }
    // The text itself, in what is told and in what is counted.
    for store in ["nats EVENTS", "clickhouse events_told"] {
        let tells = |place: &&String| place.starts_with(store) && place.contains(PLANTED);
        assert!(places.iter().any(|place| tells(&place)), "{store}: {places:#?}");
    }
    let export = world.person(Method::GET, felix, "").await;
    assert_eq!(export["complete"], true, "{export:#}");
    assert!(export["bots"].to_string().contains(PLANTED), "{export:#}");
    assert!(export["events"].as_array().is_some_and(|events| events.len() > 10), "{export:#}");
    let acquaintances = export["acquaintances"].to_string();
    assert!(acquaintances.contains(&format!(r#""bot":{},"#, clara.id)), "{export:#}");
    let of_mila = world.person(Method::GET, mila, "").await;

    let receipt = world.person(Method::DELETE, felix, "").await;
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    for store in ["redis", "nats", "ingress", "clickhouse"] {
        let found = receipt["found"].as_array().expect("it tells what was found");
        assert!(found.iter().any(|finding| finding["store"] == store), "{store}: {receipt:#}");
    }
    assert_eq!(world.found(PLANTED, felix).await, Vec::<String>::new());
    for (number, before) in numbers.iter().zip(before) {
        assert_eq!(world.number(number).await, before, "{number}");
    }
    let again = world.person(Method::DELETE, felix, "").await;
    assert_eq!((&again["complete"], &again["found"]), (&json!(true), &json!([])), "{again:#}");
    let still = world.person(Method::GET, mila, "").await;
    assert_eq!((&still["bots"], &still["events"]), (&of_mila["bots"], &of_mila["events"]));

    // Who writes again is somebody new; the conversation of the other one goes on.
    let anew = world.write(felix, clara.account, "hi").await;
    let said = world.said_by(clara.account, anew, 2).await;
    assert!(said[1]["text"].as_str().is_some_and(|text| text.contains("What may I call you?")), "{said:#?}");
    let on = world.write(mila, clara.account, "for myself").await;
    world.said_by(clara.account, on, 1).await;
    world.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_opt_out_outlives_erasure_without_the_id() {
    let mut world = World::new(Options::default()).await;
    let clara = world.scene.bots["clara"];
    let (felix, mila) = (world.scene.people["felix"], world.scene.people["mila"]);
    let first = world.write(felix, clara.account, "stop").await;
    world.said_by(clara.account, first, 1).await;
    let told = format!("(SELECT count() FROM events WHERE person = {felix} AND kind = 'message_sent')");
    wait_for(async || (world.number(&told).await == 1).then_some(())).await;
    let query = format!("?bot={}", clara.id);
    let receipt = world.person(Method::DELETE, felix, &query).await;
    assert_eq!(receipt["complete"], true, "{receipt:#}");
    assert_eq!(world.found(PLANTED, felix).await, Vec::<String>::new());
    let after = world.write(felix, clara.account, "hi again").await;
    let silent = format!(
        "(SELECT count() FROM events WHERE person = {felix} AND kind = 'silent' AND reason = 'opted_out')"
    );
    wait_for(async || (world.number(&silent).await == 1).then_some(())).await;
    let heard = world.write(mila, clara.account, "hi").await;
    world.said_by(clara.account, heard, 1).await;
    let page = world.look(&format!("/ledger?after={after}&limit=1000")).await;
    let to_felix = page["messages"].as_array().expect("there are messages").iter();
    let to_felix: Vec<_> =
        to_felix.filter(|message| message["from"] == clara.account && message["to"] == felix).collect();
    assert!(to_felix.is_empty(), "{to_felix:#?}");
    assert_eq!(
        world.redis().await.values().filter(|text| text.contains(&felix.to_string())).count(),
        1,
        "the position"
    );
    world.stack.stop().await;
}
