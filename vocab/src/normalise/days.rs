//! Days of the week.

use super::Reading;
use super::character::{content, fold_width, is_blank, is_hyphen, is_tilde};
use crate::issue::{Issue, Issues};

/// A day of the week, or public holidays, which are no weekday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs, reason = "the days of the week explain themselves")]
pub enum Day {
    Monday,
    Tuesday,
    Wednesday,
    Thursday,
    Friday,
    Saturday,
    Sunday,
    /// 祝日
    PublicHolidays,
}

impl Day {
    /// Monday to Sunday.
    pub const WEEK: [Self; 7] =
        [Self::Monday, Self::Tuesday, Self::Wednesday, Self::Thursday, Self::Friday, Self::Saturday, Self::Sunday];

    /// The name in schema.org's DayOfWeek.
    pub fn name(self) -> &'static str {
        match self {
            Self::Monday => "Monday",
            Self::Tuesday => "Tuesday",
            Self::Wednesday => "Wednesday",
            Self::Thursday => "Thursday",
            Self::Friday => "Friday",
            Self::Saturday => "Saturday",
            Self::Sunday => "Sunday",
            Self::PublicHolidays => "PublicHolidays",
        }
    }

    fn of(c: char) -> Option<Self> {
        Some(match c {
            '月' | '1' => Self::Monday,
            '火' | '2' => Self::Tuesday,
            '水' | '3' => Self::Wednesday,
            '木' | '4' => Self::Thursday,
            '金' | '5' => Self::Friday,
            '土' | '6' => Self::Saturday,
            '日' | '7' => Self::Sunday,
            '祝' => Self::PublicHolidays,
            _ => return None,
        })
    }
}

/// Times of the year that stand beside days.
const SEASONS: [&str; 6] = ["年末年始", "お盆", "夏季休", "夏期休", "冬季休", "冬期休"];

/// The days that a text names, Monday first, each once: 月火水木金, 月～金, 平日, 土日祝, 毎日, 月;水;金, 毎週火・金曜日,
/// 12345, 0Mo0Fr, Mon.
///
/// The text says nothing of whether these are open or closed days: that is the column's meaning.
pub fn days(cell: &str) -> Reading<Vec<Day>> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let folded = fold_width(text);
    let compact: String = folded.chars().filter(|c| !is_blank(*c)).collect();
    if matches!(compact.as_str(), "毎日" | "年中無休" | "無休" | "全日" | "年中" | "年中利用可能" | "全曜日")
    {
        return Reading::value(Day::WEEK.to_vec());
    }
    if let Some(days) = coded(&compact) {
        return Reading::value(days);
    }
    // A blank separates, as 、 does: 月～金 祝日を除く.
    let compact: String = folded.trim().chars().map(|c| if is_blank(c) { '、' } else { c }).collect();
    let mut cut = compact.find(['(', '（', '※', '。', '[', '【']).unwrap_or(compact.len());
    // 年末年始 and the like are no days of the week; where they are excepted, so is what stands before them.
    if !compact.contains('除') {
        cut = SEASONS.iter().filter_map(|season| compact.find(season)).fold(cut, usize::min);
    }
    let (main, remark) = compact.split_at(cut);
    let main = main.strip_suffix("のみ").unwrap_or(main);
    // 12345 is a list of days by number; 7月 is a month.
    let digits = main.bytes().all(|b| (b'1'..=b'7').contains(&b));
    if !digits && main.contains(|c: char| c.is_ascii_digit() || c == '第') {
        return Reading::unread(Issue::DaysUnread);
    }
    let Some((mut days, excepted)) = scan(main.trim_end_matches(['、', '・', ',', ';', '/', '及', 'び', '･']))
    else {
        return Reading::unread(Issue::DaysUnread);
    };
    if days.is_empty() {
        return Reading::unread(Issue::DaysUnread);
    }
    days.sort_unstable();
    days.dedup();
    let conditional = excepted || !remark.is_empty();
    Reading::Value(days, Issues::NONE.with_if(conditional, Issue::DaysConditional))
}

/// Codes of the government's data model for dates (DS-441, each week: 0We, 0Mo0Fr), and English names: Mon, Monday, Mo-Fr.
/// Codes that name one week of a month (13Mo) are conditions, and not read.
fn coded(text: &str) -> Option<Vec<Day>> {
    if !text.is_ascii() || !text.contains(|c: char| c.is_ascii_alphabetic()) {
        return None;
    }
    let mut days: Vec<Day> = Vec::new();
    let mut range = false;
    let mut rest = text;
    while !rest.is_empty() {
        if let Some(after) = rest.strip_prefix([',', ';', '/', '.', '0']) {
            rest = after;
        } else if let Some(after) = rest.strip_prefix(['-', '~']).filter(|_| !days.is_empty() && !range) {
            range = true;
            rest = after;
        } else {
            let word = rest.split(|c: char| !c.is_ascii_alphabetic()).next()?;
            let day = named(word)?;
            if range {
                days.extend(between(*days.last()?, day)?);
                range = false;
            } else {
                days.push(day);
            }
            rest = rest.get(word.len()..)?;
        }
    }
    days.sort_unstable();
    days.dedup();
    (!days.is_empty() && !range).then_some(days)
}

/// A day by its English name or the first two or three letters of it.
fn named(word: &str) -> Option<Day> {
    Day::WEEK.into_iter().find(|day| {
        let name = day.name();
        [name, &name[..3], &name[..2]].iter().any(|form| form.eq_ignore_ascii_case(word))
    })
}

/// The days in a text without remarks, and whether an exception (祝日を除く) follows them.
fn scan(text: &str) -> Option<(Vec<Day>, bool)> {
    let mut days: Vec<Day> = Vec::new();
    // Whether what follows is joined to the day before it, so that an exception would be one of that day too.
    let mut joined = false;
    let mut rest = text.strip_prefix("毎週").unwrap_or(text);
    let mut range = false;
    while let Some(c) = rest.chars().next() {
        if let Some(after) = rest.strip_prefix("平日") {
            days.extend(&Day::WEEK[..5]);
            joined = true;
            rest = after;
        } else if let Some(after) = strip_holiday(rest) {
            if is_exception(after) {
                return (!joined || days.is_empty()).then_some((days, true));
            }
            days.push(Day::PublicHolidays);
            rest = after;
        } else if let Some(after) = rest.strip_prefix("曜日").or_else(|| rest.strip_prefix('曜')) {
            rest = after;
        } else if let Some(day) = Day::of(c) {
            if range {
                days.extend(between(*days.last()?, day)?);
                range = false;
            } else {
                days.push(day);
            }
            joined = true;
            rest = &rest[c.len_utf8()..];
        } else if let Some(after) = rest.strip_prefix("から").filter(|_| !days.is_empty()) {
            range = true;
            rest = after;
        } else if (is_tilde(c) || is_hyphen(c)) && !days.is_empty() {
            range = true;
            rest = &rest[c.len_utf8()..];
        } else if matches!(c, ';' | '；' | '・' | '、' | ',' | '/' | '･' | '，' | '及' | 'び' | 'と') {
            joined = joined && !matches!(c, '、' | ',' | '，' | ';' | '；');
            rest = &rest[c.len_utf8()..];
            if rest.contains('除') && !rest.starts_with(|c| Day::of(c).is_some()) {
                return Some((days, true));
            }
        } else {
            return None;
        }
    }
    (!range).then_some((days, false))
}

fn strip_holiday(text: &str) -> Option<&str> {
    ["祝祭日", "祝休日", "祝日", "祝"].iter().find_map(|word| text.strip_prefix(word))
}

/// Whether what was just named is taken out: 祝日を除く, 祝日・年末年始を除く.
fn is_exception(rest: &str) -> bool {
    rest.contains("除く") || rest.contains("除き")
}

/// The days after `from` up to `to`, both weekdays, around the week's end if need be.
fn between(from: Day, to: Day) -> Option<Vec<Day>> {
    let at = |day| Day::WEEK.iter().position(|d| *d == day);
    let (from, to) = (at(from)?, at(to)?);
    let steps = (to + 7 - from) % 7;
    Some((1..=steps).map(|step| Day::WEEK[(from + step) % 7]).collect())
}
