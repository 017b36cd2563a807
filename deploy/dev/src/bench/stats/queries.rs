//! What reports and boards ask, and how long they wait for the answer.

use std::{collections::BTreeMap, fs, time::Duration};

use serde::Serialize;
use tokio::time::Instant;
use troupe_grafana::{
    alerts, boards,
    expand::{Chosen, Range, expand},
    model::{Board, Query},
};

use super::{database::Database, history::End};
use crate::{Error, error::Doing, folder};

/// How often each query is asked, beside a first time that does not count.
const TIMES: usize = 20;
/// A query that takes long is asked less often.
const TIMES_MIN: usize = 3;
/// How many times everything is asked.
const PASSES: usize = 3;
const PATIENCE: Duration = Duration::from_secs(1);
/// How many points a board draws side by side.
const POINTS: i64 = 1000;
const DAY_S: i64 = 86_400;
/// Where the viewer lives.
const ZONE: &str = "Europe/Berlin";

/// A query and how long it took.
#[derive(Debug, Clone, Serialize)]
pub struct Timed {
    /// The report, or the board and its panel.
    pub name: String,
    /// What it was asked of.
    pub scope: &'static str,
    /// How often it was asked.
    pub times: usize,
    /// Half of the answers came within this.
    pub p50_ms: f64,
    /// 95 % of the answers came within this.
    pub p95_ms: f64,
    /// The processor time that an answer took, of all cores together.
    pub processor_ms: f64,
}

/// Something to ask.
struct Ask {
    name: String,
    scope: &'static str,
    sql: String,
    parameters: Vec<(String, String)>,
}

/// Asks everything that reports and `/v1/statistics` ask, of the busiest bot and of all: of the last thirty days, as they are
/// shown when nothing is said, and of all there ever was.
pub(super) async fn reports(database: &Database, end: End) -> Result<Vec<Timed>, Error> {
    let month = format!(
        "SELECT toUnixTimestamp(toStartOfDay(fromUnixTimestamp64Milli({}), '{ZONE}') - INTERVAL 29 DAY) * 1000",
        end.0
    );
    let month = database.number(&month).await?;
    let mut asks = Vec::new();
    for (name, sql) in files()? {
        for (scope, bot, from) in
            [("1 bot, 30 days", 1, month), ("all bots, 30 days", 0, month), ("all bots, ever", 0, 0)]
        {
            let parameters = [
                ("bot", bot.to_string()),
                ("chat", "0".to_owned()),
                ("person", "0".to_owned()),
                ("scenario", String::new()),
                ("from", from.to_string()),
                ("to", end.0.to_string()),
                ("zone", ZONE.to_owned()),
                ("every", "day".to_owned()),
            ];
            let parameters = parameters.map(|(name, value)| (name.to_owned(), value)).to_vec();
            asks.push(Ask { name: name.clone(), scope, sql: sql.clone(), parameters });
        }
    }
    asks.sort_by(|one, other| (&one.name, one.scope).cmp(&(&other.name, other.scope)));
    time(database, asks).await
}

/// The queries of reports and of `/v1/statistics`, with their names.
fn files() -> Result<Vec<(String, String)>, Error> {
    let mut files = Vec::new();
    for folder in ["queries", "queries/statistics"] {
        let folder = folder::checkout().join("deploy/clickhouse").join(folder);
        let doing = || format!("read {}", folder.display());
        for entry in fs::read_dir(&folder).doing(doing)? {
            let path = entry.doing(doing)?.path();
            if path.is_file() {
                let name =
                    path.strip_prefix(folder::checkout().join("deploy/clickhouse/queries")).unwrap_or(&path);
                let name = name.with_extension("").display().to_string();
                files.push((name, fs::read_to_string(&path).doing(doing)?));
            }
        }
    }
    Ok(files)
}

/// Asks everything that the boards ask, of the range that each shows at first: of the first bot, and of all.
pub(super) async fn panels(database: &Database, end: End) -> Result<Vec<Timed>, Error> {
    let mut asks = Vec::new();
    for board in boards::all() {
        let range = shown(&board, end)?;
        let (mut one, mut all) = (BTreeMap::new(), BTreeMap::new());
        for variable in &board.variables {
            let sql = format!(
                "SELECT * FROM ({}) LIMIT 1 FORMAT JSONCompactStrings",
                expand(&variable.sql, range, &one)
            );
            let answer = database.ask(&sql, &[]).await?;
            let answer: serde_json::Value =
                serde_json::from_slice(&answer).doing(|| format!("read {sql}"))?;
            let Some(first) = answer["data"][0][0].as_str() else { continue };
            one.insert(variable.name.to_owned(), Chosen::Value(first.to_owned()));
            let rest = if variable.many { Chosen::All } else { Chosen::Value(first.to_owned()) };
            all.insert(variable.name.to_owned(), rest);
        }
        let many = board.variables.iter().any(|variable| variable.many);
        for variable in &board.variables {
            let name = format!("{} · ${}", board.uid.trim_start_matches("troupe-"), variable.name);
            asks.push(Ask {
                name,
                scope: "1 bot",
                sql: expand(&variable.sql, range, &one),
                parameters: Vec::new(),
            });
        }
        let panels = board.rows.iter().flat_map(|row| &row.panels);
        let mut queries: Vec<(&str, &str)> = vec![("annotation", boards::content_changes())];
        for panel in panels {
            let sql = panel.queries.iter().filter_map(|query| match query {
                Query::Sql(sql) => Some(sql.as_str()),
                Query::Prom { .. } => None,
            });
            queries.extend(sql.map(|sql| (panel.title, sql)));
        }
        for (title, sql) in queries {
            let mut ask = |scope, chosen: &BTreeMap<String, Chosen>| {
                let name = format!("{} · {title}", board.uid.trim_start_matches("troupe-"));
                asks.push(Ask { name, scope, sql: expand(sql, range, chosen), parameters: Vec::new() });
            };
            ask("1 bot", &one);
            if many {
                ask("all bots", &all);
            }
        }
    }
    let range = Range { from: end.0 / 1000 - DAY_S, to: end.0 / 1000, interval_s: 60 };
    for alert in alerts::ALL {
        let sql = expand(alert.sql, range, &BTreeMap::new());
        asks.push(Ask {
            name: format!("alert · {}", alert.title),
            scope: "all bots",
            sql,
            parameters: Vec::new(),
        });
    }
    time(database, asks).await
}

/// The range that a board shows at first.
fn shown(board: &Board, end: End) -> Result<Range, Error> {
    let seconds = board.from.strip_prefix("now-").and_then(|from| {
        let (number, unit) = from.split_at_checked(from.len().checked_sub(1)?)?;
        let unit = match unit {
            "h" => 3600,
            "d" => DAY_S,
            _ => return None,
        };
        Some(number.parse::<i64>().ok()? * unit)
    });
    let seconds = seconds
        .ok_or_else(|| Error::new(format!("show {}", board.uid), format!("it begins at {}", board.from)))?;
    let to = end.0 / 1000;
    Ok(Range { from: to - seconds, to, interval_s: u32::try_from(seconds / POINTS).unwrap_or(1).max(1) })
}

/// Times each of `asks` in several passes, and keeps its quickest: whatever else the machine does makes none quicker.
async fn time(database: &Database, asks: Vec<Ask>) -> Result<Vec<Timed>, Error> {
    let mut timed: Vec<Timed> = Vec::new();
    for pass in 0..PASSES {
        for (index, ask) in asks.iter().enumerate() {
            let this = time_one(database, ask).await?;
            match timed.get_mut(index) {
                None => timed.push(this),
                Some(best) => {
                    let processor_ms = best.processor_ms.min(this.processor_ms);
                    if this.p95_ms < best.p95_ms {
                        *best = this;
                    }
                    best.processor_ms = processor_ms;
                }
            }
        }
        println!("{:>10} of {PASSES} times {} queries", pass + 1, asks.len());
    }
    Ok(timed)
}

async fn time_one(database: &Database, ask: &Ask) -> Result<Timed, Error> {
    let Ask { name, scope, sql, parameters } = ask;
    let told = |error| Error::new(format!("ask {name} ({scope})"), error);
    database.ask(sql, parameters).await.map_err(told)?;
    let mut took: Vec<Duration> = Vec::new();
    let before = database.processor_time()?;
    while took.len() < TIMES && (took.len() < TIMES_MIN || took.iter().sum::<Duration>() < PATIENCE) {
        let begin = Instant::now();
        database.ask(sql, parameters).await.map_err(told)?;
        took.push(begin.elapsed());
    }
    let processor = database.processor_time()?.saturating_sub(before);
    let processor_ms =
        processor.as_secs_f64() * 1000.0 / f64::from(u32::try_from(took.len()).unwrap_or(u32::MAX));
    took.sort_unstable();
    let ms = |percent| quantile(&took, percent).as_secs_f64() * 1000.0;
    let (p50_ms, p95_ms) = (ms(50), ms(95));
    Ok(Timed { name: name.clone(), scope, times: took.len(), p50_ms, p95_ms, processor_ms })
}

/// The smallest of the `sorted` that so many per cent are not above.
fn quantile(sorted: &[Duration], percent: usize) -> Duration {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quantile_is_the_smallest_that_enough_are_not_above() {
        let twenty: Vec<Duration> = (1..=20).map(Duration::from_millis).collect();
        assert_eq!(quantile(&twenty, 50), Duration::from_millis(10));
        assert_eq!(quantile(&twenty, 95), Duration::from_millis(19));
        assert_eq!(quantile(&twenty[..3], 95), Duration::from_millis(3));
        assert_eq!(quantile(&[], 95), Duration::ZERO);
    }

    #[test]
    fn the_range_of_every_board_is_understood() {
        for board in boards::all() {
            let range = shown(&board, End(1_800_000_000_000)).unwrap();
            assert!(range.from < range.to && range.interval_s > 0, "{}", board.uid);
        }
    }
}
