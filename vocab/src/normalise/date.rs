//! Dates: Western and Japanese, in the many orders that lists use.

use std::borrow::Cow;
use std::fmt;

use jiff::civil::{Date, Weekday};

use super::Reading;
use super::character::{content, fold_width, is_hyphen, is_tilde};
use super::era::{Era, is_lunar};
use super::numeral::fold_numerals;
use super::time::take_clock;
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
    date_of(cell, order, None)
}

/// [`date`] in a file about one year, which dates without a year take if the day of the week beside them agrees:
/// 8月5日（水） in a list of 2026.
pub fn date_of(cell: &str, order: Option<Order>, year: Option<i16>) -> Reading<Moment> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let folded = fold_width(text);
    let numerals =
        if folded.contains(['年', '月', '日']) { fold_numerals(&folded) } else { Cow::Borrowed(&*folded) };
    let kanji = numerals != folded;
    let reader = Reader { order, year };
    match reader.parse(&numerals) {
        Ok((moment, issues)) => Reading::Value(moment, issues.with_if(kanji, Issue::KanjiNumeral)),
        Err(issue) => Reading::unread(issue),
    }
}

/// [`date`], where the file names the month that it is about: `7/1` in a list of July 2026 is 2026-07-01. A day of another
/// month stays unread.
pub fn date_in(cell: &str, order: Option<Order>, month: Option<Date>) -> Reading<Moment> {
    let with_year = |month: Date| {
        let folded = fold_width(cell.trim());
        let numbers = Numbers::scan(without_weekday(without_time(&folded)).0)?;
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

/// What the file says of its dates.
#[derive(Clone, Copy)]
struct Reader {
    order: Option<Order>,
    year: Option<i16>,
}

type Read = Result<(Moment, Issues), Issue>;

impl Reader {
    fn parse(self, text: &str) -> Read {
        let Some((from, to)) = split_range(text) else { return self.single(text) };
        let (first, a) = self.single(from)?;
        let (Moment::Day(first), Some(second)) = (first, self.second(to, first)) else { return Err(Issue::DateUnread) };
        match second? {
            (Moment::Day(second), b) if first <= second => Ok((Moment::Span(first, second), a.and(b))),
            _ => Err(Issue::DateUnread),
        }
    }

    /// The end of a range, which may leave out what the beginning has said: ～8月16日, ～16日.
    fn second(self, text: &str, first: Moment) -> Option<Read> {
        let Moment::Day(first) = first else { return None };
        let (plain, weekday) = without_weekday(text);
        let completed = match Numbers::scan(plain).map(|numbers| numbers.0) {
            Some(numbers) if Era::split(plain).is_none() => match numbers.as_slice() {
                [(month, 1 | 2), (d, 1 | 2)] => day(u32::try_from(first.year()).ok()?, *month, *d),
                [(d, 1 | 2)] => day(u32::try_from(first.year()).ok()?, u32::from(first.month().unsigned_abs()), *d),
                _ => return Some(self.single(text)),
            },
            _ => return Some(self.single(text)),
        };
        Some(completed.map(|date| (Moment::Day(date), contradicts(date, weekday))))
    }

    fn single(self, text: &str) -> Read {
        let text = text.trim_matches('#').trim();
        let text = text.strip_suffix("現在").or_else(|| text.strip_suffix("時点")).unwrap_or(text).trim();
        let (text, weekday) = without_weekday(without_time(text));
        let (moment, issues) = match Era::split(text) {
            Some((era, rest)) => japanese(era, rest)?,
            None => self.western(text, weekday)?,
        };
        let odd = if let Moment::Day(date) = moment { contradicts(date, weekday) } else { Issues::NONE };
        Ok((moment, issues.and(odd)))
    }

    fn western(self, text: &str, weekday: Option<Weekday>) -> Read {
        if let Some(year) = text.strip_suffix("年度").and_then(four_digits) {
            return fiscal(year, Issues::NONE);
        }
        if let Some((serial, fraction)) = text.split_once('.')
            && serial.len() == 5
            && fraction.len() > 2
            && fraction.bytes().all(|b| b.is_ascii_digit())
        {
            // A spreadsheet's date with a time of day.
            return from_serial(serial.parse().map_err(|_| Issue::DateUnread)?);
        }
        let numbers = Numbers::scan(text).ok_or(Issue::DateUnread)?;
        match numbers.0.as_slice() {
            [(year, 4)] => Ok((Moment::Year(day(*year, 1, 1)?), Issues::NONE)),
            [(packed, 8)] => Ok((Moment::Day(day(packed / 10_000, packed / 100 % 100, packed % 100)?), Issues::NONE)),
            [(serial, 5)] => from_serial(*serial),
            [(year, 4), (month, _)] => Ok((Moment::Month(day(*year, *month, 1)?), Issues::NONE)),
            [(month, 1 | 2), (d, 1 | 2)] => self.without_year(*month, *d, weekday),
            [(year, 4), (month, _), (d, _)] => Ok((Moment::Day(day(*year, *month, *d)?), Issues::NONE)),
            [(first, 1 | 2), (second, 1 | 2), (year, 4)] => year_last(*first, *second, *year, self.order),
            _ => Err(Issue::DateUnread),
        }
    }

    /// A day and a month take the file's year only where the day of the week proves it.
    fn without_year(self, month: u32, d: u32, weekday: Option<Weekday>) -> Read {
        let year = self.year.and_then(|year| u32::try_from(year).ok()).ok_or(Issue::DateWithoutYear)?;
        let date = day(year, month, d).map_err(|_| Issue::DateWithoutYear)?;
        if weekday == Some(date.weekday()) {
            Ok((Moment::Day(date), Issues::one(Issue::DateYearAdded)))
        } else {
            Err(Issue::DateWithoutYear)
        }
    }
}

fn contradicts(date: Date, weekday: Option<Weekday>) -> Issues {
    Issues::NONE.with_if(weekday.is_some_and(|weekday| weekday != date.weekday()), Issue::WeekdayContradicts)
}

/// The two sides of `令和6年1月1日～令和11年12月31日`, `H28.10.1-H30.3.31` or `2016/10/1-2018/3/31`.
fn split_range(text: &str) -> Option<(&str, &str)> {
    if let Some(at) = text.find(is_tilde) {
        let rest = text[at..].chars().next().map_or("", |tilde| &text[at + tilde.len_utf8()..]);
        return (!rest.trim().is_empty() && at > 0).then_some((text[..at].trim(), rest.trim()));
    }
    if let Some((from, to)) = text.split_once("から") {
        let to = to.trim().trim_end_matches("まで").trim();
        return (!to.is_empty()).then_some((from.trim(), to));
    }
    let mut hyphens = text.char_indices().filter(|(_, c)| is_hyphen(*c));
    let ((at, hyphen), None) = (hyphens.next()?, hyphens.next()) else { return None };
    let other_marks = text.matches(['/', '.', '年']).count() >= 2;
    let (from, to) = (text[..at].trim(), text[at + hyphen.len_utf8()..].trim());
    (other_marks && !from.is_empty() && !to.is_empty()).then_some((from, to))
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
        [(y, 1..=3)] => {
            let date = day(year(*y)?, 1, 1)?;
            Ok((Moment::Year(date), era.issues(date, 1)))
        }
        [(y, 1..=3), (m, _)] => {
            let date = day(year(*y)?, *m, 1)?;
            Ok((Moment::Month(date), era.issues(date, 2)))
        }
        [(y, 1..=3), (m, _), (d, _)] => {
            let date = day(year(*y)?, *m, *d)?;
            if is_lunar(date) {
                return Ok((Moment::Year(date), converted.with(Issue::LunarDate)));
            }
            Ok((Moment::Day(date), era.issues(date, 3)))
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

/// Cuts a time of day off: `2026-02-01 00:00`, `2014-07-07T09:30:00`, `2026年2月1日10時30分`.
fn without_time(text: &str) -> &str {
    if let Some((date, time)) = text.split_once('日')
        && matches!(take_clock(time), Some((_, "")))
    {
        return &text[..date.len() + '日'.len_utf8()];
    }
    let cut = text.char_indices().find(|(at, c)| {
        let rest = &text[at + c.len_utf8()..];
        (*c == 'T' || c.is_whitespace()) && rest.contains(':') && rest.starts_with(|c: char| c.is_ascii_digit())
    });
    cut.map_or(text, |(at, _)| text[..at].trim_end())
}

/// Takes the day of the week off: `8月5日(水)`, `8月5日水曜日`.
fn without_weekday(text: &str) -> (&str, Option<Weekday>) {
    let bracket = text.strip_suffix([')', '）']).and_then(|inner| inner.rsplit_once(['(', '（']));
    let cut = bracket.or_else(|| {
        let inner = text.strip_suffix("曜日")?;
        let day = inner.chars().next_back()?;
        inner.split_at_checked(inner.len() - day.len_utf8())
    });
    let Some((date, words)) = cut else { return (text, None) };
    let mut words = words.chars().filter(|c| !matches!(c, '曜' | '・' | '祝' | ' '));
    let weekday = words.next().and_then(|c| {
        Some(match c {
            '月' => Weekday::Monday,
            '火' => Weekday::Tuesday,
            '水' => Weekday::Wednesday,
            '木' => Weekday::Thursday,
            '金' => Weekday::Friday,
            '土' => Weekday::Saturday,
            '日' => Weekday::Sunday,
            _ => return None,
        })
    });
    match (weekday, words.next()) {
        (Some(weekday), None | Some('日')) => (date.trim_end(), Some(weekday)),
        _ => (text, None),
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
