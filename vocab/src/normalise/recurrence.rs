//! Days that come back: 毎週火・金曜日, 第２・４月曜日.

use super::Reading;
use super::character::{content, fold_width, is_blank, is_separator};
use super::days::{Day, days};
use crate::issue::Issue;

/// Days of the week, in every week or in some weeks of a month.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recurrence {
    /// Which weekdays, Monday first.
    pub days: Vec<Day>,
    /// The first, second, … of these days in a month. Empty for every week.
    pub weeks: Vec<u8>,
}

/// Reads days that come back. Anything more (holidays that are left out, months, several rules) is unread: half a rule
/// would send people out on the wrong day.
pub fn recurrence(cell: &str) -> Reading<Recurrence> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let folded = fold_width(text);
    let compact: String = folded.chars().filter(|c| !is_blank(*c)).collect();
    let Some((weeks, named)) = weeks(&compact) else { return Reading::unread(Issue::RecurrenceAsText) };
    match days(named) {
        Reading::Value(days, issues) if issues.is_empty() && !named.bytes().any(|b| b.is_ascii_digit()) => {
            Reading::value(Recurrence { days, weeks })
        }
        _ => Reading::unread(Issue::RecurrenceAsText),
    }
}

/// The weeks of `第2・4月曜日` and the text behind them; none for a text that names none.
fn weeks(text: &str) -> Option<(Vec<u8>, &str)> {
    if !text.starts_with('第') {
        return (!text.contains('第')).then_some((Vec::new(), text));
    }
    let mut weeks = Vec::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        match c {
            '1'..='5' => weeks.extend(c.to_digit(10).and_then(|n| u8::try_from(n).ok())),
            '第' | '週' => {}
            c if is_separator(c) || matches!(c, 'と' | '及' | 'び') => {}
            _ => break,
        }
        rest = &rest[c.len_utf8()..];
    }
    (!weeks.is_empty() && !rest.contains('第') && weeks.is_sorted_by(|a, b| a < b)).then_some((weeks, rest))
}
