//! How a value reads in its column.

use serde_json::Value;

/// What a column's numbers are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// What it is called is all there is to say.
    Plain,
    /// From 0 to 1.
    Share,
    Milliseconds,
    Seconds,
    /// 1 or 0.
    Whether,
    /// A bot's number.
    Bot,
    /// -1 for none.
    Variation,
}

impl Unit {
    /// Of a column of a report.
    pub fn of(report: &str, column: &str) -> Self {
        match (report, column) {
            (_, "bot") => Self::Bot,
            (_, "variation") => Self::Variation,
            ("people", "ended" | "opted_out" | "blocked") => Self::Whether,
            (
                _,
                "goal_rate" | "drop_off" | "share" | "replied_to" | "led_to_goal" | "rate" | "rate_low"
                | "rate_high",
            ) => Self::Share,
            _ if column.starts_with("reply_ms") => Self::Milliseconds,
            _ if column.ends_with("_seconds") => Self::Seconds,
            _ => Self::Plain,
        }
    }
}

/// A column's heading: what its unit says is not said again.
pub fn heading(unit: Unit, column: &str) -> String {
    let name = match unit {
        Unit::Milliseconds => column.replace("_ms", ""),
        Unit::Seconds => column.replace("flood_seconds", "flood_time").replace("_seconds", "_time"),
        _ => column.to_owned(),
    };
    name.replace('_', " ").to_uppercase()
}

/// A value for people. What they wrote may hold breaks and signs that steer a terminal.
pub fn cell(unit: Unit, value: &Value, bots: &[Value]) -> String {
    match (unit, value) {
        (_, Value::Null) => "-".to_owned(),
        (_, Value::String(text)) if text.is_empty() => "-".to_owned(),
        (_, Value::String(text)) => word(text),
        (Unit::Whether, value) => if figure(value) > 0.0 { "yes" } else { "-" }.to_owned(),
        (Unit::Share, value) => format!("{:.1} %", figure(value) * 100.0),
        (Unit::Milliseconds, value) => duration(figure(value)),
        (Unit::Seconds, value) => duration(figure(value) * 1000.0),
        (Unit::Bot, number) => bot(number, bots),
        (Unit::Variation, value) if figure(value) < 0.0 => "-".to_owned(),
        (Unit::Plain | Unit::Variation, other) => other.to_string(),
    }
}

/// A bot's number, and its name if it is among `bots`.
pub fn bot(number: &Value, bots: &[Value]) -> String {
    let known = bots.iter().find(|bot| bot["id"] == *number);
    match known.and_then(|bot| bot["name"].as_str()) {
        Some(name) => format!("{number} {}", word(name)),
        None => number.to_string(),
    }
}

/// A text as one line.
pub fn word(text: &str) -> String {
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}

/// A number; 0 for what is none.
pub fn figure(value: &Value) -> f64 {
    value.as_f64().unwrap_or_default()
}

/// The two largest units of a time that say something.
fn duration(ms: f64) -> String {
    let seconds = ms / 1000.0;
    let two = |large: f64, name: &str, small: f64, of: &str| {
        format!("{} {name} {:>2} {of}", (seconds / large).floor(), (seconds % large / small).floor())
    };
    match seconds {
        _ if ms <= 0.0 => "0 s".to_owned(),
        _ if ms < 999.5 => format!("{ms:.0} ms"),
        _ if seconds < 59.95 => format!("{seconds:.1} s"),
        _ if seconds < 3600.0 => two(60.0, "min", 1.0, "s"),
        _ if seconds < 86_400.0 => two(3600.0, "h", 60.0, "min"),
        _ => two(86_400.0, "d", 3600.0, "h"),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn numbers_read_as_what_they_are() {
        let read = |report, column, value: Value| cell(Unit::of(report, column), &value, &[]);
        assert_eq!(read("scenarios", "goal_rate", json!(0.8333)), "83.3 %");
        assert_eq!(read("people", "ended", json!(1)), "yes");
        assert_eq!(read("scenarios", "ended", json!(1)), "1");
        assert_eq!(read("chats", "chat", json!(-100_123)), "-100123");
        assert_eq!(read("answers", "variation", json!(-1)), "-");
        assert_eq!(read("answers", "entry", json!("")), "-");
        let times = [0.0, 7.0, 1500.0, 61_000.0, 7_260_000.0, 90_000_000.0];
        let read = times.map(|ms| read("delivery", "reply_ms_p95", json!(ms)));
        assert_eq!(read, ["0 s", "7 ms", "1.5 s", "1 min  1 s", "2 h  1 min", "1 d  1 h"]);
        assert_eq!(heading(Unit::Milliseconds, "reply_ms_p95"), "REPLY P95");
        assert_eq!(heading(Unit::Seconds, "median_seconds"), "MEDIAN TIME");
    }

    #[test]
    fn a_bot_is_named_and_control_signs_are_not_sent() {
        let bots = [json!({"id": 1, "name": "anna"})];
        assert_eq!(cell(Unit::Bot, &json!(1), &bots), "1 anna");
        assert_eq!(cell(Unit::Bot, &json!(2), &bots), "2");
        assert_eq!(cell(Unit::Plain, &json!("a\u{1b}[31mb\nc"), &[]), "a [31mb c");
    }
}
