//! Durations by the calendar: the periods of aggregation (4.5.19).

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use crate::duration::span;
use crate::error::Result;
use crate::time::DateTime;

/// A duration that is not negative: `P[n]Y[n]M[n]DT[n]H[n]M[n]S` or `P[n]W`. Months and years are as long as the calendar
/// says, in UTC.
#[derive(Debug, Clone, Copy)]
pub struct Period(Span);

impl Period {
    /// Reads a duration.
    ///
    /// # Errors
    /// BadRequestData when it is none, or negative.
    pub fn parse(text: &str) -> Result<Self> {
        Ok(Self(span(text)?))
    }

    /// Whether it has no length.
    pub fn is_zero(&self) -> bool {
        self.0.is_zero()
    }

    /// The instant so many periods after another one; `None` when that is beyond the calendar.
    pub fn after(&self, start: DateTime, times: i64) -> Option<DateTime> {
        let start = Timestamp::from_microsecond(start.micros()).ok()?.to_zoned(TimeZone::UTC);
        let end = start.checked_add(self.0.checked_mul(times).ok()?).ok()?;
        Some(DateTime::from_micros(end.timestamp().as_microsecond()))
    }

    /// About how long it is, in microseconds; exactly, unless it has months or years.
    fn micros(&self) -> i64 {
        let start = DateTime::from_micros(0);
        self.after(start, 1).map_or(i64::MAX, DateTime::micros).max(1)
    }

    /// Which period after `start` an instant lies in, the first being 0; `None` before `start`.
    pub fn index(&self, start: DateTime, at: DateTime) -> Option<i64> {
        if at < start {
            return None;
        }
        let mut index = (at.micros() - start.micros()) / self.micros();
        while self.after(start, index).is_none_or(|begin| begin > at) {
            index -= 1;
        }
        while self.after(start, index + 1).is_some_and(|next| next <= at) {
            index += 1;
        }
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> DateTime {
        DateTime::parse(text).unwrap()
    }

    #[test]
    fn durations_are_read_as_the_standard_writes_them() {
        for text in ["PT0S", "P0D", "P1Y2M3DT4H5M6S", "PT1H", "P1M", "P2W", "PT90M", "PT0.5S"] {
            assert!(Period::parse(text).is_ok(), "{text}");
        }
        for text in ["", "P", "1H", "PT", "pt1h", "-PT1H", "+PT1H", "P-1D", "P1H", "P0003-06-04T12:30:05", "PT1H "] {
            assert!(Period::parse(text).is_err(), "{text}");
        }
        assert!(Period::parse("PT0S").unwrap().is_zero());
    }

    #[test]
    fn months_are_as_long_as_the_calendar_says() {
        let month = Period::parse("P1M").unwrap();
        let start = at("2026-01-31T00:00:00Z");
        let ends = [1, 2, 3].map(|times| month.after(start, times).unwrap());
        assert_eq!(ends, ["2026-02-28", "2026-03-31", "2026-04-30"].map(|day| at(&format!("{day}T00:00:00Z"))));
        assert_eq!(month.index(start, at("2026-03-30T23:59:59Z")), Some(1));
        assert_eq!(month.index(start, at("2026-03-31T00:00:00Z")), Some(2));
        assert_eq!(month.index(start, at("2026-01-01T00:00:00Z")), None);
    }

    proptest! {
        #[test]
        fn an_instant_lies_in_its_period(
            text in prop::sample::select(&["PT1S", "PT7M", "P1D", "P3W", "P1M", "P1Y", "P1M2DT3H"][..]),
            ahead in 0..50_000_000_000_000_i64,
        ) {
            let (period, start) = (Period::parse(text).unwrap(), at("2020-02-29T12:00:00Z"));
            let instant = DateTime::from_micros(start.micros() + ahead);
            let index = period.index(start, instant).unwrap();
            prop_assert!(period.after(start, index).unwrap() <= instant);
            prop_assert!(instant < period.after(start, index + 1).unwrap());
        }

        #[test]
        fn no_text_panics(text in ".{0,30}") {
            let _ = Period::parse(&text);
        }
    }
}
