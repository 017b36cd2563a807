//! Grafana's boards: what is committed is what is generated, it is well-formed, and everything that it asks is answered
//! by the real servers.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
};

use serde_json::Value;
use troupe_bus::{Bus, NatsConfig};
use troupe_dev::{
    folder,
    servers::{self, Prometheus},
    stack::Options,
};
use troupe_grafana::{
    alerts, boards,
    expand::{Chosen, Range, expand},
    model::{CLICKHOUSE, Look, PROMETHEUS, Query},
};
use troupe_protocol::{Event, EventBody, SessionState, Source, Subject, TraceContext};
use troupe_service::{Clock as _, SystemClock};
use troupe_types::{
    ActionKey, BotId, ChatId, MessageId, Partition, Timestamp, UpdateKey, UpdateKind, UserId,
};

use crate::{
    prometheus::{named, recorded, series},
    world::{World, wait_for},
};

#[test]
fn committed_boards_are_those_that_are_generated() {
    let root = folder::checkout().join("deploy/grafana");
    let files = troupe_grafana::files();
    for (path, text) in &files {
        let committed = fs::read_to_string(root.join(path)).unwrap_or_default();
        assert!(
            committed == *text,
            "deploy/grafana/{path} is not what is generated: run cargo dev dashboards"
        );
    }
    let found = fs::read_dir(root.join("dashboards")).expect("there is a folder").count();
    assert_eq!(found, files.keys().filter(|path| path.starts_with("dashboards/")).count());
}

/// The units of Grafana that boards use; an unknown one is shown as a suffix. Source: `packages/grafana-data` of
/// Grafana, `valueFormats/categories.ts`.
const UNITS: [&str; 7] = ["short", "none", "s", "percentunit", "ops", "rowsps", "reqps"];

#[test]
fn boards_are_well_formed() {
    let mut uids = BTreeSet::new();
    let provisioned =
        fs::read_to_string(folder::checkout().join("deploy/grafana/provisioning/datasources/troupe.yaml"))
            .expect("datasources are provisioned");
    let files = troupe_grafana::files();
    for (path, text) in files.iter().filter(|(path, _)| path.starts_with("dashboards/")) {
        let board: Value = serde_json::from_str(text).expect("it is JSON");
        let uid = board["uid"].as_str().expect("it has an id");
        assert!(uid.len() <= 40 && uids.insert(uid.to_owned()), "{path}: {uid} is too long or used twice");
        assert!(!board["description"].as_str().unwrap_or_default().is_empty(), "{path} says what it is for");
        let panels = board["panels"].as_array().expect("it has panels");
        let (mut ids, mut titles, mut taken) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
        let mut row = "";
        for panel in panels {
            let title = panel["title"].as_str().expect("it has a title");
            assert!(ids.insert(panel["id"].as_u64().expect("it has an id")), "{path}: {title}");
            let place = |key: &str| panel["gridPos"][key].as_u64().expect("it has a place");
            assert!(place("x") + place("w") <= 24, "{path}: {title} leaves the grid");
            for x in place("x")..place("x") + place("w") {
                for y in place("y")..place("y") + place("h") {
                    assert!(taken.insert((x, y)), "{path}: {title} stands on another panel");
                }
            }
            if panel["type"] == "row" {
                row = title;
                continue;
            }
            assert!(titles.insert((row, title)), "{path}: two panels of {row} are called {title}");
            assert!(
                panel["description"].as_str().unwrap_or_default().ends_with('.'),
                "{path}: {title} is described"
            );
            let defaults = &panel["fieldConfig"]["defaults"];
            let unit = defaults["unit"].as_str().unwrap_or_default();
            assert!(UNITS.contains(&unit), "{path}: {title} has the unit {unit:?}");
            assert!(!defaults["thresholds"]["steps"].as_array().expect("it has limits").is_empty());
            for target in panel["targets"].as_array().expect("it asks something") {
                let uid = target["datasource"]["uid"].as_str().expect("it asks somebody");
                assert!([CLICKHOUSE, PROMETHEUS].contains(&uid), "{path}: {title}");
                assert!(provisioned.contains(&format!("uid: {uid}\n")), "{uid} is provisioned");
            }
        }
    }
    for board in boards::all() {
        for panel in board.rows.iter().flat_map(|row| &row.panels) {
            let Some((_, to, variable)) = panel.drill else { continue };
            let target =
                boards::all().into_iter().find(|board| board.uid == to).expect("it leads to a board");
            assert!(target.variables.iter().any(|known| known.name == variable), "{to} has no {variable}");
        }
    }
    let runbook = fs::read_to_string(folder::checkout().join("docs/runbook.md")).expect("there is one");
    for alert in alerts::ALL {
        assert!(
            runbook.contains(&format!("\n## {}\n", alert.title)),
            "the runbook says nothing of {}",
            alert.title
        );
    }
}

#[test]
fn boards_name_only_metrics_that_there_are() {
    let known: BTreeSet<String> = series().union(&recorded()).cloned().collect();
    let mut seen = BTreeSet::new();
    for board in boards::all() {
        for query in board.rows.iter().flat_map(|row| &row.panels).flat_map(|panel| &panel.queries) {
            if let Query::Prom { expression, .. } = query {
                let names = named(expression);
                assert!(!names.is_empty(), "{}: {expression} names no metric", board.uid);
                seen.extend(names);
            }
        }
    }
    let unknown: Vec<&String> = seen.difference(&known).collect();
    assert!(unknown.is_empty(), "no service tells {unknown:?}");
}

/// Some of every kind of event, of two bots, in a group and in direct chats, told as the services tell them.
fn happened(now: Timestamp) -> Vec<Event> {
    let mut all = Vec::new();
    for number in 0..60 {
        let bot = BotId::new(900 + u64::from(number % 2 == 0));
        let person = UserId::new(500 + i64::from(number % 5));
        let chat = if number % 3 == 0 { ChatId::new(-1_000_000_000_001) } else { ChatId::new(person.get()) };
        let message = MessageId::new(number + 1);
        let update = UpdateKey { bot, chat, message, kind: UpdateKind::New };
        let action = ActionKey { update, number: 0 };
        let (scenario, version) = ("welcome".to_owned(), 1 + u32::from(number % 4 == 1));
        let sources = [
            Source::Entry { library: "support".into(), entry: "fees".into(), variation: 0, version: None },
            Source::TriggerGroup { group: "kyc".into(), version: None },
            Source::FailMessage { group: "kyc".into(), version: None },
            Source::Step { scenario: scenario.clone(), version, step: "name".into() },
            Source::Fallback { library: "support".into(), variation: 0, version: None },
        ];
        let source = sources[usize::try_from(number).expect("it is positive") % sources.len()].clone();
        let step = || "name".to_owned();
        let mut bodies = vec![
            EventBody::MessageReceived { message, media: None, own_bot: false, text: None },
            EventBody::MessageEdited { message },
            EventBody::Session { state: SessionState::Online },
            EventBody::ShadowDecided {
                content: "rules/kyc".into(),
                version: Some(2),
                source: Some(Source::Guard),
                reason: String::new(),
            },
        ];
        if number % 4 == 0 {
            let reason = if number % 8 == 0 { "no_match" } else { "opted_out" };
            bodies.push(EventBody::Silent { reason: reason.into(), decide_us: 60 });
            bodies.push(EventBody::DeliveryFailed { action, reason: "USER_IS_BLOCKED".into() });
            bodies.push(EventBody::BotBlocked);
            bodies.push(EventBody::HandedOver);
            bodies.push(EventBody::WebhookCalled { name: "crm".into(), outcome: "gone".into(), tries: 2 });
            bodies.push(EventBody::FloodWait { seconds: 20, method: "send".into() });
        } else {
            bodies.push(EventBody::Replied { source: source.clone(), decide_us: 90 });
            bodies.push(EventBody::MessageSent { message, action, source, reply_ms: 800, media: None });
            bodies.push(EventBody::PersonFirstSeen);
            bodies.push(EventBody::OptedOut);
            bodies.push(EventBody::ScenarioStarted { scenario: scenario.clone(), version });
            bodies.push(EventBody::StepReached { scenario: scenario.clone(), version, step: step() });
            let answered = EventBody::StepAnswered {
                scenario: scenario.clone(),
                version,
                step: step(),
                valid: number % 2 == 1,
            };
            bodies.push(answered);
            bodies.push(EventBody::ScenarioEnded {
                scenario,
                version,
                step: "done".into(),
                goal: number % 3 != 0,
            });
        }
        all.extend(bodies.into_iter().zip(0..).map(|(body, place)| Event {
            id: format!("{update}!{place}"),
            bot,
            chat: Some(chat),
            person: Some(person),
            update: Some(update),
            time: Timestamp::from_millis(now.as_millis() - i64::from(number) * 60_000),
            body,
        }));
    }
    all
}

/// Asks ClickHouse and returns the columns, each with its type, and the rows.
async fn ask(world: &World, sql: &str) -> Result<(Vec<(String, String)>, Vec<Value>), String> {
    let url = format!("{}/?database={}", world.stack.clickhouse.url(), world.endpoints.clickhouse_database);
    let answer = reqwest::Client::new().post(url).body(format!("{sql} FORMAT JSONCompact")).send().await;
    let answer = answer.map_err(|error| error.to_string())?;
    let ok = answer.status().is_success();
    let text = answer.text().await.map_err(|error| error.to_string())?;
    if !ok {
        return Err(text);
    }
    let answer: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
    let text_of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let columns = answer["meta"].as_array().into_iter().flatten();
    let columns = columns.map(|column| (text_of(&column["name"]), text_of(&column["type"]))).collect();
    Ok((columns, answer["data"].as_array().cloned().unwrap_or_default()))
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_boards_and_alerts_ask_is_answered() {
    let world = World::new(Options::default()).await;
    let (clara, anna) =
        (world.scene.bots["clara"], *world.scene.people.values().next().expect("there are people"));
    let prometheus = start_prometheus(&world).await;
    let asked = world.write(anna, clara.account, "hello").await;
    world.said_by(clara.account, asked, 1).await;

    let now = SystemClock.now().as_millis() / 1000;
    let events = happened(Timestamp::from_seconds(now));
    let bus = Bus::connect(&NatsConfig::at(world.stack.nats.url())).await.expect("NATS can be used");
    for event in &events {
        let subject = Subject::Event(Partition::of(event.bot, bus.partitions()), event.bot);
        bus.publish(subject, &event.id, event, &TraceContext::default()).await.expect("the broker takes it");
    }
    let written = "SELECT count() AS count FROM events WHERE bot IN (900, 901)";
    wait_for(async || {
        let rows = world.rows(written).await;
        (rows[0]["count"].as_u64() == u64::try_from(events.len()).ok()).then_some(())
    })
    .await;

    let range = Range { from: now - 86_400, to: now + 3_600, interval_s: 60 };
    let mut faults = String::new();
    let mut count = 0;
    for board in boards::all() {
        let mut chosen = BTreeMap::new();
        for variable in &board.variables {
            let (columns, rows) =
                ask(&world, &expand(&variable.sql, range, &chosen)).await.expect("values are given");
            assert!([1, 2].contains(&columns.len()), "{}: {}", board.uid, variable.name);
            // The last: bots that were made up for this have the highest numbers, so all kinds of events.
            let value = if variable.default.is_some() { rows.first() } else { rows.last() };
            let value = &value.unwrap_or_else(|| panic!("{}: no {} to choose", board.uid, variable.name))[0];
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            assert!(variable.default.is_none_or(|default| default == value), "{value}");
            chosen.insert(variable.name.to_owned(), Chosen::Value(value));
        }
        // Once with one value chosen, once with all.
        let mut all = chosen.clone();
        for variable in board.variables.iter().filter(|variable| variable.many) {
            all.insert(variable.name.to_owned(), Chosen::All);
        }
        let panels = board.rows.iter().flat_map(|row| &row.panels);
        let mut queries = vec![(None, "annotation", boards::content_changes().to_owned())];
        for panel in panels {
            for query in &panel.queries {
                match query {
                    Query::Sql(sql) => queries.push((Some(panel.look), panel.title, sql.clone())),
                    Query::Prom { expression, .. } => {
                        count += 1;
                        wait_for(async || {
                            prometheus_rows(&prometheus, expression).await.filter(|rows| *rows > 0)
                        })
                        .await;
                    }
                }
            }
        }
        for (look, title, sql) in queries {
            for chosen in [&chosen, &all] {
                count += 1;
                let sql = expand(&sql, range, chosen);
                let fault = match ask(&world, &sql).await {
                    _ if sql.contains('$') => "leaves something to be expanded".to_owned(),
                    Err(error) => error,
                    Ok((_, rows)) if rows.is_empty() => "gives no rows".to_owned(),
                    Ok((columns, _)) => match look {
                        Some(Look::Lines | Look::Bars) | None
                            if columns[0].0 != "time" || !columns[0].1.starts_with("DateTime") =>
                        {
                            format!("its first column is no time: {columns:?}")
                        }
                        Some(Look::Stat) if columns.len() != 1 => {
                            format!("more than one number: {columns:?}")
                        }
                        _ => continue,
                    },
                };
                let _ = writeln!(faults, "{} · {title}: {fault}\n  {sql}", board.uid);
            }
        }
    }
    for alert in alerts::ALL {
        count += 1;
        let sql = expand(alert.sql, range, &BTreeMap::new());
        match ask(&world, &sql).await {
            Ok((columns, rows)) if columns.len() == 1 && rows.len() == 1 && !sql.contains('$') => {}
            other => _ = writeln!(faults, "{}: {other:?}\n  {sql}", alert.title),
        }
    }
    assert!(faults.is_empty(), "{faults}");
    assert!(count > 150, "only {count} queries were asked");
}

/// A Prometheus that asks the services of `world`, with the project's rules.
async fn start_prometheus(world: &World) -> (Prometheus, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let stack = &world.stack;
    let services = [
        ("ingress", stack.ingresses[0].url()),
        ("responder", stack.responders[0].url()),
        ("webhooks", stack.webhooks.url()),
        ("stats", stack.stats.url()),
        ("manager", stack.manager.url()),
    ];
    let rules = folder::checkout().join("deploy/prometheus/rules");
    let mut config = format!(
        "global: {{scrape_interval: 1s, evaluation_interval: 1s}}\nrule_files: [\"{}/*.yaml\"]\n\
         scrape_configs:\n  - job_name: troupe\n    static_configs:\n",
        rules.display()
    );
    for (service, url) in services {
        let address = url.trim_start_matches("http://");
        let _ = writeln!(config, "      - {{targets: [\"{address}\"], labels: {{service: {service}}}}}");
    }
    let path = folder.path().join("prometheus.yaml");
    fs::write(&path, config).expect("the file can be written");
    let arguments = vec![format!("--config.file={}", path.display())];
    let options = servers::Options { arguments, ..servers::Options::default() };
    (Prometheus::start(&options).await.expect("Prometheus starts"), folder)
}

/// How many series an expression gives now; `None` while there are none.
async fn prometheus_rows(
    (prometheus, _): &(Prometheus, tempfile::TempDir),
    expression: &str,
) -> Option<usize> {
    let mut url =
        reqwest::Url::parse(&format!("{}/api/v1/query", prometheus.url())).expect("it is an address");
    url.query_pairs_mut().append_pair("query", expression);
    let answer: Value =
        reqwest::get(url).await.expect("it answers").json().await.expect("it answers in JSON");
    assert_eq!(answer["status"], "success", "{expression}: {answer}");
    answer["data"]["result"].as_array().map(Vec::len)
}
