//! Reports, as tables and small pictures.

use anyhow::Context as _;
use clap::{Args, ValueEnum};
use jiff::{ToSpan as _, Zoned, tz::TimeZone};
use reqwest::Url;
use serde_json::Value;

/// How wide the longest bar is.
const BAR_WIDTH: f64 = 20.0;
/// The heights of a sparkline.
const HEIGHTS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];
/// The end of a bar, in eighths of a letter.
const PARTS: [&str; 8] = ["", "▏", "▎", "▍", "▌", "▋", "▊", "▉"];
/// A line of figures is as long as a terminal is wide.
const SPARKS_MAX: usize = 60;

#[derive(Debug, Args)]
pub struct Arguments {
    /// Which one; `troupe report` lists them.
    name: Option<String>,
    /// Only this bot.
    #[arg(long)]
    bot: Option<u64>,
    /// Only this chat, as its bot sees it.
    #[arg(long, allow_negative_numbers = true)]
    chat: Option<i64>,
    /// Only this person.
    #[arg(long, allow_negative_numbers = true)]
    person: Option<i64>,
    /// Only this scenario.
    #[arg(long)]
    scenario: Option<String>,
    /// From this day, e.g. 2026-11-01, or time, e.g. 2026-11-01T08:00:00Z.
    #[arg(long)]
    from: Option<String>,
    /// Until before this day or time; otherwise now.
    #[arg(long)]
    to: Option<String>,
    /// The last so many days, today among them.
    #[arg(long, conflicts_with_all = ["from", "to"])]
    days: Option<u16>,
    /// The time zone that days begin in, e.g. Europe/Berlin; otherwise this machine's.
    #[arg(long)]
    zone: Option<String>,
    /// How long each period is.
    #[arg(long)]
    every: Option<Every>,
    /// Compares with the period of the same length before.
    #[arg(long)]
    compare: bool,
    /// Prints CSV for spreadsheets.
    #[arg(long, conflicts_with = "json")]
    csv: bool,
}

#[derive(Debug, Clone, Copy, ValueEnum)]
enum Every {
    Hour,
    Day,
    Week,
    Month,
    All,
}

impl Every {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::All => "all",
        }
    }
}

impl Arguments {
    /// What is asked of the API.
    pub fn path(&self) -> anyhow::Result<String> {
        let Some(name) = &self.name else { return Ok("/v1/reports".to_owned()) };
        let zone = match &self.zone {
            Some(zone) => zone.clone(),
            None => TimeZone::system().iana_name().unwrap_or("UTC").to_owned(),
        };
        let from = match self.days {
            Some(days) => {
                let zone = TimeZone::get(&zone).with_context(|| format!("--zone: {zone} is no time zone"))?;
                let first = Zoned::now().with_time_zone(zone).date() - i64::from(days.max(1) - 1).days();
                Some(first.to_string())
            }
            None => self.from.clone(),
        };
        let asked = [
            ("bot", self.bot.map(|bot| bot.to_string())),
            ("chat", self.chat.map(|chat| chat.to_string())),
            ("person", self.person.map(|person| person.to_string())),
            ("scenario", self.scenario.clone()),
            ("from", from),
            ("to", self.to.clone()),
            ("zone", Some(zone)),
            ("every", self.every.map(|every| every.as_str().to_owned())),
            ("compare", self.compare.then(|| "true".to_owned())),
            ("format", self.csv.then(|| "csv".to_owned())),
        ];
        let asked = asked.into_iter().filter_map(|(field, value)| Some((field, value?)));
        let mut url = Url::parse_with_params("http://manager/v1/reports", asked).context("cannot ask")?;
        url.path_segments_mut().ok().context("cannot ask")?.push(name);
        Ok(format!("{}?{}", url.path(), url.query().unwrap_or_default()))
    }
}

/// A report, or the list of them, for people.
pub fn show(answer: &Value) -> String {
    match answer {
        // CSV is for people as it stands.
        Value::String(csv) => csv.clone(),
        Value::Array(kinds) => {
            let row = |kind: &Value| vec![word(&kind["name"]), word(&kind["about"])];
            table(
                &["REPORT".to_owned(), "WHAT IT TELLS".to_owned()],
                &kinds.iter().map(row).collect::<Vec<_>>(),
            )
        }
        report => whole(report),
    }
}

fn whole(report: &Value) -> String {
    let columns: Vec<String> = items(&report["columns"]).iter().map(word).collect();
    let rows = items(&report["rows"]);
    let from = report["from"].as_str().unwrap_or("the beginning");
    let mut parts = vec![format!(
        "{}\nfrom {from} to {}, shown in {}",
        word(&report["about"]),
        word(&report["to"]),
        word(&report["zone"])
    )];
    if rows.is_empty() {
        parts.push("nothing happened then".to_owned());
    } else {
        let mut header: Vec<String> =
            columns.iter().map(|name| name.replace('_', " ").to_uppercase()).collect();
        let mut cells: Vec<Vec<String>> =
            rows.iter().map(|row| items(row).iter().map(word).collect()).collect();
        if let Some(place) = columns.iter().position(|name| *name == report["measure"]) {
            header.push(String::new());
            let figures = figures(rows, place);
            for (row, bar) in cells.iter_mut().zip(bars(&figures)) {
                row.push(bar);
            }
        }
        parts.push(table(&header, &cells));
        if columns.first().is_some_and(|name| name == "period") && rows.len() > 2 {
            parts.push(sparks(&columns, rows));
        }
    }
    let compared = items(&report["compared"]);
    if !compared.is_empty() {
        let header = ["", "NOW", "BEFORE", "CHANGE"].map(str::to_owned);
        let rows: Vec<Vec<String>> = compared.iter().map(change).collect();
        parts.push(table(&header, &rows));
    }
    parts.extend(items(&report["notes"]).iter().map(|note| format!("note: {}", word(note))));
    parts.join("\n\n")
}

/// A number beside what it was before.
fn change(compared: &Value) -> Vec<String> {
    let (now, before) = (figure(&compared["now"]), figure(&compared["before"]));
    let change = if before > 0.0 {
        format!("{:+.1} %", (now - before) / before * 100.0)
    } else if now > 0.0 {
        "new".to_owned()
    } else {
        "-".to_owned()
    };
    vec![word(&compared["name"]).replace('_', " "), word(&compared["now"]), word(&compared["before"]), change]
}

/// A line for each column of figures: how it went over time.
fn sparks(columns: &[String], rows: &[Value]) -> String {
    let shown = rows.get(rows.len().saturating_sub(SPARKS_MAX)..).unwrap_or(rows);
    let width = columns.iter().map(String::len).max().unwrap_or_default();
    let line = |(place, name): (usize, &String)| {
        let figures = figures(shown, place);
        let most = figures.iter().copied().fold(0.0, f64::max);
        let spark: String = figures.iter().map(|figure| height(*figure, most)).collect();
        (most > 0.0).then(|| format!("{:<width$}  {spark}  most {most}", name.replace('_', " ")))
    };
    columns.iter().enumerate().skip(1).filter_map(line).collect::<Vec<_>>().join("\n")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 7")]
fn height(figure: f64, most: f64) -> char {
    if figure <= 0.0 || most <= 0.0 {
        return ' ';
    }
    HEIGHTS[((figure / most * 8.0).ceil() as usize).clamp(1, 8) - 1]
}

/// A bar for each figure, the longest for the largest.
fn bars(figures: &[f64]) -> Vec<String> {
    let most = figures.iter().copied().fold(0.0, f64::max);
    figures.iter().map(|figure| bar(*figure, most)).collect()
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is from 0 to 160")]
fn bar(figure: f64, most: f64) -> String {
    if figure <= 0.0 || most <= 0.0 {
        return String::new();
    }
    let eighths = ((figure / most * BAR_WIDTH * 8.0).round() as usize).max(1);
    format!("{}{}", "█".repeat(eighths / 8), PARTS[eighths % 8])
}

fn figures(rows: &[Value], column: usize) -> Vec<f64> {
    rows.iter().map(|row| figure(&row[column])).collect()
}

fn figure(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// A value in a cell: what people wrote may hold breaks and signs that steer a terminal.
fn word(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => {
            text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).take(60).collect()
        }
        other => other.to_string(),
    }
}

/// Columns under each other; figures to the right.
fn table(header: &[String], rows: &[Vec<String>]) -> String {
    let cell = |row: &Vec<String>, column: usize| row.get(column).cloned().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().map(|row| cell(row, column).chars().count());
        cells.chain([header[column].chars().count()]).max().unwrap_or_default()
    };
    let right: Vec<bool> = (0..header.len())
        .map(|column| !rows.is_empty() && rows.iter().all(|row| cell(row, column).parse::<f64>().is_ok()))
        .collect();
    let widths: Vec<usize> = (0..header.len()).map(width).collect();
    let line = |row: &Vec<String>| {
        let cells = (0..header.len()).map(|column| {
            let (text, width) = (cell(row, column), widths[column]);
            if right[column] { format!("{text:>width$}") } else { format!("{text:<width$}") }
        });
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    std::iter::once(&header.to_vec()).chain(rows).map(line).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_report_is_a_table_with_a_bar_a_line_and_what_was_before() {
        let report = json!({
            "about": "What happened", "measure": "received", "from": null, "to": "2026-11-21T00:00:00Z", "zone": "UTC",
            "columns": ["period", "received", "sent"],
            "rows": [["2026-11-18", 4, 1], ["2026-11-19", 8, 0], ["2026-11-20", 1, 4]],
            "compared": [{"name": "received", "now": 13, "before": 10}, {"name": "sent", "now": 5, "before": 0}],
            "notes": ["look"],
        });
        let shown = "What happened\nfrom the beginning to 2026-11-21T00:00:00Z, shown in UTC\n\n\
            PERIOD      RECEIVED  SENT\n\
            2026-11-18         4     1  ██████████\n\
            2026-11-19         8     0  ████████████████████\n\
            2026-11-20         1     4  ██▌\n\n\
            received  ▄█▁  most 8\nsent      ▂ █  most 4\n\n\
            \u{20}         NOW  BEFORE  CHANGE\nreceived   13      10  +30.0 %\nsent        5       0  new\n\n\
            note: look";
        assert_eq!(show(&report), shown);
    }

    #[test]
    fn nothing_and_control_signs_are_shown_as_such() {
        let report = json!({"about": "x", "to": "t", "zone": "UTC", "columns": ["a"], "rows": []});
        assert!(show(&report).ends_with("nothing happened then"));
        assert_eq!(word(&json!("a\u{1b}[31mb\nc")), "a [31mb c");
    }
}
