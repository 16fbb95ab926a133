//! Codes with check digits: local governments, corporations, towns.

use std::fmt;

use super::Reading;
use super::character::{content, fold_width};
use crate::issue::{Issue, Issues};
use crate::municipality::Municipalities;

/// A local government code of six digits (全国地方公共団体コード: JIS X 0401, JIS X 0402, check digit).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LocalGovernmentCode(u32);

impl LocalGovernmentCode {
    /// The code of no body: used in ids where the publisher is not known.
    pub const UNKNOWN: Self = Self(0);

    /// Six digits with a valid check digit.
    pub fn parse(text: &str) -> Option<Self> {
        let legal = text.len() == 6 && text.bytes().all(|b| b.is_ascii_digit());
        let number: u32 = legal.then(|| text.parse().ok()).flatten()?;
        (number > 0 && Self::with_check(number / 10) == Self(number)).then_some(Self(number))
    }

    /// The code of five digits with its check digit: remainder 0 gives 1, remainder 1 gives 0.
    pub fn with_check(five: u32) -> Self {
        let sum: u32 = (0..5).map(|place| (place + 2) * (five / 10_u32.pow(place) % 10)).sum();
        Self(five * 10 + (11 - sum % 11) % 10)
    }

    /// The prefecture, 1 to 47 for real bodies.
    pub fn prefecture(self) -> u32 {
        self.0 / 10_000
    }

    /// The code of the prefecture itself.
    pub fn of_prefecture(self) -> Self {
        Self::with_check(self.prefecture() * 1000)
    }

    /// Whether this is a prefecture.
    pub fn is_prefecture(self) -> bool {
        (self.0 / 10).is_multiple_of(1000)
    }
}

impl fmt::Display for LocalGovernmentCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:06}", self.0)
    }
}

/// Reads a local government code. Five digits lack the check digit or the leading zero, four lack both; which one is
/// decided by the check digit and the list of municipalities, and where both would do, by `publisher`.
pub fn local_government(cell: &str, publisher: Option<LocalGovernmentCode>) -> Reading<LocalGovernmentCode> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let digits = fold_width(text);
    let Some(number) = Some(&*digits).filter(|d| d.len() <= 6).and_then(|d| d.parse::<u32>().ok()) else {
        return Reading::unread(Issue::CodeUnread);
    };
    let known = |code: &LocalGovernmentCode| Municipalities::all().get(*code).is_some();
    let repaired = |code| Reading::Value(code, Issues::one(Issue::CodeRepaired));
    match digits.len() {
        6 => match LocalGovernmentCode::parse(&digits) {
            Some(code) => Reading::Value(code, Issues::NONE.with_if(!known(&code), Issue::CodeUnknown)),
            None => Reading::unread(Issue::CodeUnread),
        },
        5 => {
            let no_check = Some(LocalGovernmentCode::with_check(number)).filter(known);
            let no_zero = LocalGovernmentCode::parse(&format!("0{digits}")).filter(known);
            match (no_check, no_zero) {
                (Some(code), None) | (None, Some(code)) => repaired(code),
                (Some(a), Some(b)) => match publisher {
                    Some(code) if code == a || code == b => repaired(code),
                    _ => Reading::unread(Issue::CodeUnread),
                },
                (None, None) => Reading::unread(Issue::CodeUnread),
            }
        }
        4 => match Some(LocalGovernmentCode::with_check(number)).filter(known) {
            Some(code) => repaired(code),
            None => Reading::unread(Issue::CodeUnread),
        },
        1 | 2 if (1..=47).contains(&number) => repaired(LocalGovernmentCode::with_check(number * 1000)),
        _ => Reading::unread(Issue::CodeUnread),
    }
}

/// A corporate number (法人番号): 13 digits whose first is the check digit over the other twelve.
pub fn corporate_number(cell: &str) -> Reading<String> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let folded = fold_width(text);
    let digits = folded.strip_prefix('T').unwrap_or(&folded);
    if is_corporate_number(digits) {
        Reading::value(digits.to_owned())
    } else {
        Reading::unread(Issue::CorporateUnread)
    }
}

/// Whether 13 digits pass the check.
pub fn is_corporate_number(text: &str) -> bool {
    if text.len() != 13 || !text.bytes().all(|b| b.is_ascii_digit()) {
        return false;
    }
    let digit = |b: u8| u32::from(b - b'0');
    let sum: u32 =
        text.bytes().rev().take(12).enumerate().map(|(n, b)| digit(b) * if n % 2 == 0 { 1 } else { 2 }).sum();
    text.bytes().next().map(digit) == Some(9 - sum % 9)
}

/// A town ID (町字ID): seven digits, the hyphen of the definition book taken out.
pub fn town_id(cell: &str) -> Reading<String> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let folded = fold_width(text);
    let digits: String = folded.chars().filter(|c| *c != '-').collect();
    if digits.len() == 7 && digits.bytes().all(|b| b.is_ascii_digit()) {
        Reading::value(digits)
    } else {
        Reading::unread(Issue::TownIdUnread)
    }
}
