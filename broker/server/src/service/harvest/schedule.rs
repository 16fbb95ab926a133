//! When a source is due.

use std::time::Duration;

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use ngsild::DateTime;
use sha2::{Digest as _, Sha256};

/// The shortest and the longest pause between two fetches.
const SHORTEST: Duration = Duration::from_secs(10);
const LONGEST: Duration = Duration::from_secs(366 * 86_400);
const DAY: Duration = Duration::from_secs(86_400);
/// The pause after the first failure; it doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(300);
/// However often a source is fetched, after many failures it is tried once in so long.
const LAST_PAUSE: Duration = Duration::from_secs(3_600);
/// How much a fetch may be late on purpose, so that not all of many Hirobas ask a server in the same second.
const JITTER: Duration = Duration::from_secs(600);

/// When a source is fetched.
#[derive(Debug, Clone)]
pub enum Schedule {
    /// Once in so long.
    Every(Duration),
    /// Once a day, at a time of day in a time zone.
    Daily(Time, TimeZone),
}

/// What is known of the runs of a source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Past {
    /// When the last attempt began.
    pub tried_at: DateTime,
    /// How many attempts failed since the last success.
    pub failures: u32,
}

impl Schedule {
    /// Reads a pause: `30m`, `6h`, `1d`, `1w`; also seconds.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn every(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "'{text}' is not a pause from {} seconds to 366 days, such as \"30m\", \"6h\", \"1d\"",
                SHORTEST.as_secs()
            )
        };
        let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        let unit: u64 = match text.get(digits.len()..).unwrap_or_default() {
            "s" => 1,
            "m" => 60,
            "h" => 3_600,
            "d" => 86_400,
            "w" => 7 * 86_400,
            _ => return Err(wrong()),
        };
        let count: u64 = digits.trim().parse().map_err(|_| wrong())?;
        let pause = Duration::from_secs(count.checked_mul(unit).ok_or_else(wrong)?);
        if (SHORTEST..=LONGEST).contains(&pause) { Ok(Self::Every(pause)) } else { Err(wrong()) }
    }

    /// Reads a time of day: `03:00`.
    ///
    /// # Errors
    /// A sentence that says what to write.
    pub fn daily(text: &str, timezone: TimeZone) -> Result<Self, String> {
        let wrong = || format!("'{text}' is not a time of day such as \"03:00\"");
        let (hour, minute) = text.split_once(':').ok_or_else(wrong)?;
        let time = match (hour.len(), minute.len(), hour.parse(), minute.parse()) {
            (1..=2, 2, Ok(hour), Ok(minute)) => Time::new(hour, minute, 0, 0).map_err(|_| wrong())?,
            _ => return Err(wrong()),
        };
        Ok(Self::Daily(time, timezone))
    }

    /// When the next attempt is due: at once where there was none. `name` decides how much it is late on purpose.
    pub fn due(&self, name: &str, past: Option<Past>) -> DateTime {
        let Some(Past { tried_at, failures }) = past else { return DateTime::from_micros(i64::MIN) };
        let pause = self.pause();
        let regular = match self {
            Self::Every(pause) => later(tried_at, *pause),
            Self::Daily(time, timezone) => next_time(tried_at, *time, timezone).unwrap_or_else(|| later(tried_at, DAY)),
        };
        let due = match failures.checked_sub(1) {
            None => regular,
            Some(before) => {
                let first = pause.min(FIRST_PAUSE);
                let back_off = first.saturating_mul(2_u32.saturating_pow(before)).min(pause.max(LAST_PAUSE));
                // A source that is due once a day is due then also after a failure.
                match self {
                    Self::Every(_) => later(tried_at, back_off),
                    Self::Daily(..) => later(tried_at, back_off).min(regular),
                }
            }
        };
        later(due, jitter(name, tried_at, JITTER.min(pause / 10)))
    }

    fn pause(&self) -> Duration {
        match self {
            Self::Every(pause) => *pause,
            Self::Daily(..) => DAY,
        }
    }
}

fn later(at: DateTime, by: Duration) -> DateTime {
    DateTime::from_micros(at.micros().saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
}

/// The first instant after another at which it is a time of day somewhere. Where clocks are put forward over that time, it is
/// as much later.
fn next_time(after: DateTime, time: Time, timezone: &TimeZone) -> Option<DateTime> {
    let after = Timestamp::from_microsecond(after.micros()).ok()?;
    let mut day = after.to_zoned(timezone.clone()).date();
    for _ in 0..3 {
        let at = day.to_datetime(time).to_zoned(timezone.clone()).ok()?.timestamp();
        if at > after {
            return Some(DateTime::from_micros(at.as_microsecond()));
        }
        day = day.checked_add(1.day()).ok()?;
    }
    None
}

/// Different for each source and each time, and yet the same whenever it is asked for.
fn jitter(name: &str, tried_at: DateTime, most: Duration) -> Duration {
    let mut hasher = Sha256::new();
    hasher.update(name);
    hasher.update(tried_at.micros().to_be_bytes());
    let digest = hasher.finalize();
    let number = digest.iter().take(8).fold(0_u64, |number, byte| (number << 8) | u64::from(*byte));
    let micros = u64::try_from(most.as_micros()).unwrap_or(u64::MAX);
    Duration::from_micros(number % micros.saturating_add(1).max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instant(text: &str) -> DateTime {
        DateTime::from_micros(text.parse::<Timestamp>().unwrap().as_microsecond())
    }

    fn past(text: &str, failures: u32) -> Option<Past> {
        Some(Past { tried_at: instant(text), failures })
    }

    /// How long after an instant it is due, without the jitter that it may have.
    fn pause(schedule: &Schedule, text: &str, failures: u32) -> Duration {
        let (due, jitter) =
            (schedule.due("s", past(text, failures)), jitter("s", instant(text), JITTER.min(schedule.pause() / 10)));
        Duration::from_micros(u64::try_from(due.micros() - instant(text).micros()).unwrap()) - jitter
    }

    #[test]
    fn pauses_and_times_are_read_and_others_refused() {
        for (text, seconds) in [("10s", 10), ("30m", 1_800), ("6h", 21_600), ("1d", 86_400), ("1w", 604_800)] {
            assert_eq!(Schedule::every(text).unwrap().pause().as_secs(), seconds, "{text}");
        }
        for text in
            ["", "d", "0d", "9s", "400d", "1y", "-1d", "1.5h", "99999999999999999999d", "9999999999999999w", "1 d x"]
        {
            assert!(Schedule::every(text).is_err(), "{text}");
        }
        for text in ["", "3", "24:00", "12:60", "1:2", "a:00", "03:00:00", "-1:00", "003:00"] {
            assert!(Schedule::daily(text, TimeZone::UTC).is_err(), "{text}");
        }
        assert!(Schedule::daily("3:05", TimeZone::UTC).is_ok());
    }

    #[test]
    fn what_was_never_tried_is_due_at_once() {
        let now = instant("2026-04-01T00:00:00Z");
        assert!(Schedule::every("1d").unwrap().due("s", None) < now);
    }

    #[test]
    fn a_daily_source_is_due_at_the_next_such_time_of_its_zone() {
        let zone = |name| TimeZone::get(name).unwrap();
        for (zone, at, tried, hours) in [
            (zone("Asia/Tokyo"), "03:00", "2026-04-01T00:00:00+09:00", 3.0),
            (zone("Asia/Tokyo"), "03:00", "2026-04-01T03:00:00+09:00", 24.0),
            (zone("Asia/Tokyo"), "03:00", "2026-04-01T04:00:00+09:00", 23.0),
            (TimeZone::UTC, "00:30", "2026-12-31T23:30:00Z", 1.0),
            // The hour from two to three does not exist on that day.
            (zone("Europe/Berlin"), "02:30", "2026-03-29T00:30:00+01:00", 2.0),
        ] {
            let schedule = Schedule::daily(at, zone).unwrap();
            assert_eq!(pause(&schedule, tried, 0).as_secs_f64() / 3_600.0, hours, "{at} after {tried}");
        }
    }

    #[test]
    fn failures_are_tried_again_soon_and_then_less_and_less_often() {
        let minutes =
            |schedule: &Schedule, failures| pause(schedule, "2026-04-01T03:00:00+09:00", failures).as_secs() / 60;
        let daily = Schedule::daily("03:00", TimeZone::get("Asia/Tokyo").unwrap()).unwrap();
        let day = Schedule::every("1d").unwrap();
        for (failures, expected) in [(1, 5), (2, 10), (3, 20), (9, 1_280), (10, 1_440), (u32::MAX, 1_440)] {
            assert_eq!((minutes(&day, failures), minutes(&daily, failures)), (expected, expected), "{failures}");
        }
        let often = Schedule::every("1m").unwrap();
        for (failures, expected) in [(1, 1), (2, 2), (6, 32), (7, 60), (u32::MAX, 60)] {
            assert_eq!(minutes(&often, failures), expected, "{failures}");
        }
    }

    proptest::proptest! {
        #[test]
        fn what_was_tried_is_due_later_and_at_most_a_tenth_late(
            tried in 0_i64..4_000_000_000_000_000, failures: u32, seconds in 10_u64..10_000_000, name: String
        ) {
            let pause = Duration::from_secs(seconds);
            let tried_at = DateTime::from_micros(tried);
            let due = Schedule::Every(pause).due(&name, Some(Past { tried_at, failures }));
            proptest::prop_assert!(due > tried_at);
            let longest = pause.max(LAST_PAUSE) + JITTER.min(pause / 10);
            proptest::prop_assert!(due <= later(tried_at, longest));
        }
    }
}
