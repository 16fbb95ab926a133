//! Opening hours that name their days: 平日 8:30～17:15, 月～金 9:00～17:00、土 9:00～12:00.

use super::Reading;
use super::character::{content, fold_width, is_blank};
use super::days::{Day, days};
use super::hours::{Span, hours};
use super::html::without_html;
use crate::issue::{Issue, Issues};

/// Days of the week, Monday first, and when it is open on them.
pub type Weekly = (Vec<Day>, Vec<Span>);

/// Groups of days with their ranges of times, in the order of the text. What stands in brackets or behind ※, and a closing
/// word without a time (日祝休み), is a condition: it is left aside and noted.
///
/// Nothing is read where a range has no days, or one day has two groups: then nobody knows what holds.
pub fn weekly(cell: &str) -> Reading<Vec<Weekly>> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let decoded = without_html(text);
    let folded = fold_width(decoded.as_deref().unwrap_or(text)).replace(['\n', '\r'], " ");
    let (plain, remarks) = without_remarks(&folded);
    match groups(&plain) {
        Some((groups, conditional)) => {
            let issues = Issues::NONE.with_if(remarks || conditional, Issue::HoursConditional);
            Reading::Value(groups, issues.with_if(decoded.is_some(), Issue::HtmlRemoved))
        }
        None => Reading::unread(Issue::HoursUnread),
    }
}

/// The text without what stands in brackets and what follows ※, and whether there was any. 月～金(祝日を除く) 9:00～17:00.
fn without_remarks(text: &str) -> (String, bool) {
    let mut plain = String::with_capacity(text.len());
    let (mut depth, mut found) = (0_usize, false);
    for c in text.chars() {
        match c {
            '※' | '。' if depth == 0 => return (plain, true),
            '(' | '（' | '[' | '【' | '〔' => {
                depth += 1;
                found = true;
            }
            ')' | '）' | ']' | '】' | '〕' => depth = depth.saturating_sub(1),
            c if depth == 0 => plain.push(c),
            _ => {}
        }
    }
    (plain, found)
}

fn groups(text: &str) -> Option<(Vec<Weekly>, bool)> {
    let is_mark = |c: char| is_blank(c) || matches!(c, ':' | '、' | ',' | '/' | ';' | '・' | 'は');
    let mut groups: Vec<Weekly> = Vec::new();
    let mut rest = text.trim_matches(is_mark);
    while !rest.is_empty() {
        let Some(times) = rest.find(begins_time) else {
            // What is said of the other days: 日祝は休み.
            return (!groups.is_empty() && is_closing(rest)).then_some((groups, true));
        };
        let (label, behind) = rest.split_at(times);
        let Reading::Value(named, issues) = days(label.trim_matches(is_mark)) else { return None };
        // An exception among the days (祝日を除く) would be lost between two groups.
        if !issues.is_empty() || groups.iter().any(|(known, _)| named.iter().any(|day| known.contains(day))) {
            return None;
        }
        let end = behind.find(begins_days).unwrap_or(behind.len());
        let (ranges, after) = behind.split_at(end);
        let Reading::Value(spans, noticed) = hours(ranges.trim_matches(is_mark)) else { return None };
        if noticed.contains(Issue::HoursConditional) {
            return None;
        }
        groups.push((named, spans));
        rest = after.trim_start_matches(is_mark);
    }
    (!groups.is_empty()).then_some((groups, false))
}

fn begins_time(c: char) -> bool {
    c.is_ascii_digit() || matches!(c, '午' | '正')
}

/// Whether a character begins the name of a day behind a time. 翌日 is none: 翌 comes first.
fn begins_days(c: char) -> bool {
    matches!(c, '月' | '火' | '水' | '木' | '金' | '土' | '祝' | '平' | '毎' | '日')
}

fn is_closing(text: &str) -> bool {
    let words = ["休み", "休館", "休業", "休診", "定休", "閉館", "不可", "閉庁", "休"];
    words.iter().any(|word| text.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(cell: &str) -> String {
        match weekly(cell) {
            Reading::Value(groups, issues) => {
                let group = |(days, spans): &Weekly| {
                    let days: String = days.iter().map(|day| day.name().get(..2).unwrap_or_default()).collect();
                    let spans: Vec<String> = spans.iter().map(|s| format!("{}-{}", s.opens, s.closes)).collect();
                    format!("{days} {}", spans.join(","))
                };
                let note = if issues.contains(Issue::HoursConditional) { " *" } else { "" };
                groups.iter().map(group).collect::<Vec<_>>().join("; ") + note
            }
            _ => "-".to_owned(),
        }
    }

    #[test]
    fn hours_that_name_their_days_are_read_day_by_day() {
        for (cell, expected) in [
            ("平日 8:45～17:00", "MoTuWeThFr 08:45-17:00"),
            ("平日８：３０～１７：１５", "MoTuWeThFr 08:30-17:15"),
            ("月～金　9時～17時", "MoTuWeThFr 09:00-17:00"),
            ("月～金：9:00～17:00、土：9:00～12:00", "MoTuWeThFr 09:00-17:00; Sa 09:00-12:00"),
            ("月曜日から金曜日 9:00～17:00", "MoTuWeThFr 09:00-17:00"),
            (
                "月～金\n9:00～12:00、13:00～17:00\n土\n9:00～12:00",
                "MoTuWeThFr 09:00-12:00,13:00-17:00; Sa 09:00-12:00",
            ),
            ("月～金（祝日を除く） 8:30～17:15", "MoTuWeThFr 08:30-17:15 *"),
            ("平日 8:30～17:15（年末年始を除く）", "MoTuWeThFr 08:30-17:15 *"),
            ("火～土 10:00～18:00、日祝は休み", "TuWeThFrSa 10:00-18:00 *"),
            ("平日 午前9時～午後5時 土日祝 午前10時～午後4時", "MoTuWeThFr 09:00-17:00; SaSuPu 10:00-16:00"),
            ("毎日 24時間", "MoTuWeThFrSaSu 00:00-24:00"),
            // Nobody knows what holds.
            ("平日 9:00～17:00、月 9:00～12:00", "-"),
            ("9:00～17:00 土 9:00～12:00", "-"),
            ("月・木 14:00～17:00、第5週 休み", "-"),
            ("4月～9月 9:30～17:00", "-"),
            ("平日のみ", "-"),
            ("9:00～17:00", "-"),
        ] {
            assert_eq!(shown(cell), expected, "{cell}");
        }
    }
}
