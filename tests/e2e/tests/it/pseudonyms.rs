//! Where the installation says so, people stand in ClickHouse under pseudonyms, and whoever has the number on Telegram finds
//! them all the same.

use std::process::{Command, Output};

use serde_json::Value;
use troupe_dev::{service, stack::Options};
use troupe_protocol::PseudonymsConfig;
use troupe_types::UserId;

use crate::{
    stores::names,
    world::{World, wait_for},
};

const KEY: &str = "a key that nobody guesses, of some length";

/// What nobody else would say.
const PLANTED: &str = "Zanzibarquokka";

/// What an operator types.
fn troupe(world: &World, arguments: &[&str]) -> Output {
    let mut troupe = Command::new(service::program("troupe").expect("it is built"));
    troupe
        .args(arguments)
        .env("TROUPE_URL", world.stack.manager.url())
        .env("TROUPE_TOKEN", &world.stack.token);
    troupe.output().expect("it runs")
}

fn json(output: &Output) -> Value {
    assert!(output.status.success(), "{output:?}");
    serde_json::from_slice(&output.stdout).expect("it prints JSON")
}

/// The tables of ClickHouse that name a number.
async fn tables(world: &World, number: i64) -> Vec<String> {
    let all = world.clickhouse().await;
    all.into_iter().filter(|(_, text)| names(text, number)).map(|(place, _)| place).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn no_table_has_anybodys_number_and_who_has_it_finds_exports_and_erases_them() {
    let statistics = vec![("TROUPE__PSEUDONYMS__KEY".to_owned(), KEY.to_owned())];
    let mut world = World::new(Options { statistics, ..Options::default() }).await;
    let clara = world.scene.bots["clara"];
    let (felix, mila) = (world.scene.people["felix"], world.scene.people["mila"]);
    for person in [felix, mila] {
        let first = world.write(person, clara.account, "hi").await;
        world.said_by(clara.account, first, 2).await;
    }
    let named = world.write(felix, clara.account, PLANTED).await;
    world.said_by(clara.account, named, 1).await;
    wait_for(async || world.is_quiet().await.then_some(())).await;

    let pseudonyms = PseudonymsConfig::with_key(KEY).pseudonyms().expect("the key will do");
    let known_as = |person: i64| pseudonyms.person(UserId::new(person)).get();
    for person in [felix, mila] {
        assert_eq!(tables(&world, person).await, Vec::<String>::new());
        assert!(tables(&world, known_as(person)).await.len() > 5, "they are there by another number");
    }
    let person = felix.to_string();
    let report = json(&troupe(&world, &["--json", "report", "people", "--person", &person]));
    assert_eq!(report["rows"].as_array().map(Vec::len), Some(1), "{report:#}");
    assert_eq!(report["rows"][0][0], known_as(felix), "{report:#}");

    let export = json(&troupe(&world, &["export-person", "--all", &person]));
    assert_eq!(export["complete"], true, "{export:#}");
    let events = export["events"].as_array().expect("it has events");
    assert!(events.len() > 5 && export["events"].to_string().contains(PLANTED), "{export:#}");

    let receipt = troupe(&world, &["erase", &person, "--yes"]);
    assert!(receipt.status.success(), "{receipt:?}");
    assert_eq!(world.found(PLANTED, felix).await, Vec::<String>::new());
    assert_eq!(tables(&world, known_as(felix)).await, Vec::<String>::new());
    assert!(!tables(&world, known_as(mila)).await.is_empty());
    let export = json(&troupe(&world, &["export-person", "--all", &person]));
    assert_eq!(
        (&export["complete"], &export["events"]),
        (&true.into(), &serde_json::json!([])),
        "{export:#}"
    );
    world.stack.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn stats_and_the_manager_start_with_the_same_key_only() {
    let statistics = vec![("TROUPE__PSEUDONYMS__KEY".to_owned(), KEY.to_owned())];
    let mut world = World::new(Options { statistics, ..Options::default() }).await;
    for program in ["troupe-stats", "troupe-manager"] {
        for key in ["", "another key that nobody guesses, either"] {
            let output = Command::new(service::program(program).expect("it is built"))
                .current_dir(world.data.path())
                .env("NO_COLOR", "1")
                .env("TROUPE__HTTP__LISTEN", "127.0.0.1:0")
                .env("TROUPE__NATS__URL", world.stack.nats.url())
                .env("TROUPE__CLICKHOUSE__URL", world.stack.clickhouse.url())
                .env("TROUPE__PSEUDONYMS__KEY", key)
                .envs((program == "troupe-manager").then_some(("TROUPE__API__TOKEN", &world.stack.token)))
                .output()
                .expect("it runs");
            let said = [output.stdout, output.stderr].concat();
            let said = String::from_utf8_lossy(&said);
            assert!(!output.status.success(), "{program} with {key:?}: {said}");
            assert!(
                said.contains("pseudonyms.key is not the installation's"),
                "{program} with {key:?}: {said}"
            );
            assert!(!said.contains(KEY) && (key.is_empty() || !said.contains(key)), "{said}");
        }
    }
    world.stack.stop().await;
}
