//! Times of day.

use std::fmt;

use super::Reading;
use super::character::{content, fold_width, is_blank, is_tilde};
use super::numeral::fold_numerals;
use crate::issue::{Issue, Issues};

/// A time of day in minutes after midnight, 0 to 1440. Midnight at the end of a day is 24:00.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(u16);

impl Time {
    /// 00:00
    pub const START: Self = Self(0);
    /// 24:00
    pub const END: Self = Self(24 * 60);

    /// A time of day.
    pub fn new(hour: u16, minute: u16) -> Option<Self> {
        let minutes = hour.checked_mul(60)?.checked_add(minute)?;
        (minute < 60 && minutes <= Self::END.0).then_some(Self(minutes))
    }

    /// Minutes after midnight.
    pub fn minutes(self) -> u16 {
        self.0
    }

    /// Twelve hours later, if that is still the same day.
    pub(super) fn in_the_afternoon(self) -> Option<Self> {
        (self.0 < 12 * 60).then(|| Self(self.0 + 12 * 60))
    }
}

impl fmt::Display for Time {
    /// `09:00`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.0 / 60, self.0 % 60)
    }
}

/// Reads a time of day: 9:00, 9：00, 9時30分, 午後4:30, 09:00:00, 正午, 24:00, 25:30 and 翌1:30 (the next day),
/// 9 a.m.
pub fn time(cell: &str) -> Reading<Time> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    if text.contains("随時") {
        return Reading::unread(Issue::TimeOnDemand);
    }
    let folded = fold_width(text);
    let folded = if folded.contains('時') { fold_numerals(&folded) } else { folded };
    // What stands in brackets or behind ※ is a condition: the time itself is certain.
    let (text, remark) = match folded.find(['(', '※', '*', '。', '\n', '[', '【']).filter(|at| *at > 0) {
        Some(at) => folded.split_at(at),
        None => (&*folded, ""),
    };
    let text = text.trim_end_matches(|c| is_tilde(c) || is_blank(c));
    let text = ["から", "より", "まで", "頃"].iter().find_map(|word| text.strip_suffix(word)).unwrap_or(text);
    // Closing before opening means the next day anyhow.
    let text = text.strip_prefix("翌日").or_else(|| text.strip_prefix('翌')).unwrap_or(text);
    let conditional = !remark.is_empty();
    match take_clock(text) {
        Some((clock, "")) => match clock.time {
            Ok((time, issues)) => Reading::Value(time, issues.with_if(conditional, Issue::HoursConditional)),
            Err(issue) => Reading::unread(issue),
        },
        _ if conditional => Reading::unread(Issue::TimeUnread),
        _ => fraction(text).map_or(Reading::unread(Issue::TimeUnread), Reading::value),
    }
}

/// A spreadsheet's time without style: a fraction of the day.
fn fraction(text: &str) -> Option<Time> {
    let fraction: f64 =
        text.strip_prefix("0.").filter(|d| d.bytes().all(|b| b.is_ascii_digit())).and(text.parse().ok())?;
    let minutes = fraction * 1440.0;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 1440 by the shape above")]
    ((minutes - minutes.round()).abs() < 0.01).then(|| Time(minutes.round() as u16))
}

/// Which half of the day a time names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Half {
    Morning,
    Afternoon,
}

/// A time at the beginning of a text.
#[derive(Debug)]
pub(super) struct Clock {
    pub(super) time: Result<(Time, Issues), Issue>,
    pub(super) half: Option<Half>,
}

/// Takes a time off the beginning of `text`, which has its usual width, and returns what follows.
pub(super) fn take_clock(text: &str) -> Option<(Clock, &str)> {
    let text = text.trim_start();
    if let Some(rest) = text.strip_prefix("正午") {
        return Some((Clock { time: Ok((Time(12 * 60), Issues::NONE)), half: None }, rest));
    }
    let (half, text) = take_half(text);
    let (hour, digits, rest) = take_number(text)?;
    let close = rest.trim_start();
    let rest = if close.starts_with(['時', ':']) { close } else { rest };
    let (hour, minute, rest) = match rest.chars().next() {
        Some(':' | ';') => {
            let (minute, length, rest) = take_number(rest[1..].trim_start())?;
            if length > 2 {
                return None;
            }
            // Seconds say nothing here.
            let rest = rest.strip_prefix(':').and_then(take_number).map_or(rest, |(_, _, rest)| rest);
            (hour, minute, rest)
        }
        Some('時') => {
            let rest = &rest['時'.len_utf8()..];
            if let Some(rest) = rest.strip_prefix('半') {
                (hour, 30, rest)
            } else {
                match take_number(rest.trim_start()) {
                    Some((minute, _, after)) if after.starts_with('分') => (hour, minute, &after['分'.len_utf8()..]),
                    _ => (hour, 0, rest),
                }
            }
        }
        _ if digits == 4 || digits == 3 => (hour / 100, hour % 100, rest),
        _ if take_half_after(rest).is_some() || (half.is_some() && digits <= 2) => (hour, 0, rest),
        _ => return None,
    };
    match take_half_after(rest) {
        // 12 p.m. is noon in English, without any doubt.
        Some((half, rest)) => Some((Clock { time: of_day(hour % 12, minute, Some(half)), half: Some(half) }, rest)),
        None => Some((Clock { time: of_day(hour, minute, half), half }, rest)),
    }
}

fn of_day(hour: u16, minute: u16, half: Option<Half>) -> Result<(Time, Issues), Issue> {
    let hour = match half {
        None => hour,
        Some(_) if hour == 12 => return Err(Issue::TimeNoonAmbiguous),
        Some(_) if hour > 12 => return Err(Issue::TimeUnread),
        Some(Half::Morning) => hour,
        Some(Half::Afternoon) => hour + 12,
    };
    if let Some(time) = Time::new(hour, minute) {
        return Ok((time, Issues::NONE));
    }
    let next_day = hour.checked_sub(24).filter(|hour| *hour < 24).and_then(|hour| Time::new(hour, minute));
    next_day.map(|time| (time, Issues::one(Issue::TimeOverMidnight))).ok_or(Issue::TimeUnread)
}

fn take_half(text: &str) -> (Option<Half>, &str) {
    for (word, half) in
        [("午前", Half::Morning), ("午後", Half::Afternoon), ("AM", Half::Morning), ("PM", Half::Afternoon)]
    {
        if text.get(..word.len()).is_some_and(|head| head.eq_ignore_ascii_case(word)) {
            return (Some(half), text[word.len()..].trim_start());
        }
    }
    (None, text)
}

/// `a.m.`, `pm` and the like after a number.
fn take_half_after(text: &str) -> Option<(Half, &str)> {
    let text = text.trim_start();
    [("a.m.", Half::Morning), ("p.m.", Half::Afternoon), ("am", Half::Morning), ("pm", Half::Afternoon)]
        .iter()
        .find_map(|(word, half)| {
            let head = text.get(..word.len())?;
            head.eq_ignore_ascii_case(word).then_some((*half, &text[word.len()..]))
        })
}

/// Up to four digits: the number, how many digits, and what follows.
fn take_number(text: &str) -> Option<(u16, usize, &str)> {
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    if !(1..=4).contains(&digits) {
        return None;
    }
    Some((text[..digits].parse().ok()?, digits, &text[digits..]))
}
