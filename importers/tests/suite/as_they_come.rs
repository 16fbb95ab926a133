//! Tables as they come: headers over several rows, cells of every kind, rows and columns around the table.

use serde_json::{Value as Json, json};

use crate::forms::{cells, ods, open_document, workbook, xlsx};
use crate::{Imported, csv, import, named};

#[test]
fn a_header_over_several_rows_names_each_column_by_its_group_and_its_own_name() {
    let rows = "もも公園トイレ,高松市番町1,34.341111,134.045111,3,1,2,4,5,有\n\
                りんご駅トイレ,高松市番町2,34.342222,134.045222,1,0,1,2,3,無\n";
    for (what, header) in [
        ("two rows", "名称,住所,緯度,経度,男性,,,女性,,車椅子使用者用トイレ有無\n,,,,小便器,和式,洋式,和式,洋式,\n"),
        (
            "a title above",
            "公衆トイレ一覧,,,,,,,,,\n名称,住所,緯度,経度,男性,,,女性,,車椅子使用者用トイレ有無\n,,,,小便器,和式,洋式,和式,洋式,\n",
        ),
        (
            "names again below",
            "名称,住所,緯度,経度,男性,,,女性,,車椅子使用者用トイレ有無\n名称,住所,緯度,経度,小便器,和式,洋式,和式,洋式,車椅子使用者用トイレ有無\n",
        ),
        (
            "groups above all names",
            ",,,,男性,,,女性,,\n名称,住所,緯度,経度,小便器,和式,洋式,和式,洋式,車椅子使用者用トイレ有無\n",
        ),
        (
            "three rows",
            "名称,住所,位置,,便器数,,,,,車椅子使用者用トイレ有無\n,,緯度,経度,男性,,,女性,,\n,,,,小便器,和式,洋式,和式,洋式,\n",
        ),
    ] {
        let text = format!("{header}{rows}");
        let mut forms = vec![("csv", csv(&text))];
        forms.push(("xlsx", import(named("list.xlsx", xlsx(&cells(&text), &[]))).unwrap()));
        for (form, imported) in forms {
            let what = format!("{what} in {form}");
            assert_eq!(imported.report.dataset, "public_toilet", "{what}");
            assert_eq!(imported.counts(), "2 = 2 + 0 + 0 + 0", "{what}");
            for (pointer, expected) in [
                ("/mensUrinals", [3, 1]),
                ("/mensSquatToilets", [1, 0]),
                ("/mensSittingToilets", [2, 1]),
                ("/womensSquatToilets", [4, 2]),
                ("/womensSittingToilets", [5, 3]),
            ] {
                assert_eq!(
                    imported.all(pointer),
                    expected.map(Json::from),
                    "{what}: {pointer} of {:#?}",
                    imported.report.columns
                );
            }
        }
    }
}

/// One list with a row whose cells are those of an XLSX file, as they stand in it.
fn with_cells(cells: &[&str]) -> Imported {
    let header = [
        "名称",
        "住所",
        "緯度",
        "経度",
        "設置位置",
        "開始時間",
        "終了時間",
        "小児対応設備の有無",
        "備考",
        "電話番号",
        "ID",
    ];
    let text = |cell: &&str| format!("<c t=\"inlineStr\"><is><t>{cell}</t></is></c>");
    let header: String = header.iter().map(text).collect();
    let row = cells.concat();
    let formats = ["h:mm", "0%", "yyyy/m/d", "0000000000", "0.00%", "[h]:mm", "0000", "000\\-000\\-0000"];
    let sheet = format!("<sheetData><row r=\"1\">{header}</row><row r=\"2\">{row}</row></sheetData>");
    import(named("aed.xlsx", workbook(&sheet, &formats))).unwrap()
}

#[test]
fn a_cell_of_a_workbook_is_what_a_person_sees_in_it() {
    let name = "<c t=\"inlineStr\"><is><t>みかん会館</t></is></c>";
    let (place, point) =
        ("<c t=\"inlineStr\"><is><t>高松市番町1</t></is></c>", "<c><v>34.341111</v></c><c><v>134.045111</v></c>");
    let cells = |from: usize, cell: &str| {
        let mut cells = vec![name.to_owned(), place.to_owned(), point.to_owned()];
        cells.extend((4..from).map(|_| "<c/>".to_owned()));
        cells.push(cell.to_owned());
        with_cells(&cells.iter().map(String::as_str).collect::<Vec<_>>())
    };
    let note = |cell: &str| cells(8, cell).all("/note")[0].clone();
    for (what, cell, expected) in [
        ("a whole number", "<c><v>12</v></c>", json!("12")),
        ("a fraction", "<c><v>0.1</v></c>", json!("0.1")),
        ("a fraction with noise", "<c><v>0.30000000000000004</v></c>", json!("0.3")),
        ("a large number", "<c><v>1.0E+20</v></c>", json!("100000000000000000000")),
        ("a percentage", "<c s=\"2\"><v>0.5</v></c>", json!("50%")),
        ("a percentage with decimals", "<c s=\"5\"><v>0.1234</v></c>", json!("12.34%")),
        ("a date", "<c s=\"3\"><v>44698</v></c>", json!("2022-05-17")),
        ("a time", "<c s=\"1\"><v>0.375</v></c>", json!("09:00")),
        ("a duration", "<c s=\"6\"><v>1.0416666666666667</v></c>", json!("25:00")),
        ("zeros", "<c s=\"4\"><v>12</v></c>", json!("0000000012")),
        ("a formula with its value", "<c t=\"str\"><f>A1&amp;B1</f><v>鍵は管理人室</v></c>", json!("鍵は管理人室")),
        ("a formula with a number", "<c><f>1+1</f><v>2</v></c>", json!("2")),
        ("a formula without its value", "<c><f>1+1</f></c>", Json::Null),
        ("an error", "<c t=\"e\"><v>#N/A</v></c>", Json::Null),
        ("an error of a formula", "<c t=\"e\"><f>1/0</f><v>#DIV/0!</v></c>", Json::Null),
        ("a text with a break", "<c t=\"inlineStr\"><is><t>鍵は\n管理人室</t></is></c>", json!("鍵は\n管理人室")),
        (
            "a text in parts",
            "<c t=\"inlineStr\"><is><r><t>鍵は</t></r><r><t>管理人室</t></r></is></c>",
            json!("鍵は管理人室"),
        ),
        (
            "a text with its reading",
            "<c t=\"inlineStr\"><is><t>鍵</t><rPh sb=\"0\" eb=\"1\"><t>カギ</t></rPh></is></c>",
            json!("鍵"),
        ),
    ] {
        assert_eq!(note(cell), expected, "{what}");
    }
    let error = cells(8, "<c t=\"e\"><v>#N/A</v></c>");
    assert!(error.issues().contains(&"備考: cell-error ×1".to_owned()), "{:?}", error.issues());
    assert_eq!(cells(7, "<c t=\"b\"><v>1</v></c>").all("/hasChildEquipment"), [json!(true)]);
    assert_eq!(cells(7, "<c t=\"b\"><v>0</v></c>").all("/hasChildEquipment"), [json!(false)]);
    let hours = cells(5, "<c s=\"1\"><v>0.375</v></c><c s=\"1\"><v>1</v></c>").all("/openingHoursSpecification/0");
    assert_eq!((&hours[0]["opens"], &hours[0]["closes"]), (&json!("09:00"), &json!("24:00")));
    assert_eq!(cells(9, "<c s=\"8\"><v>870000001</v></c>").all("/telephone"), [json!("087-000-0001")]);
    assert_eq!(cells(10, "<c s=\"7\"><v>12</v></c>").all("/identifier"), [json!("0012")]);
}

#[test]
fn a_cell_of_an_open_document_is_what_a_person_sees_in_it() {
    let text = |cell: &str| {
        format!("<table:table-cell office:value-type=\"string\"><text:p>{cell}</text:p></table:table-cell>")
    };
    let row = |cells: &[String]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let header = row(&["名称", "住所", "緯度", "経度", "備考"].map(text));
    let cell = |attributes: &str, shown: &str| {
        format!("<table:table-cell {attributes}><text:p>{shown}</text:p></table:table-cell>")
    };
    let number = |value: &str| cell(&format!("office:value-type=\"float\" office:value=\"{value}\""), value);
    for (what, note, expected) in [
        ("a number", number("12"), json!("12")),
        ("a fraction with noise", number("0.30000000000000004"), json!("0.3")),
        (
            "a date",
            cell("office:value-type=\"date\" office:date-value=\"2022-05-17\"", "令和4年5月17日"),
            json!("2022-05-17"),
        ),
        ("a time", cell("office:value-type=\"time\" office:time-value=\"PT09H30M00S\"", "9:30"), json!("09:30")),
        (
            "a moment",
            cell("office:value-type=\"date\" office:date-value=\"2022-05-17T09:30:00\"", "5/17 9:30"),
            json!("2022-05-17 09:30"),
        ),
        ("a truth value", cell("office:value-type=\"boolean\" office:boolean-value=\"true\"", "TRUE"), json!("TRUE")),
        (
            "a formula",
            cell("table:formula=\"of:=1+1\" office:value-type=\"float\" office:value=\"2\"", "2"),
            json!("2"),
        ),
        (
            "two paragraphs",
            cell("office:value-type=\"string\"", "鍵は</text:p><text:p>管理人室"),
            json!("鍵は\n管理人室"),
        ),
        (
            "a remark beside it",
            cell(
                "office:value-type=\"string\"",
                "鍵</text:p><office:annotation><text:p>要確認</text:p></office:annotation><text:p>",
            ),
            json!("鍵"),
        ),
        ("nothing", "<table:table-cell table:number-columns-repeated=\"900\"/>".to_owned(), Json::Null),
    ] {
        let data = row(&[text("みかん会館AED"), text("高松市番町1"), number("34.341111"), number("134.045111"), note]);
        let blank = "<table:table-row table:number-rows-repeated=\"1048000\"><table:table-cell table:number-columns-repeated=\"1024\"/></table:table-row>";
        let imported = import(named("aed.ods", open_document(&format!("{header}{data}{blank}")))).unwrap();
        assert_eq!(imported.counts(), "1 = 1 + 0 + 0 + 0", "{what}");
        assert_eq!(imported.all("/note")[0], expected, "{what}");
    }
}

#[test]
fn a_merged_cell_of_an_open_document_speaks_for_every_row_that_it_covers() {
    let cell = |attributes: &str, text: &str| {
        format!(
            "<table:table-cell {attributes} office:value-type=\"string\"><text:p>{text}</text:p></table:table-cell>"
        )
    };
    let row = |cells: &[String]| format!("<table:table-row>{}</table:table-row>", cells.concat());
    let covered = "<table:covered-table-cell table:number-columns-repeated=\"2\"/>".to_owned();
    let spans = "table:number-rows-spanned=\"2\" table:number-columns-spanned=\"1\"";
    let rows = [
        row(&["NO", "名称", "住所", "設置位置"].map(|name| cell("", name))),
        row(&[cell("", "1"), cell(spans, "みかん会館"), cell(spans, "高松市番町1"), cell("", "1階")]),
        row(&[cell("", "2"), covered, cell("", "2階")]),
        row(&["3", "りんご図書館", "高松市錦町2", "受付"].map(|text| cell("", text))),
    ];
    let imported = import(named("aed.ods", open_document(&rows.concat()))).unwrap();
    assert_eq!(imported.all("/name/languageMap/ja"), ["みかん会館", "みかん会館", "りんご図書館"]);
    assert_eq!(imported.all("/installationPosition"), ["1階", "2階", "受付"]);
}

#[test]
fn rows_without_content_count_for_nothing_however_many_a_sheet_declares() {
    let table = [vec!["名称", "住所", "設置位置"], vec!["みかん会館", "高松市番町1", "1階"]];
    let text = |cell: &str| format!("<c t=\"inlineStr\"><is><t>{cell}</t></is></c>");
    let rows: String = table
        .iter()
        .map(|row| format!("<row>{}</row>", row.iter().map(|cell| text(cell)).collect::<String>()))
        .collect();
    let blank: String =
        (3..3_000).map(|row| format!("<row r=\"{row}\"><c r=\"A{row}\"/><c r=\"B{row}\" s=\"0\"/></row>")).collect();
    let sheet = format!("<dimension ref=\"A1:XFD1048576\"/><sheetData>{rows}{blank}</sheetData>");
    assert_eq!(import(named("aed.xlsx", workbook(&sheet, &[]))).unwrap().counts(), "1 = 1 + 0 + 0 + 0");
}

#[test]
fn hidden_rows_and_columns_are_part_of_the_table() {
    let text = |cell: &str| format!("<c t=\"inlineStr\"><is><t>{cell}</t></is></c>");
    let row = |attributes: &str, cells: &[&str]| {
        format!("<row {attributes}>{}</row>", cells.iter().map(|cell| text(cell)).collect::<String>())
    };
    let sheet = format!(
        "<cols><col min=\"2\" max=\"2\" hidden=\"1\"/></cols><sheetData>{}{}{}</sheetData>",
        row("", &["名称", "住所", "設置位置"]),
        row("hidden=\"1\"", &["みかん会館", "高松市番町1", "1階"]),
        row("", &["りんご図書館", "高松市錦町2", "受付"]),
    );
    let imported = import(named("aed.xlsx", workbook(&sheet, &[]))).unwrap();
    assert_eq!(imported.counts(), "2 = 2 + 0 + 0 + 0");
    assert_eq!(imported.all("/address/addressText"), ["高松市番町1", "高松市錦町2"]);
}

#[test]
fn cells_of_text_files_survive_quotes_breaks_and_ragged_rows() {
    let header = "名称,住所,緯度,経度,設置位置,備考\n";
    for (what, row, position, note) in [
        (
            "a break in quotes",
            "みかん会館,高松市番町1,34.341111,134.045111,\"1階\nロビー\",あ",
            json!("1階\nロビー"),
            json!("あ"),
        ),
        (
            "a comma in quotes",
            "みかん会館,高松市番町1,34.341111,134.045111,\"1階,ロビー\",あ",
            json!("1階,ロビー"),
            json!("あ"),
        ),
        (
            "doubled quotes",
            "みかん会館,高松市番町1,34.341111,134.045111,\"\"\"正面\"\"玄関\",あ",
            json!("\"正面\"玄関"),
            json!("あ"),
        ),
        ("a quote inside a cell", "みかん会館,高松市番町1,34.341111,134.045111,1\"管,あ", json!("1\"管"), json!("あ")),
        ("an apostrophe", "みかん会館,高松市番町1,34.341111,134.045111,O'Hara,'あ", json!("O'Hara"), json!("'あ")),
        ("too few cells", "みかん会館,高松市番町1,34.341111,134.045111", Json::Null, Json::Null),
        ("too many cells", "みかん会館,高松市番町1,34.341111,134.045111,1階,あ,,,", json!("1階"), json!("あ")),
        ("a backslash", "みかん会館,高松市番町1,34.341111,134.045111,1階\\,あ", json!("1階\\"), json!("あ")),
    ] {
        let imported = csv(&format!("{header}{row}\n"));
        assert_eq!(imported.counts(), "1 = 1 + 0 + 0 + 0", "{what}");
        assert_eq!(
            (&imported.all("/installationPosition")[0], &imported.all("/note")[0]),
            (&position, &note),
            "{what}"
        );
    }
}

#[test]
fn what_stands_around_the_table_is_no_entity_in_any_kind_of_file() {
    let table = "AED設置箇所一覧,,,,\n,,,,\n,,,,令和8年4月1日現在\nNO,名称,住所,設置位置,電話番号\n\
                 番町地区,,,,\n1,みかん会館,高松市番町1,1階,087-000-0001\n2,りんご図書館,高松市番町2,受付,087-000-0002\n\
                 小計,2,,,\n錦町地区,,,,\nNO,名称,住所,設置位置,電話番号\n3,ぶどう体育館,高松市錦町3,玄関,087-000-0003\n小計,1,,,\n合計,3,,,\n\
                 ※設置位置は変わることがあります。,,,,\n出典：高松市危機管理課,,,,\n";
    let forms = [
        ("csv", csv(table)),
        ("xlsx", import(named("aed.xlsx", xlsx(&cells(table), &[]))).unwrap()),
        ("ods", import(named("aed.ods", ods(&cells(table)))).unwrap()),
    ];
    for (form, imported) in forms {
        assert_eq!(imported.all("/name/languageMap/ja"), ["みかん会館", "りんご図書館", "ぶどう体育館"], "{form}");
        assert_eq!((imported.report.header_row, imported.counts().as_str()), (4, "11 = 3 + 0 + 8 + 0"), "{form}");
        let reasons: Vec<&str> = imported.report.set_aside.iter().map(|group| group.reason).collect();
        assert_eq!(reasons.len(), 4, "{form}: {reasons:?}");
    }
}

#[test]
fn a_name_below_a_group_keeps_its_group_wherever_the_same_name_stands_elsewhere() {
    let schools = "学校名,所在地,児童数,,,開校年月日\n,,男,女,計,\n本町小学校,広場市本町1,250,260,510,明治6年2月1日\n";
    let list = import(named("小学校一覧.csv", schools)).unwrap();
    assert_eq!(list.report.dataset, "school");
    let names: Vec<&str> = list.report.columns.iter().map(|column| column.header.as_str()).collect();
    assert_eq!(names, ["学校名", "所在地", "児童数_男", "児童数_女", "児童数_計", "開校年月日"]);

    let people = csv("町名,調査日,総数,,,0～4歳,,5歳以上,\n,,計,男,女,男,女,男,女\n本町,2025/4/1,10,4,6,1,2,3,4\n");
    assert_eq!(people.report.dataset, "population");
    assert_eq!(
        people.all("/populationByAge/value"),
        [json!([
            {"ageFrom": 0, "ageTo": 4, "gender": "male", "count": 1},
            {"ageFrom": 0, "ageTo": 4, "gender": "female", "count": 2},
            {"ageFrom": 5, "gender": "male", "count": 3},
            {"ageFrom": 5, "gender": "female", "count": 4},
        ])]
    );
    assert_eq!(people.all("/femalePopulation/value"), [json!(6)]);
}

#[test]
fn a_row_that_names_the_columns_which_the_next_leaves_blank_belongs_to_the_header() {
    let table = csv("人口の推移\n年次,世帯数,人口,,,増減\n,,総数,男,女,\n平成28年,1000,2500,1200,1300,△12\n");
    let names: Vec<&str> = table.report.columns.iter().map(|column| column.header.as_str()).collect();
    assert_eq!(names, ["年次", "世帯数", "人口_総数", "人口_男", "人口_女", "増減"]);
}

#[test]
fn a_total_is_one_wherever_its_word_stands() {
    let list = csv(
        "施設名,住所,地震,津波,収容人数\n本町小,広場市本町1,○,×,350\n東町小,広場市東町1,○,○,\"1,200\"\n,,,計,\"1,550\"\n",
    );
    assert_eq!(list.counts(), "3 = 2 + 0 + 1 + 0");
    assert_eq!(list.all("/capacity"), [json!(350), json!(1200)]);
}

#[test]
fn opening_hours_in_one_cell_name_their_own_days() {
    let list = csv("名称,住所,設置位置,小児対応設備の有無,利用可能時間\n\
         本町会館,広場市本町1,1階,有,平日 8:45～17:00\n\
         東町会館,広場市東町1,1階,無,\"月～金 9:00～17:00、土 9:00～12:00（祝日を除く）\"\n\
         西町会館,広場市西町1,1階,無,平日のみ\n");
    let weekdays = json!(["Monday", "Tuesday", "Wednesday", "Thursday", "Friday"]);
    assert_eq!(
        list.all("/openingHoursSpecification"),
        [
            json!([{"dayOfWeek": weekdays, "opens": "08:45", "closes": "17:00"}]),
            json!({"value": [
                {"dayOfWeek": weekdays, "opens": "09:00", "closes": "17:00"},
                {"dayOfWeek": ["Saturday"], "opens": "09:00", "closes": "12:00"},
            ], "sourceValue": "月～金 9:00～17:00、土 9:00～12:00（祝日を除く）"}),
            json!([{"dayOfWeek": weekdays}]),
        ]
    );
}

#[test]
fn the_operators_own_address_is_not_where_the_business_is() {
    for header in [
        "許可番号,営業所名称,営業所所在地,営業者氏名,営業者住所,業種",
        "許可番号,営業所名称,営業所所在地（地番）,営業者氏名,申請者住所,業種",
    ] {
        let list = csv(&format!("{header}\n第1号,とまり木,高松市番町1-1,山田,高松市錦町2-2,飲食店営業\n"));
        assert_eq!(list.report.dataset, "food_business", "{header}");
        assert_eq!(list.all("/address/addressText"), [json!("高松市番町1-1")], "{header}");
    }
}

#[test]
fn a_chome_in_a_column_of_its_own_is_part_of_the_address() {
    let list = csv(
        "水利番号,水利種別,町名,丁目,番地,緯度,経度\n1,消火栓,上杉,3,2-1,38.27412,140.87331\n2,消火栓,青葉町,,1-1,38.27922,140.88112\n",
    );
    assert_eq!(list.all("/address/streetAddress"), [json!("上杉3丁目2-1"), json!("青葉町1-1")]);
}

#[test]
fn a_row_of_one_gender_counts_this_gender_only() {
    let list = csv("町丁名,性別,総数,0～4歳,5歳以上\n本町,男,4,1,3\n本町,女,6,2,4\n本町,計,10,3,7\n");
    assert_eq!(list.report.dataset, "population");
    assert_eq!(list.all("/malePopulation"), [json!(4), Json::Null, Json::Null]);
    assert_eq!(list.all("/femalePopulation"), [Json::Null, json!(6), Json::Null]);
    assert_eq!(list.all("/totalPopulation"), [Json::Null, Json::Null, json!(10)]);
    assert_eq!(list.all("/populationByAge/0/gender"), [json!("male"), json!("female"), Json::Null]);
    let ids = list.all("/id");
    assert!(ids.iter().enumerate().all(|(at, id)| !ids[..at].contains(id)), "{ids:?}");
}

#[test]
fn positions_are_read_in_the_forms_that_exports_have() {
    let list = csv(
        "子局番号,子局名,設置場所,座標\n1,本町,広場市本町1,POINT (135.99806 35.02167)\n2,東町,広場市東町1,SRID=4326;Point(135.99806 35.02167)\n3,西町,広場市西町1,\"35.02167, 135.99806\"\n",
    );
    assert_eq!(
        list.all("/location/coordinates"),
        [json!([135.99806, 35.02167]), json!([135.99806, 35.02167]), json!([135.99806, 35.02167])]
    );
}

#[test]
fn what_stands_inside_of_a_property_is_a_column_too() {
    let map = json!({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"名称": {"ja": "湖畔の宿", "en": "Lakeside Inn"}, "住所": "高松市番町1", "分類": ["温泉", "宿"]},
         "geometry": {"type": "Point", "coordinates": [134.04, 34.34]}},
        {"type": "Feature", "properties": {"名称": {"ja": "位置のない場所"}}, "geometry": null},
    ]});
    let list = import(named("kanko.geojson", map.to_string())).unwrap();
    assert_eq!(list.report.dataset, "tourism");
    assert_eq!(list.counts(), "2 = 2 + 0 + 0 + 0");
    assert_eq!(list.all("/name/languageMap/ja"), [json!("湖畔の宿"), json!("位置のない場所")]);
    assert_eq!(list.all("/name/languageMap/en"), [json!("Lakeside Inn"), Json::Null]);
}

#[test]
fn the_inside_of_a_property_with_a_long_name_stays_in_one_cell() {
    let long = "x".repeat(300);
    let map = json!({"type": "FeatureCollection", "features": [
        {"type": "Feature", "properties": {"名称": "湖畔の宿", long.as_str(): {"a": 1, "b": 2}}, "geometry": null},
    ]});
    let list = import(named("kanko.geojson", map.to_string())).unwrap();
    let names: Vec<&str> = list.report.columns.iter().map(|column| column.header.as_str()).collect();
    assert!(names.contains(&long.as_str()) && !names.iter().any(|name| name.ends_with("_a")), "{names:?}");
}
