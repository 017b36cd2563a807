//! Counts after everything was done to those who count: each equals what the emulator's ledger says.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::{task::JoinHandle, time::sleep};
use troupe_dev::{
    demo::{
        self, Board, Statistics,
        control::To,
        judge::{self, Counts},
        ledger::{Bot, Posted},
        manager::Manager,
        play,
    },
    stack::{Options, Stack},
};
use troupe_protocol::{BotSettings, Event, WeightedScenario};
use troupe_types::ChatId;

use crate::{
    faults::play_through,
    world::{PATIENCE, World, wait_for},
};

/// How often the writer is killed, unless `TROUPE_KILLS` says how often: 100 take about ten minutes.
const KILLS: u32 = 12;
/// How long leases last.
const LEASE: Duration = Duration::from_secs(3);
/// How long ClickHouse is away.
const AWAY: Duration = Duration::from_secs(8);
/// What Boris says at the goal of the scenario below, and nobody else anywhere.
const GOAL: &str = "That was all, thank you.";
const SCENARIO: &str = "
restart: [again]
steps:
  ask: {ask: Your name?, next: done}
  done: {end: goal, say: 'That was all, thank you.'}
";

/// Moments that nobody chose, the same in each run.
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }

    async fn moment(&mut self, longest_ms: u64) {
        sleep(Duration::from_millis(self.below(longest_ms))).await;
    }
}

fn kills() -> u32 {
    let asked = std::env::var_os("TROUPE_KILLS");
    asked.map_or(KILLS, |asked| asked.to_str().and_then(|asked| asked.parse().ok()).expect("TROUPE_KILLS"))
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_equal_the_ledger_though_the_writer_and_clickhouse_are_killed_again_and_again() {
    // Whoever is killed gives nothing back: the next one waits until the leases run out. Few are renewed in time even where
    // everything else is slow.
    let environment = [
        ("TROUPE__NATS__LEASE_TTL", format!("{}s", LEASE.as_secs())),
        ("TROUPE__NATS__PARTITIONS", "8".into()),
    ];
    let environment = environment.map(|(name, value)| (name.to_owned(), value)).to_vec();
    let mut world = World::new(Options { environment, ..Options::default() }).await;
    stretch_inserts(&world).await;
    let (kills, mut chance) = (kills(), Chance(7));
    let mut done = 0;

    let summary = play_through(&mut world, async |stack| {
        // Somebody who has just started waits for the leases of who was killed; then there may be nothing left to write.
        sleep(LEASE).await;
        chance.moment(5000).await;
        stack.stats.kill();
        stack.stats.restart().await.expect("stats starts again");
        done += 1;
    })
    .await;
    assert!(summary.is_well(), "{summary}\n{:#?}", summary.faults());

    let chatter = Chatter::begin(&world).await;
    while done < kills {
        kill_writer(&mut world.stack, &mut chance).await;
        done += 1;
    }
    // ClickHouse dies in the middle of writing, and the writer with it: nobody is left who knows how far it came.
    for _ in 0..kills.div_ceil(4) {
        written(&mut world.stack).await;
        chance.moment(1000).await;
        world.stack.clickhouse.kill();
        world.stack.stats.kill();
        restart(&mut world.stack).await;
    }
    // ClickHouse is away, and the writer waits; another one takes over while it still is.
    world.stack.clickhouse.kill();
    sleep(AWAY).await;
    world.stack.stats.kill();
    sleep(AWAY / 2).await;
    restart(&mut world.stack).await;
    chatter.end().await;

    let truth = Truth::of(&world, summary.goals_expected as u64).await;
    assert!(truth.goals > summary.goals_expected as u64 && truth.events > 1000, "{truth:#?}");
    let equal = wait_for(async || truth.differences(&world).await.is_empty().then_some(()));
    let _ = tokio::time::timeout(PATIENCE / 2, equal).await;
    // Whatever might still be written twice has been when the writer has ended in good order.
    world.stack.stats.stop().await;
    assert_eq!(truth.differences(&world).await, Vec::<String>::new());
    world.stack.stop().await;
}

/// Has each insert pause between storing its rows and filling the tables of counts, so that many a kill comes in between.
/// Views are filled in the order of their UUIDs.
async fn stretch_inserts(world: &World) {
    for sql in [
        "CREATE TABLE nowhere (nothing UInt8) ENGINE = Null",
        "CREATE MATERIALIZED VIEW pause UUID '00000000-0000-4000-8000-000000000001' TO nowhere
            AS SELECT sleep(0.2) AS nothing FROM events_told",
    ] {
        world.execute(sql).await;
    }
}

/// Kills the writer at some moment after it has begun to write.
async fn kill_writer(stack: &mut Stack, chance: &mut Chance) {
    written(stack).await;
    chance.moment(700).await;
    stack.stats.kill();
    stack.stats.restart().await.expect("stats starts again");
}

async fn restart(stack: &mut Stack) {
    stack.clickhouse.restart().await.expect("ClickHouse starts again");
    stack.stats.restart().await.expect("stats starts again");
}

/// Waits until the writer that runs now has written something.
async fn written(stack: &mut Stack) {
    let url = format!("{}/metrics", stack.stats.url());
    let begun = wait_for(async || {
        let metrics = reqwest::get(&url).await.ok()?.text().await.ok()?;
        let line = metrics.lines().find(|line| line.starts_with("troupe_stats_rows_written_total"))?;
        line.rsplit(' ').next()?.parse::<f64>().is_ok_and(|rows| rows > 0.0).then_some(())
    });
    let begun = tokio::time::timeout(PATIENCE * 9 / 10, begun).await;
    assert!(begun.is_ok(), "the writer writes again; it says:\n{}", stack.stats.process().last_words(30));
}

/// People who talk all the time, in the group and with Boris, who leads them to a goal again and again.
struct Chatter {
    stop: Arc<AtomicBool>,
    task: JoinHandle<()>,
}

impl Chatter {
    async fn begin(world: &World) -> Self {
        let boris = world.scene.bots["boris"];
        let manager = Manager::new(&world.endpoints.services["manager"].url, &world.endpoints.manager_token);
        manager.put_content("scenarios", "counted", SCENARIO).await.expect("it is taken");
        let name = "counted".parse().expect("it is a name");
        let scenarios = vec![WeightedScenario { name, weight: 1 }];
        let settings = BotSettings { scenarios, ..BotSettings::default() };
        manager.settings(boris.id.get(), &settings).await.expect("they are taken");
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, scene) = (stop.clone(), world.scene.clone());
        let task = tokio::spawn(async move {
            let people: Vec<i64> = scene.people.values().copied().collect();
            for turn in 0.. {
                for person in &people {
                    if stopped.load(Ordering::Relaxed) {
                        return;
                    }
                    let (to, text) = match turn % 3 {
                        0 => (To::User(boris.account), "again"),
                        1 => (To::User(boris.account), "Sam"),
                        _ => (To::Group(scene.group), "What are the fees?"),
                    };
                    scene.control.say(*person, to, text, None).await.expect("the emulator takes it");
                    sleep(Duration::from_millis(150)).await;
                }
            }
        });
        Self { stop, task }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.task.await.expect("everybody was heard");
    }
}

/// What there is to be counted, by the ledger; what the ledger does not tell, by the stream of events.
#[derive(Debug)]
struct Truth {
    chats: BTreeMap<(u64, ChatId), Counts>,
    people: BTreeMap<i64, Counts>,
    /// Which of `people` are none.
    bots: BTreeSet<i64>,
    goals: u64,
    kinds: BTreeMap<String, u64>,
    events: u64,
}

impl Truth {
    /// Once everything was said, decided and told.
    async fn of(world: &World, goals_before: u64) -> Self {
        let (ledger, events) = everything(world).await;
        let bots: BTreeMap<&str, Bot> = world.scene.bots.iter().map(|(name, bot)| (*name, *bot)).collect();
        let goals = ledger.iter().filter(|posted| posted.text == GOAL).count() as u64 + goals_before;
        let ids: BTreeMap<_, _> =
            events.iter().map(|event| ((event.bot, event.id.as_str()), kind(event))).collect();
        let mut kinds = BTreeMap::<String, u64>::new();
        for kind in ids.values() {
            *kinds.entry(kind.clone()).or_default() += 1;
        }
        Self {
            chats: judge::counts(&ledger, &bots),
            people: judge::counts_by_person(&ledger, &bots),
            bots: bots.values().map(|bot| bot.account).collect(),
            goals,
            events: ids.len() as u64,
            kinds,
        }
    }

    fn kind(&self, kind: &str) -> u64 {
        self.kinds.get(kind).copied().unwrap_or_default()
    }

    /// Both numbers of all chats that are direct, or groups, or either.
    fn sum(&self, fits: impl Fn(&ChatId) -> bool) -> [u64; 2] {
        let fitting = || self.chats.iter().filter(|((_, chat), _)| fits(chat)).map(|(_, counts)| counts);
        [fitting().map(|counts| counts.received).sum(), fitting().map(|counts| counts.sent).sum()]
    }

    /// All that is counted otherwise than it is.
    async fn differences(&self, world: &World) -> Vec<String> {
        let mut all = Differences::default();
        let statistics = Statistics::new(&world.stack.clickhouse.url(), &world.endpoints.clickhouse_database);
        all.compare("events by chat", &statistics.counts().await.expect("they are counted"), &self.chats);
        let people = statistics.counts_by_person().await.expect("they are counted");
        all.compare("events by person", &people, &self.people);
        let totals = statistics.totals().await.expect("they are counted");
        all.compare("events and goals", &totals, &(self.events, self.goals));
        let kinds = world.rows("SELECT kind, count() AS count FROM events GROUP BY kind").await;
        let kinds: BTreeMap<String, u64> =
            kinds.iter().map(|row| (text(row, "kind"), number(row, "count"))).collect();
        all.compare("events by kind", &kinds, &self.kinds);
        self.views(world, &mut all).await;
        self.reports(world, &mut all).await;
        all.0
    }

    /// By the tables that views fill.
    async fn views(&self, world: &World, all: &mut Differences) {
        const FIELDS: [&str; 8] = [
            "received",
            "sent",
            "failed",
            "replied",
            "silent",
            "scenarios_started",
            "scenarios_ended",
            "goals",
        ];
        let [received, sent] = self.sum(|_| true);
        let kinds = ["delivery_failed", "replied", "silent", "scenario_started", "scenario_ended"]
            .map(|kind| self.kind(kind));
        let expected = [&[received, sent][..], &kinds, &[self.goals]].concat();
        for period in ["hour", "day", "week", "month"] {
            let sums = FIELDS.map(|field| format!("sum({field}) AS {field}")).join(", ");
            let rows = world.rows(&format!("SELECT {sums} FROM activity_by_{period}")).await;
            let found = FIELDS.map(|field| number(&rows[0], field));
            all.compare(&format!("activity_by_{period}: {FIELDS:?}"), &found[..], &expected[..]);
        }
    }

    /// By the reports of the manager.
    async fn reports(&self, world: &World, all: &mut Differences) {
        let ([group_received, group_sent], [direct_received, direct_sent]) =
            (self.sum(|chat| chat.get() < 0), self.sum(|chat| chat.get() > 0));
        let fields =
            ["group_received", "group_sent", "direct_received", "direct_sent", "answered", "silent", "goals"];
        let (replied, silent) = (self.kind("replied"), self.kind("silent"));
        let expected =
            [group_received, group_sent, direct_received, direct_sent, replied, silent, self.goals];
        for every in ["hour", "day", "week", "month", "all"] {
            let rows = report(world, &format!("activity?every={every}")).await;
            let found = fields.map(|field| rows.iter().map(|row| number(row, field)).sum::<u64>());
            all.compare(&format!("activity by {every}: {fields:?}"), &found, &expected);
        }
        let mut bots = BTreeMap::<u64, Counts>::new();
        for ((bot, _), counts) in &self.chats {
            let of = bots.entry(*bot).or_default();
            *of = Counts { received: of.received + counts.received, sent: of.sent + counts.sent };
        }
        let found = report(world, "bots").await;
        let found: BTreeMap<u64, Counts> =
            found.iter().map(|row| (number(row, "bot"), counts(row, "received", "sent"))).collect();
        all.compare("bots", &found, &bots);
        for (name, direct) in [("groups", false), ("chats", true)] {
            let rows = report(world, name).await;
            let found: BTreeMap<(u64, ChatId), Counts> = rows
                .iter()
                .map(|row| {
                    let chat = ChatId::new(row["chat"].as_i64().unwrap_or_default());
                    ((number(row, "bot"), chat), counts(row, "received", "sent"))
                })
                .filter(|(_, counts)| *counts != Counts::default())
                .collect();
            let expected = self.chats.iter().filter(|((_, chat), _)| (chat.get() > 0) == direct);
            all.compare(name, &found, &expected.map(|(place, counts)| (*place, *counts)).collect());
        }
        let rows = report(world, "people").await;
        let found: BTreeMap<i64, Counts> = rows
            .iter()
            .map(|row| {
                let received = number(row, "wrote_in_groups") + number(row, "wrote_directly");
                (row["person"].as_i64().unwrap_or_default(), Counts { received, sent: number(row, "got") })
            })
            .collect();
        let people = self.people.iter().filter(|(person, _)| !self.bots.contains(person));
        all.compare("people", &found, &people.map(|(person, counts)| (*person, *counts)).collect());
        let rows = report(world, "scenarios").await;
        let found = ["started", "ended"].map(|field| rows.iter().map(|row| number(row, field)).sum::<u64>());
        all.compare("scenarios", &found, &["scenario_started", "scenario_ended"].map(|kind| self.kind(kind)));
        let rows = report(world, "answers").await;
        all.compare("answers", &rows.iter().map(|row| number(row, "hits")).sum(), &replied);
    }
}

/// What is not as it should be, in words.
#[derive(Default)]
struct Differences(Vec<String>);

impl Differences {
    fn compare<T: PartialEq + std::fmt::Debug + ?Sized>(&mut self, what: &str, found: &T, expected: &T) {
        if found != expected {
            self.0.push(format!("{what}: {found:?} instead of {expected:?}"));
        }
    }
}

/// The whole ledger and all events, once nothing more happens.
async fn everything(world: &World) -> (Vec<Posted>, Vec<Event>) {
    let board = Board::new(world.scene.bots.values().copied());
    let url = world.stack.nats.url();
    let events = demo::events::events(&url).await.expect("there are events");
    tokio::select! {
        settled = play::settle(&board, PATIENCE) => assert!(settled, "every message is decided on"),
        error = board.follow(&world.scene.control, events) => panic!("{error}"),
    }
    let known = board.known();
    (known.ledger.clone(), known.events.clone())
}

/// The rows of a report of all there ever was, with their fields' names.
async fn report(world: &World, path: &str) -> Vec<Value> {
    let manager = &world.endpoints.services["manager"].url;
    let first = if path.contains('?') { '&' } else { '?' };
    let request = reqwest::Client::new()
        .get(format!("{manager}/v1/reports/{path}{first}from=ever"))
        .bearer_auth(&world.endpoints.manager_token);
    let answer = request.send().await.expect("the manager answers");
    let report: Value = answer.json().await.expect("it answers in JSON");
    let columns = report["columns"].as_array().unwrap_or_else(|| panic!("{path}: {report}"));
    let rows = report["rows"].as_array().expect("it has rows");
    let named = |row: &Value| {
        let cells = columns.iter().zip(row.as_array().expect("a row is a list"));
        cells.map(|(name, cell)| (name.as_str().unwrap_or_default().to_owned(), cell.clone())).collect()
    };
    rows.iter().map(|row| Value::Object(named(row))).collect()
}

fn kind(event: &Event) -> String {
    let body = serde_json::to_value(&event.body).expect("it is plain data");
    text(&body, "type")
}

fn counts(row: &Value, received: &str, sent: &str) -> Counts {
    Counts { received: number(row, received), sent: number(row, sent) }
}

fn number(row: &Value, field: &str) -> u64 {
    row[field].as_u64().unwrap_or_else(|| panic!("{field} of {row}"))
}

fn text(row: &Value, field: &str) -> String {
    row[field].as_str().unwrap_or_default().to_owned()
}
