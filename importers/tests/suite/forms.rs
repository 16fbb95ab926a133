//! One table in the many forms in which it can be published: encodings, separators, workbooks, titles, merged cells.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use encoding_rs::{EUC_JP, ISO_2022_JP, SHIFT_JIS};
use hiroba_importers::Options;
use serde_json::json;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::{csv, import, import_with, named, options, samples};

const TABLE: &str = "\
都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,住所,緯度,経度,設置位置,電話番号
372013,1,香川県,高松市,みかん会館,ミカンカイカン,香川県高松市番町一丁目2-3,34.341000,134.045111,1階ロビー,087-000-0001
372013,2,香川県,高松市,①髙橋図書館,タカハシトショカン,香川県高松市錦町二丁目5,34.346222,134.041333,受付,087-000-0002
";

/// A table of text as a workbook with one sheet.
pub(crate) fn xlsx(table: &[Vec<&str>], merged: &[&str]) -> Vec<u8> {
    let mut rows = String::new();
    for (row, cells) in (1..).zip(table) {
        write!(rows, "<row r=\"{row}\">").unwrap();
        for (column, cell) in ('A'..).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            write!(rows, "<c r=\"{column}{row}\" t=\"inlineStr\"><is><t>{cell}</t></is></c>").unwrap();
        }
        rows.push_str("</row>");
    }
    let merged: String = merged.iter().map(|area| format!("<mergeCell ref=\"{area}\"/>")).collect();
    workbook(&format!("<sheetData>{rows}</sheetData><mergeCells>{merged}</mergeCells>"), &[])
}

/// A workbook with one sheet, in the few parts that a workbook needs. `formats` are those of the styles from 1 on.
pub(crate) fn workbook(sheet: &str, formats: &[&str]) -> Vec<u8> {
    let main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    let office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let package = "http://schemas.openxmlformats.org/package/2006/relationships";
    let (mut codes, mut styles) = (String::new(), String::from("<xf numFmtId=\"0\"/>"));
    for (id, format) in (200..).zip(formats) {
        write!(codes, "<numFmt numFmtId=\"{id}\" formatCode=\"{format}\"/>").unwrap();
        write!(styles, "<xf numFmtId=\"{id}\" applyNumberFormat=\"1\"/>").unwrap();
    }
    parts(&[
        (
            "_rels/.rels",
            &format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" Type=\"{office}/officeDocument\" Target=\"xl/workbook.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/workbook.xml",
            &format!(
                "<workbook xmlns=\"{main}\" xmlns:r=\"{office}\"><sheets><sheet name=\"一覧\" sheetId=\"1\" r:id=\"r1\"/></sheets></workbook>"
            ),
        ),
        (
            "xl/_rels/workbook.xml.rels",
            &format!(
                "<Relationships xmlns=\"{package}\"><Relationship Id=\"r1\" Type=\"{office}/worksheet\" Target=\"worksheets/sheet1.xml\"/><Relationship Id=\"r2\" Type=\"{office}/styles\" Target=\"styles.xml\"/></Relationships>"
            ),
        ),
        (
            "xl/styles.xml",
            &format!("<styleSheet xmlns=\"{main}\"><numFmts>{codes}</numFmts><cellXfs>{styles}</cellXfs></styleSheet>"),
        ),
        ("xl/worksheets/sheet1.xml", &format!("<worksheet xmlns=\"{main}\">{sheet}</worksheet>")),
    ])
}

/// A table of text as an OpenDocument spreadsheet.
pub(crate) fn ods(table: &[Vec<&str>]) -> Vec<u8> {
    let mut rows = String::new();
    for cells in table {
        rows.push_str("<table:table-row>");
        for cell in cells {
            write!(rows, "<table:table-cell office:value-type=\"string\"><text:p>{cell}</text:p></table:table-cell>")
                .unwrap();
        }
        rows.push_str("</table:table-row>");
    }
    open_document(&rows)
}

/// An OpenDocument spreadsheet with one sheet of rows as they stand in the file.
pub(crate) fn open_document(rows: &str) -> Vec<u8> {
    let name = "urn:oasis:names:tc:opendocument:xmlns";
    parts(&[
        ("mimetype", "application/vnd.oasis.opendocument.spreadsheet"),
        (
            "content.xml",
            &format!(
                "<office:document-content xmlns:office=\"{name}:office:1.0\" xmlns:table=\"{name}:table:1.0\" xmlns:text=\"{name}:text:1.0\"><office:body><office:spreadsheet><table:table table:name=\"一覧\">{rows}</table:table></office:spreadsheet></office:body></office:document-content>"
            ),
        ),
        ("META-INF/manifest.xml", &format!("<manifest:manifest xmlns:manifest=\"{name}:manifest:1.0\"/>")),
    ])
}

fn parts(parts: &[(&str, &str)]) -> Vec<u8> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (name, text) in parts {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

pub(crate) fn cells(table: &str) -> Vec<Vec<&str>> {
    table.lines().map(|line| line.split(',').collect()).collect()
}

#[test]
fn the_encoding_is_found_and_changes_no_entity() {
    let utf16 = |mark: &[u8], bytes: fn(u16) -> [u8; 2]| {
        [mark, &TABLE.encode_utf16().flat_map(bytes).collect::<Vec<_>>()].concat()
    };
    let encoded = |encoding: &'static encoding_rs::Encoding, text: &str| encoding.encode(text).0.into_owned();
    // JIS X 0208 has neither ① nor 髙; EUC-JP has the latter in a third plane that its encoder leaves out.
    let plain = TABLE.replace("①髙橋", "高橋");
    let cases: [(&str, Vec<u8>, &str); 9] = [
        ("UTF-8", TABLE.into(), TABLE),
        ("UTF-8 with BOM", ["\u{FEFF}", TABLE].concat().into(), TABLE),
        ("UTF-16LE", utf16(&[0xFF, 0xFE], u16::to_le_bytes), TABLE),
        ("UTF-16BE", utf16(&[0xFE, 0xFF], u16::to_be_bytes), TABLE),
        ("UTF-16LE", utf16(&[], u16::to_le_bytes), TABLE),
        ("UTF-16BE", utf16(&[], u16::to_be_bytes), TABLE),
        ("CP932 (Shift_JIS)", encoded(SHIFT_JIS, TABLE), TABLE),
        ("EUC-JP", encoded(EUC_JP, &plain), &plain),
        ("ISO-2022-JP", encoded(ISO_2022_JP, &plain), &plain),
    ];
    for (format, bytes, text) in cases {
        let imported = import(named("list.csv", bytes)).unwrap();
        assert_eq!(imported.report.format, format);
        assert_eq!(imported.entities, csv(text).entities, "{format}");
        assert_eq!(imported.all("/name/languageMap/ja")[0], "みかん会館");
    }
}

#[test]
fn separators_and_line_ends_change_no_entity() {
    let expected = csv(TABLE).entities;
    for (what, text) in [
        ("tabs", TABLE.replace(',', "\t")),
        ("semicolons", TABLE.replace(',', ";")),
        ("bars", TABLE.replace(',', "|")),
        ("bars with blanks around", TABLE.replace(',', " | ")),
        ("CRLF", TABLE.replace('\n', "\r\n")),
        ("CR", TABLE.replace('\n', "\r")),
        ("no line end at the end", TABLE.trim_end().to_owned()),
        ("quoted", TABLE.lines().map(|line| format!("\"{}\"\n", line.replace(',', "\",\""))).collect()),
        ("quoted by apostrophes", TABLE.lines().map(|line| format!("'{}'\n", line.replace(',', "','"))).collect()),
        ("a stray NUL", TABLE.replace("会館", "会\0館").replace("みかん会\0館", "みかん会館\0")),
        ("NULs at the end", format!("{TABLE}\0\0\0")),
        ("CR with quoted cells", TABLE.replace("受付", "\"受付\"").replace('\n', "\r")),
        ("blank lines between", TABLE.replace('\n', "\n\n")),
        ("commas after the last column", TABLE.replace('\n', ",,,\n")),
    ] {
        assert_eq!(csv(&text).entities, expected, "{what}");
    }
}

#[test]
fn workbooks_hold_the_same_table_whatever_they_are_called() {
    let expected = csv(TABLE).entities;
    let cases = [
        ("list.xlsx", xlsx(&cells(TABLE), &[]), "Excel workbook (XLSX)", false),
        ("list.csv", xlsx(&cells(TABLE), &[]), "Excel workbook (XLSX)", true),
        ("list.ods", ods(&cells(TABLE)), "OpenDocument spreadsheet (ODS)", false),
        ("list.xls", TABLE.into(), "UTF-8", true),
    ];
    for (name, bytes, format, misnamed) in cases {
        let imported = import(named(name, bytes)).unwrap();
        assert_eq!((imported.report.format, imported.report.misnamed), (format, misnamed), "{name}");
        assert_eq!(imported.entities, expected, "{name}");
    }
}

#[test]
fn what_stands_above_the_header_is_kept_apart_and_counted() {
    for (above, row, lines) in [
        ("", 1, 0),
        ("AED設置箇所一覧\n", 2, 1),
        ("AED設置箇所一覧,,\n\n令和8年4月1日現在,,\n", 4, 2),
        ("作成,危機管理課\n更新,2026-04-01\n\n\n", 5, 2),
    ] {
        let imported = csv(&format!("{above}{TABLE}"));
        assert_eq!((imported.report.header_row, imported.report.rows_above_header), (row, lines), "{above:?}");
        assert_eq!(imported.counts(), "2 = 2 + 0 + 0 + 0", "{above:?}");
    }
}

#[test]
fn a_header_of_two_rows_is_read_as_one() {
    let table = "名称,住所,緯度,経度,災害種別,,,想定収容人数\n,,,,洪水,地震,津波,\n\
                 もも小学校,東京都練馬区練馬1-17-1,35.738248,139.653361,○,○,×,300\n\
                 なし公園,東京都練馬区石神井町3-23-8,35.743631,139.606268,×,○,×,900\n";
    let imported = csv(table);
    assert_eq!(imported.report.dataset, "evacuation_space");
    assert_eq!(imported.all("/hazardTypes"), [json!(["flood", "earthquake"]), json!(["earthquake"])]);
    assert_eq!(imported.all("/hazardTypesExcluded"), [json!(["tsunami"]), json!(["flood", "tsunami"])]);
    assert_eq!(imported.counts(), "2 = 2 + 0 + 0 + 0");
}

#[test]
fn a_merged_cell_speaks_for_every_row_that_it_covers_and_for_no_other() {
    let table = [
        vec!["NO", "名称", "住所", "設置位置", "電話番号", "備考"],
        vec!["1", "みかん会館", "高松市番町1", "1階", "087-000-0001", ""],
        vec!["2", "", "", "2階", "", ""],
        vec!["3", "りんご図書館", "高松市錦町2", "受付", "", ""],
    ];
    let imported = import(named("aed.xlsx", xlsx(&table, &["B2:B3", "C2:C3", "E2:E3"]))).unwrap();
    let names = imported.all("/name/languageMap/ja");
    assert_eq!(names, ["みかん会館", "みかん会館", "りんご図書館"]);
    assert_eq!(imported.all("/installationPosition"), ["1階", "2階", "受付"]);
    assert_eq!(imported.all("/telephone"), [json!("087-000-0001"), json!("087-000-0001"), json!(null)]);
    let filled = imported.report.issues.iter().filter(|issue| issue.code == "filled-down");
    assert_eq!(filled.map(|issue| issue.count).sum::<u64>(), 3);
}

#[test]
fn a_group_name_that_stands_once_is_filled_down_in_a_csv_file_too() {
    let table = "分類,名称,住所,緯度,経度\n公園,あ公園トイレ,高松市番町1,34.341111,134.045111\n,い公園トイレ,高松市番町2,34.342222,134.045222\n\
                 ,う公園トイレ,高松市番町3,34.343333,134.045333\n駅,え駅トイレ,高松市番町4,34.344444,134.045444\n,お駅トイレ,高松市番町5,34.345555,134.045555\n";
    assert_eq!(csv(table).all("/category"), ["公園", "公園", "公園", "駅", "駅"]);
}

#[test]
fn the_sheet_that_fits_best_is_read_and_hidden_sheets_are_not() {
    let file = samples().join("public_facility_old.xlsx");
    assert_eq!(import(file.clone()).unwrap().report.sheet.as_deref(), Some("公共施設一覧"));
    let wanted = |sheet: &str| Options { sheet: Some(sheet.to_owned()), ..options() };
    assert_eq!(import_with(file.clone(), wanted("公共施設一覧")).unwrap().report.rows.entities, 3);
    assert!(import_with(file, wanted("作業用")).is_err());
}

#[test]
fn geojson_may_begin_with_a_mark_and_hold_numbers_and_nothing() {
    let text = std::fs::read_to_string(samples().join("public_toilet_current.geojson")).unwrap();
    let marked = import(named("toilets.json", format!("\u{FEFF}{text}"))).unwrap();
    assert_eq!(marked.entities, import(named("toilets.geojson", text)).unwrap().entities);
    assert_eq!(marked.all("/mensToilets"), [json!(3), json!(null), json!(null)]);
    assert_eq!(marked.all("/location/type"), [json!("Point"), json!("Polygon"), json!(null)]);
}

#[test]
fn geojson_is_read_feature_by_feature_wherever_they_stand_in_the_document() {
    let feature = r#"{"type":"Feature","properties":{"名称":"みかん\"公園\" {トイレ]","所在地_連結表記":"高松市番町1","緯度":1},
        "geometry":{"type":"Point","coordinates":[134.045111,34.341111]}}"#;
    let expected = import(named("t.geojson", format!("{{\"features\":[{feature}]}}"))).unwrap().entities;
    assert_eq!(expected.len(), 1);
    for document in [
        format!("{{\"type\":\"FeatureCollection\",\"features\":[{feature}]}}"),
        format!(
            "{{ \"features\" : [ {feature} ] , \"crs\":{{\"features\":[1,2,\"]\"]}}, \"n\":[1,[2]], \"b\":null }}\n"
        ),
        format!(
            "{{\"name\":\"features\",\"other\":[1],\"a\":{{\"features\":[{{}}]}},\"features\":[{feature}],\"bbox\":[1.5,-2]}}"
        ),
    ] {
        assert_eq!(import(named("t.geojson", document.clone())).unwrap().entities, expected, "{document}");
    }
}
