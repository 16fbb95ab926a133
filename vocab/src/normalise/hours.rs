//! Opening hours: a pair of times, or a text that holds one or more ranges.

use super::Reading;
use super::character::{content, fold_width, is_blank, is_hyphen, is_tilde};
use super::html::without_html;
use super::numeral::fold_numerals;
use super::time::{Clock, Half, Time, take_clock};
use crate::issue::{Issue, Issues};

/// From opening to closing. A closing time before the opening time is on the next day.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// When it opens.
    pub opens: Time,
    /// When it closes.
    pub closes: Time,
}

impl Span {
    /// All day.
    pub const ALL_DAY: Self = Self { opens: Time::START, closes: Time::END };

    /// The range between two times. 00:00 to 00:00, 23:59 or 24:00 is all day; other equal times are a mistake.
    ///
    /// # Errors
    /// [`Issue::TimesEqual`].
    pub fn between(opens: Time, closes: Time) -> Result<(Self, Issues), Issue> {
        if opens == Time::START && (closes == Time::START || closes.minutes() >= 23 * 60 + 59) {
            return Ok((Self::ALL_DAY, Issues::one(Issue::TimeAllDay)));
        }
        if opens == closes {
            return Err(Issue::TimesEqual);
        }
        Ok((Self { opens, closes }, Issues::NONE))
    }
}

/// Words that mean all day, every day. 随時 is not among them: it means on demand.
const ALL_DAY: [&str; 4] = ["24時間", "24h", "終日", "常時"];

/// Words that may follow them and change nothing.
const USE: [&str; 15] = [
    "営業",
    "利用",
    "使用",
    "対応",
    "開放",
    "開館",
    "開場",
    "稼働",
    "可能",
    "可",
    "ok",
    "です",
    "年中無休",
    "365日",
    "中",
];

/// Whether a text says all day in so many words.
pub fn is_all_day(cell: &str) -> bool {
    let key: String = fold_width(cell).chars().filter(|c| !is_blank(*c)).flat_map(char::to_lowercase).collect();
    let Some(mut rest) = ALL_DAY.iter().find_map(|word| key.strip_prefix(word)) else { return false };
    while let Some(after) = USE.iter().find_map(|word| rest.strip_prefix(word)) {
        rest = after;
    }
    rest.is_empty()
}

/// The ranges that a text such as `9:00～12:00、13:00～17:00` holds. A text with a condition (days, months, last entry)
/// gives its ranges only where there is no doubt about them.
pub fn hours(cell: &str) -> Reading<Vec<Span>> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    if is_all_day(text) {
        return Reading::Value(vec![Span::ALL_DAY], Issues::one(Issue::TimeAllDay));
    }
    if text.contains("随時") {
        return Reading::unread(Issue::TimeOnDemand);
    }
    let decoded = without_html(text);
    let folded = fold_width(decoded.as_deref().unwrap_or(text));
    let folded = if folded.contains('時') { fold_numerals(&folded) } else { folded };
    // A line break may stand inside a range, or before a remark.
    if folded.contains('\n')
        && let Ok((spans, issues)) = ranges(&folded.replace(['\n', '\r'], " "))
    {
        return Reading::Value(spans, issues.with_if(decoded.is_some(), Issue::HtmlRemoved));
    }
    let cut = folded.find(['(', '※', '*', '。', '\n', '[', '【']).unwrap_or(folded.len());
    let (main, remark) = folded.split_at(cut);
    let read = if is_all_day(main) { Ok((vec![Span::ALL_DAY], Issue::TimeAllDay.into())) } else { ranges(main) };
    match read {
        Ok((spans, issues)) => {
            let conditional = !remark.trim_matches(is_blank).is_empty();
            let issues = issues.with_if(decoded.is_some(), Issue::HtmlRemoved);
            Reading::Value(spans, issues.with_if(conditional, Issue::HoursConditional))
        }
        Err(issue) => Reading::unread(issue),
    }
}

fn ranges(text: &str) -> Result<(Vec<Span>, Issues), Issue> {
    let separator = |c: char| is_blank(c) || matches!(c, '、' | ',' | '/' | ';' | '・');
    let mut spans: Vec<Span> = Vec::new();
    let mut issues = Issues::NONE;
    let mut rest = text.trim_matches(separator);
    while !rest.is_empty() {
        let (opens, after) = take_clock(rest).ok_or(Issue::HoursUnread)?;
        let after = take_between(after).ok_or(Issue::HoursUnread)?;
        let next_day = after.strip_prefix("翌日").or_else(|| after.strip_prefix('翌'));
        let (closes, after) = take_clock(next_day.unwrap_or(after)).ok_or(Issue::HoursUnread)?;
        let (span, noticed) = span(opens, closes, next_day.is_some())?;
        // 9:00～17:00 10:00～16:00 are two seasons or two groups of days whose names are missing.
        if spans.last().is_some_and(|last| last.closes > span.opens) {
            return Err(Issue::HoursUnread);
        }
        spans.push(span);
        issues = issues.and(noticed);
        let after = ["の間", "まで"].iter().find_map(|word| after.strip_prefix(word)).unwrap_or(after);
        if !after.is_empty() && !after.starts_with(separator) {
            return Err(Issue::HoursUnread);
        }
        rest = after.trim_start_matches(separator);
    }
    if spans.is_empty() { Err(Issue::HoursUnread) } else { Ok((spans, issues)) }
}

/// What stands between the two times of a range: a tilde, a hyphen, a slash, から, to. The rest begins with the second time.
fn take_between(text: &str) -> Option<&str> {
    let text = text.trim_start_matches(is_blank);
    let after = text
        .strip_prefix("から")
        .or_else(|| text.strip_prefix("to "))
        .or_else(|| text.strip_prefix(|c| is_tilde(c) || is_hyphen(c) || matches!(c, '→' | '至' | '/')))?;
    Some(after.trim_start_matches(is_blank))
}

/// A range whose second half of the day may be left out: 午後1時～4時 is 13:00 to 16:00, 午前9時～4時 is 9:00 to 16:00. But
/// 午後10時～2時 ends on the next day.
fn span(opens: Clock, closes: Clock, next_day: bool) -> Result<(Span, Issues), Issue> {
    let (from, a) = opens.time?;
    let (mut to, b) = closes.time?;
    let mut issues = a.and(b);
    let left_out = opens.half.is_some() && closes.half.is_none() && !next_day;
    if left_out
        && (opens.half == Some(Half::Afternoon) || to <= from)
        && let Some(afternoon) = to.in_the_afternoon().filter(|afternoon| *afternoon > from)
    {
        to = afternoon;
        issues.add(Issue::HoursConditional);
    }
    let (span, noticed) = Span::between(from, to)?;
    Ok((span, issues.and(noticed)))
}
