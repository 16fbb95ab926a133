//! Tables that are none of the data sets: which they are, and what becomes of their columns.

use hiroba_vocab::column_iri;
use serde_json::json;

use crate::{Imported, import, named};

/// A CSV file of a name.
fn table(name: &str, text: &str) -> Imported {
    import(named(name, text)).unwrap()
}

/// How a column is read, and whether it is done.
fn column(imported: &Imported, header: &str) -> (String, bool) {
    let found = imported.report.columns.iter().find(|column| column.header == header);
    let proposal = found.and_then(|column| column.proposal.as_ref());
    proposal.map_or((String::new(), false), |proposal| {
        (serde_json::to_value(proposal.reads).unwrap().as_str().unwrap().to_owned(), proposal.taken)
    })
}

#[test]
fn a_table_that_is_only_a_bit_like_a_data_set_is_one_of_its_own() {
    for (name, text, rows) in [
        ("図書館.csv", "名称,住所,蔵書数\nみかん図書館,高松市番町1-2,120000\nりんご図書館,高松市錦町3-1,8000\n", 2),
        (
            "libraries.csv",
            "NO,名称,名称_カナ,住所,緯度,経度,電話番号,開始時間,終了時間,URL,備考,蔵書数\n\
             1,みかん図書館,ミカントショカン,高松市番町1-2,34.341,134.045,087-000-0001,9:00,17:00,,,100\n",
            1,
        ),
        ("shopping.csv", "品名,数量,値段\nりんご,3,¥300\n牛乳,1,200円\n", 2),
        (
            "statistics.csv",
            "年度,出生数,死亡数,転入,転出\n令和4年度,120,300,80,90\n令和5年度,110,310,82,95\n合計,230,610,162,185\n",
            3,
        ),
        ("議員.csv", "氏名,ふりがな,会派,期数\n広場太郎,ひろばたろう,みどり会,3\n川辺花子,かわべはなこ,無所属,1\n", 2),
        (
            "trees.csv",
            "Tree ID,Species,Planted,Height (m)\nT-1,Ginkgo biloba,2001-04-01,12.5\nT-2,Zelkova,1998-11-12,20\n",
            2,
        ),
        ("町.csv", "町名\n本町\n泉町\n錦町\n", 3),
        ("x.csv", "利用案内\n\n品目,色\n紙,白\n布,青\n", 2),
        ("places.csv", "名称,住所,緯度,経度\nみかん広場,高松市番町1-2,34.341111,134.045111\n", 1),
    ] {
        let imported = table(name, text);
        assert!(imported.report.is_own, "{name}: {}", imported.report.dataset);
        assert_eq!(imported.report.rows.read, rows, "{name}");
        assert!(imported.all("/type").iter().all(|kind| kind == "Record"), "{name}");
        assert!(!imported.entities.is_empty(), "{name}");
    }
}

#[test]
fn a_named_data_set_is_taken_whatever_the_table_is_like() {
    let text = "名称,住所,蔵書数\nみかん図書館,高松市番町1-2,120000\n";
    let options = crate::Options { dataset: Some("public_facility".to_owned()), ..crate::options() };
    let imported = crate::import_with(named("図書館.csv", text), options).unwrap();
    assert_eq!((imported.report.dataset.as_str(), imported.report.is_own), ("public_facility", false));
}

#[test]
fn ids_hold_the_code_the_short_name_and_the_number_or_a_hash() {
    let imported = table("372013_図書館一覧_20260401.csv", "番号,名称\n1,みかん図書館\nA/2,りんご図書館\n");
    let slug = "%E5%9B%B3%E6%9B%B8%E9%A4%A8%E4%B8%80%E8%A6%A7";
    assert_eq!(
        imported.all("/id"),
        [
            json!(format!("urn:ngsi-ld:Record:372013:{slug}:1")),
            json!(format!("urn:ngsi-ld:Record:372013:{slug}:A%2F2"))
        ]
    );
    assert_eq!(imported.all("/inDataset/object")[0], json!(format!("urn:ngsi-ld:Dataset:372013:{slug}")));
}

#[test]
fn rows_without_number_are_told_apart_by_name_and_place_or_else_by_all_cells() {
    let id = |imported: &Imported, at: usize| imported.entities[at]["id"].clone();
    let one = table("a.csv", "名称,住所,本\nあ館,番町1,10\nい館,番町2,20\n");
    let two = table("a.csv", "名称,住所,本\nあ館,番町１,11\nい館,番町2,20\nう館,番町3,5\n");
    assert_eq!(id(&one, 0), id(&two, 0), "the number of books is no part of what it is");
    let years = table("b.csv", "名称,年度,本\nあ館,2024,10\nあ館,2025,10\n");
    assert_ne!(id(&years, 0), id(&years, 1));
    assert!(!years.issues().iter().any(|issue| issue.contains("id-repeated")), "{:?}", years.issues());
    let nameless = table("c.csv", "年度,本\n2024,10\n2025,10\n");
    assert_ne!(id(&nameless, 0), id(&nameless, 1));
}

#[test]
fn what_a_header_does_not_tell_is_told_by_the_cells() {
    let cells = [
        ("番地まで", ["高松市番町1丁目2-3", "高松市錦町2丁目1", "高松市浜ノ町9-9"], "address", true),
        ("A", ["34.341111", "34.342222", "34.343333"], "latitude", true),
        ("B", ["134.045111", "134.046222", "134.047333"], "longitude", true),
        ("窓口", ["087-000-0001", "087-000-0002", "087-000-0003"], "phone", true),
        ("案内", ["https://example.jp/1", "https://example.jp/2", "https://example.jp/3"], "url", true),
        ("宛先", ["a@example.jp", "b@example.jp", "c@example.jp"], "email", true),
        ("完成", ["令和元年5月1日", "H30.4.1", "2020/1/2"], "date", true),
        ("年度", ["2019", "2020", "2021"], "date", true),
        ("出発", ["9:00", "10時30分", "12:15"], "time", true),
        ("面積(㎡)", ["1,200", "300.5", "12"], "decimal", true),
        ("人数", ["12", "0", "3"], "count", true),
        ("重さ", ["12kg", "3.5kg", "1kg"], "decimal", true),
        ("屋根", ["有", "無", "有"], "flag", true),
        ("点字の有無", ["1", "0", "1"], "flag", true),
        ("配布先", ["760-0001", "760-0002", "760-0003"], "postal-code", true),
        ("自治体", ["372013", "372021", "131016"], "code", true),
        ("整理", ["001", "002", "010"], "text", true),
        ("図書コード", ["11", "12", "13"], "text", true),
        ("重複", ["1", "2", "多数"], "", false),
        ("メモ", ["あ、い", "う、え、お", "か、き"], "list", false),
    ];
    let header: Vec<&str> = cells.iter().map(|(header, ..)| *header).collect();
    let mut text = header.join(",") + "\n";
    for row in 0..3 {
        let row: Vec<String> = cells.iter().map(|(_, cells, ..)| format!("\"{}\"", cells[row])).collect();
        text += &(row.join(",") + "\n");
    }
    let imported = table("いろいろ.csv", &text);
    for (header, _, reads, taken) in cells {
        assert_eq!(column(&imported, header), (reads.to_owned(), taken), "{header}");
    }
    let entity = &imported.entities[0];
    let own = |header: &str| &entity[column_iri(header).as_str()];
    assert_eq!(entity["location"]["coordinates"], json!([134.045111, 34.341111]));
    assert_eq!(entity["address"]["addressLocality"], "高松市");
    assert_eq!(own("完成")["value"], "2019-05-01");
    assert_eq!(own("面積(㎡)"), &json!({"value": 1200.0, "unitCode": "MTK"}));
    assert_eq!(own("人数"), &json!(12));
    assert_eq!(own("重さ"), &json!({"value": 12.0, "unitCode": "KGM"}));
    assert_eq!(own("屋根"), &json!(true));
    assert_eq!(own("整理"), &json!("001"));
    assert_eq!(own("図書コード"), &json!("11"));
    assert_eq!(own("メモ"), &json!("あ、い"));
}

#[test]
fn a_header_that_means_other_things_too_needs_cells_that_agree() {
    let imported = table("会議.csv", "会議名,場所,時間,x,y\n総会,第3会議室,2時間,12,5\n役員会,大ホール,1時間,3,8\n");
    assert_eq!(column(&imported, "会議名"), ("name".to_owned(), true));
    for header in ["場所", "x", "y"] {
        let attribute =
            imported.report.columns.iter().find(|column| column.header == header).unwrap().attribute.clone();
        assert_eq!(attribute, column_iri(header).as_str(), "{header}");
    }
    assert_eq!(imported.all("/location"), [json!(null), json!(null)]);
}

#[test]
fn headers_that_differ_only_in_how_they_are_typed_keep_attributes_of_their_own() {
    let imported = table("面積.csv", "品名,広さ,広 さ,広さ※1\nあ,10a,20b,30c\n");
    let attributes: Vec<_> = imported.report.columns.iter().skip(1).map(|column| column.attribute.clone()).collect();
    let mut different = attributes.clone();
    different.sort();
    different.dedup();
    assert_eq!(different.len(), 3, "{attributes:?}");
    let values: Vec<_> = attributes.iter().map(|iri| imported.entities[0][iri.as_str()].clone()).collect();
    assert_eq!(values, [json!("10a"), json!("20b"), json!("30c")]);
}

#[test]
fn codes_of_many_municipalities_are_values_and_no_publishers() {
    let imported = table(
        "団体コード表.csv",
        "団体コード,都道府県名,市区町村名\n011002,北海道,札幌市\n372013,香川県,高松市\n131016,東京都,千代田区\n",
    );
    assert_eq!(imported.report.rows.entities, 3);
    assert_eq!(column(&imported, "団体コード"), ("code".to_owned(), true));
    assert!(imported.all("/id").iter().all(|id| id.as_str().unwrap().starts_with("urn:ngsi-ld:Record:000000:")));
}

#[test]
fn totals_and_notes_make_no_column_text() {
    let imported = table("蔵書.csv", "書庫,冊数\n東,120\n西,80\n合計,200\n※令和8年4月1日現在の台帳による記録です\n");
    assert_eq!(column(&imported, "冊数"), ("count".to_owned(), true));
    assert_eq!(imported.counts(), "4 = 2 + 0 + 2 + 0");
}
