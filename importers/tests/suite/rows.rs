//! Cells and rows as they really are: what becomes of them, and what the report says.

use serde_json::{Value as Json, json};

use crate::{Imported, csv, import, import_with, named, options};

/// The value at a pointer, whether it stands alone or has something beside it.
fn value(entity: &Json, pointer: &str) -> Json {
    let found = entity.pointer(pointer).unwrap_or(&Json::Null);
    found.get("value").unwrap_or(found).clone()
}

/// A list of AEDs with one more column.
fn with_column(header: &str, cell: &str) -> Imported {
    csv(&format!(
        "都道府県コード又は市区町村コード,NO,名称,住所,緯度,経度,設置位置,小児対応設備の有無,{header}\n\
         372013,1,みかん会館,香川県高松市番町1,34.341111,134.045111,玄関,有,\"{cell}\"\n"
    ))
}

#[test]
fn a_cell_is_read_for_what_it_means() {
    let cases = [
        ("電話番号", "０８７－０００－１２３４", "/telephone", json!("087-000-1234"), &[][..]),
        ("電話番号", "087-000-1234 内線 12", "/telephone", json!("087-000-1234"), &[]),
        ("電話番号", "1234", "/telephone", json!(null), &["phone-unread"]),
        ("法人番号", "7000020102059", "/corporateNumber", json!("7000020102059"), &[]),
        ("備考", "&lt;新&gt;A&amp;B", "/note", json!("<新>A&B"), &["html-removed"]),
        ("備考", "なし", "/note", json!(null), &["placeholder"]),
        ("URL", "ｈｔｔｐｓ://city.example/", "/url", json!("https://city.example/"), &[]),
        ("名称_カナ", "みかんかいかん", "/name/languageMap/ja-Kana", json!("ミカンカイカン"), &["kana-folded"]),
        ("名称_カナ", "蜜柑会館", "/name/languageMap/ja-Kana", json!(null), &["kana-unread"]),
        (
            "開始時間",
            "１０：００～１８：００",
            "/openingHoursSpecification",
            json!([{"opens": "10:00", "closes": "18:00"}]),
            &[],
        ),
        ("定休日", "月曜日、祝日", "/closedDays", json!(["Monday", "PublicHolidays"]), &[]),
        ("郵便番号", "７６０８５７１", "/address/postalCode", json!("760-8571"), &[]),
        ("郵便番号", "760-857", "/address/postalCode", json!(null), &["postal-unread"]),
    ];
    for (header, cell, pointer, expected, codes) in cases {
        let imported = with_column(header, cell);
        assert_eq!(value(&imported.entities[0], pointer), expected, "{header} {cell}");
        let found: Vec<&str> = imported.report.issues.iter().map(|issue| issue.code).collect();
        assert_eq!(found, codes, "{header} {cell}");
    }
}

#[test]
fn what_cannot_be_read_is_published_under_the_columns_own_name() {
    let imported = with_column("法人番号", "1234567890123");
    let iri = hiroba_vocab::column_iri("法人番号").to_string();
    assert_eq!(imported.entities[0][iri], "1234567890123");
    assert_eq!(imported.issues(), ["法人番号: corporate-number-unread ×1"]);
}

#[test]
fn a_changed_value_keeps_its_source_and_a_doubtful_one_its_code() {
    let changed = with_column("URL", "www.city.example/aed");
    assert_eq!(
        changed.entities[0]["url"],
        json!({"value": "https://www.city.example/aed", "sourceValue": "www.city.example/aed"})
    );
    let doubtful = with_column("備考", "みかん?会館の西");
    assert_eq!(doubtful.all("/note"), [json!({"value": "みかん?会館の西", "dataIssues": ["character-lost"]})]);
}

/// Childcare facilities with a date and a capacity.
fn nurseries(rows: &str) -> Imported {
    csv(&format!("NO,名称,種別,住所,認可等年月日,収容定員,受入年齢\n{rows}"))
}

#[test]
fn dates_are_read_in_every_way_that_lists_write_them() {
    for (cell, expected) in [
        ("2004-04-01", json!("2004-04-01")),
        ("2004/4/1", json!("2004-04-01")),
        ("平成16年4月1日", json!("2004-04-01")),
        ("Ｈ16.4.1", json!("2004-04-01")),
        ("令和元年5月1日", json!("2019-05-01")),
        ("平成31年5月31日", json!("2019-05-31")),
        ("38078", json!("2004-04-01")),
        ("20040401", json!("2004-04-01")),
        ("いつか", json!(null)),
        ("4月1日", json!(null)),
    ] {
        let imported = nurseries(&format!("1,ほし保育所,認可公立保育所,郡山市芳賀1,{cell},90,0歳～\n"));
        assert_eq!(value(&imported.entities[0], "/approvalDate"), expected, "{cell}");
    }
}

#[test]
fn numbers_lose_width_separators_and_units_and_nothing_else() {
    for (cell, expected) in [
        ("９０", json!(90)),
        ("\"1,200\"", json!(1200)),
        ("90人", json!(90)),
        ("約90", json!(null)),
        ("1号40、2号60", json!(null)),
        ("-", json!(null)),
    ] {
        let imported = nurseries(&format!("1,ほし保育所,認可公立保育所,郡山市芳賀1,,{cell},0歳～\n"));
        assert_eq!(value(&imported.entities[0], "/capacity"), expected, "{cell}");
    }
}

/// AEDs at places of Takamatsu, a pair of cells each.
fn placed(pairs: &[(&str, &str)]) -> Imported {
    let mut text = "都道府県コード又は市区町村コード,NO,名称,住所,緯度,経度,設置位置\n".to_owned();
    for (number, (latitude, longitude)) in (1..).zip(pairs) {
        text += &format!("372013,{number},会館{number},香川県高松市番町{number},{latitude},{longitude},玄関\n");
    }
    csv(&text)
}

#[test]
fn a_single_pair_of_coordinates_is_put_right_or_left_out() {
    for (latitude, longitude, expected, codes) in [
        ("34.341111", "134.045111", json!([134.045111, 34.341111]), &[][..]),
        ("３４．３４１１１１", "１３４．０４５１１１", json!([134.045111, 34.341111]), &[]),
        ("134.045111", "34.341111", json!([134.045111, 34.341111]), &["coordinates-swapped"]),
        ("34度20分28秒", "134度2分42.4秒", json!([134.0451111, 34.3411111]), &["coordinates-dms"]),
        ("34.34111111", "134.04511111", json!([134.0451111, 34.3411111]), &["coordinates-rounded"]),
        ("34.34", "134.04", json!([134.04, 34.34]), &["coordinates-coarse"]),
        ("34341111", "134045111", json!([134.045111, 34.341111]), &["coordinates-point-restored"]),
        ("34.341111", "34.341112", json!(null), &["coordinates-equal"]),
        ("34.341111", "", json!(null), &["coordinates-half"]),
        ("0", "0", json!(null), &["coordinates-zero"]),
        ("北緯", "東経", json!(null), &["coordinates-unread"]),
        ("146781.2", "51023.4", json!([134.0544466, 34.3222282]), &["coordinates-plane"]),
        ("546781.2", "51023.4", json!(null), &["coordinates-not-degrees"]),
    ] {
        let imported = placed(&[(latitude, longitude)]);
        assert_eq!(
            value(&imported.entities[0], "/location").get("coordinates").unwrap_or(&Json::Null),
            &expected,
            "{latitude} {longitude}"
        );
        let of_cells = imported.report.issues.iter().filter(|issue| issue.column.is_some());
        assert_eq!(of_cells.map(|issue| issue.code).collect::<Vec<_>>(), codes, "{latitude} {longitude}");
    }
}

#[test]
fn a_habit_of_the_whole_file_is_reported_once_for_the_file() {
    let swapped: Vec<(String, String)> =
        (0..12).map(|n| (format!("134.04{n:02}11"), format!("34.34{n:02}22"))).collect();
    let pairs: Vec<(&str, &str)> = swapped.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    let imported = placed(&pairs);
    let mut swapped = imported.report.issues.iter().filter(|issue| issue.code == "coordinates-swapped");
    let of_the_file = swapped.find(|issue| issue.column.is_none()).unwrap();
    assert_eq!((of_the_file.count, of_the_file.examples[0].row), (1, 0));
    assert_eq!(value(&imported.entities[3], "/location")["coordinates"], json!([134.040311, 34.340322]));
}

#[test]
fn a_point_far_from_all_others_is_published_and_marked() {
    let near: Vec<(String, String)> = (0..12).map(|n| (format!("34.34{n:02}11"), format!("134.04{n:02}22"))).collect();
    let mut pairs: Vec<(&str, &str)> = near.iter().map(|(a, b)| (a.as_str(), b.as_str())).collect();
    pairs.push(("34.341111", "131.045111"));
    let imported = placed(&pairs);
    assert_eq!(imported.entities[12]["location"]["dataIssues"], json!(["coordinates-far"]));
    assert!(imported.entities[..12].iter().all(|entity| entity["location"].get("dataIssues").is_none()));
}

/// A list of few columns, of which the name of its file says what it is.
fn aed(text: &str) -> Imported {
    import(named("aed.csv", text)).unwrap()
}

const HEAD: &str = "都道府県コード又は市区町村コード,NO,名称,住所,設置位置,電話番号,備考\n";

#[test]
fn a_row_that_is_no_thing_is_set_aside_with_the_reason() {
    let one = "372013,1,みかん会館,高松市番町1,玄関,087-000-0001,\n";
    for (row, reason) in [
        (",,,,,,", "blank"),
        ("-,-,-,-,-,-,-", "blank"),
        (HEAD.trim_end(), "header"),
        ("合計,,,,,,", "total"),
        ("合計,,12,,,,", "total"),
        (",,合計,,,,12", "total"),
        ("372013,2,欠番,,,,", "removed"),
        ("372013,2,該当なし,,,,", "none-here"),
        ("372013,2,,,,,", "template"),
        ("372013,2,（例）ひろば会館,高松市番町1,玄関,,", "template"),
        ("※ 電話は平日の昼間に限ります。,,,,,,", "note"),
        ("東部地区,,,,,,", "section"),
    ] {
        let imported = aed(&format!("{HEAD}{one}{row}\n"));
        assert_eq!(imported.counts(), "2 = 1 + 0 + 1 + 0", "{row}");
        assert_eq!(imported.report.set_aside[0].reason, reason, "{row}");
        assert_eq!(imported.report.set_aside[0].examples[0].row, 3, "{row}");
    }
}

#[test]
fn a_row_below_the_header_that_explains_the_columns_is_set_aside() {
    let imported = csv(
        "NO,名称,住所,男性トイレ総数,女性トイレ総数,多機能トイレ数\n,必須,必須,数値,数値,数値\n1,白川トイレ,熊本市中央区草葉町5,3,2,1\n",
    );
    assert_eq!(imported.report.set_aside[0].reason, "explanation");
    assert_eq!(imported.counts(), "2 = 1 + 0 + 1 + 0");
}

#[test]
fn a_row_that_says_the_same_is_merged_and_a_row_without_a_name_goes_on_with_the_one_above() {
    let imported = aed(&format!(
        "{HEAD}372013,1,みかん会館,高松市番町1,玄関,087-000-0001,\n,,,,,087-000-0002,夜間\n\
         372013,1,みかん会館,高松市番町1,玄関,087-000-0001,\n372013,2,りんご図書館,高松市錦町2,受付,,\n"
    ));
    assert_eq!(imported.counts(), "4 = 2 + 2 + 0 + 0");
    let merged: Vec<_> = imported.report.merged.iter().map(|row| (row.row, row.into, row.why)).collect();
    assert_eq!(merged, [(3, 2, "continuation"), (4, 2, "duplicate")]);
    assert_eq!(imported.entities[0]["telephone"], json!(["087-000-0001", "087-000-0002"]));
    assert_eq!(imported.entities[0]["note"], "夜間");
    assert_eq!(imported.all("/id"), ["urn:ngsi-ld:AED:372013:1", "urn:ngsi-ld:AED:372013:2"]);
}

#[test]
fn a_row_with_a_place_and_no_name_is_refused_with_row_and_column() {
    let imported = aed(&format!("{HEAD}372013,1,みかん会館,高松市番町1,玄関,,\n372013,2,,高松市錦町2,受付,,\n"));
    assert_eq!(imported.counts(), "2 = 1 + 0 + 0 + 1");
    let refused = &imported.report.refused[0];
    assert_eq!((refused.row, refused.column.as_str(), refused.value.as_str()), (3, "名称", ""));
    assert!(refused.reason.contains("Fill it in"), "{}", refused.reason);
}

#[test]
fn ids_are_numbers_where_numbers_tell_rows_apart_and_hashes_where_they_do_not() {
    let imported = aed(&format!(
        "{HEAD}372013,1,みかん会館,香川県高松市番町1,玄関,,\n372013,7,りんご図書館,香川県高松市錦町2,受付,,\n372013,7,ぶどう体育館,香川県高松市浜ノ町3,玄関,,\n\
         372013,,もも会館,香川県高松市番町4,玄関,,\n372013,,もも会館,香川県高松市番町4,玄関,,夜間のみ\n372013,あ/1,すもも会館,香川県高松市番町5,玄関,,\n"
    ));
    let ids: Vec<String> =
        imported.all("/id").iter().map(|id| id.as_str().unwrap().replace("urn:ngsi-ld:AED:372013:", "")).collect();
    assert_eq!((ids[0].as_str(), ids[5].as_str()), ("1", "%E3%81%82%2F1"));
    assert!(ids[1..5].iter().all(|id| id.starts_with('x')), "{ids:?}");
    assert_eq!(ids[4], format!("{}-2", ids[3]));
    assert_eq!(
        imported.issues(),
        ["the row: id-repeated ×1", "NO: id-number-missing ×2", "NO: id-number-repeated ×2",]
    );
}

#[test]
fn cells_beyond_the_header_are_kept_by_their_position() {
    let imported = aed(&format!("{HEAD}372013,1,みかん会館,高松市番町1,玄関,,,余り\n"));
    assert_eq!(imported.entities[0][hiroba_vocab::column_iri("列8").as_str()], "余り");
}

#[test]
fn a_column_that_no_definition_knows_is_published_under_its_own_name() {
    let imported = with_column("最寄りのバス停", "番町");
    assert_eq!(imported.entities[0][hiroba_vocab::column_iri("最寄りのバス停").as_str()], "番町");
    let own: Vec<&str> = imported
        .report
        .columns
        .iter()
        .filter(|column| column.means.is_none())
        .map(|column| column.header.as_str())
        .collect();
    assert_eq!(own, ["最寄りのバス停"]);
}

#[test]
fn the_publisher_is_found_in_the_options_then_the_codes_then_the_name_then_the_addresses() {
    let table = |code: &str, address: &str| {
        format!("市区町村コード,NO,名称,住所,設置位置\n{code},1,みかん会館,{address},玄関\n")
    };
    let cases = [
        ("list.csv", table("372013", "香川県丸亀市1"), None, "372013", "CodeColumn"),
        ("list.csv", table("37201", "香川県丸亀市1"), None, "372013", "CodeColumn"),
        ("372013_aed.csv", table("", "番町1"), None, "372013", "FileName"),
        ("list.csv", table("", "香川県高松市番町1"), None, "372013", "Addresses"),
        ("高松市AED.csv", table("", "番町1"), None, "372013", "Title"),
        ("list.csv", table("", "番町1"), None, "000000", "Nowhere"),
        ("list.csv", table("372013", "香川県高松市番町1"), Some("372021"), "372021", "Options"),
    ];
    for (name, text, option, code, found) in cases {
        let municipality = option.and_then(hiroba_vocab::normalise::code::LocalGovernmentCode::parse);
        let imported = import_with(named(name, text), crate::Options { municipality, ..options() }).unwrap();
        assert_eq!(imported.report.publisher, code, "{name}");
        assert_eq!(format!("{:?}", imported.report.publisher_found), found, "{name}");
    }
}

#[test]
fn the_old_layout_of_evacuation_sites_names_its_publisher_late() {
    let text = "NO,名称,住所,災害種別_洪水,災害種別_地震,市区町村コード\n1,もも小学校,東京都練馬区練馬1,1,1,131202\n";
    let imported = csv(text);
    assert_eq!(imported.all("/id"), ["urn:ngsi-ld:EvacuationSite:131202:1"]);
    assert_eq!(imported.all("/designatingBody"), [json!(null)]);
    let both = csv(&text.replace("NO,", "全国地方公共団体コード,NO,").replace("\n1,", "\n131130,1,"));
    assert_eq!(both.all("/id"), ["urn:ngsi-ld:EvacuationSite:131130:1"]);
    assert_eq!(both.all("/designatingBody"), ["131202"]);
}

#[test]
fn the_options_are_said_of_the_data_set() {
    let given = crate::Options {
        licence: Some("CC BY 4.0".to_owned()),
        source: Some("https://city.example/aed.csv".to_owned()),
        issued: Some("2026-04-01".to_owned()),
        modified: Some("2026-03-31".to_owned()),
        publisher: Some("みかん組合".to_owned()),
        dataset: Some("aed".to_owned()),
        ..options()
    };
    let input = named("list.csv", "NO,名称,住所\n1,みかん会館,高松市番町1\n");
    let mut import = crate::Import::open(input, given).unwrap();
    import.rows().unwrap().for_each(|outcome| drop(outcome.unwrap()));
    let dataset = crate::shown(&import.dataset_entity());
    for (term, expected) in [
        ("license", json!("https://creativecommons.org/licenses/by/4.0/")),
        ("source", json!("https://city.example/aed.csv")),
        ("issued", json!("2026-04-01")),
        ("modified", json!("2026-03-31")),
        ("rowsPublished", json!(1)),
    ] {
        assert_eq!(dataset[term], expected, "{term}");
    }
    assert_eq!(dataset["publisher"]["name"], "みかん組合");
}

#[test]
fn a_local_number_takes_the_area_code_that_all_whole_numbers_of_the_file_have() {
    let list = |numbers: &[&str]| {
        let mut text = "都道府県コード又は市区町村コード,NO,名称,住所,設置位置,電話番号\n".to_owned();
        for (row, number) in (1..).zip(numbers) {
            text += &format!("372013,{row},会館{row},香川県高松市番町{row},玄関,{number}\n");
        }
        csv(&text).entities.pop().unwrap()["telephone"].clone()
    };
    let whole = ["087-841-2111", "087-841-2112", "０８７－８４１－２１１３", "0878412114", "087-841-2115"];
    assert_eq!(
        list(&[&whole[..], &["841-2146"]].concat()),
        json!({"value": "087-841-2146", "sourceValue": "841-2146"})
    );
    let local = json!({"value": "841-2146", "dataIssues": ["phone-local"]});
    assert_eq!(list(&[&whole[..], &["0879-33-1111", "841-2146"]].concat()), local);
    assert_eq!(list(&[&whole[..4], &["841-2146"]].concat()), local);
}

#[test]
fn a_date_without_year_takes_the_year_of_the_title_if_its_day_of_the_week_is_right() {
    let date = |title: &str, cell: &str| {
        let text =
            format!("{title},,,,\nNO,名称,種別,住所,認可等年月日\n1,ほし保育所,認可公立保育所,郡山市芳賀1,{cell}\n");
        value(&csv(&text).entities[0], "/approvalDate")
    };
    assert_eq!(date("保育所一覧（令和8年4月1日現在）", "8月5日（水）"), json!("2026-08-05"));
    assert_eq!(date("保育所一覧（令和8年4月1日現在）", "8月5日（木）"), json!(null));
    assert_eq!(date("保育所一覧", "8月5日（水）"), json!(null));
}

#[test]
fn a_files_quality_falls_with_what_is_wrong_with_it() {
    let good = placed(&[("34.341111", "134.045111"), ("34.342222", "134.046222")]).report.quality;
    let bad = placed(&[("34.341111", "134.045111"), ("34.342222", "34.342222"), ("", "")]).report.quality;
    assert!(good.score > bad.score, "{} {}", good.score, bad.score);
    let share = |name: &str| bad.parts.iter().find(|part| part.name == name).map(|part| part.share);
    assert_eq!((share("coordinates"), share("ids")), (Some(0.5), Some(1.0)));
    let rules = |quality: &hiroba_importers::report::Quality| {
        quality.form.iter().filter(|check| !check.passed).map(|check| check.rule).collect::<Vec<_>>()
    };
    assert_eq!(rules(&good), Vec::<&str>::new());
    let titled = csv("一覧,,,,,\nNO,名称,名称,住所,設置位置,\n1,会館,別名,香川県高松市番町1,玄関,x\n");
    assert_eq!(rules(&titled.report.quality), ["L1-05", "L2-03", "L3-01"]);
}

#[test]
fn codes_of_several_wards_are_published_by_their_city() {
    let imported = csv(
        "区コード,NO,名称,住所,設置位置\n1101,1,みかん会館,札幌市中央区北1条西2丁目,玄関\n1102,2,りんご館,札幌市北区北24条西6丁目,受付\n",
    );
    assert_eq!(imported.report.publisher, "011002");
}

#[test]
fn a_point_alone_near_the_office_is_no_packed_value() {
    let row = |n: u32| format!("372013,{n},みかん{n},番町{n},34.{},134.04{n:02}11,玄関\n", 300_011 + n * 2_500);
    let rows: String = (1..40).map(row).collect();
    let header = "市区町村コード,NO,名称,住所,緯度,経度,設置位置\n";
    let imported = csv(&format!("{header}{rows}372013,99,ゆさ,香南町由佐9,34.239572,134.021774,玄関\n"));
    let at = imported.entities.last().and_then(|entity| entity.pointer("/location/coordinates")).cloned();
    assert_eq!(at, Some(serde_json::json!([134.021_774, 34.239_572])));
}

#[test]
fn the_publisher_of_a_list_of_many_places_is_the_body_that_has_them_all() {
    for (what, list, publisher) in [
        (
            "wards of one city",
            "区名,施設名,住所,設置位置,小児対応設備の有無\n鶴見区,甲館,鶴見区中央1,1階,有\n神奈川区,乙館,神奈川区東1,1階,有\n西区,丙館,西区中央1,1階,無\n",
            "141003",
        ),
        (
            "wards with which addresses begin",
            "施設名,住所,設置位置,小児対応設備の有無\n甲館,鶴見区中央1,1階,有\n乙館,神奈川区東1,1階,有\n",
            "141003",
        ),
        ("a ward of many cities", "区名,施設名,住所,設置位置,小児対応設備の有無\n北区,甲館,中央1,1階,有\n", "000000"),
        (
            "municipalities of one prefecture",
            "市町村名,施設名,住所,設置位置,小児対応設備の有無\n高知市,甲館,本町1,1階,有\n南国市,乙館,大埇1,1階,有\nいの町,丙館,幸町1,1階,無\n",
            "390003",
        ),
        (
            "codes all over a prefecture",
            "市町村コード,施設名,住所,設置位置,小児対応設備の有無\n104264,甲館,本町1,1階,有\n104485,乙館,糸井1,1階,有\n",
            "100005",
        ),
        (
            "two towns of one name",
            "市町村名,施設名,住所,設置位置,小児対応設備の有無\n府中市,甲館,本町1,1階,有\n",
            "000000",
        ),
    ] {
        let report = csv(list).report;
        assert_eq!(report.publisher, publisher, "{what}");
    }
}
