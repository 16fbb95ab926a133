use hiroba_vocab::dataset::{Edition, Fit, Need, Reads};
use hiroba_vocab::normalise::key::HeaderKey;
use hiroba_vocab::term::{AttributeKind, TermRole};
use hiroba_vocab::{Datasets, Terms, column_iri};

#[test]
fn every_definition_parses_and_feeds_attributes_that_exist() {
    let published = Datasets::read_published().unwrap();
    for dataset in published.supported() {
        assert_eq!(Terms::published().get(&dataset.entity_type).unwrap().role, TermRole::Class);
        for column in &dataset.columns {
            if let Some(term) = &column.feeds {
                assert!(matches!(Terms::published().get(term).unwrap().role, TermRole::Attribute(_)), "{term}");
            }
            if column.of.is_some() {
                assert!(column.feeds.is_some(), "{}: a sub-attribute needs a term", column.name);
            }
        }
    }
}

#[test]
fn a_language_attribute_is_fed_by_language_and_a_compound_one_by_key() {
    for dataset in Datasets::published().supported() {
        for column in &dataset.columns {
            let Some(term) = column.feeds.as_deref().and_then(|term| Terms::published().get(term)) else { continue };
            if term.role == TermRole::Attribute(AttributeKind::Language) {
                let tag = column.part.as_deref().unwrap_or_else(|| panic!("{}: no language", column.name));
                assert!(["ja", "ja-Kana", "en", "ko", "zh-Hans", "zh-Hant"].contains(&tag), "{tag}");
            }
            if ["address", "contactPoint"].contains(&term.term.as_str()) {
                let key = column.part.as_deref().unwrap_or_else(|| panic!("{}: no key", column.name));
                assert!(Terms::published().get(key).is_some(), "{key}");
            }
            if column.reads == Reads::Hazard {
                assert!(column.part.is_some(), "{}: no hazard", column.name);
            }
        }
    }
}

#[test]
fn every_data_set_has_words_and_columns_that_say_what_a_row_is_about() {
    for dataset in Datasets::published().supported() {
        assert!(!dataset.words.is_empty(), "{}", dataset.slug);
        assert!(!dataset.subject.is_empty(), "{}: any row would be one", dataset.slug);
    }
}

/// A layout's headers are resolved when a definition is read; these are the ones that could go astray.
#[test]
fn headers_of_the_official_layouts_are_the_columns_they_mean() {
    for (slug, edition, header, column, need) in [
        ("evacuation_space", Edition::Old, "市区町村コード", "全国地方公共団体コード", Need::Required),
        ("evacuation_space", Edition::Current, "市区町村コード", "市区町村コード", Need::Required),
        ("evacuation_space", Edition::Old, "NO", "ID", Need::Required),
        ("evacuation_space", Edition::Current, "内線番号", "内線番号", Need::Optional),
        ("public_toilet", Edition::Old, "多機能トイレ数", "バリアフリートイレ数", Need::Required),
        ("public_toilet", Edition::Current, "バリアフリートイレ数", "バリアフリートイレ数", Need::Recommended),
        ("public_toilet", Edition::Current, "利用開始時間", "開始時間", Need::Recommended),
        ("public_facility", Edition::Old, "利用可能時間特記事項", "利用可能日時特記事項", Need::Optional),
        ("aed", Edition::Current, "画像2_ライセンス", "画像_ライセンス", Need::Optional),
        ("aed", Edition::Current, "名称_英字", "名称_英語", Need::Optional),
        ("aed", Edition::Old, "住所", "所在地_連結表記", Need::Required),
        ("tourism", Edition::Old, "連絡先内線番号", "連絡先内線番号", Need::Optional),
    ] {
        let layout = Datasets::published().get(slug).unwrap().layout(edition);
        let field = layout.fields.iter().find(|field| field.header == header).unwrap_or_else(|| panic!("{header}"));
        assert_eq!((field.column.name.as_str(), field.need), (column, need), "{slug}: {header}");
    }
}

#[test]
fn a_layout_that_names_what_is_no_column_is_refused() {
    let text =
        "slug='x'\ntype='AED'\ntitle-ja='x'\ntitle-en='x'\nwords=[]\ninclude=[]\nsubject=[]\n[old]\ncolumns=['◎何']\n";
    let error = Datasets::read("", &[text]).unwrap_err();
    assert_eq!(error, "x: the old layout names 何, which is no column");
}

#[test]
fn every_header_of_every_layout_is_recognised_by_its_exact_name_in_japanese_and_english() {
    let toilet = Datasets::published().get("public_toilet").unwrap();
    let english = "localgov_code,id,localgov_name,name,name_kana,name_english,seat_localgov_code,choaza_id,seat_copulative_spell,seat_prefecture,seat_city,seat_choaza,seat_after_address,buillding_name_etc,set_position,latitude,longitude,advanced_classification,advanced_value,male_wc_total,male_wc_urinal,male_wc_jstyle,male_wc_wstyle,female_wc_total,female_wc_jstyle,female_wc_wstyle,unisex_wc_total,unisex_wc_jstyle,unisex_wc_wstyle,barrier_free_wc,wheelchair_wc,infant_wc,ostomate_wc,available_start_time,available_end_time,available_time_note,image,image_licence,note";
    let physical = english.split(',').zip(&toilet.current.fields);
    for (header, field) in physical {
        assert!(field.column.fit(&HeaderKey::new(header)) <= Some(Fit::Variant), "{header}: {}", field.column.name);
        assert!(field.column.fit(&HeaderKey::new(header)).is_some(), "{header}: {}", field.column.name);
    }
    assert_eq!(english.split(',').count(), toilet.current.fields.len());
    for dataset in Datasets::published().supported() {
        for field in Edition::ALL.iter().flat_map(|edition| &dataset.layout(*edition).fields) {
            let fit = field.column.fit(&HeaderKey::new(&field.header));
            assert!(matches!(fit, Some(Fit::Official | Fit::Variant)), "{}: {} {fit:?}", dataset.slug, field.header);
        }
    }
}

/// Headers of official lists that are in no layout: the physical names, and names of another edition of the list.
#[test]
fn further_official_headers_are_known_column_by_column() {
    let layouts = [
        (
            "tourism",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,名称_英語,POIコード,住所,方書,緯度,経度,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,料金(基本),料金(詳細),説明,説明_英語,アクセス方法,駐車場情報,バリアフリー情報,連絡先名称,連絡先電話番号,連絡先内線番号,画像,画像_ライセンス,URL,備考",
        ),
        (
            "bicycle_parking",
            "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英字,名称_通称,POIコード,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,屋内外,最大駐輪台数,最寄駅,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,備考",
        ),
        (
            "waste_sorting",
            "全国地方公共団体コード,ID,地方公共団体名,地区名,ゴミの品目,ゴミの品目_カナ,ゴミの品目_英字,分別区分,注意点,備考,粗大ごみ回収料金",
        ),
        (
            "population",
            "#property,prefCode,regionCode,prefName,cityName,surveyDate,regionName,totalPopulation,male,woman,man1,woman1,man2,woman2,man3,woman3,man4,woman4,man5,woman5,man6,woman6,man7,woman7,man8,woman8,man9,woman9,man10,woman10,man11,woman11,man12,woman12,man13,woman13,man14,woman14,man15,woman15,man16,woman16,man17,woman17,man18,woman18,numberOfHouseholds,note",
        ),
        (
            "aed",
            "localgov_code,id,localgov_name,name,name_kana,name_english,seat_localgov_code,choaza_id,seat_copulative_spell,seat_prefecture,seat_city,seat_choaza,seat_after_address,buillding_name_etc,latitude,longitude,advanced_classification,advanced_value,連絡先備考（その他、SNSなど）,画像2,画像2_ライセンス",
        ),
    ];
    let mut missing = Vec::new();
    for (slug, headers) in layouts {
        let dataset = Datasets::published().get(slug).unwrap();
        for header in headers.split(',') {
            let key = HeaderKey::new(header);
            let best = dataset.columns.iter().filter_map(|column| column.fit(&key)).min();
            if !matches!(best, Some(Fit::Official | Fit::Variant)) {
                missing.push(format!("{slug}: {header} {best:?}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

#[test]
fn headers_of_cities_are_folded_to_the_column_they_mean() {
    for (slug, header, column) in [
        ("public_toilet", "施設名(英語)", "名称_英語"),
        ("public_toilet", "ベビーベッド(有、無)", "乳幼児用設備設置トイレ有無"),
        ("public_toilet", "オストメイト(有、無)", "オストメイト設置トイレ有無"),
        ("public_toilet", "公園等施設名\n※１施設に複数", "名称"),
        ("public_toilet", "利用可能時間OPENS", "開始時間"),
        ("public_toilet", "X座標", "経度"),
        ("public_toilet", "Y座標", "緯度"),
        ("evacuation_space", "指定緊急避難場所の指定の有無(洪水災害)", "災害種別_洪水"),
        ("evacuation_space", "指定緊急避難場所の指定の有無(土砂災害)", "災害種別_崖崩れ、土石流及び地滑り"),
        ("preschool", "店舗緯度", "緯度"),
        ("preschool", "店舗名カナ", "名称_カナ"),
        ("aed", "２４H使用可能", "24時間利用可能"),
        ("aed", "所在地_連結標記", "所在地_連結表記"),
        ("aed", "telephone　number", "電話番号"),
        ("tourism", "八丈町公式ホームページ掲載", "URL"),
        ("tourism", "料金（基本）", "料金（基本）"),
        ("cultural_property", "iamgeLicense", "画像_ライセンス"),
        ("cultural_property", "指定・登録年月日", "文化財指定日"),
        ("population", "人口（総数）", "総人口"),
        ("population", "man18", "85歳以上の男性"),
        ("population", "20～24歳男", "年齢別人口"),
        ("population", "85歳以上（女）", "年齢別人口"),
        ("population", "不詳者の男性", "年齢別人口"),
        ("population", "町丁目名", "地域名"),
        ("care_service", "サービスの種類", "実施サービス"),
        ("care_service", "方書（ビル名等）", "建物名等(方書)"),
        ("hospital", "こう門科", "診療科目別の列"),
        ("hospital", "内科（循環器）", "診療科目別の列"),
        ("hospital", "診療科目その他", "診療科目"),
        ("hospital", "標榜診療科", "診療科目"),
        ("event", "開催日時", "開催日"),
        ("event", "料金（基本）", "料金（基本）"),
        ("fire_hydrant", "口径（ｍｍ）", "口径"),
        ("open_data_list", "データセット名", "データセット_タイトル"),
        ("public_facility", "敷地面積計(㎡）", "敷地面積"),
        ("polling_place", "投票所_名称（カナ）", "名称_カナ"),
        ("polling_place", "住所_連結表記", "所在地_連結表記"),
        ("polling_place", "連絡先_電話番号", "電話番号"),
        ("bicycle_parking", "施設_開始時刻", "開始時間"),
        ("school", "教育機関_学校所在地（町字）", "学校所在地（町字）"),
        ("waste_calendar", "年月日\"", "年月日"),
        ("support_scheme", "【人生の制度】ライフステージ分類", "ライフステージ分類"),
    ] {
        let key = HeaderKey::new(header);
        let dataset = Datasets::published().get(slug).unwrap();
        let best = dataset.columns.iter().filter_map(|c| c.fit(&key).map(|fit| (fit, c))).min_by_key(|(fit, _)| *fit);
        assert_eq!(best.map(|(_, found)| found.name.as_str()), Some(column), "{slug}: {header}");
    }
}

#[test]
fn an_unknown_columns_iri_is_made_of_its_header() {
    assert_eq!(column_iri("管轄").as_str(), "https://w3id.org/hiroba/vocab/column/%E7%AE%A1%E8%BD%84");
    assert_eq!(column_iri(" Ａ_1 "), column_iri("A_1"));
    assert!(hiroba_vocab::iri::is_absolute_iri(column_iri("敷地面積計(㎡）\n#?/%").as_str()));
}

#[test]
fn the_iri_of_a_column_does_not_depend_on_how_its_header_is_typed() {
    for (one, other) in [
        ("Ａ_1", "a_1"),
        ("面積 計", "面積計"),
        ("公園等施設名\n※１施設に複数", "公園等施設名"),
        ("名称※1", "名称"),
        ("名称（注２）", "名称"),
        ("名称*", "名称"),
        ("デ―タ形式", "データ形式"),
        ("Baby  Change", "baby_change"),
        ("0－4歳", "0-4歳"),
    ] {
        assert_eq!(column_iri(one), column_iri(other), "{one:?}");
    }
    for (one, other) in [("1-2", "12"), ("a b", "ab"), ("面積(㎡)", "面積"), ("※", "名称"), ("注", "※")] {
        assert_ne!(column_iri(one), column_iri(other), "{one:?}");
    }
}

#[test]
fn a_table_of_another_kind_knows_the_columns_of_all_lists_and_needs_none() {
    let generic = Datasets::published().generic();
    assert_eq!(Terms::published().get(&generic.entity_type).unwrap().role, TermRole::Class);
    assert!(generic.subject.is_empty());
    for name in ["名称", "名称_カナ", "所在地_連結表記", "緯度", "経度", "電話番号", "URL", "備考", "郵便番号"]
    {
        assert!(generic.column(name).is_some(), "{name}");
    }
}

#[test]
fn a_class_before_the_column_is_known_and_the_data_sets_own_comes_first() {
    let polling = Datasets::published().get("polling_place").unwrap();
    let name = polling.column("名称").unwrap();
    for (header, fit) in [
        ("投票所_名称", Some(Fit::Official)),
        ("投票所＿名称", Some(Fit::Official)),
        ("施設_名称", Some(Fit::Variant)),
        ("設備_色", None),
        ("投票所_", None),
        ("投票所_色", None),
    ] {
        let found = name.fit(&HeaderKey::new(header));
        assert_eq!(found, fit, "{header}");
    }
}

#[test]
fn a_column_says_more_the_fewer_data_sets_have_it() {
    let all = Datasets::published();
    let weight = |slug: &str, name: &str, header: &str| {
        all.weight(all.get(slug).unwrap().column(name).unwrap(), &HeaderKey::new(header))
    };
    assert!(weight("bicycle_parking", "名称", "駐輪場名") < weight("aed", "設置位置", "設置位置"));
    assert!((weight("aed", "外部利用不可", "外部利用不可") - 1.8).abs() < 1e-9, "however many data sets there are");
    assert_eq!(weight("aed", "緯度", "緯度"), 0.0);
}
