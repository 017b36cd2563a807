//! What the manifests promise: who names which outside system, and what the engine does without.

use std::{collections::BTreeSet, process::Command};

use serde_json::Value;

fn cargo(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO")).args(arguments).output().expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("cargo speaks UTF-8")
}

/// The packages of the workspace, outside `tests/` and `deploy/dev`, that ship with `dependency` named in their manifest.
fn who_names(metadata: &Value, dependency: &str) -> BTreeSet<String> {
    let packages = metadata["packages"].as_array().expect("metadata lists packages");
    let ships = |package: &&Value| {
        let manifest = package["manifest_path"].as_str().unwrap_or_default();
        manifest.contains("/services/") || manifest.contains("/shared/")
    };
    let names = |package: &&Value| {
        let dependencies = package["dependencies"].as_array().into_iter().flatten();
        dependencies
            .filter(|found| found["kind"].is_null())
            .any(|found| found["name"].as_str().is_some_and(|name| name.starts_with(dependency)))
    };
    packages
        .iter()
        .filter(ships)
        .filter(names)
        .map(|package| package["name"].as_str().unwrap_or_default().to_owned())
        .collect()
}

#[test]
fn each_outside_system_is_named_by_one_crate() {
    let metadata = cargo(&["metadata", "--format-version", "1", "--no-deps", "--locked"]);
    let metadata: Value = serde_json::from_str(&metadata).expect("metadata is JSON");
    let expected = [
        ("grammers", &["troupe-ingress"][..]),
        ("async-nats", &["troupe-bus"]),
        ("redis", &["troupe-store"]),
        ("clickhouse", &["troupe-manager", "troupe-stats"]),
    ];
    for (dependency, crates) in expected {
        let found = who_names(&metadata, dependency);
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), crates, "{dependency}");
    }
}

#[test]
fn the_engine_stays_pure() {
    let arguments =
        ["tree", "--package", "troupe-engine", "--edges", "normal", "--prefix", "none", "--locked"];
    let tree = cargo(&arguments);
    let forbidden =
        ["tokio", "async-", "futures", "rand", "getrandom", "fastrand", "hyper", "socket2", "mio", "reqwest"];
    for line in tree.lines() {
        let name = line.split(' ').next().unwrap_or_default();
        assert!(
            !forbidden.iter().any(|word| name.starts_with(word)),
            "the engine depends on {name}:\n{tree}"
        );
    }
    assert!(tree.contains("troupe-types"), "the tree is the engine's:\n{tree}");
}
