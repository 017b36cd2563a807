use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::Timestamp;

/// What clocks are ahead of UTC, or behind it: `UTC`, `+03:00`, `-05:30`. It knows no summer time.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Zone {
    /// Negative if it is behind.
    minutes: i16,
}

/// A text that is no zone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected UTC or what the clock is ahead of it, such as +03:00, found {text:?}")]
pub struct ZoneError {
    text: String,
}

impl Zone {
    /// UTC itself.
    pub const UTC: Self = Self { minutes: 0 };
    /// No place on Earth is further from UTC.
    const FURTHEST: i16 = 14 * 60;

    /// The minutes that its clocks are ahead of UTC.
    pub fn minutes_ahead(self) -> i64 {
        self.minutes.into()
    }

    /// Whether it is UTC.
    pub const fn is_utc(&self) -> bool {
        self.minutes == 0
    }

    /// The time at which clocks in UTC show what clocks of this zone show at `time`.
    #[must_use]
    pub fn shown(self, time: Timestamp) -> Timestamp {
        Timestamp::from_millis(time.as_millis().saturating_add(self.minutes_ahead() * 60_000))
    }

    fn parse(text: &str) -> Option<Self> {
        let (sign, clock) = match text.split_at_checked(1)? {
            _ if text == "UTC" => return Some(Self::UTC),
            ("+", clock) => (1, clock),
            ("-", clock) => (-1, clock),
            _ => return None,
        };
        let (hours, minutes) = clock.split_once(':')?;
        let number = |text: &str| {
            let two_digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
            two_digits.then(|| text.parse::<i16>().ok()).flatten()
        };
        let minutes = number(hours)? * 60 + number(minutes).filter(|minutes| *minutes < 60)?;
        (minutes <= Self::FURTHEST).then_some(Self { minutes: sign * minutes })
    }
}

impl FromStr for Zone {
    type Err = ZoneError;

    fn from_str(text: &str) -> Result<Self, ZoneError> {
        Self::parse(text).ok_or_else(|| ZoneError { text: text.to_owned() })
    }
}

impl TryFrom<String> for Zone {
    type Error = ZoneError;

    fn try_from(text: String) -> Result<Self, ZoneError> {
        text.parse()
    }
}

impl From<Zone> for String {
    fn from(zone: Zone) -> Self {
        zone.to_string()
    }
}

impl fmt::Display for Zone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_utc() {
            return f.write_str("UTC");
        }
        let (sign, minutes) = (if self.minutes < 0 { '-' } else { '+' }, self.minutes.abs());
        write!(f, "{sign}{:02}:{:02}", minutes / 60, minutes % 60)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zones_read_back_as_they_are_written() {
        for (text, minutes) in [("UTC", 0), ("+03:00", 180), ("-05:30", -330), ("+14:00", 840)] {
            let zone: Zone = text.parse().unwrap();
            assert_eq!((zone.minutes_ahead(), zone.to_string().as_str()), (minutes, text));
        }
        assert_eq!("-00:00".parse(), Ok(Zone::UTC));
        for no in ["", "utc", "03:00", "+3:00", "+03:60", "+14:01", "+03", "Europe/Berlin", "é3:00"] {
            assert!(no.parse::<Zone>().is_err(), "{no:?}");
        }
    }

    #[test]
    fn a_clock_that_is_ahead_shows_a_later_time() {
        let zone: Zone = "+03:00".parse().unwrap();
        assert_eq!(zone.shown(Timestamp::from_seconds(0)), Timestamp::from_seconds(3 * 3600));
    }
}
