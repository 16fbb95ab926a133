//! The day that a file describes, where its rows do not say it, or not clearly.

use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Dataset, Reads};
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::date::{Moment, Order, date};
use jiff::civil::Date;

use super::habits::Habits;
use crate::header::Header;
use crate::options::Options;

/// The day of the rows of a data set that describes days: from the options, the title (令和8年2月1日現在), or the eight digits
/// that the standard asks for in the file's name.
pub(super) fn of_file(dataset: &Dataset, file: &str, header: &Header, options: &Options) -> Option<Moment> {
    dataset.columns.iter().any(|column| column.reads == Reads::SurveyDate).then_some(())?;
    let option = options.modified.as_deref().and_then(|text| date(text, None).ok());
    option.or_else(|| state_of(&header.above)).or_else(|| digits(file, 8))
}

/// Decides what the cells alone do not: whether 11/1/2018 is in November, and near which date a 8月5日 lies.
pub(super) fn complete(
    habits: &mut Habits,
    columns: &[Option<Arc<Column>>],
    first_day: Option<&str>,
    file: &str,
    header: &Header,
    options: &Options,
) {
    let known = || {
        let options = [&options.modified, &options.issued].into_iter().flatten();
        let option = options.filter_map(|text| date(text, None).ok()).next();
        option.or_else(|| state_of(&header.above)).or_else(|| digits(file, 8)).or_else(|| digits(file, 6))
    };
    let reads =
        |wanted: Reads| columns.iter().position(|column| column.as_ref().is_some_and(|column| column.reads == wanted));
    if let Some(at) = reads(Reads::SurveyDate)
        && habits.orders.get(at) == Some(&None)
        && let (Some(known), Some(cell)) = (known().and_then(first_of), first_day)
    {
        let agrees = |order: &Order| {
            let day = date(cell, Some(*order)).ok().and_then(first_of);
            day.is_some_and(|day| (day.year(), day.month()) == (known.year(), known.month()))
        };
        habits.orders[at] = [Order::MonthFirst, Order::DayFirst].into_iter().find(agrees);
    }
    if reads(Reads::EventDates).is_some() {
        habits.near = habits.near.or_else(|| known().and_then(first_of));
    }
}

fn first_of(moment: Moment) -> Option<Date> {
    match moment {
        Moment::Day(day) | Moment::Month(day) | Moment::Span(day, _) => Some(day),
        Moment::Year(_) => None,
    }
}

/// The day that a title names as the state of the data: 令和6年4月1日現在.
pub(crate) fn state_of(above: &[String]) -> Option<Moment> {
    above.iter().find_map(|text| {
        let (before, _) = text.split_once("現在").or_else(|| text.split_once("時点"))?;
        let starts = before.char_indices().map(|(at, _)| &before[at..]);
        starts.filter(|start| start.chars().count() >= 6).find_map(|start| {
            match date(start.trim_start_matches(['(', '（']), None) {
                Reading::Value(moment @ Moment::Day(_), _) => Some(moment),
                _ => None,
            }
        })
    })
}

/// A run of so many digits in a file's name that is a day (8) or a month (6) of this time.
fn digits(file: &str, length: usize) -> Option<Moment> {
    let mut runs = file.split(|c: char| !c.is_ascii_digit()).filter(|run| run.len() == length);
    runs.find_map(|run| {
        let part = |range: std::ops::Range<usize>| run.get(range)?.parse::<i16>().ok();
        let day = if length == 8 { part(6..8)? } else { 1 };
        let day = Date::new(part(0..4)?, i8::try_from(part(4..6)?).ok()?, i8::try_from(day).ok()?).ok()?;
        let moment = if length == 8 { Moment::Day(day) } else { Moment::Month(day) };
        (1990..=2100).contains(&day.year()).then_some(moment)
    })
}
