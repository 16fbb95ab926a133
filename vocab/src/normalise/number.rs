//! Counts, measures and fees.

use super::Reading;
use super::character::{content, fold_width, is_hyphen};
use super::numeral::fold_numerals;
use crate::issue::{Issue, Issues};

/// Units that a publisher may write after a count.
const COUNT_UNITS: [&str; 17] = [
    "人",
    "名",
    "台",
    "基",
    "個",
    "室",
    "席",
    "件",
    "棟",
    "か所",
    "ヶ所",
    "カ所",
    "ヵ所",
    "箇所",
    "穴",
    "つ",
    "人程度",
];

/// A number of things: digits, separators between them, at most one unit after them.
pub fn count(cell: &str) -> Reading<u64> {
    measure(cell, &COUNT_UNITS).and_whole()
}

/// A number with decimals, with one of `units` after it or none: an elevation, an area.
pub fn decimal(cell: &str, units: &[&str]) -> Reading<f64> {
    measure(cell, units)
}

/// What a fee column says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fee {
    /// 無料, in words: certainly free.
    Free,
    /// Yen. A 0 may also mean that nobody filled the cell in.
    Yen(u64),
}

/// A fee: 無料, or a number of yen.
pub fn fee(cell: &str) -> Reading<Fee> {
    match content(cell) {
        Ok(text) if FREE.contains(&text.trim_end_matches(['。', '　', ' '])) => Reading::value(Fee::Free),
        Ok(text) => measure(text.strip_prefix(['¥', '￥']).unwrap_or(text), &["円"]).and_whole().map(Fee::Yen),
        Err(issues) => Reading::Empty(issues),
    }
}

/// Words that mean free, without a condition.
const FREE: [&str; 9] =
    ["無料", "入場無料", "入館無料", "入園無料", "観覧無料", "参加無料", "参加費無料", "利用無料", "無料です"];

fn measure(cell: &str, units: &[&str]) -> Reading<f64> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    if let Some(number) = plain(text) {
        return Reading::value(number);
    }
    let folded = fold_width(text);
    let (number, unit) = match units.iter().find_map(|unit| folded.strip_suffix(unit)) {
        Some(number) => (number.trim_end(), true),
        None => (&*folded, false),
    };
    let (digits, separated) = without_separators(number);
    if let Some(number) = plain(&digits) {
        return Reading::Value(number, Issues::NONE.with_if(unit || separated, Issue::UnitRemoved));
    }
    if units.contains(&"分")
        && let Some(minutes) = minutes(&folded)
    {
        return Reading::Value(minutes, Issue::UnitRemoved.into());
    }
    match plain(&fold_numerals(number)) {
        Some(number) => Reading::Value(number, Issue::KanjiNumeral.into()),
        None => Reading::unread(Issue::NumberUnread),
    }
}

/// `1時間30分` in minutes, for columns whose unit is the minute.
fn minutes(text: &str) -> Option<f64> {
    let text = fold_numerals(text);
    let (hours, rest) = text.split_once("時間")?;
    let rest = rest.trim_start_matches("と").trim();
    let minutes = if rest.is_empty() { Some(0.0) } else { plain(rest.strip_suffix('分')?) };
    Some(plain(hours.trim())? * 60.0 + minutes.filter(|minutes| *minutes < 60.0)?)
}

impl Reading<f64> {
    fn and_whole(self) -> Reading<u64> {
        match self {
            #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "whole, in range by the guard")]
            Self::Value(n, issues) if n.fract() == 0.0 && (0.0..9e15).contains(&n) => Reading::Value(n as u64, issues),
            Self::Value(..) => Reading::unread(Issue::NumberUnread),
            Self::Empty(issues) => Reading::Empty(issues),
            Self::Unread(issues) => Reading::Unread(issues),
        }
    }
}

/// Digits with an optional sign and decimal point; nothing that only a computer writes, such as an exponent.
fn plain(text: &str) -> Option<f64> {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let shape = digits.starts_with(|c: char| c.is_ascii_digit())
        && digits.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        && digits.len() <= 24;
    if shape { text.parse().ok() } else { None }
}

/// Takes the commas out of `4,315` and puts a minus in front where any hyphen stands.
fn without_separators(text: &str) -> (String, bool) {
    let mut digits = String::with_capacity(text.len());
    let mut separated = false;
    let mut since_comma = None;
    for (at, c) in text.chars().enumerate() {
        match c {
            ',' | '，' if at > 0 => {
                // `1,23` is no number with a separator.
                if since_comma.is_some_and(|n| n != 3) {
                    return (text.to_owned(), false);
                }
                since_comma = Some(0);
                separated = true;
            }
            c if at == 0 && is_hyphen(c) => digits.push('-'),
            c => {
                since_comma = since_comma.map(|n| if c == '.' { n } else { n + 1 });
                digits.push(c);
            }
        }
    }
    if since_comma.is_some_and(|n| n < 3) { (text.to_owned(), false) } else { (digits, separated) }
}
