use troupe_types::{Timestamp, Zone};

use crate::{
    Faults,
    document::{At, unknown},
};

/// Hours of the day on some days of the week, by a clock of a zone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hours {
    /// From Monday on.
    days: [bool; 7],
    /// In minutes since midnight; it belongs to them.
    from: i64,
    /// It no longer belongs to them. Not after `from` if they go on after midnight.
    to: i64,
    /// The clock's zone.
    zone: Zone,
}

const DAYS: &[&str; 7] = &["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const FIELDS: &[&str] = &["from", "to", "days", "zone"];
const DAY: i64 = 24 * 60;

impl Hours {
    /// Reads `{from: "09:00", to: "18:00", days: [mon, tue], zone: "+03:00"}`, of which something has to be there.
    pub fn read(at: &At<'_>, faults: &mut Faults) -> Option<Self> {
        let object = at.object(FIELDS, faults)?;
        if ["from", "to", "days"].iter().all(|name| object.set(name).is_none()) {
            faults.at(at, "a time needs from, to or days");
            return None;
        }
        let mut moment = |name: &str, default: i64| match object.set(name) {
            Some(moment) => parsed(&moment, "a time of day such as 09:30", time_of_day, faults),
            None => Some(default),
        };
        let (from, to) = (moment("from", 0), moment("to", DAY));
        let zone = object.optional("zone", faults, |at, faults| {
            at.text(faults)?.parse::<Zone>().map_err(|error| faults.at(at, error.to_string())).ok()
        });
        let days = match object.set("days") {
            Some(days) => read_days(&days, faults),
            None => Some([true; 7]),
        };
        let (from, to) = (from?, to?);
        if from == to || from == DAY || to == 0 {
            faults.at(at, "no time is after from and before to; the end of a day is 24:00");
            return None;
        }
        Some(Self { days: days?, from, to, zone: zone.ok()?.unwrap_or_default() })
    }

    /// Whether `now` is in them. Hours that go on after midnight belong to the day that they begin on.
    pub fn contain(&self, now: Timestamp) -> bool {
        let minutes = self.zone.shown(now).as_seconds().div_euclid(60);
        let (day, minute) = (minutes.div_euclid(DAY), minutes.rem_euclid(DAY));
        if self.from < self.to {
            return (self.from..self.to).contains(&minute) && self.is_on(day);
        }
        (minute >= self.from && self.is_on(day)) || (minute < self.to && self.is_on(day - 1))
    }

    /// Whether they are on the `day`th day since the epoch, which was a Thursday.
    fn is_on(&self, day: i64) -> bool {
        self.days[usize::try_from((day + 3).rem_euclid(7)).expect("a remainder of 7 is a small number")]
    }
}

fn parsed<T>(at: &At<'_>, what: &str, parse: impl Fn(&str) -> Option<T>, faults: &mut Faults) -> Option<T> {
    let text = at.text(faults)?;
    let parsed = parse(text);
    if parsed.is_none() {
        faults.at(at, format!("expected {what}, found {text:?}"));
    }
    parsed
}

/// The minutes since midnight of `09:30`; 24:00 is the end of the day.
fn time_of_day(text: &str) -> Option<i64> {
    clock(text).filter(|minutes| *minutes <= DAY)
}

fn clock(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let number = |text: &str| {
        let two_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        two_digits.then(|| text.parse::<i64>().ok()).flatten()
    };
    Some(number(hours)? * 60 + number(minutes).filter(|minutes| *minutes < 60)?)
}

fn read_days(at: &At<'_>, faults: &mut Faults) -> Option<[bool; 7]> {
    let mut days = [false; 7];
    if !at.list(DAYS.len(), faults) {
        return None;
    }
    let mut complete = Some(());
    for item in at.items() {
        let day = item.text(faults).and_then(|name| {
            let day = DAYS.iter().position(|known| *known == name);
            if day.is_none() {
                faults.at(&item, unknown("day", name, DAYS));
            }
            day
        });
        match day {
            Some(day) => days[day] = true,
            None => complete = None,
        }
    }
    if days == [false; 7] && complete.is_some() {
        faults.at(at, "the list of days is empty");
        return None;
    }
    complete.map(|()| days)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::document;

    #[track_caller]
    fn check(hours: &str, holds: &[&str], fails: &[&str]) {
        let mut faults = Faults::default();
        let node = document::read(&format!("- {hours}"), &mut faults).unwrap();
        let item = At::root(&node).items().next().map(|item| Hours::read(&item, &mut faults));
        let hours = item.flatten().ok_or(faults).unwrap();
        for (times, expected) in [(holds, true), (fails, false)] {
            for time in times {
                assert_eq!(hours.contain(moment(time)), expected, "{time}");
            }
        }
    }

    /// A time in the week of Monday, the 5th of January 2026, in UTC.
    fn moment(text: &str) -> Timestamp {
        let (day, time) = text.split_once(' ').unwrap();
        let day = i64::try_from(DAYS.iter().position(|known| *known == day).unwrap()).unwrap();
        Timestamp::from_seconds(1_767_571_200 + (day * DAY + clock(time).unwrap()) * 60)
    }

    #[test]
    fn hours_begin_at_their_first_minute_and_end_before_their_last() {
        check("{from: '09:00', to: '18:00'}", &["mon 09:00", "sun 17:59"], &["mon 08:59", "mon 18:00"]);
        check("{days: [sat, sun]}", &["sat 00:00", "sun 23:59"], &["fri 23:59", "mon 00:00"]);
        check("{from: '18:00', days: [fri]}", &["fri 23:59"], &["sat 00:00", "fri 17:59"]);
    }

    #[test]
    fn a_night_belongs_to_the_day_on_which_it_begins() {
        let night = "{from: '22:00', to: '02:00', days: [fri]}";
        check(night, &["fri 22:00", "sat 01:59"], &["fri 01:00", "sat 02:00", "sat 22:00"]);
    }

    #[test]
    fn a_zone_is_ahead_of_utc_or_behind_it() {
        check("{from: '09:00', to: '10:00', zone: '+03:00'}", &["mon 06:30"], &["mon 09:30"]);
        check("{days: [mon], zone: '-05:30'}", &["tue 05:29"], &["mon 05:29", "tue 05:30"]);
    }
}
