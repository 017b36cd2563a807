//! The README's numbers are those that its commands print.

use std::{fs, process::Command};

use troupe_dev::{demo, folder, service, stack::Options};

use crate::world::World;

/// Commands and what they print: blocks that begin with `$ troupe`.
fn examples(document: &str) -> Vec<(Vec<String>, String)> {
    let blocks = document.split("```text\n$ troupe ").skip(1).filter_map(|rest| rest.split_once("\n```"));
    let examples = blocks.filter_map(|(block, _)| block.split_once('\n'));
    examples
        .map(|(line, printed)| (line.split_whitespace().map(str::to_owned).collect(), printed.to_owned()))
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn reports_of_the_demo_say_what_the_readme_shows() {
    let mut world = World::new(Options::default()).await;
    let summary = demo::once(&world.scene, &world.endpoints).await.expect("the servers answer");
    assert!(summary.is_well(), "{summary}\n{:#?}", summary.faults());
    let readme = fs::read_to_string(folder::checkout().join("README.md")).expect("there is one");
    let examples = examples(&readme);
    assert!(examples.len() >= 2, "{examples:?}");
    for (arguments, shown) in examples {
        let ran = Command::new(service::program("troupe").expect("it is built"))
            .args(&arguments)
            .env("TROUPE_URL", world.stack.manager.url())
            .env("TROUPE_TOKEN", &world.stack.token)
            .output()
            .expect("it runs");
        let printed = String::from_utf8_lossy(&ran.stdout);
        assert_eq!(
            printed.trim_end(),
            shown,
            "troupe {arguments:?} {}",
            String::from_utf8_lossy(&ran.stderr)
        );
    }
    world.stack.stop().await;
}
