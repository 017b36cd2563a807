//! Reports on generated events, compared with plain counts of the same.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Value, json};
use troupe_dev::servers::{ClickHouse, Options};

use crate::{
    statistics::{prepare, tell},
    world::World,
};

/// Something that happened.
#[derive(Debug, Clone)]
struct Row {
    id: usize,
    kind: &'static str,
    time: i64,
    bot: u64,
    chat: i64,
    person: i64,
    source: &'static str,
    reason: &'static str,
    step: &'static str,
    scenario: &'static str,
    goal: bool,
    text: &'static str,
    update: usize,
}

impl Row {
    fn values(&self) -> String {
        let Self { id, kind, time, bot, chat, person, source, reason, step, scenario, goal, text, update } =
            self;
        let chat_kind = if *chat < 0 { "group" } else { "direct" };
        let (seq, version) = (id + 1, if scenario.is_empty() { "NULL" } else { "1" });
        format!(
            "('e{id}', '{kind}', fromUnixTimestamp64Milli({time}), {bot}, {chat}, '{chat_kind}', {person}, '{source}', \
             '{source}', '{reason}', '{step}', '{scenario}', {version}, {goal}, '{text}', now() + 1000000, 'u{update}', {seq}, 700)"
        )
    }
}

const COLUMNS: &str = "id, kind, time, bot, chat, chat_kind, person, source, source_name, reason, step, scenario, \
                       scenario_version, goal, text, text_until, update, seq, reply_ms";

/// Two weeks around the night in which Berlin's clocks go back: a message each 23 minutes, with what came of it.
fn happened() -> Vec<Row> {
    let begin: Timestamp = "2026-10-18T22:07:00Z".parse().expect("it is a time");
    let mut rows = Vec::new();
    let mut state = 5_u64;
    let mut chance = |of: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % of
    };
    for update in 0..900 {
        let person = 100 + i64::try_from(chance(9)).expect("it is small");
        let chat = if chance(3) == 0 { -1_000_000_000_001 } else { person };
        let time = begin.as_millisecond() + i64::try_from(update).expect("it is small") * 23 * 60_000;
        let row = Row {
            id: 0,
            kind: "message_received",
            time,
            bot: 1 + chance(2),
            chat,
            person,
            source: "",
            reason: "",
            step: "",
            scenario: "",
            goal: false,
            text: ["What time is it?", "what time is it", "=refund!"]
                [usize::try_from(chance(3)).expect("it is small")],
            update,
        };
        let plain = Row { text: "", ..row.clone() };
        rows.push(row);
        match chance(4) {
            0 => rows.push(Row { kind: "silent", reason: "no_match", ..plain.clone() }),
            1 => {
                rows.push(Row { kind: "delivery_failed", reason: "USER_IS_BLOCKED", ..plain.clone() });
                rows.push(Row { kind: "bot_blocked", ..plain.clone() });
            }
            _ => {
                rows.push(Row { kind: "replied", source: "entry", ..plain.clone() });
                rows.push(Row { kind: "message_sent", source: "entry", time: time + 700, ..plain.clone() });
            }
        }
        if chat > 0 && chance(6) == 0 {
            let scenario = ["welcome", "other"][usize::try_from(person % 2).expect("it is small")];
            let run = Row { scenario, ..plain };
            rows.push(Row { kind: "scenario_started", ..run.clone() });
            rows.push(Row { kind: "step_reached", step: "ask", time: time + 1000, ..run.clone() });
            if chance(2) == 0 {
                rows.push(Row {
                    kind: "scenario_ended",
                    step: "end",
                    goal: chance(2) == 0,
                    time: time + 61_000,
                    ..run
                });
            }
        }
    }
    for (id, row) in rows.iter_mut().enumerate() {
        row.id = id;
    }
    rows
}

/// The columns of `activity` after the period, counted the plain way.
fn activity<'a>(rows: impl Iterator<Item = &'a Row>) -> Vec<u64> {
    let rows: Vec<&Row> = rows.collect();
    let count = |fits: &dyn Fn(&Row) -> bool| rows.iter().filter(|row| fits(row)).count() as u64;
    let of = |kind: &'static str| count(&move |row| row.kind == kind);
    let people: BTreeSet<i64> =
        rows.iter().filter(|row| row.kind == "message_received").map(|row| row.person).collect();
    vec![
        count(&|row| row.kind == "message_received" && row.chat < 0),
        count(&|row| row.kind == "message_sent" && row.chat < 0),
        count(&|row| row.kind == "message_received" && row.chat > 0),
        count(&|row| row.kind == "message_sent" && row.chat > 0),
        of("message_received"),
        of("message_sent"),
        people.len() as u64,
        of("replied"),
        of("silent"),
        of("delivery_failed"),
        of("scenario_started"),
        of("scenario_ended"),
        count(&|row| row.kind == "scenario_ended" && row.goal),
    ]
}

/// Rows by period, the plain way.
fn by_period(rows: &[Row], zone: &str, every: &str) -> Value {
    let zone = TimeZone::get(zone).expect("the zone is known");
    let mut periods: BTreeMap<(i64, String), Vec<&Row>> = BTreeMap::new();
    for row in rows {
        let time = Timestamp::from_millisecond(row.time).expect("it is a time").to_zoned(zone.clone());
        let day = time.date();
        let monday =
            day.checked_sub(jiff::Span::new().days(day.weekday().to_monday_zero_offset())).expect("a day");
        // An hour that comes twice is two hours.
        let into_hour = i64::from(time.minute()) * 60_000 + row.time.rem_euclid(60_000);
        let (begin, label) = match every {
            "hour" => (row.time - into_hour, time.strftime("%Y-%m-%d %H:00 %z").to_string()),
            "day" => (0, day.to_string()),
            "week" => (0, monday.to_string()),
            _ => (0, time.strftime("%Y-%m").to_string()),
        };
        periods.entry((begin, label)).or_default().push(row);
    }
    let row = |((_, label), rows): (&(i64, String), &Vec<&Row>)| {
        let mut cells = vec![json!(label)];
        cells.extend(activity(rows.iter().copied()).into_iter().map(Value::from));
        Value::from(cells)
    };
    periods.iter().map(row).collect()
}

async fn world(rows: &[Row]) -> (ClickHouse, World) {
    let clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    // Some are told twice, in inserts that are cut otherwise.
    for part in rows.chunks(1000).chain(rows[300..1100].chunks(170)) {
        let values: Vec<String> = part.iter().map(Row::values).collect();
        tell(&clickhouse, &format!("INSERT INTO events_told ({COLUMNS}) VALUES {}", values.join(", "))).await;
    }
    let world = World::with_clickhouse(&clickhouse.url()).await;
    (clickhouse, world)
}

/// The rows of a report as objects by their columns.
fn objects(report: &Value) -> Vec<BTreeMap<String, Value>> {
    let columns = report["columns"].as_array().expect("a report has columns");
    let names = || columns.iter().map(|name| name.as_str().expect("a column has a name").to_owned());
    let rows = report["rows"].as_array().expect("a report has rows");
    rows.iter()
        .map(|row| names().zip(row.as_array().expect("a row is an array").iter().cloned()).collect())
        .collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_report_says_what_a_plain_count_says() {
    let rows = happened();
    let (_clickhouse, world) = world(&rows).await;
    for zone in ["UTC", "Europe/Berlin", "Asia/Kolkata", "America/New_York"] {
        for every in ["hour", "day", "week", "month"] {
            let report =
                world.get(&format!("/v1/reports/activity?from=ever&zone={zone}&every={every}")).await.ok();
            assert_eq!(report["rows"], by_period(&rows, zone, every), "{zone} {every}");
        }
    }

    // The night with 25 hours, compared with the day before.
    let path = "/v1/reports/activity?zone=Europe/Berlin&from=2026-10-25&to=2026-10-26&compare=true";
    let report = world.get(path).await.ok();
    let within = |from: &str, to: &str| {
        let [from, to] = [from, to].map(|time| time.parse::<Timestamp>().expect("a time").as_millisecond());
        activity(rows.iter().filter(|row| (from..to).contains(&row.time)))
    };
    let now = within("2026-10-24T22:00:00Z", "2026-10-25T23:00:00Z");
    let before = within("2026-10-23T22:00:00Z", "2026-10-24T22:00:00Z");
    let compared = report["compared"].as_array().expect("it is compared");
    let numbers =
        |field: &str| compared.iter().map(|each| each[field].as_u64().expect("a number")).collect::<Vec<_>>();
    assert_eq!((numbers("now"), numbers("before")), (now, before), "{report}");

    let per_chat = |kind: &str, bot: &Value, chat: &Value| {
        let fits = |row: &&Row| row.kind == kind && json!(row.bot) == *bot && json!(row.chat) == *chat;
        json!(rows.iter().filter(fits).count())
    };
    let mut places = 0;
    for name in ["groups", "chats"] {
        for place in objects(&world.get(&format!("/v1/reports/{name}?from=ever")).await.ok()) {
            assert_eq!(place["received"], per_chat("message_received", &place["bot"], &place["chat"]));
            assert_eq!(place["sent"], per_chat("message_sent", &place["bot"], &place["chat"]));
            places += 1;
        }
    }
    assert_eq!(places, rows.iter().map(|row| (row.bot, row.chat)).collect::<BTreeSet<_>>().len());
    for bot in objects(&world.get("/v1/reports/bots?from=ever").await.ok()) {
        let counted = activity(rows.iter().filter(|row| json!(row.bot) == bot["bot"]));
        assert_eq!((&bot["received"], &bot["active_people"]), (&json!(counted[4]), &json!(counted[6])));
    }
    let people = objects(&world.get("/v1/reports/people?from=ever").await.ok());
    assert_eq!(people.len(), 9);
    for person in people {
        let of = |kind: &str, group: bool| {
            let fits = |row: &&Row| {
                row.kind == kind && json!(row.person) == person["person"] && (row.chat < 0) == group
            };
            rows.iter().filter(fits).count()
        };
        assert_eq!(person["wrote_in_groups"], json!(of("message_received", true)));
        assert_eq!(person["wrote_directly"], json!(of("message_received", false)));
        assert_eq!(person["got"], json!(of("message_sent", true) + of("message_sent", false)));
        let blocked = of("bot_blocked", true) + of("bot_blocked", false);
        assert_eq!(person["blocked"], json!(u8::from(blocked > 0)));
        assert_eq!(person["scenarios_ended"], json!(of("scenario_ended", false)));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn scenarios_answers_and_delivery_are_counted_too() {
    let rows = happened();
    let (_clickhouse, world) = world(&rows).await;
    let count = |fits: &dyn Fn(&Row) -> bool| json!(rows.iter().filter(|row| fits(row)).count());
    let scenarios = objects(&world.get("/v1/reports/scenarios?from=ever").await.ok());
    assert_eq!(scenarios.len(), 2);
    for scenario in &scenarios {
        let name = scenario["scenario"].as_str().expect("a name");
        assert_eq!(scenario["started"], count(&|row| row.scenario == name && row.kind == "scenario_started"));
        assert_eq!(scenario["ended"], count(&|row| row.scenario == name && row.kind == "scenario_ended"));
        assert_eq!(scenario["goals"], count(&|row| row.scenario == name && row.goal));
        assert_eq!(scenario["median_seconds"], json!(61));
    }
    let steps = objects(&world.get("/v1/reports/steps?from=ever&scenario=welcome").await.ok());
    let asked: BTreeSet<(u64, i64)> = rows
        .iter()
        .filter(|row| row.scenario == "welcome" && row.step == "ask")
        .map(|row| (row.bot, row.person))
        .collect();
    // Who came to the step and to nothing after that, and who left from it without the goal.
    let last = |fits: &dyn Fn(&Row) -> bool| {
        let of = |(bot, person): &&(u64, i64)| {
            rows.iter().rfind(|row| row.bot == *bot && row.person == *person && !row.step.is_empty())
        };
        asked.iter().filter(|who| of(who).is_some_and(fits)).count()
    };
    let (still, left) = (last(&|row| row.step == "ask"), last(&|row| row.step == "end" && !row.goal));
    assert!(still > 0 && left > 0, "{still} {left}");
    assert_eq!((&steps[0]["step"], &steps[0]["reached"]), (&json!("ask"), &json!(asked.len())));
    assert_eq!((&steps[0]["still_here"], &steps[0]["left_here"]), (&json!(still), &json!(left)));
    let share = steps[0]["drop_off"].as_f64().expect("a share");
    let gone = f64::from(u32::try_from(still + left).expect("it is small"));
    let came = f64::from(u32::try_from(asked.len()).expect("it is small"));
    assert!((share - gone / came).abs() < 0.0001, "{share} {gone} {came}");
    assert_eq!(steps.len(), 1);

    let answers = objects(&world.get("/v1/reports/answers?from=ever").await.ok());
    let hits: Vec<&Row> = rows.iter().filter(|row| row.kind == "replied").collect();
    let followed = hits.iter().filter(|hit| {
        rows[hit.id + 1..].iter().any(|row| {
            row.kind == "message_received"
                && (row.bot, row.chat, row.person) == (hit.bot, hit.chat, hit.person)
                && row.time <= hit.time + 86_400_000
        })
    });
    let count_of = |count: usize| f64::from(u32::try_from(count).expect("it is small"));
    let (hit_count, followed) = (count_of(hits.len()), count_of(followed.count()));
    assert_eq!((answers.len(), &answers[0]["hits"]), (1, &json!(hits.len())));
    let share = answers[0]["replied_to"].as_f64().expect("a share");
    assert!((share - followed / hit_count).abs() < 0.0001, "{share} {followed} {hit_count}");

    let delivery = objects(&world.get("/v1/reports/delivery?from=ever&every=all").await.ok());
    assert_eq!(delivery[0]["sent"], count(&|row| row.kind == "message_sent"));
    assert_eq!(delivery[0]["failed"], count(&|row| row.kind == "delivery_failed"));
    assert_eq!(delivery[0]["reply_ms_median"], json!(700));
    let failures = objects(&world.get("/v1/reports/failures?from=ever&bot=1").await.ok());
    assert_eq!(failures[0]["failed"], count(&|row| row.kind == "delivery_failed" && row.bot == 1));

    let unmatched = objects(&world.get("/v1/reports/unmatched?from=ever").await.ok());
    let silent: BTreeSet<usize> =
        rows.iter().filter(|row| row.kind == "silent").map(|row| row.update).collect();
    let asked = |row: &Row| row.kind == "message_received" && silent.contains(&row.update);
    assert_eq!(
        unmatched[0]["messages"],
        count(
            &|row| asked(row) && row.text.ends_with("time is it") || asked(row) && row.text.ends_with("it?")
        )
    );
    assert_eq!(unmatched[1]["messages"], count(&|row| asked(row) && row.text == "=refund!"));

    let arms = world.get("/v1/reports/arms").await.ok();
    let finished = |name: &str, goal: bool| {
        let ended = rows
            .iter()
            .filter(|row| row.kind == "scenario_ended" && row.scenario == name && (!goal || row.goal));
        ended.map(|row| (row.bot, row.person)).collect::<BTreeSet<_>>().len()
    };
    for arm in objects(&arms) {
        let name = arm["scenario_name"].as_str().expect("a name");
        assert_eq!(
            (&arm["finished"], &arm["goals"]),
            (&json!(finished(name, false)), &json!(finished(name, true)))
        );
        assert!(
            arm["rate_low"].as_f64() <= arm["rate"].as_f64()
                && arm["rate"].as_f64() <= arm["rate_high"].as_f64()
        );
    }
    assert!(arms["notes"][0].as_str().expect("a note").contains("however often you look"), "{arms}");

    let first = objects(&world.get("/v1/reports/retention?from=ever&zone=Europe/Berlin").await.ok());
    assert_eq!(
        (&first[0]["first_week"], &first[0]["weeks_later"], &first[0]["share"]),
        (&json!("2026-10-19"), &json!(0), &json!(1))
    );
    let runs = objects(&world.get("/v1/reports/runs?from=ever").await.ok());
    let total: u64 = runs.iter().filter_map(|run| run["ended"].as_u64()).sum();
    assert_eq!(json!(total), count(&|row| row.kind == "scenario_ended"));
}

#[tokio::test(flavor = "multi_thread")]
async fn content_under_trial_is_set_beside_what_answered() {
    let (clickhouse, world) = world_of_nothing().await;
    let mut values = Vec::new();
    let mut row = |kind: &str, update: usize, source: &str, name: &str, reason: &str, version: &str| {
        let seq = values.len() + 1;
        values.push(format!(
            "('e{seq}', '{kind}', 1, 101, '1/101/{update}/new', now(), '{source}', '{name}', '{reason}', 'rules/kyc', {version}, {seq})"
        ));
    };
    // Of seven messages five are answered otherwise, or are not; two alike, whatever the variation.
    for update in 0..7 {
        match update {
            0..3 => row("silent", update, "", "", "no_match", "NULL"),
            _ => row("replied", update, "entry", "talk", "", "NULL"),
        }
        match update {
            0..5 => row("shadow_decided", update, "trigger_group", "kyc", "", "5"),
            _ => row("shadow_decided", update, "entry", "talk", "", "5"),
        }
    }
    let columns =
        "id, kind, bot, person, update, time, source, source_name, reason, act_on, act_version, seq";
    tell(&clickhouse, &format!("INSERT INTO events_told ({columns}) VALUES {}", values.join(", "))).await;
    let report = world.get("/v1/reports/shadow?bot=1").await.ok();
    let expected = json!([
        ["rules/kyc", 5, "silent: no_match", "trigger_group / kyc", 3, 1],
        ["rules/kyc", 5, "entry / talk", "trigger_group / kyc", 2, 1],
    ]);
    assert_eq!(report["rows"], expected, "{report}");
    assert_eq!(world.get("/v1/reports/shadow?bot=2").await.ok()["rows"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn nothing_is_reported_as_nothing_and_what_cannot_be_meant_is_refused() {
    let (_clickhouse, world) = world_of_nothing().await;
    let kinds = world.get("/v1/reports").await.ok();
    let names: Vec<&str> =
        kinds.as_array().expect("a list").iter().filter_map(|kind| kind["name"].as_str()).collect();
    assert_eq!(names.len(), 15);
    for (name, kind) in names.iter().zip(kinds.as_array().expect("a list")) {
        let report = world.get(&format!("/v1/reports/{name}?from=2026-01-01&compare=true")).await.ok();
        assert_eq!(report["rows"], json!([]), "{name}");
        let columns = report["columns"].as_array().expect("columns");
        assert!(columns.contains(&kind["measure"]), "{report}");
        assert!(
            report["compared"]
                .as_array()
                .expect("compared")
                .iter()
                .all(|each| each["now"] == 0 && each["before"] == 0)
        );
    }
    let nobody = world.get("/v1/reports/bots?bot=99").await.ok();
    assert_eq!(nobody["notes"], json!(["there is no bot 99; GET /v1/bots lists those there are"]));
    for (wrong, why) in [
        ("activity?zone=Mars", "Mars"),
        ("activity?from=yesterday", "yesterday"),
        ("activity?from=ever&compare=true", "nothing was before"),
        ("arms?compare=true", "nothing was before"),
        ("groups?person=1", "narrowed"),
        ("bots?scenario=x", "narrowed"),
        ("bots?every=hour", "activity and delivery"),
        ("activity?every=year", "every: unknown variant `year`"),
        ("activity?evry=day", "evry: unknown field"),
    ] {
        let (_, message) = world.get(&format!("/v1/reports/{wrong}")).await.refused(400);
        assert!(message.contains(why) && !message.contains("deserialize"), "{message}");
    }
    world.get("/v1/reports/nonsense").await.refused(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_of_a_supergroup_is_one_and_unmatched_if_no_bot_answered_it() {
    let (clickhouse, world) = world_of_nothing().await;
    let (group, basic) = (-1_000_000_000_007_i64, -7_i64);
    let mut values = Vec::new();
    let mut decide = |bot: u64, chat: i64, message: u32, text: &str, came: &str| {
        let (kind, source, reason) = match came {
            "no_match" | "cooldown" => ("silent", "", came),
            source => ("replied", source, ""),
        };
        for (place, kind, text) in [(0, "message_received", text), (1, kind, "")] {
            values.push(format!(
                "('{bot}/{chat}/{message}/new!{place}', '{kind}', now64(3), {bot}, {chat}, 'group', 101, '{source}', \
                 '{reason}', '{text}', now() + 1000000, {})",
                values.len() + 1
            ));
        }
    };
    for (message, text, came) in [
        (1, "nobody", ["no_match", "no_match", "fallback"]),
        (2, "another", ["no_match", "entry", "fallback"]),
        (3, "silence", ["cooldown", "no_match", "cooldown"]),
        (4, "answered", ["entry", "trigger_group", "cooldown"]),
    ] {
        for (bot, came) in (1..).zip(came) {
            decide(bot, group, message, text, came);
        }
    }
    // Of a basic group each bot has its own numbers: the same message, or two.
    decide(1, basic, 40, "basic", "no_match");
    decide(2, basic, 1, "basic", "entry");
    // One bot may be in other supergroups alone.
    decide(1, group - 1, 2, "alone", "no_match");
    let columns = "id, kind, time, bot, chat, chat_kind, person, source, reason, text, text_until, seq";
    for _ in 0..2 {
        tell(&clickhouse, &format!("INSERT INTO events_told ({columns}) VALUES {}", values.join(", "))).await;
    }
    let unmatched = async |narrowed: &str| {
        let report = world.get(&format!("/v1/reports/unmatched?{narrowed}")).await.ok();
        let count = |row: &BTreeMap<String, Value>| (row["words"].clone(), row["messages"].clone());
        let mut counts: Vec<_> = objects(&report).iter().map(count).collect();
        counts.sort_by_key(|(words, _)| words.to_string());
        json!(counts)
    };
    assert_eq!(unmatched("").await, json!([["alone", 1], ["basic", 1], ["nobody", 1], ["silence", 1]]));
    assert_eq!(unmatched("bot=1").await, json!([["alone", 1], ["basic", 1], ["nobody", 1]]));
    assert_eq!(unmatched("bot=2").await, json!([["nobody", 1], ["silence", 1]]));
    assert_eq!(unmatched(&format!("chat={group}")).await, json!([["nobody", 1], ["silence", 1]]));
}

#[tokio::test(flavor = "multi_thread")]
async fn unless_it_is_said_the_last_thirty_days_are_told_of() {
    let (clickhouse, world) = world_of_nothing().await;
    let rows = [0, 28, 31, 200].map(|days| {
        format!("('1/42/{days}/new!0', 'message_received', now64(3) - INTERVAL {days} DAY, 1, 42, 'direct', 42, {days})")
    });
    let columns = "id, kind, time, bot, chat, chat_kind, person, seq";
    tell(&clickhouse, &format!("INSERT INTO events_told ({columns}) VALUES {}", rows.join(", "))).await;
    let received = async |path: &str| {
        let answer = world.get(path).await.ok();
        let at = |name: &str| answer["columns"].as_array()?.iter().position(|column| column == name);
        let received = match at("received") {
            Some(place) => answer["rows"][0][place].clone(),
            None => answer["total"]["received"].clone(),
        };
        (received, answer["from"].is_null(), answer["compared"][4].clone())
    };
    for path in ["/v1/reports/bots", "/v1/reports/people", "/v1/statistics"] {
        let counts = world.get(path).await.ok();
        assert!(counts["from"].is_string() && counts["to"].is_string(), "{counts}");
    }
    for path in ["/v1/reports/bots", "/v1/statistics"] {
        assert_eq!(received(path).await, (json!(2), false, Value::Null), "{path}");
        assert_eq!(received(&format!("{path}?from=ever")).await, (json!(4), true, Value::Null), "{path}");
    }
    let arms = world.get("/v1/reports/arms").await.ok();
    assert!(arms["from"].is_null(), "a comparison is judged from its begin: {arms}");
    let compared = received("/v1/reports/bots?compare=true").await;
    assert_eq!(compared.2, json!({"name": "received", "now": 2, "before": 1}));
}

async fn world_of_nothing() -> (ClickHouse, World) {
    let clickhouse = ClickHouse::start(&Options::default()).await.expect("ClickHouse starts");
    prepare(&clickhouse).await;
    let world = World::with_clickhouse(&clickhouse.url()).await;
    (clickhouse, world)
}
