//! Files that cannot be imported: each is refused with a sentence that names the file and says what to do.

use std::fs::File;
use std::io::{Cursor, Write as _};
use std::time::{Duration, Instant};

use hiroba_importers::report::Language;
use hiroba_importers::{ImportError, limits};
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

use crate::archives::zip;
use crate::{import, import_with, named, options, samples};

fn message(name: &str, bytes: impl Into<Vec<u8>>) -> String {
    let error = import(named(name, bytes)).unwrap_err();
    assert_is_japanese(&error);
    error.to_string()
}

/// In Japanese, only what a library says stays English, in brackets.
fn assert_is_japanese(error: &ImportError) {
    let text = error.to_text_in(Language::Japanese);
    let outside: String = text.split('（').map(|part| part.rsplit('）').next().unwrap_or_default()).collect();
    let words: Vec<&str> = outside.split(' ').collect();
    let is_word = |text: &str| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphabetic());
    assert!(text.contains(error.file()) && text != error.to_string(), "{text}");
    assert!(!words.windows(2).any(|pair| is_word(pair[0]) && is_word(pair[1])), "{text}");
}

const HEADER: &str = "NO,名称,住所,緯度,経度,設置位置\n";

#[test]
fn bytes_that_are_no_list_are_refused_with_what_they_are_and_what_to_do() {
    let workbook = std::fs::read(samples().join("public_facility_old.xlsx")).unwrap();
    let half = workbook[..workbook.len() / 2].to_vec();
    let old_workbook = std::fs::read(samples().join("preschool_current.xls")).unwrap()[..3000].to_vec();
    let noise: Vec<u8> = (0..5000u32).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8 | 0x80).collect();
    let with_nul = [HEADER.as_bytes(), b"1,a\0b,\x01\x02c,,,\n"].concat();
    let open_quote =
        format!("{HEADER}1,みかん会館,番町,,,玄関\n2,\"りんご図書館,錦町,,,受付\n3,ぶどう体育館,浜ノ町,,,玄関\n");
    let cases: &[(&str, &[u8], &str)] = &[
        ("empty.csv", b"", "empty.csv is empty. Check that the download"),
        ("blank.csv", b"\r\n  \r\n", "blank.csv is empty."),
        (
            "error.csv",
            b"<!DOCTYPE html><html><body>404 Not Found</body></html>",
            "error.csv is a web page (HTML). Download",
        ),
        ("feed.csv", b"<?xml version=\"1.0\"?><rss/>", "feed.csv is an XML document."),
        ("list.pdf", b"%PDF-1.7\n%\xE2\xE3", "list.pdf is a PDF document. Publish the table itself"),
        ("lists.zip", &zip(&[("a.csv", b"NO\n")]), "lists.zip/a.csv: no header row"),
        ("list.csv.gz", &[0x1F, 0x8B, 8, 0], "list.csv.gz is compressed (gzip). Unpack it first."),
        ("half.xlsx", &half, "half.xlsx: the archive is damaged"),
        ("broken.xlsx", &zip(&[("xl/workbook.xml", b"<workbook")]), "broken.xlsx: the workbook cannot be read"),
        ("half.xls", &old_workbook, "half.xls: the workbook cannot be read"),
        ("nul.csv", &with_nul, "nul.csv is no text but binary data. Give a CSV"),
        ("noise.csv", &noise, "is no character in UTF-8, CP932 (Shift_JIS) or EUC-JP. Open the file where it was made"),
        ("open.csv", open_quote.as_bytes(), "open.csv, row 3: a quotation mark (\") opens here and is never closed"),
        (
            "half.geojson",
            b"{\"type\":\"FeatureCollection\",\n\"features\":[{",
            "half.geojson, row 2: the JSON is damaged",
        ),
        (
            "cut.geojson",
            "{\"features\":[\n{\"properties\":{\"名称\":\"あ\"}},\n{\"properties\":{\"名称\" \"い\"}}]}".as_bytes(),
            "cut.geojson, row 3: the JSON is damaged",
        ),
        ("number.geojson", b"{\"features\":[\n1]}", "number.geojson, row 2: the JSON is damaged ('1' does not belong"),
        ("open.geojson", b"{\"features\":[}", "open.geojson, row 1: the JSON is damaged"),
        ("more.geojson", b"{\"features\":[]}\n{}", "more.geojson, row 2: the JSON is damaged"),
        ("other.json", b"{\"a\":1}", "other.json: this is JSON but no GeoJSON FeatureCollection"),
        ("one.csv", "こんにちは\n".as_bytes(), "one.csv: no header row was found in the first 1 rows."),
        ("title.csv", "公共施設一覧\n".as_bytes(), "title.csv: no header row was found in the first 1 rows."),
        ("header.csv", "品名,色,大きさ\n".as_bytes(), "header.csv: no header row was found in the first 1 rows."),
        ("numbers.csv", b"1,2,3\n4,5,6\n", "numbers.csv: no header row was found in the first 2 rows."),
    ];
    for (name, bytes, expected) in cases {
        let message = message(name, *bytes);
        assert!(message.starts_with(name) && message.contains(expected), "{name}: {message}");
    }
}

#[test]
fn a_place_without_a_file_is_refused_by_its_name() {
    let folder = tempfile::tempdir().unwrap();
    let directory = import(folder.path()).unwrap_err();
    assert!(matches!(directory, ImportError::Directory { .. }), "{directory}");
    assert_is_japanese(&directory);
    let missing = import(folder.path().join("避難所.csv")).unwrap_err().to_string();
    assert!(missing.starts_with("避難所.csv: cannot be read: "), "{missing}");
}

#[test]
fn an_option_that_names_nothing_tells_what_there_is() {
    let dataset = crate::Options { dataset: Some("shelters".to_owned()), ..options() };
    let error = import_with(samples().join("aed_old.csv"), dataset).unwrap_err().to_string();
    assert!(
        error.starts_with("aed_old.csv: there is no data set 'shelters'. There is: ") && error.contains("aed"),
        "{error}"
    );
    let sheet = crate::Options { sheet: Some("Sheet9".to_owned()), ..options() };
    let error = import_with(samples().join("public_facility_old.xlsx"), sheet).unwrap_err();
    assert_is_japanese(&error);
    assert_eq!(
        error.to_string(),
        "public_facility_old.xlsx: there is no sheet 'Sheet9'. There is: 公共施設一覧, 記入要領."
    );
}

#[test]
fn a_byte_that_is_no_character_is_pointed_at() {
    // 0x81 0x20 is no character in any of the encodings.
    let bytes = [HEADER.as_bytes(), "1,みかん会館,".as_bytes(), &[0x81, 0x20, b'\n']].concat();
    let at = bytes.len() - 3;
    let Err(ImportError::Undecodable { offset, line, .. }) = import(named("list.csv", bytes)) else {
        panic!("decoded")
    };
    // CP932 reads the kana of UTF-8 as something until it meets what it cannot.
    assert!(offset <= at as u64 && (1..=2).contains(&line), "{offset} {line}");
}

#[test]
fn a_workbook_that_unpacks_to_more_than_the_limit_is_refused_without_being_held() {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let zeros = vec![b' '; 1 << 20];
    zip.start_file("xl/workbook.xml", SimpleFileOptions::default()).unwrap();
    for _ in 0..=limits::WORKBOOK_UNPACKED >> 20 {
        zip.write_all(&zeros).unwrap();
    }
    let bomb = zip.finish().unwrap().into_inner();
    assert!(bomb.len() < 2 << 20, "{}", bomb.len());
    assert_eq!(
        message("bomb.xlsx", bomb),
        "bomb.xlsx: the unpacked workbook exceeds the limit of 512 MiB. Split the file, or export it as CSV."
    );
}

#[test]
fn a_small_workbook_whose_cells_reach_far_is_refused_before_room_is_made_for_them() {
    let workbook = std::fs::read(samples().join("preschool_current.xls")).unwrap();
    let reaching = |record: [u8; 4], at: usize, bytes: &[u8]| {
        let mut workbook = workbook.clone();
        let start = workbook.windows(4).rposition(|window| window == record).unwrap() + 4 + at;
        workbook[start..start + bytes.len()].copy_from_slice(bytes);
        workbook
    };
    let spreadsheet = |row: &str| {
        let name = "urn:oasis:names:tc:opendocument:xmlns";
        let content = format!(
            "<office:document-content xmlns:office=\"{name}:office:1.0\" xmlns:table=\"{name}:table:1.0\" \
             xmlns:text=\"{name}:text:1.0\"><office:body><office:spreadsheet><table:table table:name=\"一覧\">{row}\
             <table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell \
             table:number-columns-repeated=\"16384\"/></table:table-row></table:table></office:spreadsheet>\
             </office:body></office:document-content>"
        );
        let kind = "application/vnd.oasis.opendocument.spreadsheet";
        zip(&[("mimetype", kind.as_bytes()), ("content.xml", content.as_bytes()), ("META-INF/manifest.xml", b"<m/>")])
    };
    let cell = |columns: u32| {
        format!(
            "<table:table-cell office:value-type=\"string\" table:number-columns-repeated=\"{columns}\"><text:p>あ</text:p>\
             </table:table-cell>"
        )
    };
    let rows = |rows: u32, cell: &str| {
        format!("<table:table-row table:number-rows-repeated=\"{rows}\">{cell}</table:table-row>")
    };
    let far = rows(1, &cell(1)) + &rows(900_000, "<table:table-cell/>") + &rows(1, &cell(1000));
    for (name, bytes) in [
        ("declared.xls", reaching([0x00, 0x02, 0x0E, 0x00], 4, &0x7FFF_FFFF_u32.to_le_bytes())),
        ("filled.xls", reaching([0xFD, 0x00, 0x0A, 0x00], 0, &[0xFF; 4])),
        ("repeated.ods", spreadsheet(&rows(1_000_000, &cell(1000)))),
        ("blank.ods", spreadsheet(&far)),
    ] {
        assert_eq!(
            message(name, bytes),
            format!(
                "{name}: the sheet exceeds the limit of 20000000 cells and 16384 columns. Split the file, or export it as CSV."
            )
        );
    }
    // What every office program writes at the end of a table takes no room.
    assert_eq!(import(named("usual.ods", spreadsheet(&rows(2, &cell(3))))).unwrap().report.header_row, 1);
}

#[test]
fn a_line_of_a_gigabyte_is_refused_at_the_limit_without_being_read_to_its_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("endless.csv");
    let mut file = File::create(&path).unwrap();
    file.write_all(HEADER.as_bytes()).unwrap();
    file.write_all(&vec![b'a'; 64 * 1024]).unwrap();
    // The rest is a hole: it takes no room on the disk.
    file.set_len(1 << 30).unwrap();
    let started = Instant::now();
    let error = import(path).unwrap_err().to_string();
    assert_eq!(
        error,
        "endless.csv, row 2: the record exceeds the limit of 4 MiB. Split the file, or export it as CSV."
    );
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[test]
fn every_limit_of_a_row_is_refused_with_the_row() {
    let cell = "あ".repeat(limits::RECORD / 3 + 1);
    let long = format!("{HEADER}1,みかん会館,,,,\n2,{cell},,,,\n");
    assert_eq!(
        message("long.csv", long),
        "long.csv, row 3: the record exceeds the limit of 4 MiB. Split the file, or export it as CSV."
    );
    let wide = format!("{HEADER}1{}\n", ",".repeat(limits::COLUMNS + 1));
    assert!(
        message("wide.csv", wide).starts_with("wide.csv, row 2: the number of columns exceeds the limit of 16384.")
    );
    let quoted = format!("{HEADER}1,\"{}", "い,\n".repeat(limits::RECORD / 4));
    assert!(message("quoted.csv", quoted).starts_with("quoted.csv, row 2: a quotation mark"));
}

#[test]
fn a_text_without_columns_is_no_table_and_a_list_of_one_column_is() {
    for text in [
        "お世話になっております。\nよろしく。\n",
        "添付のとおりお送りします\n確認をお願いします\n",
        "This is the letter.\nIt has two lines.\n",
    ] {
        let told = message("l.csv", text);
        assert!(told.starts_with("l.csv is a text without columns. Give the file with the table"), "{told}");
    }
    for list in
        ["町名\n一番町\n二番町\n", "分別できますか？\nはい\nいいえ\n", "名称\n中央公園\n", "路線名\n1号線\n2号線\n"]
    {
        import(named("list.csv", list)).unwrap();
    }
}

#[test]
fn no_data_set_is_named_that_is_not_near() {
    let far = import(named("kotoba.csv", "見出し語,語釈\nあまがえる,小さな蛙\nいぬ,四つ足\n")).unwrap();
    assert!(far.report.is_own);
    assert_eq!(far.report.nearest, None);
}
