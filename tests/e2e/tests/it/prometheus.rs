//! The rules of Prometheus: their own tests pass, they name only metrics that there are, and each alert has its
//! paragraph in the runbook.

use std::{collections::BTreeSet, fs, path::PathBuf, process::Command};

use troupe_dev::{folder, tools::Tools};
use troupe_service::metric::Kind;

fn files(folder: &str) -> Vec<PathBuf> {
    let folder = folder::checkout().join(folder);
    let entries = fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries
        .map(|entry| entry.expect("the folder can be read").path())
        .filter(|path| path.is_file())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} is empty", folder.display());
    files
}

fn promtool(arguments: &[&str], files: &[PathBuf]) {
    let tool = Tools::default().promtool().expect("promtool is there");
    let output = Command::new(tool.program).args(arguments).args(files).output().expect("promtool runs");
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn rules_are_valid_and_fire_when_they_have_to() {
    // Debian's promtool cannot read the other one: it is built without Kubernetes.
    promtool(&["check", "config"], &[folder::checkout().join("deploy/prometheus/prometheus.yaml")]);
    promtool(&["test", "rules"], &files("deploy/prometheus/tests"));
}

/// Every name by which Prometheus knows what the services tell.
pub fn series() -> BTreeSet<String> {
    let metrics = [
        troupe_service::metrics::ALL,
        troupe_bus::metrics::ALL,
        troupe_ingress::metrics::ALL,
        troupe_responder::metrics::ALL,
        troupe_stats::metrics::ALL,
        troupe_webhooks::metrics::ALL,
        troupe_manager::metrics::ALL,
    ];
    let mut names = BTreeSet::from(["up".to_owned()]);
    for metric in metrics.into_iter().flatten() {
        match metric.kind {
            Kind::Counter | Kind::Gauge => _ = names.insert(metric.name.to_owned()),
            Kind::Histogram => {
                names.extend(["_bucket", "_sum", "_count"].map(|ending| format!("{}{ending}", metric.name)));
            }
        }
    }
    names
}

/// The names of recording rules.
pub fn recorded() -> BTreeSet<String> {
    values("deploy/prometheus/rules/recording.yaml", "- record: ").into_iter().collect()
}

/// What stands behind `key` in the lines of a file.
fn values(path: &str, key: &str) -> Vec<String> {
    let text = fs::read_to_string(folder::checkout().join(path)).expect("the file is there");
    text.lines().filter_map(|line| line.trim().strip_prefix(key)).map(str::to_owned).collect()
}

/// The metrics that an expression names: words that look like one of ours.
pub fn named(expression: &str) -> BTreeSet<String> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == ':';
    let words = expression.split(|c| !is_name(c));
    words
        .filter(|word| {
            word.starts_with("troupe_")
                || word.starts_with("troupe:")
                || word.starts_with("messaging_client_")
                || word.starts_with("messaging_process_")
                || word.starts_with("http_server_")
        })
        .map(str::to_owned)
        .collect()
}

#[test]
fn rules_name_only_metrics_that_services_tell() {
    let known: BTreeSet<String> = series().union(&recorded()).cloned().collect();
    for file in files("deploy/prometheus/rules").into_iter().chain(files("deploy/prometheus/tests")) {
        let text = fs::read_to_string(&file).expect("the file is there");
        let names = named(&text);
        assert!(names.len() > 5, "{} names metrics", file.display());
        let unknown: Vec<&String> = names.difference(&known).collect();
        assert!(unknown.is_empty(), "{}: no service tells {unknown:?}", file.display());
    }
}

#[test]
fn each_alert_is_tested_and_has_its_paragraph_in_the_runbook() {
    let rules = "deploy/prometheus/rules/alerts.yaml";
    let alerts = values(rules, "- alert: ");
    let runbook = fs::read_to_string(folder::checkout().join("docs/runbook.md")).expect("there is one");
    let sections: BTreeSet<&str> = runbook.lines().filter_map(|line| line.strip_prefix("## ")).collect();
    let tests = fs::read_to_string(folder::checkout().join("deploy/prometheus/tests/alerts.yaml"))
        .expect("it is there");
    for alert in &alerts {
        assert!(sections.contains(alert.as_str()), "docs/runbook.md says nothing of {alert}");
        let fires = tests
            .split("- eval_time")
            .any(|test| test.contains(&format!("alertname: {alert}\n")) && test.contains("exp_labels"));
        assert!(fires, "no test makes {alert} fire");
    }
    let links = values(rules, "runbook: ");
    let expected: Vec<String> =
        alerts.iter().map(|alert| format!("docs/runbook.md#{}", alert.to_lowercase())).collect();
    assert_eq!(links, expected, "each alert links to its paragraph");
    assert_eq!(values(rules, "summary: ").len(), alerts.len());
    assert_eq!(values(rules, "labels: {severity: ").len(), alerts.len());
}
