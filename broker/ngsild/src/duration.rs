//! Durations (ISO 8601), as clients write lifetimes.

use std::fmt;

use jiff::{Span, Timestamp, tz::TimeZone};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::time::DateTime;

/// The units of the date part and of the time part, in the order in which they must come.
const DATE_UNITS: &str = "YMWD";
const TIME_UNITS: &str = "HMS";
/// How many digits one number may have.
const MAX_DIGITS: usize = 9;
/// Microseconds of a second.
const SECOND: i64 = 1_000_000;
/// The last whole second that every part of the program can write: 9999-12-30T21:59:59Z.
const LAST: i64 = 253_402_207_199 * SECOND;

/// A length of time above zero, such as `P1DT12H` or `P2W`: years and months are those of the calendar, in UTC.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Duration {
    text: Box<str>,
    months: i64,
    /// What is no month: weeks, days (of 24 hours), hours, minutes and seconds.
    micros: i64,
}

impl Duration {
    /// Reads `P[nY][nM][nW][nD][T[nH][nM][nS]]`. Only seconds may have decimals.
    ///
    /// # Errors
    /// BadRequestData for anything else, for nothing at all, and for zero.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            let cut: String = text.chars().take(60).collect();
            Error::bad_request(format!("'{cut}' is not a duration above zero, such as P1DT12H (ISO 8601)"))
        })
    }

    fn read(text: &str) -> Option<Self> {
        let rest = text.strip_prefix('P')?;
        let (date, time) = match rest.split_once('T') {
            Some((_, "")) => return None,
            Some((date, time)) => (date, time),
            None => (rest, ""),
        };
        let (mut months, mut micros) = (0_i64, 0_i64);
        // Beyond what fits lies beyond every instant that can be written: there it stays.
        let mut add = |count: i64, seconds: i64| micros = micros.saturating_add(count.saturating_mul(seconds * SECOND));
        for (unit, whole, fraction) in components(date, DATE_UNITS)? {
            match unit {
                'Y' => months += whole * 12,
                'M' => months += whole,
                'W' => add(whole, 7 * 86_400),
                _ => add(whole, 86_400),
            }
            if fraction.is_some() {
                return None;
            }
        }
        let mut millionths = 0;
        for (unit, whole, fraction) in components(time, TIME_UNITS)? {
            match (unit, fraction) {
                ('H', None) => add(whole, 3_600),
                ('M', None) => add(whole, 60),
                ('S', _) => {
                    add(whole, 1);
                    millionths = fraction.unwrap_or(0);
                }
                _ => return None,
            }
        }
        let micros = micros.saturating_add(millionths);
        (months > 0 || micros > 0).then(|| Self { text: text.into(), months, micros })
    }

    /// The instant that is this much later, or the last one that can be written, at the end of the year 9999.
    pub fn after(&self, start: DateTime) -> DateTime {
        DateTime::from_micros(self.later(start).unwrap_or(LAST).min(LAST))
    }

    fn later(&self, start: DateTime) -> Option<i64> {
        let moved = if self.months == 0 {
            start.micros()
        } else {
            let civil = TimeZone::UTC.to_datetime(Timestamp::from_microsecond(start.micros()).ok()?);
            let civil = civil.checked_add(Span::new().try_months(self.months).ok()?).ok()?;
            TimeZone::UTC.to_timestamp(civil).ok()?.as_microsecond()
        };
        moved.checked_add(self.micros)
    }
}

/// Numbers with their units, which come in the order of `units`, each at most once: unit, whole number, and millionths.
fn components(text: &str, units: &str) -> Option<Vec<(char, i64, Option<i64>)>> {
    let mut found = Vec::new();
    let mut rest = text;
    let mut units = units;
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',')?;
        let (number, tail) = rest.split_at(end);
        let unit = tail.chars().next()?;
        units = &units[units.find(unit)? + unit.len_utf8()..];
        let (whole, decimals) = match number.split_once(['.', ',']) {
            Some((whole, decimals)) => (whole, Some(decimals)),
            None => (number, None),
        };
        if whole.is_empty() || whole.len() > MAX_DIGITS {
            return None;
        }
        let fraction = match decimals {
            None => None,
            Some(digits) if (1..=6).contains(&digits.len()) => Some(format!("{digits:0<6}").parse().ok()?),
            Some(_) => return None,
        };
        found.push((unit, whole.parse().ok()?, fraction));
        rest = &tail[unit.len_utf8()..];
    }
    Some(found)
}

impl fmt::Display for Duration {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Serialize for Duration {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for Duration {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("not a duration"))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_duration_leads_to_a_later_instant() {
        let start = DateTime::parse("2026-01-31T10:00:00Z").unwrap();
        for (text, end) in [
            ("PT1S", "2026-01-31T10:00:01Z"),
            ("PT0.25S", "2026-01-31T10:00:00.25Z"),
            ("PT1,5S", "2026-01-31T10:00:01.5Z"),
            ("PT90M", "2026-01-31T11:30:00Z"),
            ("P1DT12H", "2026-02-01T22:00:00Z"),
            ("P2W", "2026-02-14T10:00:00Z"),
            ("P1M", "2026-02-28T10:00:00Z"),
            ("P1Y1M", "2027-02-28T10:00:00Z"),
            ("P1Y2M3W4DT5H6M7S", "2027-04-25T15:06:07Z"),
            ("P9000Y", "9999-12-30T21:59:59Z"),
            ("P999999999Y", "9999-12-30T21:59:59Z"),
            ("P999999999D", "9999-12-30T21:59:59Z"),
        ] {
            let duration = Duration::parse(text).unwrap();
            assert_eq!(duration.after(start), DateTime::parse(end).unwrap(), "{text}");
            assert_eq!(duration.to_string(), text);
            let stored = serde_json::to_string(&duration).unwrap();
            assert_eq!(serde_json::from_str::<Duration>(&stored).unwrap(), duration);
        }
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "P",
            "PT",
            "P1",
            "1D",
            "P1DT",
            "PT1",
            "P1H",
            "PT1D",
            "P-1D",
            "-P1D",
            "P1D1Y",
            "P1D1D",
            "P1.5D",
            "PT1.5H",
            "PT1.S",
            "PT.5S",
            "PT1.1234567S",
            "P0D",
            "PT0S",
            "PT0.0S",
            "P1d",
            "P 1D",
            "P1D ",
            "P1234567890D",
            "PT１S",
        ] {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "P?[0-9TYMWDHS.,é]{0,12}", start in any::<i64>()) {
            if let Ok(duration) = Duration::parse(&text) {
                duration.after(DateTime::from_micros(start));
            }
        }
    }
}
