//! Lengths of time (ISO 8601, 4.6.3).

use std::time::Duration;

use crate::error::{Error, Result};

/// What a calendar unit is worth where no date says it more exactly, in seconds.
const DAY: u64 = 86_400;
const UNITS: [u64; 4] = [365 * DAY, 30 * DAY, 7 * DAY, DAY];
/// How many characters a duration may have.
const MAX_LENGTH: usize = 100;

/// Reads an ISO 8601 duration such as `PT10M` or `P1DT12H`, not negative. A year counts as 365 days and a month as 30: for
/// lifetimes and the like, where no date is given that would say it more exactly.
///
/// # Errors
/// BadRequestData for anything else, or for more than fits.
pub fn read(text: &str) -> Result<Duration> {
    let wrong = || wrong(text);
    let span = span(text)?;
    let calendar =
        [i64::from(span.get_years()), span.get_months().into(), span.get_weeks().into(), span.get_days().into()];
    let calendar = calendar.iter().zip(UNITS).map(|(count, unit)| count.unsigned_abs() * unit).sum();
    let clock = span.years(0).months(0).weeks(0).days(0);
    let clock = jiff::SignedDuration::try_from(clock).map_err(|_| wrong())?.unsigned_abs();
    clock.checked_add(Duration::from_secs(calendar)).ok_or_else(wrong)
}

/// Reads a duration, with the calendar's units as they were written.
///
/// # Errors
/// BadRequestData for anything that is no duration.
pub(crate) fn span(text: &str) -> Result<jiff::Span> {
    // The parser also knows friendlier forms; the standard does not.
    let legal = |b: u8| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'.' || b == b',';
    if text.len() > MAX_LENGTH || !text.starts_with('P') || !text.bytes().all(legal) {
        return Err(wrong(text));
    }
    text.parse().map_err(|_| wrong(text))
}

fn wrong(text: &str) -> Error {
    let cut: String = text.chars().take(60).collect();
    Error::bad_request(format!("'{cut}' is not a duration such as PT10M (ISO 8601)"))
}

/// Writes a duration as ISO 8601 says, in hours, minutes and seconds: `PT26H3M4S`.
pub fn write(duration: Duration) -> String {
    jiff::SignedDuration::try_from(duration).unwrap_or(jiff::SignedDuration::MAX).to_string()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn durations_are_read() {
        for (text, seconds) in [
            ("PT0S", 0.0),
            ("PT10M", 600.0),
            ("PT1.5S", 1.5),
            ("P1D", 86_400.0),
            ("P1DT12H30M5S", 131_405.0),
            ("P2W", 1_209_600.0),
            ("P1Y2M", 36_720_000.0),
        ] {
            assert_eq!(read(text).map(|d| d.as_secs_f64()), Ok(seconds), "{text}");
        }
        for text in [
            "",
            "P",
            "PT",
            "10M",
            "1h",
            "pt10m",
            "-PT1S",
            "PT-1S",
            "P1D2H",
            "PT1M ",
            "PT１S",
            "PT1H99999999999999999999M",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
        assert!(read(&format!("PT{}S", "0".repeat(1_000))).is_err());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(seconds in 0..10_000_000_000_u64, micros in 0..1_000_000_u32) {
            let duration = Duration::new(seconds, micros * 1_000);
            prop_assert_eq!(read(&write(duration)).unwrap(), duration);
        }

        #[test]
        fn no_text_panics(text in "P?[0-9YMWDTHS.,-]{0,30}|.{0,30}") {
            let _ = read(&text);
        }
    }
}
