//! The way back: an import of an export changes nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;

use encoding_rs::SHIFT_JIS;
use hiroba_importers::export::{Format, Summary, Survey, Writer};
use hiroba_importers::{Import, Input, Outcome};
use hiroba_vocab::dataset::Edition;
use hiroba_vocab::{Dataset, Datasets};
use ngsild::{Attributes, Entity};
use proptest::prelude::*;
use std::sync::Arc;

use crate::{import, named, options, samples, survey};

/// The entities of a file.
fn entities(input: impl Into<Input>, dataset: Option<&str>) -> (Arc<Dataset>, Vec<Entity>) {
    let options = hiroba_importers::Options { dataset: dataset.map(str::to_owned), ..options() };
    let mut import = Import::open(input, options).unwrap();
    let rows: Vec<Outcome> = import.rows().unwrap().collect::<Result<_, _>>().unwrap();
    let entities = rows.into_iter().filter_map(|outcome| match outcome {
        Outcome::Entity { entity, .. } => Some(*entity),
        _ => None,
    });
    let entities = entities.collect();
    (Arc::clone(import.dataset()), entities)
}

/// Entities as a file.
fn export(dataset: &Arc<Dataset>, entities: &[Entity], edition: Edition, format: Format) -> (Vec<u8>, Summary) {
    let mut survey = Survey::new(dataset, edition);
    entities.iter().for_each(|entity| survey.see(entity));
    let sheet = survey.sheet();
    let mut writer = Writer::new(Arc::new(sheet), format, Vec::new()).unwrap();
    entities.iter().for_each(|entity| writer.push(entity).unwrap());
    writer.finish().unwrap()
}

/// What is said of a value beside it goes: the file that was exported has the value as it was read.
fn without_doubts(entity: &Entity) -> Entity {
    fn clear(attributes: &mut Attributes) {
        attributes
            .retain(|name, _| !name.as_str().ends_with("/sourceValue") && !name.as_str().ends_with("/dataIssues"));
        attributes.values_mut().flatten().for_each(|attribute| clear(&mut attribute.attributes));
    }
    let mut entity = entity.clone();
    clear(&mut entity.attributes);
    entity
}

/// What differs after a round trip, by attribute, one example each.
fn changes(before: &[Entity], after: &[Entity]) -> BTreeMap<String, String> {
    let mut changes = BTreeMap::new();
    if before.len() != after.len() {
        changes.insert("rows".to_owned(), format!("{} before, {} after", before.len(), after.len()));
    }
    let after: BTreeMap<&str, &Entity> = after.iter().map(|entity| (entity.id.as_str(), entity)).collect();
    for before in before {
        let Some(after) = after.get(before.id.as_str()) else {
            changes.insert("id".to_owned(), format!("{} is gone", before.id));
            continue;
        };
        let (before, after) = (without_doubts(before), without_doubts(after));
        let names = before.attributes.keys().chain(after.attributes.keys());
        for name in names {
            let one = |entity: &Entity| {
                entity.attributes.get(name).map(|instances| {
                    let attribute = &instances[0];
                    let subs: BTreeMap<_, _> =
                        attribute.attributes.iter().map(|(n, a)| (n.to_string(), &a[0].is)).collect();
                    format!("{:?} {:?} {subs:?}", attribute.is, attribute.unit_code)
                })
            };
            let (left, right) = (one(&before), one(&after));
            let equal = match (before.attributes.get(name), after.attributes.get(name)) {
                (Some(left), Some(right)) => left[0].says_the_same(&right[0]),
                _ => false,
            };
            if !equal {
                changes.entry(name.to_string()).or_insert(format!("{}\n  {left:?}\n  {right:?}", before.id));
            }
        }
    }
    changes
}

const FORMATS: [Format; 3] = [Format::Csv, Format::Xlsx, Format::GeoJson];

/// Exports and imports again; what changed.
fn round_trip(dataset: &Arc<Dataset>, before: &[Entity], format: Format) -> BTreeMap<String, String> {
    let (bytes, _) = export(dataset, before, Edition::Current, format);
    let name = format!("{}.{}", dataset.slug, format.extension());
    let (_, after) = entities(named(&name, bytes), None);
    changes(before, &after)
}

/// Tables whose exports are not imported as they were: a table of the publisher's own is known by the name of its file, and
/// the tables of a timetable only beside one another in their archive.
fn is_exception(dataset: &Dataset) -> bool {
    dataset.slug.starts_with("gtfs_") || Datasets::published().get(&dataset.slug).is_none()
}

#[test]
fn an_import_of_an_export_changes_nothing_in_any_sample() {
    for entry in std::fs::read_dir(samples()).unwrap() {
        let path = entry.unwrap().path();
        let (dataset, before) = entities(path.clone(), None);
        if is_exception(&dataset) {
            continue;
        }
        for format in FORMATS {
            let mut changes = round_trip(&dataset, &before, format);
            if format != Format::GeoJson {
                // A cell holds no polygon.
                changes.retain(|_, example| !example.contains("Polygon"));
            }
            assert!(changes.is_empty(), "{} as {format:?}: {changes:#?}", path.display());
        }
    }
}

#[test]
fn an_import_of_an_export_changes_nothing_in_any_real_file() {
    let Ok(files) = std::fs::read_dir(survey::directory()) else {
        eprintln!("not tried: there are no files in {}", survey::directory().display());
        return;
    };
    let mut files: Vec<PathBuf> = files.map(|file| file.unwrap().path()).collect();
    files.sort();
    let mut failures = String::new();
    for path in files {
        if import(path.clone()).is_err() {
            continue;
        }
        let (dataset, before) = entities(path.clone(), None);
        if is_exception(&dataset) {
            continue;
        }
        // Long lists hold no form of a cell that short ones have not.
        let formats = if before.len() > 2_000 { &FORMATS[..1] } else { &FORMATS[..] };
        for format in formats.iter().copied() {
            let changes = round_trip(&dataset, &before, format);
            for (name, example) in changes {
                failures.push_str(&format!("{} {format:?} {name}: {example}\n", path.display()));
            }
        }
    }
    assert!(failures.is_empty(), "{failures}");
}

const HEADER: &str = "全国地方公共団体コード,ID,名称,名称_カナ,所在地_連結表記,建物名等(方書),緯度,経度,設置位置,電話番号,内線番号,利用可能曜日,開始時間,終了時間,営業時間,定休日,小児対応設備の有無,外部利用不可,画像,画像_ライセンス,分類,URL,法人番号,担当,備考";

/// Cells that hold what such columns hold, or what people write instead.
fn row() -> impl Strategy<Value = Vec<String>> {
    let one_of = |texts: &'static [&'static str]| prop::sample::select(texts).prop_map(str::to_owned).boxed();
    let columns: Vec<BoxedStrategy<String>> = vec![
        one_of(&["372013", "37201", "", "131202"]),
        one_of(&["1", "2", "0003", "A/4", "5 b", "", "-", "2"]),
        "[ぁ-んァ-ヶ一二三髙﨑]{1,6}(会館|図書館|Cafe)".boxed(),
        one_of(&["", "ミカンカイカン", "みかん", "ﾐｶﾝ", "漢字"]),
        one_of(&[
            "",
            "香川県高松市番町一丁目2-3",
            "高松市錦町５番地",
            "番町1丁目２－３　みかんビル",
            "綾歌郡綾川町萱原1",
            "北1条西5-2",
            "松島町",
            "大阪府",
        ]),
        one_of(&["", "2階", "みかんビル"]),
        one_of(&["34.341111", "34.34", "", "0", "134.04", "34度20分28秒"]),
        one_of(&["134.045111", "134.04", "", "0", "34.34", "134度2分42秒"]),
        one_of(&["", "1階ロビー", "受付\n左", "なし"]),
        one_of(&[
            "",
            "087-000-0001",
            "087-000-0001（代表）",
            "0000-1111",
            "087-000-0001、087-000-0002",
            "不明",
            "087-000-0001 内線12",
        ]),
        one_of(&["", "12", "34"]),
        one_of(&["", "月火水木金", "毎日", "土日祝", "平日（祝日を除く）", "第2月曜", "1234"]),
        one_of(&["", "9:00", "09:00～12:00、13:00～17:00", "終日", "25:00", "随時", "午後12時"]),
        one_of(&["", "17:00", "24:00", "9:00", "夕方"]),
        one_of(&["", "9時～17時", "10:00-12:00、13:00-15:00", "9:00～17:00（最終入館16:30）", "要問合せ"]),
        one_of(&["", "月曜日", "年中無休", "不定休", "月・火"]),
        one_of(&["", "有", "無", "○", "有（要予約）", "パッドのみ"]),
        one_of(&["", "1", "0", "職員のみ"]),
        one_of(&[
            "",
            "https://city.example/1.jpg",
            "https://city.example/1.jpg;https://city.example/2.jpg",
            "画像なし",
        ]),
        one_of(&["", "CC BY 4.0", "CC BY", "https://creativecommons.org/licenses/by/4.0/deed.ja"]),
        one_of(&["", "公園", "駅", "公園、駅"]),
        one_of(&["", "https://city.example/", "www.example.jp/aed", "準備中"]),
        one_of(&["", "9000020012025", "1234567890123"]),
        one_of(&["", "危機管理課", "○", "a&amp;b", "?"]),
        one_of(&["", "a,b\"c", "なし", "=1+1", "長い\n文"]),
    ];
    columns
}

proptest! {
    #[test]
    fn an_import_of_an_export_changes_nothing(rows in prop::collection::vec(row(), 1..8), format in prop::sample::select(&FORMATS[..])) {
        let line = |row: &Vec<String>| {
            row.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",") + "\n"
        };
        let text = format!("{HEADER}\n{}", rows.iter().map(line).collect::<String>());
        let (dataset, before) = entities(named("aed.csv", text), Some("aed"));
        let (bytes, summary) = export(&dataset, &before, Edition::Current, format);
        let (_, after) = entities(named("aed.csv", bytes), Some("aed"));
        let changes = changes(&before, &after);
        prop_assert!(changes.is_empty(), "{changes:#?}");
        prop_assert!(summary.left_out.is_empty(), "{summary:?}");
    }
}

#[test]
fn the_columns_are_the_layouts_and_then_the_citys_own() {
    let list = "NO,名称,住所,緯度,経度,設置位置,鍵の場所,電話番号\n1,みかん会館,高松市番町1,34.341111,134.045111,玄関,警備室,087-000-0001\n";
    let (dataset, entities) = entities(named("aed.csv", list), None);
    let headers = |layout, format| {
        let (bytes, _) = export(&dataset, &entities, layout, format);
        let text = String::from_utf8(bytes).unwrap();
        text.lines().next().unwrap().to_owned()
    };
    let current = headers(Edition::Current, Format::Csv);
    assert!(
        current.starts_with("\u{FEFF}全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英字,"),
        "{current}"
    );
    assert!(current.ends_with(",備考,鍵の場所"), "{current}");
    let old = headers(Edition::Old, Format::Csv);
    assert!(
        old.starts_with(
            "\u{FEFF}都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,住所,方書,緯度,経度,"
        ),
        "{old}"
    );
}

#[test]
fn a_layout_with_two_columns_for_images_gets_the_first_two_there_and_the_licence_once() {
    let list = "NO,名称,住所,緯度,経度,画像1,画像2,画像1_ライセンス,画像2_ライセンス\n\
                1,みかん会館,高松市番町1,34.341111,134.045111,https://a.example/1.jpg,https://a.example/2.jpg;https://a.example/3.jpg,CC BY 4.0,CC0\n";
    let (dataset, before) = entities(named("372013_aed.csv", list), Some("aed"));
    let (bytes, summary) = export(&dataset, &before, Edition::Current, Format::Csv);
    let mut reader = csv::Reader::from_reader(bytes.strip_prefix("\u{FEFF}".as_bytes()).unwrap());
    let headers: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    let row = reader.records().next().unwrap().unwrap();
    let cell = |header: &str| {
        let found: Vec<&str> =
            headers.iter().zip(&row).filter(|(name, _)| *name == header).map(|(_, cell)| cell).collect();
        found.join("|")
    };
    assert_eq!(cell("画像1"), "https://a.example/1.jpg");
    assert_eq!(cell("画像2"), "https://a.example/2.jpg;https://a.example/3.jpg");
    assert_eq!((cell("画像1_ライセンス"), cell("画像2_ライセンス")), ("CC BY 4.0".to_owned(), "CC0".to_owned()));
    assert!(summary.left_out.is_empty(), "{summary:?}");
    let (_, after) = entities(named("372013_aed.csv", bytes), Some("aed"));
    let changes = changes(&before, &after);
    assert!(changes.is_empty(), "{changes:#?}");
}

#[test]
fn a_file_is_named_after_its_one_publisher_and_a_list_of_nothing_is_the_blank_template() {
    let dataset = Datasets::published().get("evacuation_space").unwrap();
    let sheet = Survey::new(dataset, Edition::Current).sheet();
    assert_eq!(sheet.file_name(Format::Xlsx), "evacuation_space.xlsx");
    let official: Vec<&str> = dataset.current.fields.iter().map(|field| field.header.as_str()).collect();
    assert_eq!(sheet.headers().collect::<Vec<_>>(), official);
    let row = |code: &str, number: u8| {
        format!("{code},{number},みかん会館,高松市番町{number},34.34111{number},134.045111,玄関\n")
    };
    for (codes, name) in [(["372013", "372013"], "372013_aed.csv"), (["372013", "131016"], "aed.csv")] {
        let list = format!("市区町村コード,NO,名称,住所,緯度,経度,設置位置\n{}{}", row(codes[0], 1), row(codes[1], 2));
        let (dataset, entities) = entities(named("list.csv", list), Some("aed"));
        let mut survey = Survey::new(&dataset, Edition::Current);
        entities.iter().for_each(|entity| survey.see(entity));
        assert_eq!(survey.sheet().file_name(Format::CsvCp932), name);
    }
}

#[test]
fn the_old_layout_keeps_ids_names_and_places() {
    for file in
        ["aed_current.csv", "evacuation_space_old.csv", "tourism_old.csv", "preschool_old.csv", "public_toilet_old.csv"]
    {
        let (dataset, before) = entities(samples().join(file), None);
        let (bytes, _) = export(&dataset, &before, Edition::Old, Format::Csv);
        let (_, after) = entities(named(&format!("{}.csv", dataset.slug), bytes), None);
        let mut changes = changes(&before, &after);
        // One column for the whole address has no place for its codes.
        changes.retain(|name, _| !name.ends_with("/address"));
        assert!(changes.is_empty(), "{file}: {changes:#?}");
    }
}

#[test]
fn cp932_replaces_what_it_lacks_and_says_what() {
    let list = "NO,名称,住所,緯度,経度,設置位置\n1,𠮷田髙﨑会館☕,高松市番町1,34.341111,134.045111,①玄関〜奥\n";
    let (dataset, entities) = entities(named("aed.csv", list), None);
    let (bytes, summary) = export(&dataset, &entities, Edition::Current, Format::CsvCp932);
    let (text, _, damaged) = SHIFT_JIS.decode(&bytes);
    assert!(!damaged && text.contains("〓田髙﨑会館〓") && text.contains("①玄関～奥"), "{text}");
    assert_eq!(summary.replaced.into_iter().collect::<Vec<_>>(), [('𠮷', 1), ('☕', 1)]);
}

#[test]
fn a_workbook_keeps_zeros_in_front_and_has_numbers_where_they_count() {
    let list = "全国地方公共団体コード,ID,名称,所在地_連結表記,緯度,経度,電話番号,想定収容人数,災害種別_洪水\n\
                011002,0007,みかん小学校,札幌市中央区北1条西2,43.06,141.35,0110000001,1200,1\n";
    let (dataset, entities) = entities(named("evacuation_space.csv", list), None);
    let (bytes, _) = export(&dataset, &entities, Edition::Current, Format::Xlsx);
    let mut book: calamine::Xlsx<_> = calamine::Reader::new(std::io::Cursor::new(bytes)).unwrap();
    let sheet = calamine::Reader::worksheet_range_at(&mut book, 0).unwrap().unwrap();
    let cell = |header: &str| {
        let rows: Vec<_> = sheet.rows().collect();
        let at = rows[0].iter().position(|cell| *cell == *header).unwrap();
        rows[1][at].clone()
    };
    use calamine::Data::{Float, String as Text};
    assert_eq!(cell("全国地方公共団体コード"), Text("011002".to_owned()));
    assert_eq!(cell("ID"), Text("0007".to_owned()));
    assert_eq!(cell("電話番号"), Text("0110000001".to_owned()));
    assert_eq!((cell("想定収容人数"), cell("緯度")), (Float(1200.0), Float(43.06)));
}

#[test]
fn what_no_column_holds_is_named_and_not_lost_silently() {
    let (dataset, mut entities) = entities(samples().join("aed_old.csv"), None);
    let iri = hiroba_vocab::Iri::parse("https://example.org/speed").unwrap();
    let value = ngsild::AttributeValue::Property(serde_json::json!({"a": 1}));
    entities[0].attributes.insert(iri, vec![ngsild::Attribute::new(value, ngsild::DateTime::from_micros(0))]);
    let (_, summary) = export(&dataset, &entities, Edition::Current, Format::Csv);
    assert_eq!(summary.left_out.into_iter().collect::<Vec<_>>(), [("https://example.org/speed".to_owned(), 1)]);
}
