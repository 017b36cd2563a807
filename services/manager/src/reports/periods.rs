//! Periods in which nothing happened: a query gives none of them, and a table without them looks as if time had jumped.

use jiff::{Timestamp, ToSpan as _, Zoned, civil::Date};
use serde_json::{Value, json};

use super::{
    table::Table,
    time::{Every, Zone},
};

/// More rows than this are left as they are: nobody reads a year of hours.
const ROWS_MAX: usize = 10_000;

/// Puts a row of zeros in for each period between the first and the last that is missing.
pub(super) fn fill(table: &mut Table, every: Every, zone: &Zone) {
    let name = |row: &Vec<Value>| row.first().and_then(Value::as_str).map(str::to_owned);
    let (Some(first), Some(last)) = (table.rows.first().and_then(name), table.rows.last().and_then(name))
    else {
        return;
    };
    let mut there = table.rows.iter().cloned().peekable();
    let mut filled = Vec::new();
    let mut period = first;
    loop {
        match there.next_if(|row| name(row).as_ref() == Some(&period)) {
            Some(row) => filled.push(row),
            None => filled.push(nothing(&table.columns, &period)),
        }
        if period == last {
            break;
        }
        match next(&period, every, zone) {
            Some(next) if filled.len() < ROWS_MAX => period = next,
            _ => return,
        }
    }
    // A period that no step comes to, where clocks change by less than an hour: better no zeros than numbers left out.
    if there.next().is_none() {
        table.rows = filled;
    }
}

/// No count, and no time that anything took.
fn nothing(columns: &[String], period: &str) -> Vec<Value> {
    let cells =
        columns.iter().skip(1).map(|name| if name.starts_with("reply_ms") { Value::Null } else { json!(0) });
    std::iter::once(json!(period)).chain(cells).collect()
}

/// The name of the period behind the one of this name.
fn next(period: &str, every: Every, zone: &Zone) -> Option<String> {
    let day = || period.parse::<Date>().ok();
    Some(match every {
        Every::Hour => {
            let begin = Timestamp::strptime("%Y-%m-%d %H:%M %z", period).ok()?;
            let next: Zoned = begin.checked_add(1.hour()).ok()?.to_zoned(zone.zone());
            next.strftime("%Y-%m-%d %H:%M %z").to_string()
        }
        Every::Day => day()?.checked_add(1.day()).ok()?.to_string(),
        Every::Week => day()?.checked_add(7.days()).ok()?.to_string(),
        Every::Month => {
            let begin: Date = format!("{period}-01").parse().ok()?;
            begin.checked_add(1.month()).ok()?.strftime("%Y-%m").to_string()
        }
        Every::All => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(every: Every, zone: &str, periods: &[&str]) -> Vec<String> {
        let columns = ["period", "sent", "reply_ms_p95"].map(str::to_owned).to_vec();
        let rows = periods.iter().map(|period| vec![json!(period), json!(3), json!(40)]).collect();
        let mut table = Table { columns, rows };
        fill(&mut table, every, &Zone::parse(Some(zone)).unwrap());
        let shown = |row: &Vec<Value>| {
            let name = row[0].as_str().unwrap();
            if row[1] == 3 { name.to_owned() } else { format!("{name} {} {}", row[1], row[2]) }
        };
        table.rows.iter().map(shown).collect()
    }

    #[test]
    fn what_is_missing_in_between_is_nothing() {
        let days = filled(Every::Day, "UTC", &["2026-02-27", "2026-03-01"]);
        assert_eq!(days, ["2026-02-27", "2026-02-28 0 null", "2026-03-01"]);
        let weeks = filled(Every::Week, "UTC", &["2026-12-28", "2027-01-11"]);
        assert_eq!(weeks, ["2026-12-28", "2027-01-04 0 null", "2027-01-11"]);
        let months = filled(Every::Month, "UTC", &["2026-11", "2027-01"]);
        assert_eq!(months, ["2026-11", "2026-12 0 null", "2027-01"]);
        assert_eq!(filled(Every::All, "UTC", &["all"]), ["all"]);
        assert_eq!(filled(Every::Day, "UTC", &[]), [""; 0]);
    }

    #[test]
    fn an_hour_that_comes_twice_is_two_and_one_that_is_skipped_is_none() {
        let night = ["2026-10-25 01:00 +0200", "2026-10-25 03:00 +0100"];
        assert_eq!(
            filled(Every::Hour, "Europe/Berlin", &night),
            [
                "2026-10-25 01:00 +0200",
                "2026-10-25 02:00 +0200 0 null",
                "2026-10-25 02:00 +0100 0 null",
                "2026-10-25 03:00 +0100"
            ]
        );
        let night = ["2026-03-29 01:00 +0100", "2026-03-29 04:00 +0200"];
        let expected = ["2026-03-29 01:00 +0100", "2026-03-29 03:00 +0200 0 null", "2026-03-29 04:00 +0200"];
        assert_eq!(filled(Every::Hour, "Europe/Berlin", &night), expected);
    }

    #[test]
    fn what_no_step_comes_to_is_left_as_it_is() {
        let periods = ["2026-02-27", "tomorrow", "2026-03-01"];
        assert_eq!(filled(Every::Day, "UTC", &periods), periods);
    }
}
