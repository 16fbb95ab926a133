//! The opening hours of a row, from the columns that speak of them.

use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::normalise::days::{Day, days};
use hiroba_vocab::normalise::flag::{FlagFamily, flag};
use hiroba_vocab::normalise::hours::{Span, hours, is_all_day};
use hiroba_vocab::normalise::time::{Time, time};
use hiroba_vocab::normalise::weekly::{Weekly, weekly};
use hiroba_vocab::{Issue, Issues};
use ngsild::AttributeValue;
use serde_json::{Map, Value as Json};

use super::{Draft, names};

/// What the columns say together.
#[derive(Default)]
struct Opening<'r> {
    days: Vec<Day>,
    spans: Vec<Span>,
    /// Times that name their own days.
    weekly: Vec<Weekly>,
    /// One of the two, where the other is missing.
    opens: Option<Time>,
    closes: Option<Time>,
    issues: Issues,
    sources: Vec<&'r str>,
}

impl<'r> Draft<'r> {
    /// An array of days with times. What could not be read is kept under the columns' own names.
    pub(super) fn hours(&mut self) {
        let slots = &self.plan.slots.hours;
        let mut opening = Opening::default();
        if let Some(column) = slots.days
            && let Some((open, issues)) = self.days_of(column)
        {
            opening.days = open;
            opening.take(issues, self.row.cell(column));
        }
        let pair = [slots.opens, slots.closes].into_iter().any(|column| !trim(self.cell(column)).is_empty());
        if pair {
            self.pair(&mut opening);
        }
        self.all_day(&mut opening);
        self.ranges(&mut opening);
        let specification = opening.specification();
        if !specification.is_empty() {
            let source = opening.sources.join(" / ");
            let value = AttributeValue::Property(Json::from(specification));
            self.put_noted(&names().opening_hours, value, opening.issues, &source);
        }
        if let Some(column) = slots.closed
            && let Some((closed, issues)) = self.days_of(column)
        {
            if closed == Day::WEEK {
                // Open all year round (年中無休) is no list of closed days.
                self.keep(column);
            } else {
                let value = closed.iter().map(|day| Json::from(day.name())).collect();
                self.put_noted(
                    &names().closed_days,
                    AttributeValue::Property(value),
                    issues,
                    trim(self.row.cell(column)),
                );
            }
        }
    }

    fn days_of(&mut self, column: usize) -> Option<(Vec<Day>, Issues)> {
        let reading = days(self.row.cell(column));
        self.note(column, reading.issues());
        match reading {
            Reading::Value(days, issues) => return Some((days, issues)),
            Reading::Unread(_) => self.keep(column),
            Reading::Empty(_) => {}
        }
        None
    }

    /// Opening and closing time in two columns. Some lists write the whole range into the first.
    fn pair(&mut self, opening: &mut Opening<'r>) {
        let slots = &self.plan.slots.hours;
        let (from, to) = (self.cell(slots.opens), self.cell(slots.closes));
        let (opens, closes) = (time(from), time(to));
        if let (Reading::Unread(_), Reading::Empty(_)) = (&opens, &closes)
            && let Reading::Value((), issues) = opening.read(from)
        {
            return self.note_in(slots.opens, issues);
        }
        self.note_in(slots.opens, opens.issues());
        self.note_in(slots.closes, closes.issues());
        for (column, unread) in
            [(slots.opens, matches!(opens, Reading::Unread(_))), (slots.closes, matches!(closes, Reading::Unread(_)))]
        {
            if let Some(column) = column.filter(|_| unread) {
                self.keep(column);
            }
        }
        match (opens, closes) {
            (Reading::Value(opens, a), Reading::Value(closes, b)) => match Span::between(opens, closes) {
                Ok((span, c)) => {
                    opening.spans.push(span);
                    opening.take(a.and(b).and(c), from);
                    opening.sources.push(trim(to));
                    self.note_in(slots.opens, c);
                }
                Err(issue) => {
                    self.note_in(slots.opens, Issues::one(issue));
                    [slots.opens, slots.closes].into_iter().flatten().for_each(|column| self.keep(column));
                }
            },
            (Reading::Value(opens, issues), _) => {
                opening.opens = Some(opens);
                opening.take(issues, from);
                self.note_in(slots.opens, Issues::one(Issue::HoursIncomplete));
            }
            (_, Reading::Value(closes, issues)) => {
                opening.closes = Some(closes);
                opening.take(issues, to);
                self.note_in(slots.closes, Issues::one(Issue::HoursIncomplete));
            }
            _ => {}
        }
    }

    /// A column whose mark means all day. Times that are given count for more.
    fn all_day(&mut self, opening: &mut Opening<'r>) {
        let Some(column) = self.plan.slots.hours.all_day else { return };
        let cell = self.row.cell(column);
        let reading = if is_all_day(cell) { Reading::value(true) } else { flag(cell, FlagFamily::Presence) };
        match reading {
            Reading::Value(true, Issues::NONE) if !opening.has_times() => opening.spans.push(Span::ALL_DAY),
            Reading::Value(true, Issues::NONE) if opening.spans == [Span::ALL_DAY] => {}
            Reading::Value(false, Issues::NONE) | Reading::Empty(_) => {}
            Reading::Value(..) | Reading::Unread(_) => {
                self.note(column, reading.issues());
                self.keep(column);
            }
        }
    }

    /// Ranges in a column of text. They must not overwrite times that have columns of their own.
    fn ranges(&mut self, opening: &mut Opening<'r>) {
        let Some(column) = self.plan.slots.hours.hours else { return };
        let cell = self.row.cell(column);
        if opening.has_times() {
            let reading = hours(cell);
            self.note(column, reading.issues());
            match reading {
                Reading::Value(spans, _) if spans == opening.spans => {}
                Reading::Value(..) | Reading::Unread(_) => self.keep(column),
                Reading::Empty(_) => {}
            }
            return;
        }
        let reading = opening.read(cell);
        self.note(column, reading.issues());
        if let Reading::Unread(_) = reading {
            self.keep(column);
        }
    }

    fn note_in(&mut self, column: Option<usize>, issues: Issues) {
        if let Some(column) = column {
            self.note(column, issues);
        }
    }
}

impl<'r> Opening<'r> {
    /// Takes the times in a cell of text, and the days that it names where no other column does.
    fn read(&mut self, cell: &'r str) -> Reading<()> {
        let reading = hours(cell);
        let issues = reading.issues();
        match reading {
            Reading::Value(spans, _) => self.spans = spans,
            Reading::Unread(_) if self.days.is_empty() => match weekly(cell) {
                Reading::Value(groups, issues) => {
                    self.weekly = groups;
                    self.take(issues, cell);
                    return Reading::Value((), issues);
                }
                // 平日のみ says the days and no times.
                _ => match days(cell) {
                    Reading::Value(days, issues) => {
                        self.days = days;
                        self.take(issues, cell);
                        return Reading::Value((), issues);
                    }
                    _ => return Reading::Unread(issues),
                },
            },
            Reading::Unread(issues) => return Reading::Unread(issues),
            Reading::Empty(issues) => return Reading::Empty(issues),
        }
        self.take(issues, cell);
        Reading::Value((), issues)
    }

    fn take(&mut self, issues: Issues, source: &'r str) {
        self.issues = self.issues.and(issues);
        self.sources.push(trim(source));
    }

    fn has_times(&self) -> bool {
        !self.spans.is_empty() || !self.weekly.is_empty() || self.opens.is_some() || self.closes.is_some()
    }

    fn specification(&self) -> Vec<Json> {
        let entry_on = |days: &[Day], opens: Option<Time>, closes: Option<Time>| {
            let mut entry = Map::new();
            if !days.is_empty() {
                entry.insert("dayOfWeek".to_owned(), days.iter().map(|day| Json::from(day.name())).collect());
            }
            for (key, time) in [("opens", opens), ("closes", closes)] {
                if let Some(time) = time {
                    entry.insert(key.to_owned(), Json::from(time.to_string()));
                }
            }
            Json::Object(entry)
        };
        let entry = |opens, closes| entry_on(&self.days, opens, closes);
        if !self.weekly.is_empty() {
            let spans = self.weekly.iter().flat_map(|(days, spans)| spans.iter().map(move |span| (days, span)));
            spans.map(|(days, span)| entry_on(days, Some(span.opens), Some(span.closes))).collect()
        } else if !self.spans.is_empty() {
            self.spans.iter().map(|span| entry(Some(span.opens), Some(span.closes))).collect()
        } else if self.has_times() || !self.days.is_empty() {
            vec![entry(self.opens, self.closes)]
        } else {
            Vec::new()
        }
    }
}
