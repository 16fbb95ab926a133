//! Old and variant forms of kanji, for matching only.
//!
//! The names of people, temples and companies keep forms that address tables and other lists write otherwise: 髙 for 高,
//! 邉 for 辺. The whole table of the Character Information Platform (MJ縮退マップ) gives several candidates for one form
//! and loses meaning; this is the part that names and addresses use most: one form, one usual form.

use std::collections::HashMap;
use std::sync::LazyLock;

/// Groups of forms: the usual one first.
const FORMS: &str = "\
    高髙 崎﨑嵜 辺邊邉 斎齋 斉齊 徳德 瀬瀨 浜濵濱 沢澤 広廣 国國 学學 桜櫻 島嶋嶌 富冨 恵惠 \
    栄榮 会會 県縣 区區 号號 円圓 鉄鐵 駅驛 横橫 黒黑 浅淺 滝瀧 竜龍 静靜 真眞 寿壽 万萬 \
    与與 蔵藏 芸藝 応應 団團 図圖 体體 独獨 医醫 薬藥 豊豐 礼禮 顕顯 実實 写寫 戸戶 歩步 \
    毎每 緑綠 録錄 郷鄕鄉 郎郞 青靑 清淸 条條 槙槇 桧檜 楼樓 検檢 欧歐 歴歷 残殘 渋澁 湾灣 \
    灯燈 炉爐 狭狹 献獻 弁瓣 画畫 当當 尽盡 禅禪 稲稻 穂穗 釜竈 糸絲 経經 縦縱 総總 続續 \
    繊纖 声聲 粛肅 胆膽 台臺 旧舊 荘莊 茎莖 蛍螢 虫蟲 衛衞 覚覺 観觀 読讀 変變 予豫 売賣 \
    村邨 酔醉 関關 険險 随隨 隠隱 雑雜 覇霸 霊靈 余餘 験驗 髄髓 鶏鷄 塩鹽 麦麥 黄黃 点點 \
    歯齒 亀龜 弥彌 彦彥 為爲 吉𠮷 暁曉 昼晝 鉱鑛 曽曾 柳栁 館舘 剣劍 巌巖 渕淵 桑桒 蒋蔣 \
    鷗鴎 桝枡 渓溪 桟棧 栃杤 頼賴 遥遙 祢禰 祷禱 侠俠 尭堯 穐龝 鴬鶯 砺礪 頚頸 麹麴";

/// The usual form of a kanji, or the character itself. Small ケ and カ of place names (茅ヶ崎, 袖ケ浦) are one as well.
pub fn usual(c: char) -> char {
    match c {
        'ヶ' | 'ヵ' => 'ケ',
        _ if c < '\u{4E00}' => c,
        _ => table().get(&c).copied().unwrap_or(c),
    }
}

/// Whether a character only chooses among the drawings of the one before it: variation selectors.
pub fn is_variation_selector(c: char) -> bool {
    matches!(c, '\u{FE00}'..='\u{FE0F}' | '\u{E0100}'..='\u{E01EF}')
}

fn table() -> &'static HashMap<char, char, ahash::RandomState> {
    static TABLE: LazyLock<HashMap<char, char, ahash::RandomState>> = LazyLock::new(|| {
        let group = |group: &'static str| {
            let usual = group.chars().next();
            group.chars().skip(1).filter_map(move |form| Some((form, usual?)))
        };
        FORMS.split_ascii_whitespace().flat_map(group).collect()
    });
    &TABLE
}
