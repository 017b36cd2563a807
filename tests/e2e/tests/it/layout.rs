//! What the manifests promise: who names which outside system, what the engine does without, and that what Kubernetes
//! tells the services is what they understand.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

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

const SERVICES: [&str; 5] = ["ingress", "responder", "webhooks", "stats", "manager"];

fn read(path: &str) -> String {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The settings of a service as `SECTION__KEY`, each with its default, as its commented defaults list them.
fn settings(service: &str) -> Vec<(String, String)> {
    let mut section = String::new();
    let mut settings = Vec::new();
    for line in read(&format!("services/{service}/default.toml")).lines() {
        if let Some(name) = line.strip_prefix('[').and_then(|line| line.strip_suffix(']')) {
            section = format!("{name}__");
        } else if let Some((key, value)) = line.split_once(" = ").filter(|(key, _)| !key.starts_with('#')) {
            settings.push((format!("{section}{key}").to_uppercase(), value.trim_matches('"').to_owned()));
        }
    }
    assert!(settings.len() > 5, "{service} has settings");
    settings
}

#[test]
fn kubernetes_gives_each_service_only_settings_that_it_has() {
    let configuration = read("k8s/base/configuration.yaml");
    let maps: Vec<&str> = configuration.split("\n---\n").collect();
    for map in maps {
        let name = map.lines().find_map(|line| line.strip_prefix("  name: ")).expect("a map has a name");
        let readers: Vec<&str> = match name.strip_prefix("troupe-") {
            Some(service) => vec![service],
            None => SERVICES.to_vec(),
        };
        let keys: Vec<&str> =
            map.lines().filter_map(|line| line.strip_prefix("  TROUPE__")?.split(": ").next()).collect();
        assert!(!keys.is_empty(), "{name} says something");
        for service in readers {
            let known = settings(service);
            for key in &keys {
                assert!(known.iter().any(|(known, _)| known == key), "{service} has no setting {key}");
            }
        }
    }
}

#[test]
fn kubernetes_reaches_each_service_where_it_listens_and_mounts_what_it_writes_to() {
    for service in SERVICES {
        let listen =
            settings(service).into_iter().find(|(key, _)| key == "HTTP__LISTEN").expect("it listens");
        let port = listen.1.rsplit(':').next().expect("an address has a port").to_owned();
        let workload = read(&format!("k8s/base/{service}/workload.yaml"));
        assert!(workload.contains(&format!("containerPort: {port}\n")), "{service}");
        assert!(
            read(&format!("k8s/base/{service}/service.yaml")).contains(&format!("port: {port}\n")),
            "{service}"
        );
        for map in ["troupe\n".to_owned(), format!("troupe-{service}\n")] {
            assert!(
                workload.contains(&format!("configMapRef:\n                name: {map}")),
                "{service}: {map}"
            );
        }
    }
    let configuration = read("k8s/base/configuration.yaml");
    let media = configuration.lines().find_map(|line| line.strip_prefix("  TROUPE__MEDIA__FOLDER: "));
    let media = media.expect("the folder of stored files is told");
    assert!(read("k8s/base/ingress/workload.yaml").contains(&format!("mountPath: {media}\n")), "{media}");
}

/// The lines of one service of `deploy/compose.yaml`.
fn composed<'a>(compose: &'a str, service: &str) -> Vec<&'a str> {
    let heading = format!("  {service}:");
    let lines: Vec<&str> = compose
        .lines()
        .skip_while(|line| *line != heading)
        .skip(1)
        .take_while(|line| line.is_empty() || line.starts_with("    "))
        .collect();
    assert!(!lines.is_empty(), "compose has no {service}");
    lines
}

#[test]
fn compose_starts_each_service_with_settings_that_it_has_and_all_that_it_needs() {
    let compose = read("deploy/compose.yaml");
    let engines = [("NATS__URL", "nats"), ("REDIS__URL", "redis"), ("CLICKHOUSE__URL", "clickhouse")];
    for service in SERVICES {
        let lines = composed(&compose, service);
        let known = settings(service);
        let told: Vec<(&str, &str)> =
            lines.iter().filter_map(|line| line.trim().strip_prefix("TROUPE__")?.split_once(": ")).collect();
        for (key, _) in &told {
            assert!(known.iter().any(|(known, _)| known == key), "{service} has no setting {key}");
        }
        for (key, engine) in engines.iter().filter(|(key, _)| known.iter().any(|(known, _)| known == key)) {
            let (_, url) =
                told.iter().find(|(told, _)| told == key).expect("it is told where its engines are");
            let host = url.split("//").nth(1).and_then(|rest| rest.split(':').next());
            assert_eq!(host, Some(*engine), "{service}: {key}");
            assert!(!composed(&compose, engine).is_empty());
        }
        assert!(
            lines.iter().any(|line| line.contains(&format!("args: {{SERVICE: {service}}}"))),
            "{service}"
        );
    }
    for secret in ["TELEGRAM__API_ID", "TELEGRAM__API_HASH", "VAULT__KEY", "API__TOKEN"] {
        assert!(compose.contains(&format!("TROUPE__{secret}: ")), "nobody is told {secret}");
    }
    for (engine, image) in
        [("nats", "nats:2."), ("redis", "redis:7."), ("clickhouse", "clickhouse/clickhouse-server:2")]
    {
        assert!(
            composed(&compose, engine).iter().any(|line| line.trim().starts_with(&format!("image: {image}")))
        );
    }
}

#[test]
fn prometheus_asks_each_service_where_it_listens() {
    let (compose, kubernetes) =
        (read("deploy/prometheus/prometheus.yaml"), read("k8s/components/monitoring/kustomization.yaml"));
    for service in SERVICES {
        let listen =
            settings(service).into_iter().find(|(key, _)| key == "HTTP__LISTEN").expect("it listens");
        let port = listen.1.rsplit(':').next().expect("an address has a port").to_owned();
        assert!(
            compose.contains(&format!(
                "- targets: [\"{service}:{port}\"]\n        labels: {{service: {service}}}"
            ))
        );
        assert!(kubernetes.contains(&format!("name: {service}}}\n    path: {service}.yaml")), "{service}");
        let patch = read(&format!("k8s/components/monitoring/{service}.yaml"));
        assert!(patch.contains(&format!("prometheus.io/port: \"{port}\"")), "{service}");
    }
}
