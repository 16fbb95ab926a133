//! A list of AEDs in the current layout, of any length.

use std::fmt::Write as _;

const HEADER: &str = "全国地方公共団体コード,ID,地方公共団体名,名称,名称_カナ,名称_英字,所在地_全国地方公共団体コード,町字ID,\
    所在地_連結表記,所在地_都道府県,所在地_市区町村,所在地_町字,所在地_番地以下,建物名等(方書),緯度,経度,高度の種別,高度の値,\
    設置位置,電話番号,内線番号,連絡先メールアドレス,連絡先FormURL,連絡先備考（その他、SNSなど）,郵便番号,法人番号,団体名,\
    利用可能曜日,開始時間,終了時間,利用可能日時特記事項,小児対応設備の有無,URL,画像,画像_ライセンス,備考";

/// A list without a flaw.
pub(crate) fn clean(rows: usize) -> String {
    let mut text = format!("{HEADER}\n");
    for n in 0..rows {
        let (latitude, longitude) = (34.2 + (n % 997) as f64 * 1e-4, 134.0 + (n % 1009) as f64 * 1e-4);
        writeln!(
            text,
            "372013,{n:010},香川県高松市,第{n}集会所,ダイ{n}シュウカイショ,,372013,,香川県高松市番町{}-{},香川県,高松市,番町,{}-{},,\
             {latitude:.6},{longitude:.6},,,1階玄関,087-839-2011,,,,,,,,月火水木金,08:30,17:00,,有,,,,",
            n % 90,
            n % 7 + 1,
            n % 90,
            n % 7 + 1,
        )
        .unwrap();
    }
    text
}

/// The same with the cells that publishers really write: full-width digits, loose addresses, words for none.
pub(crate) fn as_published(rows: usize) -> String {
    let mut text = format!("{HEADER}\n");
    for n in 0..rows {
        let (latitude, longitude) = (34.2 + (n % 997) as f64 * 1e-4, 134.0 + (n % 1009) as f64 * 1e-4);
        writeln!(
            text,
            "372013,{n},高松市,第{n}集会所（東館）,だい{n}しゅうかいしょ,-,,,高松市番町{}丁目{}番地 ○○ビル,,,,,,\
             {latitude},{longitude},,,１階玄関,０８７（８３９）２０１１,なし,,,,760-8571,,高松市,平日,8:30,17時,祝日除く,○,,,,{}",
            n % 5 + 1,
            n % 70 + 1,
            if n % 3 == 0 { "鍵は管理人室" } else { "" },
        )
        .unwrap();
    }
    text
}
