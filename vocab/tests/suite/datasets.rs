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
        (
            "food_business",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,施設名称,施設名称_カナ,営業の種類,業態,施設所在地,施設方書,緯度,経度,施設電話番号,法人名,法人番号,許可番号,初回許可年月日,許可年月日,許可開始日,許可満了日,廃業年月日,申請区分,許可条件,備考",
        ),
        (
            "food_business",
            "全国地方公共団体コード,ID,地方公共団体名,施設名称,施設名称_カナ,施設名称_英字,営業の種類,業態,所在地_連結表記,施設所在地_都道府県,施設所在地_市区町村,施設所在地_町字,施設所在地_番地以下,施設方書,緯度,経度,施設電話番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,法人名,法人番号,許可番号,初回許可年月日,許可年月日,許可開始日,許可満了日,廃業年月日,申請区分,許可条件,備考",
        ),
        (
            "school_lunch",
            "全国地方公共団体コード,学校ID,学校コード,学校名称,学校名称_カナ,対象学年,学校所在地_都道府県名,学校所在地_郡名,学校所在地_市区町村名,学校所在地_行政区名,学校所在地_全国地方公共団体コード,提供年月日,レコードID,献立ID,料理ID,料理名称,同一料理内通し番号,食品ID,食品名称（成分表）,食品名称（独自）,食品群（6群）,食品群（3群）,分量,エネルギー,たんぱく質,たんぱく質エネルギー比,脂質,脂質エネルギー比,食塩相当量,カルシウム,マグネシウム,鉄,ビタミンA_ug,ビタミンA_ugRAE,ビタミンA_IU,ビタミンB1,ビタミンB2,ビタミンC,食物繊維,亜鉛,炭水化物,糖質量,アレルゲン情報公開・非公開,アレルゲン品目,調理方法（料理単位）,調理方法（食材単位）,備考",
        ),
        (
            "school_lunch_metadata",
            "全国地方公共団体コード,学校ID,学校コード,学校名称,学校名称_カナ,対象学年,学校所在地_都道府県名,学校所在地_郡名,学校所在地_市区町村名,学校所在地_行政区名,学校所在地_全国地方公共団体コード",
        ),
        (
            "school_district",
            "情報の管理主体_全国地方公共団体コード,学校ID,学校コード,学校所在地_都道府県名,学校所在地_郡名,学校所在地_市区町村名,学校所在地_行政区名,学校所在地_全国地方公共団体コード,学校名称,学校名称_カナ,行政サービス拠点種別,通学区域_登録年月日,通学区域_廃止日,通学区域の住所,特記事項,ポリゴン_ファイル名",
        ),
        (
            "support_scheme",
            "制度番号,全国地方公共団体コード,法人番号,元制度番号,制度変更区分,タイトル（制度名）,サブタイトル（通称）,対象者,用途・対象物,対象地域,対象地域群,概要,内容,利用・申請方法,受付開始日,受付終了日,受付備考,根拠法令,詳細参照先,実施組織・支援機関,お問い合わせ先,電子申請URL,標準産業分類,（個人対象）ライフステージ分類,災害名,キーワード,制度集,公開日,公開終了日",
        ),
        (
            "emergency_radio",
            "防災行政無線_全国地方公共団体コード,施設_ID,設備_ID,防災行政無線_ID,防災行政無線_名称,防災行政無線_名称（カナ）,防災行政無線_名称（英字）,防災行政無線_説明,防災行政無線_緯度,防災行政無線_経度,防災行政無線_座標参照系,防災行政無線_地区名,防災行政無線_備考",
        ),
        (
            "school",
            "教育機関_学校コード,教育機関_学校種,教育機関_都道府県番号,教育機関_設置区分,教育機関_設置者情報,教育機関_本分校,教育機関_本校学校コード,教育機関_本校学校名,教育機関_学校名,教育機関_学校名カナ表記,教育機関_学校略称,教育機関_学校所在地（市区町村）,教育機関_学校所在地（町字）,教育機関_学校所在地（番地以下）,教育機関_郵便番号,教育機関_緯度,教育機関_経度,教育機関_連絡先名称,教育機関_連絡先電話番号,教育機関_属性情報設定年月日,教育機関_属性情報廃止年月日,教育機関_旧学校調査番号,教育機関_移行後の学校コード",
        ),
        (
            "parking",
            "公営駐車場_全国地方公共団体コード,公営駐車場_ID,公営駐車場_名称,公営駐車場_名称（カナ）,公営駐車場_名称（英字）,公営駐車場_説明,公営駐車場_緯度,公営駐車場_経度,公営駐車場_屋内外,公営駐車場_最大駐車台数,料金種別,料金,料金備考,決済種別,開設日",
        ),
        (
            "bicycle_parking",
            "公営駐輪場_全国地方公共団体コード,施設_ID,公営駐輪場_ID,公営駐輪場_名称,公営駐輪場_名称（カナ）,公営駐輪場_名称（英字）,公営駐輪場_説明,公営駐輪場_緯度,公営駐輪場_経度,公営駐輪場_屋内外,公営駐輪場_最大駐輪台数,最寄駅,サービス曜日,開始時刻,終了時刻,日時備考,料金種別,料金,料金備考,決済種別,開設日,URL,備考",
        ),
        (
            "bicycle_parking",
            "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英字,名称_通称,POIコード,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,屋内外,最大駐輪台数,最寄駅,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,備考",
        ),
        (
            "polling_place",
            "投票所_全国地方公共団体コード,施設_ID,投票所_ID,投票所_名称,投票所_名称（カナ）,投票所_名称（英字）,投票所_説明,投票所_緯度,投票所_経度,投票所_座標参照系,投票所_投票所区分,投票所_投票区名,投票所_備考",
        ),
        (
            "waste_sorting",
            "ゴミの分別方法_全国地方公共団体コード,ゴミの分別方法_ID,ゴミの分別方法_品目,ゴミの分別方法_分別区分,ゴミの分別方法_注意点,ゴミの分別方法_料金種別,ゴミの分別方法_料金,ゴミの分別方法_料金備考,ゴミの分別方法_備考",
        ),
        (
            "waste_sorting",
            "全国地方公共団体コード,ID,地方公共団体名,地区名,ゴミの品目,ゴミの品目_カナ,ゴミの品目_英字,分別区分,注意点,備考,粗大ごみ回収料金",
        ),
        (
            "baby_station",
            "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英字,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,設置位置,電話番号,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,授乳室,おむつ替えコーナー,飲食可否,ベビーカー貸出,ベビーカー利用,URL,画像,画像_ライセンス,備考",
        ),
        (
            "waste_collection_point",
            "ゴミ集積場所_全国地方公共団体コード,施設_ID,ゴミ集積場所_ID,ゴミ集積場所_名称,ゴミ集積場所_名称（カナ）,ゴミ集積場所_名称（英字）,ゴミ集積場所_説明,ゴミ集積場所_緯度,ゴミ集積場所_経度,ゴミ集積場所_座標参照系,ゴミ集積場所_ゴミ種類,ゴミ集積場所_地区名,ゴミ集積場所_ゴミ収集日,ゴミ集積場所_自治体のページURL,ゴミ集積場所_注意事項",
        ),
        (
            "tourism_point",
            "観光ポイント_全国地方公共団体コード,観光ポイント_ID,観光ポイント_名称,観光ポイント_名称（カナ）,観光ポイント_名称（英字）,観光ポイント_緯度,観光ポイント_経度,観光ポイント_説明",
        ),
        (
            "cultural_property",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,名称_通称,名称_英語,文化財分類,種類,場所名称,住所,方書,緯度,経度,電話番号,内線番号,員数（数）,員数（単位）,法人番号,所有者等,文化財指定日,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,画像,画像_ライセンス,概要,概要_英語,説明,説明_英語,URL,備考",
        ),
        (
            "cultural_property",
            "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_通称,名称_英字,文化財分類,種類,場所名称,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,高度の種別,高度の値,電話番号,内線番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,員数（数）,員数（単位）,法人番号,所有者等,文化財指定日,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,画像,画像_ライセンス,概要,概要_英語,説明,説明_英語,URL,備考",
        ),
        (
            "population",
            "都道府県コード又は市区町村コード,地域コード,都道府県名,市区町村名,調査年月日,地域名,総人口,男性,女性,0-4歳の男性,0-4歳の女性,5-9歳の男性,5-9歳の女性,10-14歳の男性,10-14歳の女性,15-19歳の男性,15-19歳の女性,20-24歳の男性,20-24歳の女性,25-29歳の男性,25-29歳の女性,30-34歳の男性,30-34歳の女性,35-39歳の男性,35-39歳の女性,40-44歳の男性,40-44歳の女性,45-49歳の男性,45-49歳の女性,50-54歳の男性,50-54歳の女性,55-59歳の男性,55-59歳の女性,60-64歳の男性,60-64歳の女性,65-69歳の男性,65-69歳の女性,70-74歳の男性,70-74歳の女性,75-79歳の男性,75-79歳の女性,80-84歳の男性,80-84歳の女性,85歳以上の男性,85歳以上の女性,世帯数,備考",
        ),
        (
            "population",
            "全国地方公共団体コード,ID,地域コード,地方公共団体名,調査年月日,地域名,総人口,男性,女性,0-4歳の男性,0-4歳の女性,5-9歳の男性,5-9歳の女性,10-14歳の男性,10-14歳の女性,15-19歳の男性,15-19歳の女性,20-24歳の男性,20-24歳の女性,25-29歳の男性,25-29歳の女性,30-34歳の男性,30-34歳の女性,35-39歳の男性,35-39歳の女性,40-44歳の男性,40-44歳の女性,45-49歳の男性,45-49歳の女性,50-54歳の男性,50-54歳の女性,55-59歳の男性,55-59歳の女性,60-64歳の男性,60-64歳の女性,65-69歳の男性,65-69歳の女性,70-74歳の男性,70-74歳の女性,75-79歳の男性,75-79歳の女性,80-84歳の男性,80-84歳の女性,85歳以上の男性,85歳以上の女性,世帯数,備考",
        ),
        (
            "population",
            "#property,prefCode,regionCode,prefName,cityName,surveyDate,regionName,totalPopulation,male,woman,man1,woman1,man2,woman2,man3,woman3,man4,woman4,man5,woman5,man6,woman6,man7,woman7,man8,woman8,man9,woman9,man10,woman10,man11,woman11,man12,woman12,man13,woman13,man14,woman14,man15,woman15,man16,woman16,man17,woman17,man18,woman18,numberOfHouseholds,note",
        ),
        (
            "open_data_list",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,データ名称,データ概要,データ形式,分類,更新頻度,URL,API対応有無,ライセンス,登録日,最終更新日,備考",
        ),
        (
            "open_data_list",
            "全国地方公共団体コード,地方公共団体名,データセット_ID,データセット_タイトル,データセット_概要,データセット_キーワード,データセット_分類,データセット_公開日,データセット_最終更新日,データセット_URL,データセット_更新頻度,データセット_準拠する標準,データセット_関連ドキュメント,データセット_対象期間,データセット_作成者,データセット_連絡先名称,データセット_連絡先メールアドレス,データセット_連絡先電話番号,データセット_連絡先内線番号,データセット_連絡先FormURL,データセット_連絡先備考（その他、SNSなど）,データセット_備考,ファイル_タイトル,ファイル_アクセスURL,ファイル_ダウンロードURL,ファイル_説明,ファイル_形式,ファイル_ライセンス,ファイル_利用規約,ファイル_関連ドキュメント,ファイル_準拠する標準,ファイル_公開日,ファイル_最終更新日",
        ),
        (
            "public_wireless_lan",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,名称_英語,住所,方書,緯度,経度,設置者,電話番号,内線番号,SSID,提供エリア,URL,備考",
        ),
        (
            "public_wireless_lan",
            "全国地方公共団体コード,法人番号,ID,地方公共団体名,名称,名称_カナ,名称_英語,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,設置者,電話番号,内線番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,SSID,提供エリア,URL,備考",
        ),
        (
            "care_service",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,介護サービス事業所名称,介護サービス事業所名称_カナ,実施サービス,住所,方書,緯度,経度,電話番号,内線番号,FAX番号,法人番号,法人の名称,事業所番号,利用可能曜日,利用可能曜日特記事項,定員,URL,備考",
        ),
        (
            "care_service",
            "全国地方公共団体コード,ID,地方公共団体名,介護サービス事業所名称,介護サービス事業所名称_カナ,介護サービス事業所名称_英字,実施サービス,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,高度の種別,高度の値,電話番号,内線番号,FAX番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,法人番号,法人の名称,事業所番号,利用可能曜日,利用可能曜日特記事項,定員,URL,画像,画像_ライセンス,備考",
        ),
        (
            "hospital",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,医療機関の種類,住所,方書,緯度,経度,電話番号,内線番号,FAX番号,法人番号,法人の名称,医療機関コード,診療曜日,診療開始時間,診療終了時間,診療日時特記事項,時間外における対応,診療科目,病床数,URL,備考",
        ),
        (
            "hospital",
            "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英字,医療機関の種類,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,高度の種別,高度の値,電話番号,内線番号,FAX番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,法人番号,法人の名称,医療機関コード,診療曜日,診療開始時間,診療終了時間,診療日時特記事項,時間外における対応,診療科目,病床数,URL,画像,画像_ライセンス,備考",
        ),
        (
            "event",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,イベント名,イベント名_カナ,イベント名_英語,開始日,終了日,開始時間,終了時間,開始日時特記事項,説明,料金(基本),料金(詳細),連絡先名称,連絡先電話番号,連絡先内線番号,主催者,場所名称,住所,方書,緯度,経度,アクセス方法,駐車場情報,定員,参加申込終了日,参加申込終了時間,参加申込方法,URL,備考",
        ),
        (
            "event",
            "全国地方公共団体コード,ID,地方公共団体名,法人番号,イベント名,イベント名_カナ,イベント名_英字,サブタイトル,イベント種類,状態,キーワード,タグ,開始日,終了日,開始時間,終了時間,開始日時特記事項,開催パターン,概要,説明,料金種別,料金(基本),料金(詳細),連絡先名称,連絡先電話番号,連絡先内線番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,主催者,共催団体,対象者,場所名称,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,アクセス方法,駐車場情報,定員,参加申込終了日,参加申込終了時間,参加申込方法,URL,画像,画像_ライセンス,備考",
        ),
        (
            "fire_hydrant",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,種別,住所,方書,緯度,経度,口径,備考",
        ),
        (
            "fire_hydrant",
            "全国地方公共団体コード,ID,地方公共団体名,種別,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,口径,備考",
        ),
        (
            "evacuation_space",
            "全国地方公共団体コード,ID,名称,名称_カナ,名称_英字,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,標高,電話番号,内線番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,市区町村コード,地方公共団体名,災害種別_洪水,災害種別_崖崩れ、土石流及び地滑り,災害種別_高潮,災害種別_地震,災害種別_津波,災害種別_大規模な火事,災害種別_内水氾濫,災害種別_火山現象,指定避難所との重複,想定収容人数,対象となる町会・自治会,URL,画像,画像_ライセンス,備考",
        ),
        (
            "preschool",
            "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英字,種別,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,高度の種別,高度の値,アクセス方法,駐車場情報,電話番号,内線番号,FAX番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,法人番号,団体名,認可等年月日,収容定員,受入年齢,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,一時預かりの有無,子供預かり料金種別,子供預かり料金,子供預かり料金備考,子供預かり開所時間,子供預かり閉所時間,病児保育の有無,授乳室,おむつ替えコーナー,飲食可否,ベビーカー貸出,ベビーカー利用,URL,画像,画像_ライセンス,備考",
        ),
        (
            "public_toilet",
            "都道府県コード又は市区町村コード,NO,都道府県名,市区町村名,名称,名称_カナ,名称_英語,住所,方書,設置位置,緯度,経度,男性トイレ総数,男性トイレ数（小便器）,男性トイレ数（和式）,男性トイレ数（洋式）,女性トイレ総数,女性トイレ数（和式）,女性トイレ数（洋式）,男女共用トイレ総数,男女共用トイレ数（和式）,男女共用トイレ数（洋式）,多機能トイレ数,車椅子使用者用トイレ有無,乳幼児用設備設置トイレ有無,オストメイト設置トイレ有無,利用開始時間,利用終了時間,利用可能時間特記事項,画像,画像_ライセンス,備考",
        ),
        (
            "aed",
            "localgov_code,id,localgov_name,name,name_kana,name_english,seat_localgov_code,choaza_id,seat_copulative_spell,seat_prefecture,seat_city,seat_choaza,seat_after_address,buillding_name_etc,latitude,longitude,advanced_classification,advanced_value,連絡先備考（その他、SNSなど）,画像2,画像2_ライセンス",
        ),
        (
            "public_facility",
            "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_通称,名称_英字,POIコード,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,高度の種別,高度の値,電話番号,内線番号,FAX番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,法人番号,団体名,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,説明,バリアフリー情報,URL,画像,画像_ライセンス,備考",
        ),
        (
            "tourism",
            "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_通称,名称_英字,POIコード,所在地_全国地方公共団体コード,町字ID,所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,高度の種別,高度の値,利用可能曜日,開始時間,終了時間,利用可能日時特記事項,料金（基本）,料金（詳細）,説明,説明_英語,アクセス方法,駐車場情報,バリアフリー情報,連絡先名称,連絡先電話番号,連絡先内線番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,画像,画像_ライセンス,URL,備考",
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
