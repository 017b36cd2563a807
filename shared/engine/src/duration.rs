use std::time::Duration;

use crate::{Faults, document::At};

/// Reads a duration as `90s`, `5m`, `2h` or `1d`; at most a year.
pub(crate) fn read(at: &At<'_>, faults: &mut Faults) -> Option<Duration> {
    let text = at.text(faults)?;
    let duration = parse(text);
    if duration.is_none() {
        faults
            .at(at, format!("expected a duration such as 90s, 5m, 2h or 1d, at most a year, found {text:?}"));
    }
    duration
}

/// Reads a duration of at least a second and at most `limit`.
pub(crate) fn read_within(at: &At<'_>, limit: Duration, faults: &mut Faults) -> Option<Duration> {
    let duration = read(at, faults)?;
    if duration.is_zero() || duration > limit {
        faults.at(at, format!("expected a duration from 1s to {}", shown(limit)));
        return None;
    }
    Some(duration)
}

/// A duration in the largest unit that it is whole in.
pub(crate) fn shown(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let units = [("d", 24 * 60 * 60), ("h", 60 * 60), ("m", 60)];
    let unit = units.into_iter().find(|(_, unit)| seconds.is_multiple_of(*unit));
    unit.map_or_else(|| format!("{seconds}s"), |(name, unit)| format!("{}{name}", seconds / unit))
}

fn parse(text: &str) -> Option<Duration> {
    const YEAR: u64 = 366 * 24 * 60 * 60;
    let unit = text.chars().next_back()?;
    let seconds = match unit {
        's' => 1,
        'm' => 60,
        'h' => 60 * 60,
        'd' => 24 * 60 * 60,
        _ => return None,
    };
    let number = text[..text.len() - unit.len_utf8()].parse::<u32>().ok()?;
    Some(u64::from(number).checked_mul(seconds)?).filter(|seconds| *seconds <= YEAR).map(Duration::from_secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_have_a_number_and_a_unit() {
        assert_eq!(parse("90s"), Some(Duration::from_secs(90)));
        assert_eq!(parse("2h"), Some(Duration::from_hours(2)));
        for no in ["", "s", "5", "5 m", "-5m", "1y", "400d", "5м"] {
            assert_eq!(parse(no), None, "{no:?}");
        }
    }
}
