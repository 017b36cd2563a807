//! Periods of time as people of some time zone mean them.

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Deserialize;
use utoipa::ToSchema;

use crate::error::ApiError;

/// What counts are kept by: every time zone of today is a whole number of these from UTC.
const QUARTER_MS: i64 = 15 * 60 * 1000;

/// How many days are told of unless it is said from when.
const DAYS: i32 = 30;

/// What `from` is for all there ever was.
const EVER: &str = "ever";

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
pub(crate) struct Zone {
    name: String,
    zone: TimeZone,
}

impl Zone {
    /// The zone of that name; UTC without one.
    pub(crate) fn parse(name: Option<&str>) -> Result<Self, ApiError> {
        let name = name.unwrap_or("UTC");
        let zone = TimeZone::get(name).map_err(|_| {
            ApiError::BadRequest(format!(
                "zone: {name:?} is no time zone; name one like Europe/Berlin or UTC"
            ))
        })?;
        Ok(Self { name: zone.iana_name().unwrap_or("UTC").to_owned(), zone })
    }

    /// Its name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// Its days and hours.
    pub(super) fn zone(&self) -> TimeZone {
        self.zone.clone()
    }
}

/// From when until before when.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Range {
    /// `None`: from the beginning.
    pub(crate) from: Option<Timestamp>,
    pub(crate) to: Timestamp,
}

/// From when is told where nobody says it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unsaid {
    /// The last days, as the boards do: what is asked of years takes long, and is seldom meant.
    Lately,
    /// The beginning.
    Ever,
}

impl Range {
    /// A range of days of `zone`, or of times. It ends now unless it is said.
    pub(crate) fn parse(
        from: Option<&str>,
        to: Option<&str>,
        zone: &Zone,
        now: troupe_types::Timestamp,
        unsaid: Unsaid,
    ) -> Result<Self, ApiError> {
        let to = match to {
            Some(text) => moment("to", text, zone)?,
            None => quarter_after(now.as_millis().saturating_add(1))?,
        };
        let from = match (from, unsaid) {
            (Some(EVER), _) | (None, Unsaid::Ever) => None,
            (Some(text), _) => Some(moment("from", text, zone)?),
            (None, Unsaid::Lately) => Some(lately(to, zone)?),
        };
        if from.is_some_and(|from| from >= to) {
            return Err(ApiError::BadRequest("from has to be before to".to_owned()));
        }
        Ok(Self { from, to })
    }

    /// The quarters of an hour that it touches.
    pub(super) fn in_quarters(self) -> Result<Self, ApiError> {
        let from = self.from.map(|from| quarter_of(from.as_millisecond())).transpose()?;
        Ok(Self { from, to: quarter_after(self.to.as_millisecond())? })
    }

    /// Where it begins, in milliseconds.
    pub(crate) fn begin_ms(&self) -> i64 {
        self.from.map_or(0, Timestamp::as_millisecond)
    }

    /// The range of the same length before. Whole months have the same number of months before, whole days the same number
    /// of days, however many hours these have.
    pub(super) fn before(&self, zone: &Zone) -> Result<Self, ApiError> {
        let from = self.from.ok_or_else(|| {
            let message = "compare: nothing was before `ever`: let `from` be a day or a time, say 2026-11-01";
            ApiError::BadRequest(message.to_owned())
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

/// Where the days begin that are told of unless it is said: the last is the one that `to` ends or lies in.
fn lately(to: Timestamp, zone: &Zone) -> Result<Timestamp, ApiError> {
    let begin = || {
        let last = to.checked_sub(1.millisecond())?.to_zoned(zone.zone.clone()).date();
        last.checked_sub((DAYS - 1).days())?.to_zoned(zone.zone.clone())
    };
    let begin = begin().map_err(|_| ApiError::BadRequest("to is too long ago".to_owned()))?;
    Ok(begin.timestamp())
}

/// The quarter of an hour that a time lies in.
fn quarter_of(ms: i64) -> Result<Timestamp, ApiError> {
    Timestamp::from_millisecond(ms.div_euclid(QUARTER_MS).saturating_mul(QUARTER_MS))
        .map_err(|_| ApiError::BadRequest("from and to have to be times of this era".to_owned()))
}

/// The next quarter of an hour, unless one begins at that time.
fn quarter_after(ms: i64) -> Result<Timestamp, ApiError> {
    quarter_of(ms.saturating_add(QUARTER_MS - 1))
}

/// A day's begin in `zone`, or a time.
fn moment(field: &str, text: &str, zone: &Zone) -> Result<Timestamp, ApiError> {
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let day = text.parse::<Date>().ok().and_then(|day| day.to_zoned(zone.zone.clone()).ok());
    day.map(|day| day.timestamp()).ok_or_else(|| {
        ApiError::BadRequest(format!(
            "{field}: {text:?} is neither a day like 2026-11-21 nor a time like 2026-11-21T08:00:00Z{}",
            if field == "from" { ", nor ever" } else { "" }
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(from: &str, to: &str, zone: &Zone) -> Range {
        let now = troupe_types::Timestamp::from_millis(0);
        Range::parse(Some(from), Some(to), zone, now, Unsaid::Lately).unwrap().in_quarters().unwrap()
    }

    /// The day, or time, of a zone from which is told what ends then, or was asked for at `now`.
    fn unsaid(to: Option<&str>, zone: &str, now: &str) -> String {
        let zone = Zone::parse(Some(zone)).unwrap();
        let now = now.parse::<Timestamp>().unwrap().as_millisecond();
        let now = troupe_types::Timestamp::from_millis(now);
        let range = Range::parse(None, to, &zone, now, Unsaid::Lately).unwrap();
        range.from.unwrap().to_zoned(zone.zone()).strftime("%Y-%m-%d %H:%M").to_string()
    }

    #[test]
    fn unless_it_is_said_the_last_thirty_days_are_told_of() {
        // Today of the viewer is one of them, whatever day it is in Greenwich.
        let night = "2026-11-21T23:30:00Z";
        assert_eq!(unsaid(None, "UTC", night), "2026-10-23 00:00");
        assert_eq!(unsaid(None, "Europe/Berlin", night), "2026-10-24 00:00");
        assert_eq!(unsaid(None, "America/Los_Angeles", night), "2026-10-23 00:00");
        // The last quarter of an hour of a day ends where the next day begins.
        assert_eq!(unsaid(None, "UTC", "2026-11-21T23:59:59.999Z"), "2026-10-23 00:00");
        assert_eq!(unsaid(None, "UTC", "2026-11-22T00:00:00Z"), "2026-10-24 00:00");
    }

    #[test]
    fn what_ends_earlier_begins_thirty_days_before_that() {
        let before = |to| unsaid(Some(to), "Europe/Berlin", "2026-11-21T12:00:00Z");
        assert_eq!(before("2026-05-01"), "2026-04-01 00:00");
        assert_eq!(before("2026-03-01"), "2026-01-30 00:00");
        assert_eq!(before("2028-03-01"), "2028-01-31 00:00");
        // Clocks went forward between.
        assert_eq!(before("2026-04-10"), "2026-03-11 00:00");
        // The day that it ends in is the last of the thirty.
        assert_eq!(before("2026-05-01T12:20:00Z"), "2026-04-02 00:00");
        // In Cairo clocks go forward at midnight: that day begins at one.
        let cairo = unsaid(Some("2026-05-24"), "Africa/Cairo", "2026-11-21T12:00:00Z");
        assert_eq!(cairo, "2026-04-24 01:00");
    }

    #[test]
    fn ever_is_from_the_beginning_and_nothing_was_before() {
        let zone = Zone::parse(None).unwrap();
        let now = troupe_types::Timestamp::from_millis(1_800_000_000_000);
        let ever = Range::parse(Some("ever"), None, &zone, now, Unsaid::Lately).unwrap();
        assert_eq!((ever.from, ever.begin_ms()), (None, 0));
        assert_eq!(Range::parse(None, None, &zone, now, Unsaid::Ever).unwrap(), ever);
        assert!(ever.before(&zone).unwrap_err().to_string().contains("`from`"));
        assert!(Range::parse(None, Some("ever"), &zone, now, Unsaid::Lately).is_err());
        let lately = Range::parse(None, None, &zone, now, Unsaid::Lately).unwrap();
        assert_eq!(lately.before(&zone).unwrap().to, lately.from.unwrap());
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
        let parse = |from, to| Range::parse(Some(from), to, &zone, now, Unsaid::Lately);
        assert!(parse("yesterday", None).is_err());
        assert!(parse("2026-03-02", Some("2026-03-02")).is_err());
        assert!(parse("2026-03-02T08:02:00Z", Some("2026-03-02T08:01:00Z")).is_err());
    }
}
