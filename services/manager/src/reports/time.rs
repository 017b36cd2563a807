//! Periods of time as people of some time zone mean them.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// What counts are kept by: every time zone of today is a whole number of these from UTC.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// How long each period of a report is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Every {
    Hour,
    #[default]
    Day,
    Week,
    Month,
    /// One period for all.
    All,
}

impl Every {
    /// As the queries name it.
    pub(super) const fn as_str(self) -> &'static str {
        match self {
            Self::Hour => "hour",
            Self::Day => "day",
            Self::Week => "week",
            Self::Month => "month",
            Self::All => "all",
        }
    }
}

/// A viewer's time zone.
pub(super) struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// The zone of that name; UTC without one.
    pub(super) fn parse(name: Option<&str>) -> Result<Self, ApiError> {
        let name = name.unwrap_or("UTC");
        let zone = TimeZone::get(name).map_err(|_| {
            ApiError::BadRequest(format!(
                "zone: {name:?} is no time zone; name one like Europe/Berlin or UTC"
            ))
        })?;
        Ok(Self { name: zone.iana_name().unwrap_or("UTC").to_owned(), zone })
    }

    /// Its name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Its days and hours.
    pub(super) fn zone(&self) -> TimeZone {
        self.zone.clone()
    }
}

/// From when until before when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) from: Option<Timestamp>,
    pub(super) to: Timestamp,
}

impl Range {
    /// A range of days of `zone`, or of times; it ends `now` unless it is said.
    pub(super) fn parse(
        from: Option<&str>,
        to: Option<&str>,
        zone: &Zone,
        now: troupe_types::Timestamp,
    ) -> Result<Self, ApiError> {
        let from = from.map(|text| moment("from", text, zone)).transpose()?;
        let to = match to {
            Some(text) => moment("to", text, zone)?.as_millisecond(),
            None => now.as_millis().saturating_add(1),
        };
        let quarters = |ms: i64| ms.div_euclid(QUARTER_MS);
        let at = |quarter: i64| {
            Timestamp::from_millisecond(quarter.saturating_mul(QUARTER_MS))
                .map_err(|_| ApiError::BadRequest("from and to have to be times of this era".to_owned()))
        };
        let from = from.map(|from| at(quarters(from.as_millisecond()))).transpose()?;
        let to = at(quarters(to.saturating_add(QUARTER_MS - 1)))?;
        if from.is_some_and(|from| from >= to) {
            return Err(ApiError::BadRequest("from has to be before to".to_owned()));
        }
        Ok(Self { from, to })
    }

    /// Where it begins, in milliseconds.
    pub(super) fn begin_ms(&self) -> i64 {
        self.from.map_or(0, Timestamp::as_millisecond)
    }

    /// The range of the same length before. Whole months have the same number of months before, whole days the same number
    /// of days, however many hours these have.
    pub(super) fn before(&self, zone: &Zone) -> Result<Self, ApiError> {
        let from = self.from.ok_or_else(|| {
            ApiError::BadRequest("compare: say `from`, so that there is a time before".to_owned())
        })?;
        let far = |_: jiff::Error| ApiError::BadRequest("from is too long ago".to_owned());
        let (begin, end) = (from.to_zoned(zone.zone.clone()), self.to.to_zoned(zone.zone.clone()));
        let midnight = |zoned: &jiff::Zoned| zoned.start_of_day().is_ok_and(|start| start == *zoned);
        let before = if midnight(&begin) && midnight(&end) {
            let months = i32::from(end.year() - begin.year()) * 12 + i32::from(end.month() - begin.month());
            let span = if begin.day() == 1 && end.day() == 1 {
                months.months()
            } else {
                begin.date().until(end.date()).map_err(far)?
            };
            begin.checked_sub(span).map_err(far)?.timestamp()
        } else {
            from.checked_sub(self.to.duration_since(from)).map_err(far)?
        };
        Ok(Self { from: Some(before), to: from })
    }
}

/// A day's begin in `zone`, or a time.
fn moment(field: &str, text: &str, zone: &Zone) -> Result<Timestamp, ApiError> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(zone.zone.clone()).ok());
    day.map(|day| day.timestamp()).ok_or_else(|| {
        ApiError::BadRequest(format!(
            "{field}: {text:?} is neither a day like 2026-11-21 nor a time like 2026-11-21T08:00:00Z"
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str, zone: &Zone) -> Range {
        Range::parse(Some(from), Some(to), zone, troupe_types::Timestamp::from_millis(0)).unwrap()
    }

    #[test]
    fn a_day_of_a_zone_may_have_23_hours() {
        let berlin = Zone::parse(Some("Europe/Berlin")).unwrap();
        let day = range("2026-03-29", "2026-03-30", &berlin);
        assert_eq!(day.from.unwrap().to_string(), "2026-03-28T23:00:00Z");
        assert_eq!(day.to.to_string(), "2026-03-29T22:00:00Z");
        let before = day.before(&berlin).unwrap();
        assert_eq!(before, range("2026-03-28", "2026-03-29", &berlin));
    }

    #[test]
    fn the_period_before_months_is_as_many_months() {
        let kolkata = Zone::parse(Some("Asia/Kolkata")).unwrap();
        let month = range("2026-03-01", "2026-04-01", &kolkata);
        assert_eq!(month.before(&kolkata).unwrap(), range("2026-02-01", "2026-03-01", &kolkata));
        let year = range("2026-01-01", "2027-01-01", &kolkata);
        assert_eq!(year.before(&kolkata).unwrap(), range("2025-01-01", "2026-01-01", &kolkata));
        let week = range("2026-03-02", "2026-03-09", &kolkata);
        assert_eq!(week.before(&kolkata).unwrap(), range("2026-02-23", "2026-03-02", &kolkata));
        let hours = range("2026-03-02T06:00:00Z", "2026-03-02T09:00:00Z", &kolkata);
        assert_eq!(
            hours.before(&kolkata).unwrap(),
            range("2026-03-02T03:00:00Z", "2026-03-02T06:00:00Z", &kolkata)
        );
    }

    #[test]
    fn what_cannot_be_meant_is_refused() {
        let zone = Zone::parse(None).unwrap();
        assert!(Zone::parse(Some("Europe/Atlantis")).is_err());
        let now = troupe_types::Timestamp::from_millis(1_800_000_000_000);
        assert!(Range::parse(Some("yesterday"), None, &zone, now).is_err());
        assert!(Range::parse(Some("2026-03-02"), Some("2026-03-02"), &zone, now).is_err());
        assert!(Range::parse(None, None, &zone, now).unwrap().before(&zone).is_err());
    }
}
