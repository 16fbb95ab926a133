//! The short name of a table that is no data set, from the name of its file: the same for every edition of the table.

use hiroba_vocab::Datasets;
use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::character::nfkc;
use hiroba_vocab::normalise::code::LocalGovernmentCode;

/// Characters of a short name.
const LONGEST: usize = 60;

/// Words that any file may bear.
const EMPTY: [&str; 32] = [
    "list",
    "lists",
    "data",
    "dataset",
    "table",
    "export",
    "download",
    "file",
    "book",
    "book1",
    "sheet",
    "sheet1",
    "output",
    "opendata",
    "open",
    "csv",
    "xlsx",
    "xls",
    "geojson",
    "一覧",
    "一覧表",
    "データ",
    "リスト",
    "オープンデータ",
    "表",
    "名簿",
    "utf8",
    "utf",
    "sjis",
    "shiftjis",
    "cp932",
    "bom",
];
/// Words that tell editions apart, and not tables.
const EDITION: [&str; 12] =
    ["copy", "コピー", "最新", "最新版", "new", "old", "ver", "latest", "更新", "現在", "時点", "末現在"];

/// The short name, from the first of some texts that says anything: the file's name, a title, a sheet's name. Dates, codes
/// of local governments and words for an edition are left out. Letters of any script stay; ids percent-encode them.
pub(super) fn slug(file: &str, others: &[&str]) -> String {
    let stem = without_extension(file);
    let texts: Vec<Vec<String>> = std::iter::once(stem).chain(others.iter().copied()).map(words).collect();
    let speaks = |words: &&Vec<String>| words.iter().any(|word| !EMPTY.contains(&word.as_str()));
    let found = texts.iter().find(speaks).or_else(|| texts.iter().find(|words| !words.is_empty()));
    let joined = found.map(|words| words.join("_")).unwrap_or_default();
    let mut slug: String = joined.chars().take(LONGEST).collect();
    if slug.is_empty() {
        "table".clone_into(&mut slug);
    }
    // What bears a data set's name and is none must not be taken for it.
    if Datasets::published().get(&slug).is_some() {
        slug.push_str("_table");
    }
    slug
}

/// The short name of one of several tables that share the name of their file. Here dates tell tables apart.
pub(crate) fn slug_of_part(slug: &str, name: &str) -> String {
    let folded = nfkc(without_extension(name)).to_lowercase();
    let pieces = folded.split(|c: char| !c.is_alphanumeric() && c != 'ー').filter(|piece| !piece.is_empty());
    let part: String = pieces.collect::<Vec<_>>().join("_").chars().take(LONGEST).collect();
    if part.is_empty() { slug.to_owned() } else { format!("{slug}_{part}") }
}

/// A title for people: the text without extension, dates and codes.
pub(super) fn title(text: &str) -> String {
    words(without_extension(text)).join(" ")
}

fn without_extension(file: &str) -> &str {
    match file.rsplit_once('.') {
        Some((stem, extension)) if !stem.is_empty() && extension.len() <= 8 && extension.is_ascii() => stem,
        _ => file,
    }
}

/// The words of a text in lower case.
fn words(text: &str) -> Vec<String> {
    let folded = nfkc(text).to_lowercase();
    let copies = folded.trim_end();
    // A browser's second download: list (1).csv.
    let copies = match copies.strip_suffix(')').and_then(|rest| rest.rsplit_once('(')) {
        Some((rest, digits)) if !digits.is_empty() && digits.bytes().all(|b| b.is_ascii_digit()) => rest,
        _ => copies,
    };
    let plain = without_eras(copies);
    let keeps = |word: &str| !word.is_empty() && !EDITION.contains(&word) && !is_era_date(word);
    let mut words = Vec::new();
    // Behind a year stand month and day: r7_10, 2025-10-01.
    let mut after_year = false;
    for piece in plain.split(|c: char| !c.is_alphanumeric() && c != 'ー').filter(|piece| !piece.is_empty()) {
        let is_number = piece.bytes().all(|b| b.is_ascii_digit());
        if after_year && is_number && piece.len() <= 2 {
            continue;
        }
        after_year = is_era_date(piece) || is_number && piece.len() == 4 && is_date_or_code(piece);
        words.extend(split_off_digits(piece).into_iter().filter(|word| keeps(word)).map(str::to_owned));
    }
    words
}

/// The text without 令和6年4月1日 and 2024年度, and without the time of the day.
fn without_eras(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match date_length(rest) {
            0 => {
                kept.push(first);
                rest = rest.get(first.len_utf8()..).unwrap_or_default();
            }
            length => {
                kept.push(' ');
                rest = rest.get(length..).unwrap_or_default();
            }
        }
    }
    kept
}

/// How many bytes of a Japanese date a text begins with; 0 if it begins with none.
fn date_length(text: &str) -> usize {
    let era = ["令和", "平成", "昭和", "大正", "明治"].into_iter().find(|era| text.starts_with(era));
    let mut rest = era.map_or(text, |era| text.get(era.len()..).unwrap_or_default());
    let mut parts = 0;
    for unit in ["年", "月", "日"] {
        let digits = rest.trim_start_matches(|c: char| c.is_ascii_digit());
        let digits =
            if parts == 0 && digits.len() == rest.len() { rest.strip_prefix('元').unwrap_or(rest) } else { digits };
        match digits.strip_prefix(unit) {
            Some(behind) if digits.len() < rest.len() => {
                rest = behind;
                parts += 1;
            }
            _ => break,
        }
    }
    if parts == 0 {
        return 0;
    }
    rest = rest.strip_prefix('度').unwrap_or(rest);
    for word in ["末現在", "現在", "時点", "分", "版"] {
        if let Some(behind) = rest.strip_prefix(word) {
            rest = behind;
            break;
        }
    }
    text.len() - rest.len()
}

/// A word without the runs of digits at its ends that are dates or codes: bicycleparking20180901.
fn split_off_digits(word: &str) -> Vec<&str> {
    let tail = word.trim_end_matches(|c: char| c.is_ascii_digit());
    let (head, last) = word.split_at(tail.len());
    let head = if is_date_or_code(last) { head } else { word };
    let rest = head.trim_start_matches(|c: char| c.is_ascii_digit());
    let (first, behind) = head.split_at(head.len() - rest.len());
    vec![if is_date_or_code(first) { behind } else { head }]
}

/// 20240401, 202404, 2024, 240401 is left; 372013, 37201.
fn is_date_or_code(digits: &str) -> bool {
    let Ok(number) = digits.parse::<u32>() else { return false };
    let year = |n: u32| (1900..2100).contains(&n);
    let month = |n: u32| (1..=12).contains(&n);
    let known = |code: LocalGovernmentCode| Municipalities::all().get(code).is_some();
    match digits.len() {
        8 => year(number / 10_000) && month(number / 100 % 100),
        6 => year(number / 100) && month(number % 100) || LocalGovernmentCode::parse(digits).is_some_and(known),
        5 => known(LocalGovernmentCode::with_check(number)),
        4 => year(number),
        _ => false,
    }
}

/// r6, h30, r060401.
fn is_era_date(word: &str) -> bool {
    let digits = word.trim_start_matches(['r', 'h', 's']);
    word.len() == digits.len() + 1
        && matches!(digits.len(), 1 | 2 | 4 | 6)
        && digits.bytes().all(|b| b.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_edition_of_a_table_has_the_same_short_name() {
        for (file, slug_of_it) in [
            ("takamatsu_sandbag_location.csv", "takamatsu_sandbag_location"),
            ("372013_sandbag_20240401.csv", "sandbag"),
            ("372013_sandbag_20250401 (2).CSV", "sandbag"),
            ("Sandbag-2025.xlsx", "sandbag"),
            ("令和6年度図書館一覧.xlsx", "図書館一覧"),
            ("図書館一覧（令和７年４月１日現在）.xlsx", "図書館一覧"),
            ("図書館一覧_R6.csv", "図書館一覧"),
            ("bicycleparking20180901.csv", "bicycleparking"),
            ("献立表_R7_10.csv", "献立表"),
            ("menu-2025-10-01.csv", "menu"),
            ("menu_10.csv", "menu_10"),
            ("aed.csv", "aed_table"),
        ] {
            assert_eq!(slug(file, &[]), slug_of_it, "{file}");
        }
    }

    #[test]
    fn a_sheet_is_told_apart_by_its_name_with_its_dates() {
        assert_eq!(slug_of_part("統計", "令和６年 (確報)"), "統計_令和6年_確報");
        assert_eq!(slug_of_part("統計", "***"), "統計");
    }

    #[test]
    fn a_name_that_says_nothing_gives_way_to_title_and_sheet() {
        assert_eq!(slug("20240401.csv", &["町字コード一覧", "Sheet1"]), "町字コード一覧");
        assert_eq!(slug("list.csv", &["", "休日当番"]), "休日当番");
        assert_eq!(slug("list.csv", &[]), "list");
        assert_eq!(slug("2024.csv", &[]), "table");
        assert_eq!(slug("", &[]), "table");
    }
}
