use std::collections::HashMap;

use hiroba_vocab::Datasets;
use hiroba_vocab::normalise::age::{AgeBand, Gender, band, covers_all_ages};
use hiroba_vocab::normalise::choice::choices;
use hiroba_vocab::normalise::event_dates::event_dates;
use hiroba_vocab::normalise::key::fold;

/// A reading as one line, without the brackets around the codes.
fn line<T: std::fmt::Display>(reading: &hiroba_vocab::normalise::Reading<T>) -> String {
    crate::shown(reading).replace(['[', ']'], "")
}

#[test]
fn a_header_says_whom_a_column_counts() {
    let (male, female) = (Some(Gender::Male), Some(Gender::Female));
    for (header, expected) in [
        ("0-4歳の男性", Some((Some(0), Some(4), male))),
        ("85歳以上の女性", Some((Some(85), None, female))),
        ("５～９歳男", Some((Some(5), Some(9), male))),
        ("女_10～14歳", Some((Some(10), Some(14), female))),
        ("0歳（女）", Some((Some(0), Some(0), female))),
        ("20-24歳", Some((Some(20), Some(24), None))),
        ("female_0_4", Some((Some(0), Some(4), female))),
        ("不詳者の男性", Some((None, None, male))),
        ("男性", None),
        ("man1", None),
        ("65歳以上の割合", None),
        ("9-5歳の男性", None),
        ("300歳以上", None),
        ("", None),
    ] {
        let found = band(header).map(|band| (band.from, band.to, band.gender));
        assert_eq!(found, expected, "{header}");
    }
}

#[test]
fn the_official_bands_of_each_gender_cover_every_age_once() {
    let population = Datasets::published().get("population").unwrap();
    let bands = population.columns.iter().filter_map(|column| band(&column.name)).collect::<Vec<AgeBand>>();
    assert_eq!(bands.len(), 36);
    let of = |gender| bands.iter().copied().filter(move |band| band.gender == Some(gender));
    assert!(covers_all_ages(of(Gender::Male)) && covers_all_ages(of(Gender::Female)));
    assert!(!covers_all_ages(of(Gender::Male).skip(1)), "the first is missing");
    assert!(!covers_all_ages(of(Gender::Male).take(17)), "the last is missing");
    assert!(!covers_all_ages(of(Gender::Male).chain(of(Gender::Male))), "twice");
    assert!(!covers_all_ages([]));
}

#[test]
fn days_of_an_event_are_read_as_far_as_they_are_certain() {
    let near = Some(jiff::civil::date(2026, 8, 22));
    for (cell, expected) in [
        ("8月5日（水）～8月16日（日）", "2026-08-05 2026-08-16 date-year-completed"),
        ("8月5日（水）～8月16日（日）\n※10日（月）以外", "2026-08-05 2026-08-16 date-conditional date-year-completed"),
        ("8月11日(火・祝)～9月23日(水・祝）", "2026-08-11 2026-09-23 date-year-completed"),
        ("8月12日（水）", "2026-08-12 2026-08-12 date-year-completed"),
        ("8月16日(日)まで", "- 2026-08-16 date-year-completed"),
        ("～9月25日(金)\nまで", "- 2026-09-25 date-year-completed"),
        ("9月5日(土)から", "2026-09-05 - date-year-completed"),
        ("12月28日(月)～1月3日(日)", "2026-12-28 2027-01-03 date-year-completed"),
        ("2026年8月5日～16日", "2026-08-05 2026-08-16"),
        ("令和8年8月5日～令和8年8月7日", "2026-08-05 2026-08-07 date-era"),
        ("2026-08-22", "2026-08-22 2026-08-22"),
        ("2026/8/5～2026/8/7", "2026-08-05 2026-08-07"),
        // The day of the week contradicts, or there is none to tell the year by.
        ("8月5日（木）", "unread date-without-year"),
        ("8月5日", "unread date-without-year"),
        ("2026年8月5日（木）", "unread date-unread"),
        ("9月4日、18日、10月2日、16日", "unread date-unread"),
        ("8・9月の試合日程", "unread date-unread"),
        ("8月16日(日)～8月5日(水)", "unread date-unread"),
        ("随時（要調整）", "unread date-unread"),
        ("-", "empty placeholder"),
    ] {
        let reading = event_dates(cell, near).map(|dates| {
            let word = |day: Option<jiff::civil::Date>| day.map_or("-".to_owned(), |day| day.to_string());
            format!("{} {}", word(dates.from), word(dates.to))
        });
        assert_eq!(line(&reading), expected, "{cell}");
    }
    assert_eq!(line(&event_dates("8月12日（水）", None).map(|_| "")), "unread date-without-year");
}

#[test]
fn a_short_form_becomes_the_word_of_the_list_only_where_it_is_certain() {
    let synonyms: HashMap<String, String> =
        [("リハ", "リハビリテーション科"), ("内", "内科")].map(|(a, b)| (fold(a), b.to_owned())).into();
    for (cell, expected) in [
        ("内;ﾘﾊ;心内", "内科/リハビリテーション科/心内 synonym-replaced"),
        ("内科、外科", "内科/外科"),
        ("内科;内", "内科 synonym-replaced"),
        ("血管外科 小児科", "血管外科/小児科"),
        ("腎臓外科（移植、透析）、麻酔科", "腎臓外科（移植、透析）/麻酔科"),
        ("「糖尿病・内分泌内科」", "「糖尿病・内分泌内科」"),
        ("", "empty"),
    ] {
        assert_eq!(line(&choices(cell, &[], &synonyms).map(|items| items.join("/"))), expected, "{cell}");
    }
}
