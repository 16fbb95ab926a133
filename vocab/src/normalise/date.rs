//! Dates: Western and Japanese, in the many orders that lists use.

use std::fmt;

use jiff::civil::Date;

use super::Reading;
use super::character::{content, fold_width, is_tilde};
use super::era::{Era, is_lunar};
use crate::issue::{Issue, Issues};

/// A date as far as it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// A day.
    Day(Date),
    /// A month: the day is its first.
    Month(Date),
    /// A year: the day is its first.
    Year(Date),
    /// From one day to another, both included.
    Span(Date, Date),
}

impl fmt::Display for Moment {
    /// `2019-05-31`, `2019-05`, `2019`, `2022-04-01/2023-03-31`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Day(day) => write!(f, "{day}"),
            Self::Month(day) => write!(f, "{:04}-{:02}", day.year(), day.month()),
            Self::Year(day) => write!(f, "{:04}", day.year()),
            Self::Span(from, to) => write!(f, "{from}/{to}"),
        }
    }
}

/// The order of day and month where the year comes last. Decided over a column, from values above 12.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// 11/1/2018 is the first of November.
    MonthFirst,
    /// 07/01/2014 is the seventh of January.
    DayFirst,
}

/// Reads a date. `order` is the column's habit for dates with the year last, if it is known.
pub fn date(cell: &str, order: Option<Order>) -> Reading<Moment> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let folded = fold_width(text);
    match parse(&folded, order) {
        Ok((moment, issues)) => Reading::Value(moment, issues),
        Err(issue) => Reading::unread(issue),
    }
}

/// [`date`], where the file names the month that it is about: `7/1` in a list of July 2026 is 2026-07-01. A day of another
/// month stays unread.
pub fn date_in(cell: &str, order: Option<Order>, month: Option<Date>) -> Reading<Moment> {
    let with_year = |month: Date| {
        let folded = fold_width(cell.trim());
        let numbers = Numbers::scan(without_weekday(without_time(&folded)))?;
        match numbers.0.as_slice() {
            [(m, _), (d, _)] if i64::from(*m) == i64::from(month.month()) => {
                day(u32::try_from(month.year()).ok()?, *m, *d).ok()
            }
            _ => None,
        }
    };
    match date(cell, order) {
        Reading::Unread(issues) if issues.contains(Issue::DateWithoutYear) => match month.and_then(with_year) {
            Some(day) => Reading::Value(Moment::Day(day), Issues::one(Issue::DateYearAdded)),
            None => Reading::Unread(issues),
        },
        reading => reading,
    }
}

/// The month that a title names: 令和8年7月分献立表, 2026年7月.
pub fn month_in_title(title: &str) -> Option<Date> {
    let folded = fold_width(title);
    let ends = folded.match_indices('月').map(|(at, mark)| at + mark.len()).take(20);
    ends.filter_map(|end| {
        let starts = folded[..end].char_indices().rev().take(12).map(|(at, _)| at);
        starts
            .filter_map(|start| match date(&folded[start..end], None) {
                Reading::Value(Moment::Month(month), _) => Some(month),
                _ => None,
            })
            .last()
    })
    .next()
}

/// Which order the dates of a column prove, if any: one value above 12 in first or second place decides.
pub fn proves_order(cell: &str) -> Option<Order> {
    let folded = fold_width(cell);
    let numbers = Numbers::scan(without_time(folded.trim()))?;
    match numbers.0.as_slice() {
        [(first, _), (second, _), (_, 4)] if *first > 12 && *second <= 12 => Some(Order::DayFirst),
        [(first, _), (second, _), (_, 4)] if *second > 12 && *first <= 12 => Some(Order::MonthFirst),
        _ => None,
    }
}

fn parse(text: &str, order: Option<Order>) -> Result<(Moment, Issues), Issue> {
    if let Some((from, to)) = split_range(text) {
        return match (single(from, order)?, single(to, order)?) {
            ((Moment::Day(from), a), (Moment::Day(to), b)) if from <= to => Ok((Moment::Span(from, to), a.and(b))),
            _ => Err(Issue::DateUnread),
        };
    }
    single(text, order)
}

/// The two sides of `令和6年1月1日～令和11年12月31日` or `H28.10.1-H30.3.31`.
fn split_range(text: &str) -> Option<(&str, &str)> {
    if let Some(at) = text.find(is_tilde) {
        let rest = text[at..].chars().next().map_or("", |tilde| &text[at + tilde.len_utf8()..]);
        return (!rest.trim().is_empty() && at > 0).then_some((text[..at].trim(), rest.trim()));
    }
    let (_, rest) = Era::split(text)?;
    let dash = rest.find('-')?;
    let second = rest[dash + 1..].trim();
    Era::split(second).map(|_| (text[..text.len() - rest.len() + dash].trim(), second))
}

fn single(text: &str, order: Option<Order>) -> Result<(Moment, Issues), Issue> {
    let text = text.trim_matches('#').trim();
    let text = text.strip_suffix("現在").or_else(|| text.strip_suffix("時点")).unwrap_or(text).trim();
    let text = without_weekday(without_time(text));
    if let Some((era, rest)) = Era::split(text) {
        return japanese(era, rest);
    }
    if let Some(year) = text.strip_suffix("年度").and_then(four_digits) {
        return fiscal(year, Issues::NONE);
    }
    let numbers = Numbers::scan(text).ok_or(Issue::DateUnread)?;
    match numbers.0.as_slice() {
        [(year, 4)] => Ok((Moment::Year(day(*year, 1, 1)?), Issues::NONE)),
        [(packed, 8)] => Ok((Moment::Day(day(packed / 10_000, packed / 100 % 100, packed % 100)?), Issues::NONE)),
        [(serial, 5)] => from_serial(*serial),
        [(year, 4), (month, _)] => Ok((Moment::Month(day(*year, *month, 1)?), Issues::NONE)),
        [(_, 1 | 2), (_, 1 | 2)] => Err(Issue::DateWithoutYear),
        [(year, 4), (month, _), (d, _)] => Ok((Moment::Day(day(*year, *month, *d)?), Issues::NONE)),
        [(first, 1 | 2), (second, 1 | 2), (year, 4)] => year_last(*first, *second, *year, order),
        _ => Err(Issue::DateUnread),
    }
}

fn japanese(era: &Era, rest: &str) -> Result<(Moment, Issues), Issue> {
    let rest = rest.strip_prefix('元').map_or_else(|| rest.to_owned(), |rest| format!("1{rest}"));
    let (rest, fiscal_year) = match rest.strip_suffix("年度") {
        Some(rest) => (rest, true),
        None => (rest.as_str(), false),
    };
    let numbers = Numbers::scan(rest).ok_or(Issue::DateUnread)?;
    let year =
        |n: u32| i16::try_from(n).map(|n| u32::try_from(era.year(n)).unwrap_or(0)).map_err(|_| Issue::DateUnread);
    let converted = Issues::one(Issue::EraConverted);
    match numbers.0.as_slice() {
        [(y, 1..=3)] if fiscal_year => fiscal(year(*y)?, converted),
        [(y, 1..=3)] => Ok((Moment::Year(day(year(*y)?, 1, 1)?), converted)),
        [(y, 1..=3), (m, _)] => Ok((Moment::Month(day(year(*y)?, *m, 1)?), converted)),
        [(y, 1..=3), (m, _), (d, _)] => {
            let date = day(year(*y)?, *m, *d)?;
            if is_lunar(date) {
                return Ok((Moment::Year(date), converted.with(Issue::LunarDate)));
            }
            Ok((Moment::Day(date), era.issues(date)))
        }
        _ => Err(Issue::DateUnread),
    }
}

fn fiscal(year: u32, issues: Issues) -> Result<(Moment, Issues), Issue> {
    Ok((Moment::Span(day(year, 4, 1)?, day(year + 1, 3, 31)?), issues.with(Issue::FiscalYear)))
}

fn year_last(first: u32, second: u32, year: u32, order: Option<Order>) -> Result<(Moment, Issues), Issue> {
    let order = match (first, second) {
        (13.., _) => Order::DayFirst,
        (_, 13..) => Order::MonthFirst,
        _ if first == second => Order::MonthFirst,
        _ => order.ok_or(Issue::DateAmbiguous)?,
    };
    let (month, d) = if order == Order::MonthFirst { (first, second) } else { (second, first) };
    Ok((Moment::Day(day(year, month, d)?), Issues::one(Issue::DateOrder)))
}

/// A spreadsheet's serial number: days since 1899-12-30, from 1910 to 2064.
fn from_serial(serial: u32) -> Result<(Moment, Issues), Issue> {
    if !(3_654..=60_000).contains(&serial) {
        return Err(Issue::DateUnread);
    }
    let epoch = jiff::civil::date(1899, 12, 30);
    let date = epoch.checked_add(jiff::Span::new().days(i64::from(serial))).map_err(|_| Issue::DateUnread)?;
    Ok((Moment::Day(date), Issues::one(Issue::DateSerial)))
}

fn day(year: u32, month: u32, day: u32) -> Result<Date, Issue> {
    let date = || Date::new(i16::try_from(year).ok()?, i8::try_from(month).ok()?, i8::try_from(day).ok()?).ok();
    date().filter(|date| (1000..=2200).contains(&date.year())).ok_or(Issue::DateUnread)
}

fn four_digits(text: &str) -> Option<u32> {
    (text.len() == 4).then(|| text.parse().ok()).flatten()
}

/// Cuts a time of day off: `2026-02-01 00:00`, `2014-07-07T09:30:00`.
fn without_time(text: &str) -> &str {
    let cut = text.char_indices().find(|(at, c)| {
        let rest = &text[at + c.len_utf8()..];
        (*c == 'T' || c.is_whitespace()) && rest.contains(':') && rest.starts_with(|c: char| c.is_ascii_digit())
    });
    cut.map_or(text, |(at, _)| text[..at].trim_end())
}

/// Cuts the day of the week off: `8月5日(水)`.
fn without_weekday(text: &str) -> &str {
    let cut = text.strip_suffix(')').and_then(|inner| inner.rsplit_once('('));
    match cut {
        Some((date, weekday))
            if weekday.chars().count() <= 3 && weekday.starts_with(['月', '火', '水', '木', '金', '土', '日']) =>
        {
            date.trim_end()
        }
        _ => text,
    }
}

/// The numbers of a date with how many digits each has.
struct Numbers(Vec<(u32, usize)>);

impl Numbers {
    /// `None` when anything but digits and the separators of dates is in the text.
    fn scan(text: &str) -> Option<Self> {
        let mut numbers = Vec::with_capacity(3);
        let mut current: Option<(u32, usize)> = None;
        for c in text.chars() {
            if let Some(digit) = c.to_digit(10) {
                let (value, digits) = current.unwrap_or((0, 0));
                current = Some((value.checked_mul(10)?.checked_add(digit)?, digits + 1));
            } else if matches!(c, '年' | '月' | '日' | '.' | '/' | '-' | ' ' | '−' | '‐') {
                numbers.extend(current.take());
            } else {
                return None;
            }
        }
        numbers.extend(current);
        (!numbers.is_empty() && numbers.len() <= 3).then_some(Self(numbers))
    }
}
