//! From when until when: how it is asked for, and how it reads.

use anyhow::Context as _;
use clap::Args;
use jiff::{Timestamp, ToSpan as _, Zoned, tz::TimeZone};
use serde_json::Value;

use crate::paint;

#[derive(Debug, Args)]
pub struct Range {
    /// From this day, e.g. 2026-11-01, or time, e.g. 2026-11-01T08:00:00Z; otherwise the last 30 days.
    #[arg(long)]
    from: Option<String>,
    /// Until before this day or time; otherwise now.
    #[arg(long)]
    to: Option<String>,
    /// The last so many days, today among them.
    #[arg(long, conflicts_with_all = ["from", "to"], value_parser = clap::value_parser!(u16).range(1..))]
    days: Option<u16>,
    /// All there ever was.
    #[arg(long, conflicts_with_all = ["from", "days"])]
    ever: bool,
    /// The time zone that days begin in, e.g. Europe/Berlin; otherwise this machine's.
    #[arg(long)]
    zone: Option<String>,
}

/// What was said of a range; the rest is up to the manager.
#[derive(Debug, Clone, Copy, Default)]
pub struct Said {
    /// Whether from when.
    pub begins: bool,
    /// Whether until when; otherwise it is until now.
    pub ends: bool,
}

impl Range {
    /// What is asked of the API.
    pub fn asked(&self) -> anyhow::Result<[(&'static str, Option<String>); 3]> {
        let zone = match &self.zone {
            Some(zone) => zone.clone(),
            None => TimeZone::system().iana_name().unwrap_or("UTC").to_owned(),
        };
        let from = match self.days {
            Some(days) => {
                let zone = TimeZone::get(&zone).with_context(|| format!("--zone: {zone} is no time zone"))?;
                let first = Zoned::now().with_time_zone(zone).date() - i64::from(days - 1).days();
                Some(first.to_string())
            }
            None if self.ever => Some("ever".to_owned()),
            None => self.from.clone(),
        };
        Ok([("from", from), ("to", self.to.clone()), ("zone", Some(zone))])
    }

    /// What was said of it.
    pub const fn said(&self) -> Said {
        Said { begins: self.from.is_some() || self.days.is_some() || self.ever, ends: self.to.is_some() }
    }
}

/// From when until when an answer tells, and how to have all if nobody said from when. By whose clock is told where it
/// makes a difference: if the range has a begin or an end, or the answer itself tells times.
pub fn told(answer: &Value, said: Said, tells_times: bool) -> String {
    let zone = answer["zone"].as_str().unwrap_or("UTC");
    let moment = |value: &Value| {
        let time = value.as_str()?.parse::<Timestamp>().ok()?;
        let zoned = time.to_zoned(TimeZone::get(zone).ok()?);
        let midnight = zoned.start_of_day().is_ok_and(|start| start == zoned);
        Some(zoned.strftime(if midnight { "%Y-%m-%d" } else { "%Y-%m-%d %H:%M" }).to_string())
    };
    let from = moment(&answer["from"]);
    let timed = from.is_some() || said.ends || tells_times;
    let to = if said.ends { moment(&answer["to"]) } else { None };
    let more = if from.is_some() && !said.begins { "\n--ever tells of all there was" } else { "" };
    let from = from.unwrap_or_else(|| "the beginning".to_owned());
    let until = to.map_or_else(|| "until now".to_owned(), |to| format!("until before {to}"));
    let zone = if timed { format!(", by the clock of {zone}") } else { String::new() };
    paint::dim(&format!("from {from} {until}{zone}{more}"))
}

#[cfg(test)]
mod tests {
    use anstream::adapter::strip_str;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_range_is_told_in_words_and_how_to_have_all_only_to_who_did_not_say_from_when() {
        let told = |from: Value, said, times| {
            let answer = json!({"from": from, "to": "2026-11-20T23:00:00Z", "zone": "Europe/Berlin"});
            strip_str(&told(&answer, said, times)).to_string()
        };
        let from = json!("2026-10-22T22:00:00Z");
        let unsaid = Said::default();
        assert_eq!(
            told(from.clone(), unsaid, false),
            "from 2026-10-23 until now, by the clock of Europe/Berlin\n--ever tells of all there was"
        );
        let both = Said { begins: true, ends: true };
        assert_eq!(
            told(from, both, false),
            "from 2026-10-23 until before 2026-11-21, by the clock of Europe/Berlin"
        );
        assert_eq!(told(Value::Null, unsaid, false), "from the beginning until now");
        assert_eq!(
            told(json!("2026-10-22T06:15:00Z"), Said { begins: true, ends: false }, true),
            "from 2026-10-22 08:15 until now, by the clock of Europe/Berlin"
        );
    }
}
