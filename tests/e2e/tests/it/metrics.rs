//! What each service tells Prometheus after real work: all of the metrics that it says it has, and no others.

use std::{
    collections::{BTreeMap, BTreeSet},
    io::Write as _,
    process::{Command, Stdio},
};

use troupe_dev::{stack::Options, tools::Tools};
use troupe_service::metric::{Kind, Metric};
use troupe_testkit::receiver::{Answer, Receiver};

use crate::{
    webhooks,
    world::{World, wait_for},
};

/// What a service told.
#[derive(Debug, Default)]
struct Scraped {
    kinds: BTreeMap<String, String>,
    helps: BTreeMap<String, String>,
    /// For each metric, the labels of its samples.
    labels: BTreeMap<String, Vec<BTreeMap<String, String>>>,
}

impl Scraped {
    fn read(text: &str) -> Self {
        let mut scraped = Self::default();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some((name, kind)) = line.strip_prefix("# TYPE ").and_then(|line| line.split_once(' ')) {
                scraped.kinds.insert(name.to_owned(), kind.to_owned());
            } else if let Some((name, help)) =
                line.strip_prefix("# HELP ").and_then(|line| line.split_once(' '))
            {
                scraped.helps.insert(name.to_owned(), help.to_owned());
            } else {
                let end = line.find(['{', ' ']).expect("a sample has a value");
                let (name, rest) = line.split_at(end);
                let labels = rest.strip_prefix('{').and_then(|rest| rest.rsplit_once('}'));
                let labels = labels.map(|(labels, _)| labels).unwrap_or_default();
                let labels = labels.split_terminator(',').map(|label| {
                    let (label, value) = label.split_once('=').expect("a label has a value");
                    (label.to_owned(), value.trim_matches('"').to_owned())
                });
                scraped.labels.entry(name.to_owned()).or_default().push(labels.collect());
            }
        }
        scraped
    }

    fn check(&self, service: &str, metrics: &[Metric]) {
        let declared: BTreeSet<&str> = metrics.iter().map(|metric| metric.name).collect();
        for name in self.kinds.keys() {
            assert!(declared.contains(name.as_str()), "{service} tells {name}, which no metrics.rs lists");
        }
        for metric in metrics {
            let name = metric.name;
            let (kind, ending) = match metric.kind {
                Kind::Counter => ("counter", ""),
                Kind::Gauge => ("gauge", ""),
                Kind::Histogram => ("histogram", "_count"),
            };
            let Some(found) = self.kinds.get(name) else { continue };
            assert_eq!(found, kind, "{service}: {name}");
            assert_eq!(self.helps.get(name).map(String::as_str), Some(metric.help), "{service}: {name}");
            assert_eq!(metric.kind == Kind::Counter, name.ends_with("_total"), "{name}");
            let unit = name.trim_end_matches("_total").rsplit('_').next().unwrap_or_default();
            if metric.kind == Kind::Histogram {
                assert!(["seconds", "bytes", "rows"].contains(&unit), "{name} says no unit");
            }
            for sample in &self.labels[&format!("{name}{ending}")] {
                let asked: BTreeSet<&str> = metric.labels.iter().map(|(label, _)| *label).collect();
                let found: BTreeSet<&str> = sample.keys().map(String::as_str).collect();
                assert_eq!(found, asked, "{service}: the labels of {name}");
                for (label, values) in metric.labels {
                    let value = sample[*label].as_str();
                    assert!(
                        values.is_empty() || values.contains(&value),
                        "{service}: {name} with {label}={value}"
                    );
                }
            }
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn each_service_tells_prometheus_what_it_says_it_does() {
    let receiver = Receiver::new(&[Answer::Status(200), Answer::Status(410)]).await;
    let world =
        World::new(Options { webhooks: webhooks::target("crm", &receiver), ..Options::default() }).await;
    // One call that is taken and one that never will be.
    webhooks::call(&world, "crm", 1).await;
    receiver.wait(1).await;
    webhooks::call(&world, "crm", 2).await;
    let (clara, anna) =
        (world.scene.bots["clara"], *world.scene.people.values().next().expect("there are people"));
    let asked = world.write(anna, clara.account, "hello").await;
    world.said_by(clara.account, asked, 1).await;
    let query = format!("SELECT 1 FROM events WHERE bot = {} AND kind = 'message_sent' LIMIT 1", clara.id);
    wait_for(async || world.rows(&query).await.pop()).await;

    let stack = &world.stack;
    let services = [
        ("ingress", stack.ingresses[0].url(), troupe_ingress::metrics::ALL),
        ("responder", stack.responders[0].url(), troupe_responder::metrics::ALL),
        ("webhooks", stack.webhooks.url(), troupe_webhooks::metrics::ALL),
        ("stats", stack.stats.url(), troupe_stats::metrics::ALL),
        ("manager", stack.manager.url(), troupe_manager::metrics::ALL),
    ];
    let promtool = Tools::default().promtool().expect("promtool is there");
    for (service, url, own) in services {
        let shared = troupe_bus::metrics::ALL.iter().chain(troupe_service::metrics::ALL);
        let declared: Vec<Metric> = own.iter().chain(shared).copied().collect();
        // Not every service publishes, handles and settles messages.
        let handles = ["ingress", "responder"].contains(&service);
        let of_handling = |name: &str| name.starts_with("messaging_") || name.starts_with("troupe_bus_");
        let told = |metric: &&Metric| handles || metric.kind == Kind::Counter || !of_handling(metric.name);
        let wanted: Vec<&Metric> = declared.iter().filter(told).collect();
        let text = wait_for(async || {
            let answer = reqwest::get(format!("{url}/metrics")).await.expect("it answers");
            let text = answer.text().await.expect("it answers in text");
            // Some come only with the first look at the broker.
            wanted.iter().all(|metric| text.contains(&format!("# TYPE {} ", metric.name))).then_some(text)
        })
        .await;
        Scraped::read(&text).check(service, &declared);

        // What Prometheus's own tool thinks of names, units and descriptions.
        let mut check = Command::new(&promtool.program)
            .args(["check", "metrics"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("promtool runs");
        check.stdin.take().expect("it was asked for").write_all(text.as_bytes()).expect("promtool reads");
        let check = check.wait_with_output().expect("promtool ends");
        let said =
            format!("{}{}", String::from_utf8_lossy(&check.stdout), String::from_utf8_lossy(&check.stderr));
        assert!(check.status.success(), "{service}: {said}");
    }
}
