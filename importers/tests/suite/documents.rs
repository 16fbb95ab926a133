//! `docs/importing.md` says what the code does.

use std::path::Path;

use hiroba_importers::report::{Language, advice};
use hiroba_importers::{Import, Options, SetAside, limits};
use hiroba_vocab::Issue;

use crate::{options, samples};

fn document(name: &str) -> String {
    std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs").join(name)).unwrap()
}

/// The cells of the rows of all tables of a page.
fn table_rows(page: &str) -> Vec<Vec<&str>> {
    page.lines()
        .filter(|line| line.starts_with("| "))
        .map(|line| line.trim_matches('|').split(" | ").map(str::trim).collect())
        .collect()
}

#[test]
fn every_issue_is_listed_with_its_level_its_meaning_and_advice() {
    let page = document("importing.md");
    let rows = table_rows(&page);
    for issue in Issue::ALL {
        let code = format!("`{}`", issue.code());
        let row = rows.iter().find(|row| row[0] == code).unwrap_or_else(|| panic!("{code} is missing"));
        assert_eq!((row[1], row[2].replace('`', "").as_str()), (issue.level().word(), issue.sentence()), "{code}");
        assert_eq!(row[3].replace('`', ""), advice(issue.code(), Language::English), "{code}");
    }
}

#[test]
fn every_reason_for_setting_a_row_aside_is_listed() {
    use SetAside::{Blank, Explanation, Header, NoneHere, Note, Removed, Section, Template, Total};
    let page = document("importing.md");
    for reason in [Blank, Header, Explanation, Total, Note, Section, Removed, NoneHere, Template] {
        // A new reason does not compile here until it is listed above.
        match reason {
            Blank | Header | Explanation | Total | Note | Section | Removed | NoneHere | Template => {}
        }
        assert!(page.contains(&format!("| `{}` |", reason.code())), "{reason:?}");
    }
}

#[test]
fn every_limit_is_listed_with_its_value() {
    let page = document("importing.md");
    let rows = table_rows(&page);
    let mebibytes = |bytes: u64| format!("{} MiB ", bytes >> 20);
    let grouped = |number: u64| {
        let digits = number.to_string();
        let groups: Vec<&str> =
            digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
        groups.join(",") + " "
    };
    for (name, value) in [
        ("ROWS", grouped(limits::ROWS)),
        ("REMEMBERED", grouped(limits::REMEMBERED as u64)),
        ("COLUMNS", grouped(limits::COLUMNS as u64)),
        ("RECORD", mebibytes(limits::RECORD as u64)),
        ("JOINED", mebibytes(limits::JOINED as u64)),
        ("WORKBOOK", mebibytes(limits::WORKBOOK)),
        ("WORKBOOK_UNPACKED", mebibytes(limits::WORKBOOK_UNPACKED)),
        ("MAPPING", mebibytes(limits::MAPPING)),
        ("FEATURE", mebibytes(limits::FEATURE as u64)),
        ("GEOJSON_CELLS", grouped(limits::GEOJSON_CELLS)),
        ("ARCHIVE_MEMBERS", grouped(limits::ARCHIVE_MEMBERS as u64)),
        ("ARCHIVE_UNPACKED", mebibytes(limits::ARCHIVE_UNPACKED)),
        ("ARCHIVE_RATIO", grouped(limits::ARCHIVE_RATIO)),
        ("CELLS", grouped(limits::CELLS as u64)),
        ("HEADER_SEARCH", grouped(limits::HEADER_SEARCH as u64)),
        ("SAMPLE", grouped(limits::SAMPLE as u64)),
        ("EXAMPLES", grouped(limits::EXAMPLES as u64)),
        ("LISTED_CELLS", grouped(limits::LISTED_CELLS as u64)),
        ("LISTED", grouped(limits::LISTED as u64)),
    ] {
        let row = rows.iter().find(|row| row[0] == format!("`{name}`")).unwrap_or_else(|| panic!("{name} is missing"));
        assert!(row[1].starts_with(&value), "{name} is {value}, the page says {}", row[1]);
    }
}

#[test]
fn every_option_is_listed_with_its_flag() {
    // A new field does not compile here until it is listed below.
    let Options {
        now: _,
        dataset: _,
        mapping: _,
        mappings: _,
        sheet: _,
        municipality: _,
        publisher: _,
        licence: _,
        source: _,
        issued: _,
        modified: _,
    } = options();
    let page = document("importing.md");
    let rows = table_rows(&page);
    for field in [
        "dataset",
        "mapping",
        "mappings",
        "sheet",
        "municipality",
        "publisher",
        "licence",
        "source",
        "issued",
        "modified",
    ] {
        let found =
            rows.iter().any(|row| row[0].starts_with(&format!("`--{field} ")) && row[1] == format!("`{field}`"));
        assert!(found, "{field}");
    }
}

#[test]
fn the_report_on_the_page_is_the_report_of_today() {
    let mut import = Import::open(samples().join("aed_old.csv"), options()).unwrap();
    import.rows().unwrap().for_each(|outcome| drop(outcome.unwrap()));
    let report = format!(
        "$ hiroba import --dry-run aed_old.csv\n{}  published  nothing (--dry-run)\n",
        import.report().to_text()
    );
    assert!(document("importing.md").contains(&report), "{report}");
}

#[test]
fn the_number_of_real_lists_on_the_page_is_that_of_the_results() {
    let files = document("importing-results.md")
        .lines()
        .take_while(|line| !line.starts_with("## "))
        .filter(|line| line.starts_with("| `"))
        .count();
    assert!(document("importing.md").contains(&format!("for {files} lists of cities")), "{files}");
}

#[test]
fn every_part_of_the_quality_and_every_rule_of_form_is_listed() {
    let page = document("importing.md");
    let rows = table_rows(&page);
    let quality = crate::import(samples().join("aed_old.csv")).unwrap().report.quality;
    let row = |name: &str| rows.iter().find(|row| row[0] == format!("`{name}`")).unwrap_or_else(|| panic!("{name}"));
    assert_eq!(quality.parts.len(), 7);
    for part in quality.parts {
        assert_eq!(row(part.name)[1..], [part.weight.to_string().as_str(), part.sentence]);
    }
    for check in quality.form {
        assert_eq!(row(check.rule)[1..], [check.sentence]);
    }
}
