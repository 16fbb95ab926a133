use hiroba_vocab::dataset::{Fit, Reads};
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

/// The official layouts, old and current, as far as they are confirmed: every column is recognised by its exact name.
#[test]
fn both_official_layouts_are_known_column_by_column() {
    let layouts = [
        (
            "aed",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,住所,方書,緯度,経度,設置位置,電話番号,内線番号,法人番号,団体名,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,小児対応設備の有無,URL,備考",
        ),
        (
            "aed",
            "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英字,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,高度の種別,高度の値,設置位置,電話番号,内線番号,連絡先メールアドレス,連絡先FormURL,郵便番号,法人番号,団体名,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,小児対応設備の有無,外部利用不可,画像1,画像1_ライセンス,URL,備考",
        ),
        (
            "public_toilet",
            "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英語,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),設置位置,緯度,経度,高度の種別,高度の値,男性トイレ総数,男性トイレ数（小便器）,男性トイレ数（和式）,男性トイレ数（洋式）,女性トイレ総数,女性トイレ数（和式）,女性トイレ数（洋式）,男女共用トイレ総数,男女共用トイレ数（和式）,男女共用トイレ数（洋式）,バリアフリートイレ数,車椅子使用者用トイレ有無,乳幼児用設備設置トイレ有無,オストメイト設置トイレ有無,利用開始時間,利用終了時間,利用可能時間特記事項,画像,画像_ライセンス,備考",
        ),
        (
            "public_toilet",
            "localgov_code,id,localgov_name,name,name_kana,name_english,seat_localgov_code,choaza_id,seat_copulative_spell,seat_prefecture,seat_city,seat_choaza,seat_after_address,buillding_name_etc,set_position,latitude,longitude,advanced_classification,advanced_value,male_wc_total,male_wc_urinal,male_wc_jstyle,male_wc_wstyle,female_wc_total,female_wc_jstyle,female_wc_wstyle,unisex_wc_total,unisex_wc_jstyle,unisex_wc_wstyle,barrier_free_wc,wheelchair_wc,infant_wc,ostomate_wc,available_start_time,available_end_time,available_time_note,image,image_licence,note",
        ),
        (
            "evacuation_space",
            "NO,名称,名称_カナ,住所,方書,緯度,経度,標高,電話番号,内線番号,市区町村コード,都道府県名,市区町村名,災害種別_洪水,災害種別_崖崩れ、土石流及び地滑り,災害種別_高潮,災害種別_地震,災害種別_津波,災害種別_大規模な火事,災害種別_内水氾濫,災害種別_火山現象,指定避難所との重複,想定収容人数,対象となる町会・自治会,URL,備考",
        ),
        (
            "public_facility",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,名称_通称,POIコード,住所,方書,緯度,経度,電話番号,内線番号,法人番号,団体名,利用可能曜日,開始時間,終了時間,利用可能時間特記事項,説明,バリアフリー情報,URL,備考",
        ),
        (
            "tourism",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,名称_英語,POIコード,住所,方書,緯度,経度,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,料金(基本),料金(詳細),説明,説明_英語,アクセス方法,駐車場情報,バリアフリー情報,連絡先名称,連絡先電話番号,連絡先内線番号,画像,画像_ライセンス,URL,備考",
        ),
        (
            "preschool",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,種別,住所,方書,緯度,経度,アクセス方法,駐車場情報,電話番号,内線番号,FAX番号,法人番号,団体名,認可等年月日,収容定員,受入年齢,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,一時預かりの有無,URL,備考",
        ),
    ];
    for (slug, headers) in layouts {
        let dataset = Datasets::published().get(slug).unwrap();
        for header in headers.split(',') {
            let key = HeaderKey::new(header);
            let best = dataset.columns.iter().filter_map(|column| column.fit(&key)).min();
            assert!(matches!(best, Some(Fit::Official | Fit::Variant)), "{slug}: {header} {best:?}");
        }
    }
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
        ("public_facility", "敷地面積計(㎡）", "敷地面積"),
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
