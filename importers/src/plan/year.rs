//! The year that a file is about: for dates that leave it out.

use hiroba_vocab::normalise::character::fold_width;
use hiroba_vocab::normalise::date::{Moment, date};

/// The one year that a title, a sheet's name or the file's name says, if they do not say two: 令和8年度, 2026年, `20260401`.
pub(crate) fn of<'t>(texts: impl Iterator<Item = &'t str>) -> Option<i16> {
    let mut found: Option<i16> = None;
    for year in texts.flat_map(years) {
        if found.is_some_and(|known| known != year) {
            return None;
        }
        found = Some(year);
    }
    found
}

fn years(text: &str) -> Vec<i16> {
    let folded = fold_width(text);
    let eras = ["令和", "平成"].iter().flat_map(|era| folded.match_indices(era)).filter_map(|(at, _)| {
        let rest = &folded[at..];
        let end = rest.find('年').filter(|end| *end <= 16)?;
        western(&rest[..end + '年'.len_utf8()])
    });
    // Four digits are a year, eight a day; six may be a local government code.
    let digits = folded.split(|c: char| !c.is_ascii_digit()).filter(|run| run.starts_with("20"));
    let numbers = digits.filter(|run| matches!(run.len(), 4 | 8)).filter_map(western);
    eras.chain(numbers).collect()
}

fn western(text: &str) -> Option<i16> {
    match date(text, None).ok()? {
        Moment::Day(day) | Moment::Month(day) | Moment::Year(day) => Some(day.year()),
        Moment::Span(..) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::of;

    #[test]
    fn a_files_year_is_the_only_one_that_its_titles_say() {
        for (texts, expected) in [
            (&["令和8年4月1日現在"][..], Some(2026)),
            (&["イベント一覧（令和８年度）", "events_2026.csv"], Some(2026)),
            (&["events_20260805.csv"], Some(2026)),
            (&["372013_events.csv"], None),
            (&["202061_events.csv"], None),
            (&["2025年度", "2026年度"], None),
            (&["令和X年", "99999999"], None),
            (&[], None),
        ] {
            assert_eq!(of(texts.iter().copied()), expected, "{texts:?}");
        }
    }
}
