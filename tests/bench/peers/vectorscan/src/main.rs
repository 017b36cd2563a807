//! Vectorscan over a generated set, in the fastest way that gives the right answers: one database, and each text in
//! lower case before it is scanned. `peer-vectorscan --rules FILE --messages FILE` prints one line of JSON.

mod database;
mod lower;

use std::{
    error::Error,
    fs,
    hint::black_box,
    time::{Duration, Instant},
};

use database::Database;
use serde_json::{Value, json};

/// As for the engine's own rows: the fastest of some laps of passes, in processor time.
const LAP: Duration = Duration::from_millis(300);
const LAPS: usize = 6;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [_, rules, _, messages] = words.as_slice() else {
        return Err("peer-vectorscan --rules FILE --messages FILE".into());
    };
    let set: Value = serde_json::from_str(&fs::read_to_string(rules)?)?;
    let rules = set["rules"].as_array().ok_or("no list \"rules\"")?;
    let messages = fs::read_to_string(messages)?;
    let fields = messages.lines().map(|line| line.splitn(3, '\t').collect::<Vec<_>>());
    let said: Vec<(Option<usize>, &str)> = fields.map(|fields| (fields[0].parse().ok(), fields[2])).collect();

    let started = Instant::now();
    let database = Database::new(rules)?;
    let load_ms = started.elapsed().as_millis();
    let mut lower = Vec::new();
    let mut first = |text: &str| {
        lower::lower(text, &mut lower);
        database.first(&lower)
    };
    let (mut expected, mut right, mut wrong) = (0, 0, 0);
    for (rule, text) in &said {
        let found = first(text);
        expected += u32::from(rule.is_some());
        right += u32::from(found.is_some() && found == *rule);
        wrong += u32::from(found.is_some() && found != *rule);
    }
    let (mut fastest, mut passes) = (f64::INFINITY, 0);
    for _ in 0..LAPS {
        let (begun, mut laps, mut spent) = (processor_time()?, 0, Duration::ZERO);
        while spent < LAP {
            for (_, text) in &said {
                black_box(first(text));
            }
            laps += 1;
            spent = processor_time()? - begun;
        }
        passes += laps;
        fastest = fastest.min(spent.as_secs_f64() / f64::from(laps));
    }
    let per_second = (said.len() as f64 / fastest).round();
    let line = json!({
        "row": "vs-lower", "messages": said.len(), "passes": passes, "mps": per_second,
        "expected": expected, "right": right, "wrong": wrong, "load_ms": load_ms as u64,
    });
    println!("{line}");
    Ok(())
}

/// How long this process has had a processor.
fn processor_time() -> Result<Duration, Box<dyn Error>> {
    let text = fs::read_to_string("/proc/self/schedstat")?;
    let nanoseconds = text.split_whitespace().next().ok_or("/proc/self/schedstat is empty")?;
    Ok(Duration::from_nanos(nanoseconds.parse()?))
}
