//! Points in time (4.6.3).

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::error::{Error, Result};

/// A UTC instant with microseconds: `YYYY-MM-DDThh:mm:ss[.f{1,6}]Z`.
///
/// Two instants compare by time alone; how many decimals the client wrote is kept for the answer.
#[derive(Clone, Copy)]
pub struct DateTime {
    micros: i64,
    decimals: u8,
}

impl DateTime {
    /// The instant `micros` microseconds after 1970-01-01T00:00:00Z, written with six decimals.
    pub fn from_micros(micros: i64) -> Self {
        Self { micros, decimals: 6 }
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn micros(self) -> i64 {
        self.micros
    }

    /// Reads the strict form of 4.6.3. A comma is accepted before the decimals; `Z` is mandatory.
    ///
    /// # Errors
    /// BadRequestData for anything else, offsets such as `+09:00` included.
    pub fn parse(text: &str) -> Result<Self> {
        Self::read(text).ok_or_else(|| {
            let cut: String = text.chars().take(60).collect();
            Error::bad_request(format!("'{cut}' is not a DateTime such as 2026-04-01T09:30:00Z"))
        })
    }

    /// [`DateTime::parse`] for places where other text is legal.
    pub fn read(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() < 20 || bytes.len() > 27 || !text.is_ascii() {
            return None;
        }
        let number = |range: std::ops::Range<usize>| -> Option<i64> {
            let digits = bytes.get(range)?;
            digits.iter().try_fold(0, |n, b| b.is_ascii_digit().then(|| n * 10 + i64::from(b - b'0')))
        };
        let marks = [(4, b'-'), (7, b'-'), (10, b'T'), (13, b':'), (16, b':')];
        if marks.iter().any(|(at, mark)| bytes[*at] != *mark) {
            return None;
        }
        let rest = text[19..].strip_suffix('Z')?;
        let (fraction, decimals) = match rest.strip_prefix(['.', ',']) {
            None if rest.is_empty() => (0, 0),
            None => return None,
            Some("") => return None,
            Some(digits) => {
                (number(20..20 + digits.len())? * 10_i64.pow(6 - u32::try_from(digits.len()).ok()?), digits.len())
            }
        };
        let date = jiff::civil::DateTime::new(
            i16::try_from(number(0..4)?).ok()?,
            i8::try_from(number(5..7)?).ok()?,
            i8::try_from(number(8..10)?).ok()?,
            i8::try_from(number(11..13)?).ok()?,
            i8::try_from(number(14..16)?).ok()?,
            i8::try_from(number(17..19)?).ok()?,
            0,
        )
        .ok()?;
        let seconds = jiff::tz::TimeZone::UTC.to_timestamp(date).ok()?.as_second();
        Some(Self { micros: seconds * 1_000_000 + fraction, decimals: u8::try_from(decimals).ok()? })
    }
}

impl PartialEq for DateTime {
    fn eq(&self, other: &Self) -> bool {
        self.micros == other.micros
    }
}

impl Eq for DateTime {}

impl PartialOrd for DateTime {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for DateTime {
    fn cmp(&self, other: &Self) -> Ordering {
        self.micros.cmp(&other.micros)
    }
}

impl Hash for DateTime {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.micros.hash(state);
    }
}

impl fmt::Display for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text().as_str())
    }
}

/// `9999-12-31T23:59:59.999999Z`: the longest DateTime there is.
const LONGEST: usize = 27;

/// A DateTime as text, without a heap. Entities hold three for each attribute, so it has to be quick.
struct Text {
    bytes: [u8; LONGEST],
    length: usize,
}

impl Text {
    fn digits(&mut self, mut number: u64, width: usize) {
        for at in (self.length..self.length + width).rev() {
            self.bytes[at] = b'0' + u8::try_from(number % 10).unwrap_or(0);
            number /= 10;
        }
        self.length += width;
    }

    fn push(&mut self, byte: u8) {
        self.bytes[self.length] = byte;
        self.length += 1;
    }

    fn as_str(&self) -> &str {
        self.bytes.get(..self.length).and_then(|bytes| std::str::from_utf8(bytes).ok()).unwrap_or_default()
    }
}

impl DateTime {
    fn text(&self) -> Text {
        let seconds = self.micros.div_euclid(1_000_000);
        let fraction = self.micros.rem_euclid(1_000_000).unsigned_abs();
        let timestamp = jiff::Timestamp::from_second(seconds).unwrap_or_default();
        let t = jiff::tz::TimeZone::UTC.to_datetime(timestamp);
        let mut text = Text { bytes: [0; LONGEST], length: 0 };
        let small = |part: i8| u64::from(part.unsigned_abs());
        text.digits(u64::from(t.year().unsigned_abs()), 4);
        for (before, part) in
            [(b'-', t.month()), (b'-', t.day()), (b'T', t.hour()), (b':', t.minute()), (b':', t.second())]
        {
            text.push(before);
            text.digits(small(part), 2);
        }
        if self.decimals > 0 {
            let decimals = self.decimals.min(6);
            text.push(b'.');
            text.digits(fraction / 10_u64.pow(6 - u32::from(decimals)), usize::from(decimals));
        }
        text.push(b'Z');
        text
    }
}

impl fmt::Debug for DateTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for DateTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text().as_str())
    }
}

impl<'de> Deserialize<'de> for DateTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::read(&text).ok_or_else(|| D::Error::custom("not a DateTime"))
    }
}

/// A calendar date `YYYY-MM-DD`, as days since 1970-01-01, for comparisons in `q`.
pub fn read_date(text: &str) -> Option<i64> {
    if text.len() != 10 {
        return None;
    }
    DateTime::read(&format!("{text}T00:00:00Z")).map(|t| t.micros / 86_400_000_000)
}

/// A time of day `hh:mm:ss[.f{1,6}]Z`, as microseconds since midnight, for comparisons in `q`.
pub fn read_time(text: &str) -> Option<i64> {
    if text.as_bytes().get(2) != Some(&b':') {
        return None;
    }
    DateTime::read(&format!("1970-01-01T{text}")).map(DateTime::micros)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_strict_form_is_read_and_written_back_unchanged() {
        for text in [
            "2020-09-01T12:05:00Z",
            "2020-09-01T12:05:00.5Z",
            "2020-09-01T12:05:00.000Z",
            "2020-02-29T23:59:59.123456Z",
            "1969-12-31T23:59:59.9Z",
            "0001-01-01T00:00:00Z",
        ] {
            assert_eq!(DateTime::parse(text).unwrap().to_string(), text);
        }
        assert_eq!(DateTime::parse("2020-09-01T12:05:00,25Z").unwrap().to_string(), "2020-09-01T12:05:00.25Z");
    }

    #[test]
    fn anything_else_is_refused() {
        for text in [
            "",
            "2020-09-01",
            "2020-09-01T12:05Z",
            "2020-09-01T12:05:00",
            "2020-09-01T12:05:00+09:00",
            "2020-09-01 12:05:00Z",
            "2020-13-01T12:05:00Z",
            "2021-02-29T12:05:00Z",
            "2020-09-01T24:00:00Z",
            "2020-09-01T12:05:00.Z",
            "2020-09-01T12:05:00.1234567Z",
            "２０20-09-01T12:05:00Z",
        ] {
            assert!(DateTime::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(micros in -62_135_596_800_000_000_i64..253_402_207_200_000_000) {
            let instant = DateTime::from_micros(micros);
            prop_assert_eq!(DateTime::parse(&instant.to_string()).unwrap(), instant);
        }

        #[test]
        fn no_text_panics(text in ".{0,30}") {
            let _ = DateTime::read(&text);
            let _ = read_date(&text);
            let _ = read_time(&text);
        }
    }
}
