//! Mappings: what is written gives the same entities, what a person changes is followed, and mistakes are pointed at.

use hiroba_importers::{Import, ImportError, Mapping, Options};
use hiroba_vocab::column_iri;
use proptest::prelude::*;
use serde_json::json;

use crate::{Imported, import, import_with, named, options, samples};

const LIBRARIES: &str = "\
番号,館名,所在,緯度,経度,蔵書数,面積(㎡),電話,担当者,点字の有無,案内,備考
1,みかん図書館,高松市番町1丁目2-3,34.341111,134.045111,\"120,000\",1200.5,087-000-0001,広場,有,https://example.jp/1,
2,りんご図書館,高松市錦町2丁目3,34.346222,134.041333,8000,300,087-000-0002,川辺,無,https://example.jp/2,改修中
3,ぶどう図書館,高松市浜ノ町9-9,34.350111,134.046555,12000,450,087-000-0003,山野,有,https://example.jp/3,
";

fn mapping_of(name: &str, bytes: impl Into<Vec<u8>>) -> String {
    Import::open(named(name, bytes), options()).unwrap().mapping()
}

fn with_mapping(name: &str, bytes: impl Into<Vec<u8>>, mapping: &str) -> Result<Imported, ImportError> {
    let mapping = Mapping::parse("m.hiroba.toml", mapping)?;
    import_with(named(name, bytes), Options { mapping: Some(mapping), ..options() })
}

#[test]
fn every_sample_gives_the_same_entities_with_the_mapping_that_was_written_for_it() {
    let mut files = 0;
    for entry in std::fs::read_dir(samples()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&path).unwrap();
        if name.ends_with(".toml") {
            continue;
        }
        let straight = import(named(&name, bytes.clone())).unwrap();
        let mapping = mapping_of(&name, bytes.clone());
        let mapped =
            with_mapping(&name, bytes.clone(), &mapping).unwrap_or_else(|error| panic!("{name}: {error}\n{mapping}"));
        assert_eq!(straight.outcomes, mapped.outcomes, "{name}\n{mapping}");
        assert_eq!(mapped.report.mapping.as_deref(), Some("m.hiroba.toml"));
        files += 1;
    }
    assert!(files >= 12);
}

#[test]
fn the_mapping_of_a_table_is_what_the_snapshot_shows() {
    insta::with_settings!({ prepend_module_to_snapshot => false, omit_expression => true }, {
        insta::assert_snapshot!("libraries.hiroba.toml", mapping_of("372013_libraries_20260401.csv", LIBRARIES));
    });
}

#[test]
fn what_a_person_changes_is_followed() {
    let written = mapping_of("libraries.csv", LIBRARIES);
    let block = |header: &str| {
        let start = written.find(&format!("header = \"{header}\"")).unwrap();
        let end = written[start..].find("\n\n").map_or(written.len(), |length| start + length);
        written[start..end].to_owned()
    };
    let changed = written
        .replace("type = \"Record\"", "type = \"https://example.jp/Library\"")
        .replace(&block("担当者"), "header = \"担当者\"\nskip = true")
        .replace(&block("案内"), "header = \"案内\"\nreads = \"url\"\nattribute = \"url\"")
        .replace(
            &block("蔵書数"),
            "header = \"蔵書数\"\nreads = \"count\"\nattribute = \"https://example.jp/books\"\nunit = \"C62\"",
        )
        .replace(&block("備考"), "header = \"備考\"\nattribute = \"description\"\nlanguage = \"ja\"")
        .replace(
            &format!("identity = [{}", &written.split("identity = [").nth(1).unwrap().split('\n').next().unwrap()),
            "identity = [\"館名\"]",
        )
        .replace("# publisher = \"372013\"", "publisher = \"372021\"");
    let mapped =
        with_mapping("libraries.csv", LIBRARIES, &changed).unwrap_or_else(|error| panic!("{error}\n{changed}"));
    let entity = &mapped.entities[1];
    assert_eq!(entity["id"], "urn:ngsi-ld:Library:372021:libraries:2");
    assert_eq!(entity["type"], "https://example.jp/Library");
    assert_eq!(entity["url"], "https://example.jp/2");
    assert_eq!(entity["https://example.jp/books"], json!({"value": 8000, "unitCode": "C62"}));
    assert_eq!(entity["description"]["languageMap"]["ja"], "改修中");
    assert!(!entity.to_string().contains("川辺"), "{entity}");
    assert!(entity.get(column_iri("担当者").as_str()).is_none());
}

#[test]
fn a_mapping_says_that_a_table_is_a_data_set() {
    let text = "箱,どこ,くわしく\nAED-1,高松市番町1,玄関\n";
    let mapping = "dataset = \"aed\"\n[[column]]\nheader = \"箱\"\ncolumn = \"名称\"\n[[column]]\nheader = \"どこ\"\nreads = \"address\"\n\
                   [[column]]\nheader = \"くわしく\"\ncolumn = \"設置位置\"\n";
    let mapped = with_mapping("x.csv", text, mapping).unwrap();
    assert_eq!((mapped.report.dataset.as_str(), mapped.report.is_own), ("aed", false));
    assert_eq!(mapped.entities[0]["type"], "AED");
    assert_eq!(mapped.entities[0]["installationPosition"], "玄関");
    assert_eq!(mapped.entities[0]["address"]["addressLocality"], "高松市");
}

#[test]
fn a_mapping_finds_a_header_that_nobody_else_would() {
    let text = "作成 広場市,,\n2024,2025,\n1,2,区\n100,200,東\n";
    let mapping = "header-row = 3\ntype = \"Record\"\n[[column]]\nheader = \"区\"\nreads = \"name\"\n";
    let mapped = with_mapping("x.csv", text, mapping).unwrap();
    assert_eq!(mapped.report.header_row, 3);
    assert_eq!(mapped.all("/name/languageMap/ja"), ["東"]);
}

#[test]
fn a_mapping_is_found_beside_the_file_and_in_a_folder_by_the_columns() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("libraries.csv");
    std::fs::write(&file, LIBRARIES).unwrap();
    let mapping = mapping_of("libraries.csv", LIBRARIES).replace("slug = \"libraries\"", "slug = \"toshokan\"");
    let maps = folder.path().join("maps");
    std::fs::create_dir(&maps).unwrap();
    std::fs::write(maps.join("a.toml"), "[[column]]\nheader = \"ほかの列\"\n").unwrap();
    std::fs::write(maps.join("b.toml"), &mapping).unwrap();
    let in_folder = || Options { mappings: Some(maps.clone()), ..options() };
    let slug = |imported: Imported| (imported.report.dataset, imported.report.mapping);
    assert_eq!(slug(import(file.clone()).unwrap()), ("libraries".to_owned(), None));
    assert_eq!(
        slug(import_with(file.clone(), in_folder()).unwrap()),
        ("toshokan".to_owned(), Some("b.toml".to_owned()))
    );
    // The order of columns and the way in which they are typed do not matter; another column does.
    let shuffled = LIBRARIES.lines().map(|line| line.split_once(',').unwrap().1).collect::<Vec<_>>().join("\n");
    assert_eq!(slug(import_with(named("x.csv", shuffled), in_folder()).unwrap()).1, None);
    std::fs::write(folder.path().join("libraries.csv.hiroba.toml"), mapping.replace("toshokan", "beside")).unwrap();
    let beside = Some("libraries.csv.hiroba.toml".to_owned());
    assert_eq!(slug(import(file.clone()).unwrap()), ("beside".to_owned(), beside));
    let named_set = Options { dataset: Some("public_facility".to_owned()), ..options() };
    assert_eq!(slug(import_with(file, named_set).unwrap()), ("public_facility".to_owned(), None));
}

#[test]
fn mistakes_are_pointed_at_with_line_column_and_advice() {
    for (mapping, expected) in [
        (
            "type = \"Rekord\"\n",
            "m.hiroba.toml, line 1, column 8: 'Rekord' is no class of the vocabulary. Write Record, or an IRI",
        ),
        ("dataset = \"aeds\"\n", "m.hiroba.toml, line 1, column 11: there is no data set 'aeds'. There is: aed,"),
        (
            "dataset = \"aed\"\ntype = \"Record\"\n",
            "m.hiroba.toml, line 2, column 8: dataset and type exclude each other.",
        ),
        ("publisher = \"123456\"\n", "m.hiroba.toml, line 1, column 13: a 全国地方公共団体コード has six digits"),
        (
            "\n[[column]]\nheader = \"a\"\nattribute = \"tel\"\n",
            "m.hiroba.toml, line 4, column 13: 'tel' is no attribute. Write a term",
        ),
        (
            "[[column]]\nheader = \"a\"\ncolumn = \"名前だ\"\n",
            "m.hiroba.toml, line 3, column 10: no data set has a column '名前だ'.",
        ),
        (
            "[[column]]\nheader = \"a\"\nreads = \"telephone\"\n",
            "m.hiroba.toml, line 3, column 9: unknown variant `telephone`, expected one of",
        ),
        ("[[column]]\nheadr = \"a\"\n", "m.hiroba.toml, line 2, column 1: unknown field `headr`"),
        ("title-ja = 図書館\n", "m.hiroba.toml, line 1, column "),
        (
            "identity = [\"番\"]\n[[column]]\nheader = \"番号\"\n",
            "m.hiroba.toml, line 1, column 13: the table has no column '番'. Its columns are: 番号,",
        ),
        ("[[column]]\nheader = \"色\"\n", "m.hiroba.toml, line 1, column 1: the table has none of these columns."),
    ] {
        let message = with_mapping("libraries.csv", LIBRARIES, mapping).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{mapping}\n{message}");
    }
    let missing = Mapping::read(std::path::Path::new("nowhere.hiroba.toml")).unwrap_err().to_string();
    assert!(missing.starts_with("nowhere.hiroba.toml: cannot be read: "), "{missing}");
}

fn header() -> impl Strategy<Value = String> {
    prop_oneof![
        3 => prop::sample::select(vec!["名称", "住所", "緯度", "経度", "電話番号", "NO", "備考", "URL", "種別", "郵便番号", "フリガナ", "開始時間", "蔵書数", "面積(㎡)", "年度", "設置位置"]).prop_map(str::to_owned),
        1 => "[あ-んa-z\"\\\\※ ]{0,5}",
    ]
}

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        2 => Just(String::new()),
        2 => "[0-9]{1,6}",
        1 => "[あ-んア-ヴー市町一二三]{1,6}",
        1 => prop::sample::select(vec!["34.341111", "134.045111", "087-000-0001", "令和8年4月1日", "9:00", "有", "○", "高松市番町1-2", "760-0001", "https://example.jp/", "12㎡", "合計"]).prop_map(str::to_owned),
        1 => "[ -~]{0,8}",
    ]
}

proptest! {
    #[test]
    fn any_table_gives_the_same_entities_with_the_mapping_that_was_written_for_it(
        table in (1usize..7).prop_flat_map(|width| (
            prop::collection::vec(header(), width),
            prop::collection::vec(prop::collection::vec(cell(), width), 1..8),
        )),
    ) {
        let line = |cells: &[String]| cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",") + "\n";
        let text = line(&table.0) + &table.1.iter().map(|row| line(row)).collect::<String>();
        if let Ok(straight) = import(named("表.csv", text.clone())) {
            let mapping = mapping_of("表.csv", text.clone());
            let mapped = with_mapping("表.csv", text.clone(), &mapping).map_err(|error| TestCaseError::fail(format!("{error}\n{text}\n{mapping}")))?;
            prop_assert_eq!(straight.outcomes, mapped.outcomes, "{}\n{}", text, mapping);
        }
    }

    #[test]
    fn no_text_of_a_mapping_panics(text in "([\\[\\]=\"a-z\n ]|column|header|dataset|あ){0,60}") {
        if let Err(error) = Mapping::parse("m.toml", &text) {
            prop_assert!(error.to_string().starts_with("m.toml, line "), "{error}");
        }
    }
}
