//! Which data set a table is, where two are near each other: name, headers and a first row decide.

use crate::{import, named};

/// The data set of a table, or the nearest one where it is none.
fn recognised(name: &str, table: &str) -> Result<String, String> {
    let report = import(named(name, table)).unwrap_or_else(|error| panic!("{name}: {error}")).report;
    if report.is_own { Err(report.nearest.map_or_else(String::new, |found| found.slug)) } else { Ok(report.dataset) }
}

#[test]
fn lists_that_are_near_each_other_are_told_apart() {
    for (name, table, slug) in [
        ("駐車場.csv", "名称,住所,緯度,経度,収容台数\n駅前駐車場,広場市本町1,36.39,139.06,150\n", "parking"),
        ("駐輪場.csv", "名称,住所,緯度,経度,収容台数\n駅前駐輪場,広場市本町1,36.39,139.06,150\n", "bicycle_parking"),
        (
            "自転車駐車場.csv",
            "名称,住所,緯度,経度,台数\n駅前自転車駐車場,広場市本町1,36.39,139.06,150\n",
            "bicycle_parking",
        ),
        (
            "投票所一覧.csv",
            "名称,住所,緯度,経度,投票区名\n本町小学校,広場市本町1,36.39,139.06,第1投票区\n",
            "polling_place",
        ),
        (
            "公共施設一覧.csv",
            "名称,名称_通称,住所,緯度,経度,開始時間,終了時間,説明,所管課\n本町会館,会館,広場市本町1,36.39,139.06,9:00,17:00,投票所にもなります,総務課\n",
            "public_facility",
        ),
        ("赤ちゃんの駅.csv", "施設名,所在地,授乳,おむつ替え\n本町会館,広場市本町1,○,○\n", "baby_station"),
        (
            "子育て施設一覧.csv",
            "名称,種別,住所,収容定員,受入年齢,授乳室,おむつ替えコーナー\n本町保育園,認可公立保育所,広場市本町1,60,0歳～5歳,有,有\n",
            "preschool",
        ),
        (
            "ごみ集積所.csv",
            "集積所名,所在地,収集日,緯度,経度\n本町第1,広場市本町1,毎週火・金曜日,36.39,139.06\n",
            "waste_collection_point",
        ),
        ("ごみ収集日.csv", "町名,可燃ごみ,不燃ごみ\n本町,毎週火・金曜日,第2月曜日\n", "waste_collection_area"),
        ("ごみ分別.csv", "品目,分別区分,出し方\nアイロン,不燃ごみ,コードを切る\n", "waste_sorting"),
        (
            "ごみ収集カレンダー.csv",
            "日付,曜日,1地区,2地区\n2026-04-01,水,可燃ごみ,不燃ごみ\n2026-04-02,木,不燃ごみ,\n",
            "waste_calendar",
        ),
        (
            "給食献立.csv",
            "日付,料理名,食材名,使用量\n2026-07-01,みかんごはん,精白米,70\n2026-07-01,みかんごはん,みかん,20\n",
            "school_lunch",
        ),
        ("学校一覧.csv", "学校名,所在地,電話番号,児童数\n本町小学校,広場市本町1,0990-00-2001,312\n", "school"),
        ("通学区域.csv", "町名,小学校名,中学校名\n本町,本町小学校,泉町中学校\n", "school_district"),
        (
            "観光施設一覧.csv",
            "名称,POIコード,住所,緯度,経度,料金（基本）,説明\n広場の滝,0101,広場市本町1,36.39,139.06,無料,滝です\n",
            "tourism",
        ),
        (
            "観光ポイント.csv",
            "観光ポイント_名称,観光ポイント_緯度,観光ポイント_経度\n広場の滝,36.39,139.06\n",
            "tourism_point",
        ),
        (
            "飲食店.csv",
            "屋号,営業所所在地,営業の種類,許可番号,許可満了日\nみかん食堂,広場市本町1,飲食店営業,第1号,2029-03-31\n",
            "food_business",
        ),
        (
            "補助金.csv",
            "制度名,対象者,支援内容,申請方法,受付開始日\n出産祝い金,子の父母,5万円,窓口,2026-04-01\n",
            "support_scheme",
        ),
    ] {
        assert_eq!(recognised(name, table).as_deref(), Ok(slug), "{name}");
    }
}

#[test]
fn a_table_that_says_nothing_of_its_kind_is_none_of_them() {
    for (name, table) in [
        ("list.csv", "名称,住所,緯度,経度,電話番号\n本町会館,広場市本町1,36.39,139.06,0990-00-1234\n"),
        (
            "土のう.csv",
            "名称,名称_カナ,住所,緯度,経度,管理者,電話番号,開始時間,終了時間,特記事項,URL\n土のう置き場,ドノウオキバ,広場市本町1,36.39,139.06,河川課,0990-00-1234,8:00,19:00,袋を持参,\n",
        ),
        ("予定.csv", "日付,曜日,A班,B班\n2026-04-01,水,出勤,休み\n2026-04-02,木,休み,出勤\n"),
        ("名簿.csv", "氏名,所属,内線番号\n広場太郎,総務課,12\n"),
    ] {
        assert!(recognised(name, table).is_err(), "{name}: {:?}", recognised(name, table));
    }
}

#[test]
fn a_calendar_has_an_entity_a_day_with_what_is_collected_where() {
    let imported =
        import(named("ごみカレンダー.csv", "年月日,曜,1,2\n2026-04-01,水,可燃,\n2026-04-02,木,,\n")).unwrap();
    assert_eq!(imported.counts(), "2 = 2 + 0 + 0 + 0");
    let ids: Vec<String> = imported.all("/id").iter().map(|id| id.as_str().unwrap().to_owned()).collect();
    assert_eq!(
        ids,
        ["urn:ngsi-ld:WasteCollectionDay:000000:2026-04-01", "urn:ngsi-ld:WasteCollectionDay:000000:2026-04-02"]
    );
    assert_eq!(imported.entities[0]["wasteCollections"], serde_json::json!([{"areaGroup": "1", "wasteKind": "可燃"}]));
    assert!(imported.entities[1].get("wasteCollections").is_none());
}

#[test]
fn the_class_of_the_data_set_names_the_thing_and_not_the_facility_that_it_is_in() {
    let table =
        "施設_ID,施設_名称,投票所_ID,投票所_名称,投票所_投票区名\nF1,本町小学校,V1,本町小学校体育館,第1投票区\n";
    let imported = import(named("372013_polling_place.csv", table)).unwrap();
    let entity = &imported.entities[0];
    assert_eq!(entity["id"], "urn:ngsi-ld:PollingPlace:372013:V1");
    assert_eq!(entity["name"]["languageMap"]["ja"], "本町小学校体育館");
    let facility = hiroba_vocab::column_iri("施設_名称").to_string();
    assert_eq!(entity[facility], "本町小学校");
}

#[test]
fn the_same_day_of_two_years_is_two_days() {
    let lunch = |name: &str| {
        let imported = import(named(name, "日付,料理名,食材名\n7/1,みかんごはん,精白米\n")).unwrap();
        imported.entities[0]["id"].clone()
    };
    assert_ne!(lunch("給食_202607.csv"), lunch("給食_202707.csv"));
    assert_eq!(lunch("給食_202607.csv"), lunch("給食_20260701.csv"));
}

/// Header, a row, and the data set.
const CASES: &[(&str, &str, &str)] = &[
    // A hospital, a care office and a public facility have names, addresses and hours in common.
    ("名称,所在地,電話番号,診療科目,休診日", "みかん医院,高松市番町9-1,087-000-0001,内科,日", "hospital"),
    ("施設名,所在地,電話番号,内科,外科,小児科", "みかん医院,高松市番町9-1,087-000-0001,○,,○", "hospital"),
    ("薬局名,所在地,開設者氏名,許可番号", "みかん薬局,高松市番町9-1,みかん,12", "hospital"),
    (
        "事業所名,サービスの種類,事業所番号,住所,電話番号,定員",
        "みかん,訪問介護,3770100001,高松市番町9-1,087-000-0001,20",
        "care_service",
    ),
    (
        "施設名,施設区分,所在地,電話番号,所管課,延床面積",
        "みかん会館,公共施設,高松市番町9-1,087-000-0001,みかん課,120",
        "public_facility",
    ),
    (
        "施設名,施設区分,所在地,電話番号,所管課,敷地面積",
        "市民病院,公共施設,高松市番町9-1,087-000-0001,病院課,120",
        "public_facility",
    ),
    // An event takes place somewhere; a place for tourists has events.
    ("行事名,開催日,会場,主催者,URL", "みかん祭り,2026年8月5日,みかん公園,みかん課,", "event"),
    (
        "イベント名,開始日,終了日,場所名称,住所,緯度,経度",
        "観光まつり,2026-08-05,2026-08-06,温泉広場,高松市番町9-1,34.34,134.04",
        "event",
    ),
    (
        "名称,住所,緯度,経度,料金（基本）,アクセス方法,駐車場情報",
        "みかん温泉,高松市番町9-1,34.34,134.04,500,徒歩,有",
        "tourism",
    ),
    // A cultural property is a sight, and is owned.
    (
        "名称,文化財分類,所有者等,文化財指定日,住所",
        "みかん城,国指定史跡,高松市,1955-06-22,高松市番町9-1",
        "cultural_property",
    ),
    (
        "名称,指定区分,種別,所在地,指定年月日,所有者",
        "みかん像,市指定文化財,彫刻,高松市番町9-1,昭和45年3月28日,みかん寺",
        "cultural_property",
    ),
    ("町名,人口総数,男,女,世帯数", "みかん町,90,40,50,41", "population"),
    ("地区名,総数,0～14歳,15～64歳,65歳以上", "みかん町,90,10,50,30", "population"),
    (
        "データ名,ファイル形式,更新頻度,ライセンス,URL",
        "AED設置箇所一覧,CSV,毎年,CC BY 4.0,https://www.example.jp/",
        "open_data_list",
    ),
    ("名称,住所,緯度,経度,SSID", "みかん会館,高松市番町9-1,34.34,134.04,MIKAN", "public_wireless_lan"),
    ("種別,住所,緯度,経度,口径", "消火栓,高松市番町9-1,34.34,134.04,75", "fire_hydrant"),
    ("水利番号,水利種別,所在地,容量", "12,防火水槽,高松市番町9-1,40", "fire_hydrant"),
    ("名称,住所,緯度,経度,設置位置,小児対応設備の有無", "市民病院,高松市番町9-1,34.34,134.04,受付,有", "aed"),
    // What says nothing of itself is refused.
    ("名称,住所,緯度,経度", "みかん会館,高松市番町9-1,34.34,134.04", ""),
    ("種別,住所,緯度,経度", "土のう,高松市番町9-1,34.34,134.04", ""),
    ("商品名,価格,在庫", "みかん,100,5", ""),
];

#[test]
fn lists_that_look_like_one_another_are_told_apart_by_their_columns_alone() {
    let mut wrong = Vec::new();
    for (header, row, expected) in CASES {
        let found = recognised("list.csv", &format!("{header}\n{row}\n"));
        if found.clone().unwrap_or_default() != *expected {
            wrong.push(format!("{header}: {found:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn lists_of_other_cities_are_recognised_by_their_words() {
    for (name, table, slug) in [
        ("bunkazai.csv", "番号,文化財の名称,所在,時代\n1,大樹の社殿,広場市康生町1,江戸\n", "cultural_property"),
        ("kanko.csv", "観光資源名,よみがな,所在地,料金\n月見公園,つきみこうえん,広場市本町1,無料\n", "tourism"),
        ("suiri.csv", "OBJECTID,種別名,管轄,WKT\n1,消火栓（地下式）,中央署,POINT (140.1 35.6)\n", "fire_hydrant"),
        ("area_days.csv", "地名,センター,燃やすごみ,資源\n此花町,東部,月 木,水1\n", "waste_collection_area"),
        (
            "ごみステーション.csv",
            "ステーション番号,自治会,ステーションの場所,緯度,経度\n1,東町,東公園横,36.39,139.06\n",
            "waste_collection_point",
        ),
        ("AED.csv", "設置先の施設名,住所,設置位置\n本町会館,広場市本町1,1階\n", "aed"),
        ("町丁別人口.csv", "町丁名,世帯数,人口総数,男,女\n本町,10,20,9,11\n", "population"),
        ("地区別.csv", "町名,世帯数,総数,男,女\n本町,10,20,9,11\n", "population"),
    ] {
        assert_eq!(recognised(name, table).as_deref(), Ok(slug), "{name}");
    }
    // Households alone are no population, and a district is no place for waste.
    let associations = "自治会名,地区,世帯数,集会所名,集会所住所\n東町自治会,中央,120,東町集会所,広場市東町1\n";
    assert!(recognised("jichikai.csv", associations).is_err());
}
