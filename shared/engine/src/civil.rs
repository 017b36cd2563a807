//! Dates and times of day.

use troupe_types::{Timestamp, Zone};

/// A time as calendars and clocks tell it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Civil {
    pub year: i64,
    pub month: i64,
    pub day: i64,
    pub hour: i64,
    pub minute: i64,
    /// From 0, which is Monday.
    pub weekday: usize,
}

impl Civil {
    /// What they show in `zone` at `time`.
    ///
    /// Source: <https://howardhinnant.github.io/date_algorithms.html>, `civil_from_days`.
    pub fn of(time: Timestamp, zone: Zone) -> Self {
        let seconds = zone.shown(time).as_seconds();
        let (days, second) = (seconds.div_euclid(86_400), seconds.rem_euclid(86_400));
        // Years are counted from March, so that the leap day is the last one of a year.
        let shifted = days + 719_468;
        let (era, day_of_era) = (shifted.div_euclid(146_097), shifted.rem_euclid(146_097));
        let year_of_era =
            (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
        let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
        let month_from_march = (5 * day_of_year + 2) / 153;
        let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
        Self {
            year: year_of_era + era * 400 + i64::from(month <= 2),
            month,
            day: day_of_year - (153 * month_from_march + 2) / 5 + 1,
            hour: second / 3_600,
            minute: second / 60 % 60,
            // The first of January 1970 was a Thursday.
            weekday: usize::try_from((days + 3).rem_euclid(7)).expect("a remainder by 7 fits"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_told_as_calendars_do() {
        // The seconds are what `date -u +%s` says of each.
        for (seconds, expected) in [
            (0, (1970, 1, 1, 0, 0, 3)),
            (-1, (1969, 12, 31, 23, 59, 2)),
            (951_782_400, (2000, 2, 29, 0, 0, 1)),
            (951_868_799, (2000, 2, 29, 23, 59, 1)),
            (1_800_000_000, (2027, 1, 15, 8, 0, 4)),
            (4_107_542_400, (2100, 3, 1, 0, 0, 0)),
        ] {
            let Civil { year, month, day, hour, minute, weekday } =
                Civil::of(Timestamp::from_seconds(seconds), Zone::UTC);
            assert_eq!((year, month, day, hour, minute, weekday), expected, "{seconds}");
        }
    }
}
