//! Lists that look like one another are told apart, and lists that are none of them are refused.

use crate::{import, named};

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
fn lists_that_look_like_one_another_are_told_apart() {
    let mut wrong = Vec::new();
    for (header, row, expected) in CASES {
        let found = import(named("list.csv", format!("{header}\n{row}\n")));
        let found = found.map_or_else(|_| String::new(), |imported| imported.report.dataset);
        if found != *expected {
            wrong.push(format!("{header}: {found:?} instead of {expected:?}"));
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
