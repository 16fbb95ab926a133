//! Durations (ISO 8601): lifetimes that clients wish for, and the periods of aggregation (4.5.19).

use std::fmt;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Span, Timestamp};
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};
use crate::time::DateTime;

/// How many characters a duration may have.
const MAX_LENGTH: usize = 100;
/// The last instant that every part of the program can write, in microseconds: 9999-12-30T21:59:59Z.
const LAST: i64 = 253_402_207_199_000_000;

/// A length of time that is not negative, `P[n]Y[n]M[n]DT[n]H[n]M[n]S` or `P[n]W`. Years and months are those of the
/// calendar, in UTC; days have 24 hours.
#[derive(Debug, Clone)]
pub struct Duration {
    text: Box<str>,
    span: Span,
}

impl Duration {
    /// Reads a duration.
    ///
    /// # Errors
    /// BadRequestData for anything else, or for more than a calendar holds.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            let cut: String = text.chars().take(60).collect();
            Error::bad_request(format!("'{cut}' is not a duration such as PT10M (ISO 8601)"))
        })
    }

    fn read(text: &str) -> Option<Self> {
        // The parser also knows friendlier forms; the standard does not.
        let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.' || b == b',';
        if text.len() > MAX_LENGTH || !text.starts_with('P') || !text.bytes().all(legal) {
            return None;
        }
        Some(Self { text: text.into(), span: text.parse().ok()? })
    }

    /// Whether it has no length.
    pub fn is_zero(&self) -> bool {
        self.span.is_zero()
    }

    /// How long it is when it starts with the year 1970: exactly, unless it has months or years.
    pub fn length(&self) -> std::time::Duration {
        std::time::Duration::from_micros(self.after(DateTime::from_micros(0)).micros().unsigned_abs())
    }

    /// The instant that is this much later, or the last one that can be written, at the end of the year 9999.
    pub fn after(&self, start: DateTime) -> DateTime {
        self.times_after(start, 1).unwrap_or(DateTime::from_micros(LAST))
    }

    /// The instant that is so many times this much later; `None` when that is beyond the calendar.
    pub fn times_after(&self, start: DateTime, times: i64) -> Option<DateTime> {
        let start = Timestamp::from_microsecond(start.micros()).ok()?.to_zoned(TimeZone::UTC);
        let end = start.checked_add(self.span.checked_mul(times).ok()?).ok()?;
        Some(DateTime::from_micros(end.timestamp().as_microsecond().min(LAST)))
    }

    /// Which of the periods of this length that follow one another from `start` on an instant lies in, the first being 0;
    /// `None` before `start`, and for no length.
    pub fn index(&self, start: DateTime, at: DateTime) -> Option<i64> {
        if at < start || self.is_zero() {
            return None;
        }
        // Months differ in length: guess, and look.
        let about = self.after(DateTime::from_micros(0)).micros().max(1);
        let mut index = (at.micros() - start.micros()) / about;
        while index > 0 && self.times_after(start, index).is_none_or(|begin| begin > at) {
            index -= 1;
        }
        while self.times_after(start, index + 1).is_some_and(|next| next <= at) {
            index += 1;
        }
        Some(index)
    }
}

impl PartialEq for Duration {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}

impl Eq for Duration {}

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

/// Writes a length of time in hours, minutes and seconds: `PT26H3M4S`.
pub fn write(length: std::time::Duration) -> String {
    SignedDuration::try_from(length).unwrap_or(SignedDuration::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime {
        DateTime::parse(text).unwrap()
    }

    #[test]
    fn a_duration_leads_to_a_later_instant() {
        let start = at("2026-01-31T10:00:00Z");
        for (text, end) in [
            ("PT0S", "2026-01-31T10:00:00Z"),
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
        ] {
            let duration = Duration::parse(text).unwrap();
            assert_eq!(duration.after(start), at(end), "{text}");
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
            "10M",
            "1h",
            "pt10m",
            "-PT1S",
            "PT-1S",
            "P1D2H",
            "P1DT",
            "P1D1Y",
            "P1.5D",
            "PT1M ",
            "PT１S",
            "P0003-06-04T12:30:05",
            "P999999999Y",
            "PT1H99999999999999999999M",
        ] {
            assert!(Duration::parse(text).is_err(), "{text}");
        }
        assert!(Duration::parse(&format!("PT{}S", "0".repeat(1_000))).is_err());
    }

    #[test]
    fn periods_of_months_are_as_long_as_the_calendar_says() {
        let (month, start) = (Duration::parse("P1M").unwrap(), at("2026-01-31T00:00:00Z"));
        let ends = [1, 2, 3].map(|times| month.times_after(start, times).unwrap());
        assert_eq!(ends, ["2026-02-28", "2026-03-31", "2026-04-30"].map(|day| at(&format!("{day}T00:00:00Z"))));
        assert_eq!(month.index(start, at("2026-03-30T23:59:59Z")), Some(1));
        assert_eq!(month.index(start, at("2026-03-31T00:00:00Z")), Some(2));
        assert_eq!(month.index(start, at("2026-01-01T00:00:00Z")), None);
        assert_eq!(Duration::parse("P0D").unwrap().index(start, start), None);
    }

    proptest! {
        #[test]
        fn an_instant_lies_in_its_period(
            text in prop::sample::select(&["PT1S", "PT7M", "P1D", "P3W", "P1M", "P1Y", "P1M2DT3H"][..]),
            ahead in 0..50_000_000_000_000_i64,
        ) {
            let (period, start) = (Duration::parse(text).unwrap(), at("2020-02-29T12:00:00Z"));
            let instant = DateTime::from_micros(start.micros() + ahead);
            let index = period.index(start, instant).unwrap();
            prop_assert!(period.times_after(start, index).unwrap() <= instant);
            prop_assert!(instant < period.times_after(start, index + 1).unwrap());
        }

        #[test]
        fn what_is_written_is_read_back(seconds in 0..10_000_000_u64, micros in 0..1_000_000_u32) {
            let length = std::time::Duration::new(seconds, micros * 1_000);
            let read = Duration::parse(&write(length)).unwrap().after(DateTime::from_micros(0));
            prop_assert_eq!(i128::from(read.micros()), i128::try_from(length.as_micros()).unwrap());
        }

        #[test]
        fn no_text_panics(text in "P?[0-9YMWDTHS.,-]{0,30}|.{0,30}", start in any::<i64>()) {
            if let Ok(duration) = Duration::parse(&text) {
                duration.after(DateTime::from_micros(start));
                duration.index(DateTime::from_micros(0), DateTime::from_micros(1));
            }
        }
    }
}
