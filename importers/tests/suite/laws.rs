//! What holds for any file.

use encoding_rs::SHIFT_JIS;
use proptest::prelude::*;
use serde_json::Value as Json;

use crate::{Imported, import, import_with, named, options};

const COLUMNS: [&str; 9] =
    ["都道府県コード又は市区町村コード", "NO", "名称", "住所", "緯度", "経度", "設置位置", "電話番号", "備考"];

/// Cells that look like what lists hold, and some that do not. All of them are in CP932.
fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => Just(String::new()),
        2 => "[0-9]{1,6}",
        2 => "[あ-んア-ヴー市役所公民館一二三]{1,6}",
        1 => "3[34]\\.[0-9]{2,7}",
        1 => "13[45]\\.[0-9]{2,7}",
        1 => prop::sample::select(vec!["合計", "なし", "-", "※注意すること", "欠番", "372013", "087-000-0001", "①②㈱髙", "記入例", "名称"]).prop_map(str::to_owned),
        1 => "[ -~]{0,12}",
    ]
}

/// Rows of nine cells.
fn rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    prop::collection::vec(prop::collection::vec(cell(), COLUMNS.len()), 0..12)
}

fn quoted(cell: &str) -> String {
    format!("\"{}\"", cell.replace('"', "\"\""))
}

/// A CSV file with its columns in a given order.
fn file(rows: &[Vec<String>], order: &[usize]) -> String {
    let line = |cells: &dyn Fn(usize) -> String| {
        order.iter().map(|at| quoted(&cells(*at))).collect::<Vec<_>>().join(",") + "\n"
    };
    let header = line(&|at| COLUMNS[at].to_owned());
    rows.iter().map(|row| line(&|at| row[at].clone())).fold(header, |text, line| text + &line)
}

/// As an AED list whatever it looks like, so that nothing depends on how likely it is.
fn aed(bytes: impl Into<Vec<u8>>) -> Imported {
    import_with(named("list.csv", bytes), crate::Options { dataset: Some("aed".to_owned()), ..options() }).unwrap()
}

const IN_ORDER: [usize; 9] = [0, 1, 2, 3, 4, 5, 6, 7, 8];

proptest! {
    #[test]
    fn no_bytes_panic_and_every_refusal_names_the_file(
        bytes in prop::collection::vec(any::<u8>(), 0..600),
        head in prop::sample::select(vec![&b""[..], b"PK\x03\x04", b"\xD0\xCF\x11\xE0\xA1\xB1\x1A\xE1", b"{\"features\":[", b"\xFF\xFE", b"\xEF\xBB\xBF", "名称,住所,緯度,経度,設置位置\n".as_bytes()]),
    ) {
        if let Err(error) = import(named("anything.csv", [head, &bytes].concat())) {
            prop_assert!(error.to_string().starts_with("anything.csv"), "{error}");
            prop_assert_eq!(error.file(), "anything.csv");
        }
    }

    #[test]
    fn no_damage_to_a_workbook_panics(at in 0usize..12_000, byte in any::<u8>(), cut in any::<bool>()) {
        for name in ["public_facility_old.xlsx", "preschool_current.xls"] {
            let mut bytes = std::fs::read(crate::samples().join(name)).unwrap();
            let at = at % bytes.len();
            if cut { bytes.truncate(at) } else { bytes[at] = byte }
            // What is left of it either imports with every row accounted for, or is refused by name.
            if let Err(error) = import(named(name, bytes)) {
                prop_assert!(error.to_string().starts_with(name), "{error}");
            }
        }
    }

    #[test]
    fn every_row_is_an_entity_merged_set_aside_or_refused(text in "([名称住所緯経,\"0-9あ-お合計※\n]|,|\n){0,200}") {
        // The helper compares outcomes, counts and what the first pass expected. Only an open quote is no list.
        let text = format!("NO,名称,住所,緯度,経度,設置位置\n{text}");
        let as_aed = crate::Options { dataset: Some("aed".to_owned()), ..options() };
        match import_with(named("list.csv", text), as_aed) {
            Ok(imported) => prop_assert_eq!(imported.entities.len() as u64, imported.report.rows.entities),
            Err(error) => prop_assert!(matches!(error, crate::ImportError::OpenQuote { .. }), "{error}"),
        }
    }

    #[test]
    fn as_many_rows_are_read_as_there_are_lines(rows in rows()) {
        let imported = aed(file(&rows, &IN_ORDER));
        prop_assert_eq!(imported.report.rows.read, rows.len() as u64);
        prop_assert_eq!(imported.entities.len() as u64, imported.report.rows.entities);
    }

    #[test]
    fn the_same_file_twice_gives_the_same_entities_with_ids_of_their_own(rows in rows()) {
        let text = file(&rows, &IN_ORDER);
        let (first, second) = (aed(text.clone()), aed(text));
        prop_assert_eq!(&first.outcomes, &second.outcomes);
        let mut ids: Vec<String> = first.all("/id").iter().map(Json::to_string).collect();
        ids.sort_unstable();
        ids.dedup();
        prop_assert_eq!(ids.len(), first.entities.len());
    }

    #[test]
    fn the_order_of_columns_changes_no_entity(rows in named_rows(), order in Just(IN_ORDER.to_vec()).prop_shuffle()) {
        let (straight, shuffled) = (aed(file(&rows, &IN_ORDER)), aed(file(&rows, &order)));
        prop_assert_eq!(straight.entities, shuffled.entities);
    }

    #[test]
    fn another_encoding_changes_no_entity(rows in rows()) {
        let text = file(&rows, &IN_ORDER);
        let (bytes, _, lost) = SHIFT_JIS.encode(&text);
        prop_assert!(!lost, "{text}");
        prop_assert_eq!(aed(text.clone()).entities, aed(bytes.into_owned()).entities);
    }
}

/// Rows that are things whatever stands beside their name: where a row says little, which cell comes first matters.
fn named_rows() -> impl Strategy<Value = Vec<Vec<String>>> {
    let row = (prop::collection::vec(cell(), COLUMNS.len()), "[あ-ん]{2,6}会館", 1u32..9);
    prop::collection::vec(row, 1..12).prop_map(|rows| {
        let fill = |(mut cells, name, lot): (Vec<String>, String, u32)| {
            cells[0] = "372013".to_owned();
            cells[2] = name;
            cells[3] = format!("香川県高松市番町{lot}");
            cells[6] = "玄関".to_owned();
            cells
        };
        rows.into_iter().map(fill).collect()
    })
}
