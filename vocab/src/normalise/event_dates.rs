//! The days on which something takes place, as announcements write them: `8月5日（水）～8月16日（日）`, `9月6日まで`.

use jiff::civil::{Date, Weekday};

use super::Reading;
use super::character::{content, fold_width, is_blank, is_hyphen, is_tilde};
use super::date::{Moment, date};
use crate::issue::{Issue, Issues};

/// In days: no day of the year lies that near in two years.
const HALF_A_YEAR: i32 = 182;

/// The first and the last day, as far as they are certain; one of them at least.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct EventDates {
    /// The first day.
    pub from: Option<Date>,
    /// The last day.
    pub to: Option<Date>,
}

/// Reads one day, or a first and a last one. A date without a year takes it from `near`, another date of the file, and
/// only where it lies within half a year of it and its day of the week agrees. Several days that are no span are not
/// understood.
pub fn event_dates(cell: &str, near: Option<Date>) -> Reading<EventDates> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let folded = fold_width(text);
    let cut = folded.find(['※', '*', '【', '[']).unwrap_or(folded.len());
    let (main, remark) = folded.split_at(cut);
    let main: String = main.chars().filter(|c| !is_blank(*c)).collect();
    match span(&main, near) {
        Ok((dates, issues)) => Reading::Value(dates, issues.with_if(!remark.is_empty(), Issue::DateConditional)),
        Err(issue) => Reading::unread(issue),
    }
}

fn span(text: &str, near: Option<Date>) -> Result<(EventDates, Issues), Issue> {
    let is_dash = |c: char| is_tilde(c) || is_hyphen(c) && !text.is_ascii();
    let until = text.strip_suffix("まで").or_else(|| text.strip_suffix("迄"));
    let since = text.strip_suffix("から").or_else(|| text.strip_suffix("より")).or_else(|| text.strip_suffix(is_dash));
    let body = until.unwrap_or(text);
    let parts = body.split_once(is_dash).or_else(|| body.split_once("から"));
    let (from, to, issues) = match parts {
        None if until.is_some() => {
            let (to, issues) = day(body, near)?;
            (None, Some(to), issues)
        }
        Some(("", last)) => {
            let (to, issues) = day(last, near)?;
            (None, Some(to), issues)
        }
        _ if let Some(first) = since => {
            let (from, issues) = day(first, near)?;
            (Some(from), None, issues)
        }
        None => {
            let (on, issues) = day(body, near)?;
            (Some(on), Some(on), issues)
        }
        Some((first, last)) => {
            let (from, a) = day(first, near)?;
            let (to, b) = last_day(last, from).map_or_else(|| day(last, Some(from)), Ok)?;
            (Some(from), Some(to), a.and(b))
        }
    };
    if from.zip(to).is_some_and(|(from, to)| from > to) {
        return Err(Issue::DateUnread);
    }
    Ok((EventDates { from, to }, issues))
}

/// One day, with its year or with what tells the year.
fn day(text: &str, near: Option<Date>) -> Result<(Date, Issues), Issue> {
    let (text, weekday) = split_weekday(text);
    match date(text, None) {
        Reading::Value(Moment::Day(day), issues) if weekday.is_none_or(|name| day.weekday() == name) => {
            Ok((day, issues))
        }
        Reading::Unread(issues) if issues.contains(Issue::DateWithoutYear) => {
            let (Some(near), Some(weekday)) = (near, weekday) else { return Err(Issue::DateWithoutYear) };
            let (month, of_month) = month_and_day(text).ok_or(Issue::DateUnread)?;
            let years = near.year().saturating_sub(1)..=near.year().saturating_add(1);
            let day = years
                .filter_map(|year| Date::new(year, month, of_month).ok())
                .find(|day| (*day - near).get_days().abs() <= HALF_A_YEAR && day.weekday() == weekday);
            day.map(|day| (day, Issues::one(Issue::DateYearCompleted))).ok_or(Issue::DateWithoutYear)
        }
        _ => Err(Issue::DateUnread),
    }
}

/// The end of a span that leaves out what its beginning says: 16日, 8月16日 after 2026年8月5日. It is the first such day
/// that is not before the beginning; the day of the week must agree.
fn last_day(text: &str, from: Date) -> Option<(Date, Issues)> {
    let (text, weekday) = split_weekday(text);
    let agrees = |day: &Date| weekday.is_none_or(|name| day.weekday() == name);
    let day = match text.strip_suffix('日').and_then(|day| day.parse::<i8>().ok()) {
        Some(day) => Date::new(from.year(), from.month(), day).ok(),
        None => {
            let (month, day) = month_and_day(text)?;
            let years = from.year()..=from.year().saturating_add(1);
            years.filter_map(|year| Date::new(year, month, day).ok()).find(|day| *day >= from)
        }
    };
    day.filter(|day| agrees(day) && *day >= from).map(|day| (day, Issues::NONE))
}

/// `8月5日`, `8/5`.
fn month_and_day(text: &str) -> Option<(i8, i8)> {
    let (month, day) = text.split_once('月').or_else(|| text.split_once('/'))?;
    let day = day.strip_suffix('日').unwrap_or(day);
    Some((month.parse().ok()?, day.parse().ok()?))
}

/// The text without the day of the week in brackets, and that day: `8月11日(火・祝)`.
fn split_weekday(text: &str) -> (&str, Option<Weekday>) {
    let Some((date, inner)) = text.strip_suffix(')').and_then(|text| text.rsplit_once('(')) else {
        return (text, None);
    };
    let weekday = match inner.chars().next() {
        Some('月') => Weekday::Monday,
        Some('火') => Weekday::Tuesday,
        Some('水') => Weekday::Wednesday,
        Some('木') => Weekday::Thursday,
        Some('金') => Weekday::Friday,
        Some('土') => Weekday::Saturday,
        Some('日') => Weekday::Sunday,
        _ => return (text, None),
    };
    let alone = matches!(inner.trim_start_matches(|c| c != '・' && c != '曜'), "" | "・祝" | "・休" | "曜日" | "曜");
    if alone { (date, Some(weekday)) } else { (text, None) }
}
