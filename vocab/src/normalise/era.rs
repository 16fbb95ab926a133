//! Japanese eras.

use jiff::civil::Date;

use crate::issue::{Issue, Issues};

/// An era by the ways in which it is written.
#[derive(Debug)]
pub(super) struct Era {
    names: &'static [&'static str],
    /// Year 1 is this plus one.
    base: i16,
    /// First day, as (year, month, day).
    first: (i16, i8, i8),
    /// Last day; the current era has none.
    last: Option<(i16, i8, i8)>,
}

/// Longer names first: 昭和 before 昭.
const ERAS: [Era; 5] = [
    Era { names: &["令和", "㋿", "令", "R", "r"], base: 2018, first: (2019, 5, 1), last: None },
    Era { names: &["平成", "㍻", "平", "H", "h"], base: 1988, first: (1989, 1, 8), last: Some((2019, 4, 30)) },
    Era { names: &["昭和", "㍼", "昭", "S", "s"], base: 1925, first: (1926, 12, 25), last: Some((1989, 1, 7)) },
    Era { names: &["大正", "㍽", "大", "T", "t"], base: 1911, first: (1912, 7, 30), last: Some((1926, 12, 25)) },
    Era { names: &["明治", "㍾", "明", "M", "m"], base: 1867, first: (1868, 1, 25), last: Some((1912, 7, 30)) },
];

impl Era {
    /// The era that `text` begins with, and what follows its name. A single kanji or letter counts only before a
    /// digit or 元, so that 大字 or "Main" is no era.
    pub(super) fn split(text: &str) -> Option<(&'static Self, &str)> {
        ERAS.iter().find_map(|era| {
            era.names.iter().find_map(|name| {
                let rest = text.strip_prefix(name)?.trim_start();
                let year = rest.starts_with(|c: char| c.is_ascii_digit() || c == '元');
                let first_year = rest.starts_with('元');
                (year || (name.chars().count() > 1 && first_year)).then_some((era, rest))
            })
        })
    }

    /// The Western year of a year of the era.
    pub(super) fn year(&self, year: i16) -> i16 {
        self.base + year
    }

    /// What is odd about a date of the era: it is outside. `known` is how much of the date is: 1 for the year, 2 with the
    /// month, 3 with the day.
    pub(super) fn issues(&self, date: Date, known: usize) -> Issues {
        let part = |(year, month, day): (i16, i8, i8)| match known {
            1 => (year, 0, 0),
            2 => (year, month, 0),
            _ => (year, month, day),
        };
        let date = part((date.year(), date.month(), date.day()));
        let outside = date < part(self.first) || self.last.is_some_and(|last| date > part(last));
        Issues::one(if outside { Issue::EraOverflow } else { Issue::EraConverted })
    }
}

/// Whether a day lies before 1873-01-01, when Japan took the Gregorian calendar.
pub(super) fn is_lunar(date: Date) -> bool {
    date.year() < 1873
}
