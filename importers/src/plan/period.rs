//! The month that a file is about, where its name or a title says so.

use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::code::local_government;
use hiroba_vocab::normalise::date::month_in_title;
use jiff::civil::Date;

/// The month in the titles, the sheet's name or the file's name: 令和8年7月分, `menu_202607.csv`, `menu_20260701.csv`.
pub(super) fn month(file: &str, sheet: Option<&str>, above: &[String]) -> Option<Date> {
    let titles = above.iter().map(String::as_str).chain(sheet).chain([file]);
    titles.filter_map(month_in_title).next().or_else(|| month_in_digits(file))
}

/// The last six or eight digits of a name that are a month of this century and no local government code.
fn month_in_digits(name: &str) -> Option<Date> {
    let runs = name.split(|c: char| !c.is_ascii_digit());
    let months = runs.filter(|run| matches!(run.len(), 6 | 8) && run.starts_with("20") && !is_municipality(run));
    months.filter_map(|run| Date::new(run.get(..4)?.parse().ok()?, run.get(4..6)?.parse().ok()?, 1).ok()).next_back()
}

/// 202011 is November 2020, and it is 長野市.
fn is_municipality(run: &str) -> bool {
    match local_government(run, None) {
        Reading::Value(code, _) => run.len() == 6 && Municipalities::all().get(code).is_some(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_or_a_title_says_which_month_a_file_is_about() {
        for (file, above, expected) in [
            ("lunch_202607.xlsx", "", Some("2026-07-01")),
            ("372013_school_lunch_20260701.csv", "", Some("2026-07-01")),
            ("202011_school_lunch.csv", "", None),
            ("202011_school_lunch_202612.csv", "", Some("2026-12-01")),
            ("lunch_202613.csv", "", None),
            ("lunch.csv", "令和8年7月分 献立表", Some("2026-07-01")),
            ("lunch.csv", "２０２６年１０月の献立", Some("2026-10-01")),
            ("lunch.csv", "毎月の献立", None),
            ("令和8年7月献立.csv", "", Some("2026-07-01")),
        ] {
            let found = month(file, None, &[above.to_owned()]).map(|month| month.to_string());
            assert_eq!(found.as_deref(), expected, "{file} {above}");
        }
    }
}
