//! A report as a page: what it is, its table, how it went, what was before, and what else there is to know.

use serde_json::Value;

use super::cells::{Unit, cell, figure, heading, word};
use crate::{
    chart::{largest, spark},
    paint,
    range::{self, Said},
    table::{Column, Room, table},
};

/// A line of figures is not longer than this, however wide the terminal.
const SPARKS_MAX: usize = 60;
/// Columns that tell when.
const TIMES: [&str; 4] = ["period", "first", "last", "first_week"];

/// How to show a report.
#[derive(Debug, Default)]
pub struct Shown<'a> {
    /// The bots as the API lists them, for their names.
    pub bots: &'a [Value],
    /// What was said of its range.
    pub said: Said,
    /// How many letters a line may have; `None`: as many as it takes.
    pub width: Option<usize>,
}

/// A report, or the list of them, for people.
pub fn show(answer: &Value, shown: &Shown) -> String {
    match answer {
        // CSV is for people as it stands.
        Value::String(csv) => csv.clone(),
        Value::Array(kinds) => {
            let column = |name: &str, field: &str| {
                Column::text(name, kinds.iter().map(|kind| text(&kind[field])).collect())
            };
            table(vec![column("REPORT", "name"), column("WHAT IT TELLS", "about")], 1, None, None)
        }
        report => page(report, shown),
    }
}

fn page(report: &Value, shown: &Shown) -> String {
    let names: Vec<&str> = items(&report["columns"]).iter().filter_map(Value::as_str).collect();
    let rows = items(&report["rows"]);
    let tells_times = names.iter().any(|name| TIMES.contains(name));
    let mut parts = vec![format!(
        "{}\n{}",
        paint::bold(&text(&report["about"])),
        range::told(report, shown.said, tells_times)
    )];
    if rows.is_empty() {
        parts.push("Nothing of that happened then.".to_owned());
    } else {
        let kind = text(&report["name"]);
        let columns: Vec<Column> = names
            .iter()
            .enumerate()
            .map(|(place, name)| {
                let unit = Unit::of(&kind, name);
                let right = unit != Unit::Bot
                    && rows.iter().all(|row| row[place].is_number() || row[place].is_null());
                let cells = rows.iter().map(|row| cell(unit, &row[place], shown.bots)).collect();
                Column { heading: heading(unit, name), right, cells }
            })
            .collect();
        let is_key = |name: &&str| ["bot", "chat", "person", "version"].contains(name);
        let is_text = |column: &Column, name: &str| !column.right && !TIMES.contains(&name);
        let keys = columns
            .iter()
            .zip(&names)
            .take_while(|(column, name)| is_key(name) || is_text(column, name))
            .count();
        let measured = names.iter().position(|name| report["measure"] == *name);
        // A bar says nothing where there is nothing to compare.
        let figures = measured.filter(|_| rows.len() > 1).map(|place| (place, figures(rows, place)));
        let measured = figures.as_ref().map(|(place, figures)| (*place, figures.as_slice()));
        // What goes on is read at its end, what is ranked at its begin.
        let goes_on = names.first().is_some_and(|name| TIMES.contains(name));
        let room =
            shown.width.map(|width| if goes_on { Room::for_last(width) } else { Room::for_first(width) });
        parts.push(table(columns, keys.max(1), measured, room));
        if names.first() == Some(&"period") && rows.len() > 2 {
            parts.push(sparks(&kind, &names, rows, shown.width));
        }
    }
    let compared = items(&report["compared"]);
    if !compared.is_empty() {
        parts.push(changes(compared));
    }
    let notes = items(&report["notes"]);
    parts.extend(notes.iter().map(|note| format!("{} {}", paint::warning("note:"), text(note))));
    parts.join("\n\n")
}

/// A line for each column of figures: how it went over time.
fn sparks(kind: &str, names: &[&str], rows: &[Value], width: Option<usize>) -> String {
    let heads: Vec<String> =
        names.iter().map(|name| heading(Unit::of(kind, name), name).to_lowercase()).collect();
    let head_width = heads.iter().map(|head| head.chars().count()).max().unwrap_or_default();
    // The name, two gaps, and what was most.
    let room =
        width.map_or(SPARKS_MAX, |width| width.saturating_sub(head_width + 4 + "most 59 min 59 s".len()));
    let count = room.clamp(1, SPARKS_MAX).min(rows.len());
    let latest = &rows[rows.len() - count..];
    let line = |(place, head): (usize, &String)| {
        let figures = figures(latest, place);
        let most = figures.iter().position(|figure| *figure > 0.0 && *figure >= largest(&figures))?;
        let most = cell(Unit::of(kind, names[place]), &latest[most][place], &[]);
        Some(format!("{head:<head_width$}  {}  most {most}", spark(&figures)))
    };
    let lines: Vec<String> = heads.iter().enumerate().skip(1).filter_map(line).collect();
    lines.join("\n")
}

/// Numbers beside what they were before.
fn changes(compared: &[Value]) -> String {
    let change = |row: &Value| {
        let (now, before) = (figure(&row["now"]), figure(&row["before"]));
        if before > 0.0 {
            format!("{:+.1} %", (now - before) / before * 100.0)
        } else if now > 0.0 {
            "new".to_owned()
        } else {
            "-".to_owned()
        }
    };
    let column = |heading: &str, right: bool, cell: &dyn Fn(&Value) -> String| {
        let cells = compared.iter().map(cell).collect();
        Column { heading: heading.to_owned(), right, cells }
    };
    let columns = vec![
        column("", false, &|row| text(&row["name"]).replace('_', " ")),
        column("NOW", true, &|row| row["now"].to_string()),
        column("BEFORE", true, &|row| row["before"].to_string()),
        column("CHANGE", true, &change),
    ];
    table(columns, 1, None, None)
}

fn figures(rows: &[Value], column: usize) -> Vec<f64> {
    rows.iter().map(|row| figure(&row[column])).collect()
}

fn items(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

fn text(value: &Value) -> String {
    value.as_str().map(word).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use serde_json::json;

    use super::*;

    fn shown(report: &Value, shown: &Shown) -> String {
        strip_str(&show(report, shown)).to_string()
    }

    #[test]
    fn a_report_is_a_table_with_a_bar_a_line_and_what_was_before() {
        let report = json!({
            "name": "activity", "about": "What happened", "measure": "received", "from": "2026-11-17T23:00:00Z",
            "to": "2026-11-20T23:00:00Z", "zone": "Europe/Berlin", "columns": ["period", "received", "group_sent"],
            "rows": [["2026-11-18", 4, 1], ["2026-11-19", 8, 0], ["2026-11-20", 1, 4]],
            "compared": [{"name": "received", "now": 13, "before": 10}, {"name": "group_sent", "now": 5, "before": 0}],
            "notes": ["look"],
        });
        let expected = "What happened\nfrom 2026-11-18 until before 2026-11-21, by the clock of Europe/Berlin\n\n\
            \u{20}                     GROUP\n\
            PERIOD      RECEIVED   SENT  RECEIVED\n\
            2026-11-18         4      1  ██████████\n\
            2026-11-19         8      0  ████████████████████\n\
            2026-11-20         1      4  ██▌\n\n\
            received    ▄█▁  most 8\ngroup sent  ▂ █  most 4\n\n\
            \u{20}           NOW  BEFORE   CHANGE\nreceived     13      10  +30.0 %\ngroup sent    5       0      new\n\n\
            note: look";
        assert_eq!(
            shown(&report, &Shown { said: Said { begins: true, ends: true }, ..Shown::default() }),
            expected
        );
    }

    #[test]
    fn nothing_is_said_to_be_nothing_and_bots_are_named() {
        let report = json!({"name": "bots", "about": "x", "to": "2026-11-20T23:00:00Z", "zone": "UTC",
            "columns": ["bot", "received"], "rows": []});
        let nothing = "x\nfrom the beginning until now\n\nNothing of that happened then.";
        assert_eq!(shown(&report, &Shown::default()), nothing);
        let report = json!({"name": "bots", "about": "x", "measure": "received", "zone": "UTC",
            "columns": ["bot", "received"], "rows": [[1, 3], [2, 0]]});
        let bots = [json!({"id": 1, "name": "anna"})];
        let table = "BOT     RECEIVED  RECEIVED\n1 anna         3  ████████████████████\n2              0";
        let page = shown(&report, &Shown { bots: &bots, ..Shown::default() });
        assert!(page.ends_with(table), "{page}");
    }
}
