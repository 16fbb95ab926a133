//! Kanji numerals as digits, for reading dates, times and counts.

use std::borrow::Cow;

/// The text with each run of kanji numerals as digits: 二〇二四年 is 2024年, 三十一日 is 31日, 百二十人 is 120人. A run that is
/// no number, or one above 9999, stays.
pub(super) fn fold_numerals(text: &str) -> Cow<'_, str> {
    if !text.contains(is_numeral) {
        return text.into();
    }
    let mut folded = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(is_numeral) {
        let (before, from) = rest.split_at(start);
        let end = from.find(|c| !is_numeral(c)).unwrap_or(from.len());
        let (run, after) = from.split_at(end);
        folded.push_str(before);
        match number(run) {
            Some(digits) => folded.push_str(&digits),
            None => folded.push_str(run),
        }
        rest = after;
    }
    folded.push_str(rest);
    folded.into()
}

fn is_numeral(c: char) -> bool {
    digit(c).is_some() || unit(c).is_some()
}

fn digit(c: char) -> Option<u32> {
    "〇一二三四五六七八九".chars().zip(0..).find(|(numeral, _)| *numeral == c).map(|(_, digit)| digit)
}

fn unit(c: char) -> Option<u32> {
    [('十', 10), ('百', 100), ('千', 1000)].iter().find(|(numeral, _)| *numeral == c).map(|(_, unit)| *unit)
}

/// 二〇二四 digit by digit, 二千二十四 by its units, largest first.
fn number(run: &str) -> Option<String> {
    if run.chars().all(|c| digit(c).is_some()) {
        return (run.chars().count() <= 4).then(|| run.chars().filter_map(digit).map(|d| d.to_string()).collect());
    }
    let (mut total, mut pending, mut smallest) = (0, None, u32::MAX);
    for c in run.chars() {
        match (digit(c), unit(c)) {
            (Some(digit), _) if pending.is_none() => pending = Some(digit),
            (_, Some(unit)) if unit < smallest => {
                total += pending.take().unwrap_or(1) * unit;
                smallest = unit;
            }
            _ => return None,
        }
    }
    Some((total + pending.unwrap_or(0)).to_string())
}
