//! What a cell looks like when its header says nothing.

use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::character::fold_width;
use hiroba_vocab::normalise::code::{LocalGovernmentCode, is_corporate_number};
use hiroba_vocab::normalise::date::date;
use hiroba_vocab::normalise::flag::{FlagFamily, flag};
use hiroba_vocab::normalise::number::decimal;
use hiroba_vocab::normalise::phone::phones;
use hiroba_vocab::normalise::time::time;
use hiroba_vocab::normalise::web::email;
use hiroba_vocab::normalise::{Reading, key};
use hiroba_vocab::{Issues, unit};

/// A form that the cells of a column can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Number,
    Latitude,
    Longitude,
    Pair,
    Date,
    Year,
    Time,
    Phone,
    PostalCode,
    Url,
    Email,
    Flag,
    /// 1 and 0, which may be a yes and a no, or numbers.
    Bit,
    Code,
    CorporateNumber,
    Address,
    Kana,
    List,
}

impl Kind {
    pub(super) const ALL: [Self; 18] = [
        Self::Number,
        Self::Latitude,
        Self::Longitude,
        Self::Pair,
        Self::Date,
        Self::Year,
        Self::Time,
        Self::Phone,
        Self::PostalCode,
        Self::Url,
        Self::Email,
        Self::Flag,
        Self::Bit,
        Self::Code,
        Self::CorporateNumber,
        Self::Address,
        Self::Kana,
        Self::List,
    ];

    /// Whether a cell has the form. `text` is trimmed and not empty.
    pub(super) fn fits(self, text: &str) -> bool {
        let folded = fold_width(text);
        let digits = || folded.bytes().filter(u8::is_ascii_digit).count();
        match self {
            Self::Number => number(text).is_some(),
            Self::Latitude => degrees(&folded).is_some_and(|n| (20.0..=46.0).contains(&n)),
            Self::Longitude => degrees(&folded).is_some_and(|n| (122.0..=154.0).contains(&n)),
            Self::Pair => crate::plan::halves(text).is_some_and(|(a, b)| {
                let (a, b) = (a.trim(), b.trim());
                Self::Latitude.fits(a) && Self::Longitude.fits(b) || Self::Longitude.fits(a) && Self::Latitude.fits(b)
            }),
            // Digits alone are a date only where they are YYYYMMDD: 43101 is a number first.
            Self::Date => {
                let bare = folded.bytes().all(|b| b.is_ascii_digit());
                (!bare || folded.len() == 8 && folded.starts_with(['1', '2']))
                    && matches!(date(text, None), Reading::Value(..))
            }
            Self::Year => folded.len() == 4 && folded.parse::<u16>().is_ok_and(|year| (1868..=2100).contains(&year)),
            Self::Time => folded.contains([':', '時']) && matches!(time(text), Reading::Value(..)),
            Self::Phone => {
                let shape =
                    folded.starts_with(['0', '(']) && folded.contains(['-', '(']) && (10..=11).contains(&digits());
                shape && matches!(phones(text), Reading::Value(_, Issues::NONE))
            }
            Self::PostalCode => {
                let bare = folded.trim_start_matches('〒').trim_start();
                bare.len() == 8 && bare.as_bytes().get(3) == Some(&b'-') && digits() == 7
            }
            Self::Url => (folded.starts_with("https://") || folded.starts_with("http://")) && !folded.contains(' '),
            Self::Email => matches!(email(text), Reading::Value(..)),
            Self::Flag => digits() == 0 && matches!(flag(text, FlagFamily::Presence), Reading::Value(_, Issues::NONE)),
            Self::Bit => matches!(&*folded, "0" | "1"),
            Self::Code => {
                LocalGovernmentCode::parse(&folded).is_some_and(|code| Municipalities::all().get(code).is_some())
            }
            Self::CorporateNumber => is_corporate_number(&folded),
            Self::Address => is_address(text, &folded),
            Self::Kana => is_kana(&folded),
            Self::List => is_list(text),
        }
    }
}

/// The number that a cell is, apart from separators and a unit behind it.
pub(super) fn number(text: &str) -> Option<f64> {
    let unit = unit::behind_number(text);
    decimal(text, unit.as_slice()).ok()
}

/// Whether a cell is a number whose leading zero means something: 0123, and not 0 or 0.5.
pub(super) fn leads_with_zero(text: &str) -> bool {
    let folded = fold_width(text);
    let digits = folded.trim_start_matches('-');
    digits.len() > 1 && digits.starts_with('0') && !digits.starts_with("0.")
}

/// Degrees with at least three decimals: what a position needs.
fn degrees(text: &str) -> Option<f64> {
    let (_, decimals) = text.split_once('.')?;
    (decimals.len() >= 3).then(|| text.parse().ok()).flatten()
}

/// A prefecture or municipality and more behind it, or a town with a lot number.
fn is_address(text: &str, folded: &str) -> bool {
    let all = Municipalities::all();
    let rest = all.prefecture(text).map_or(text, |(_, rest)| rest);
    let rest = all.starting(rest, |_| true).map_or(rest, |(_, rest)| rest);
    let lot = ["丁目", "番地", "番", "号", "地先", "地内"].iter().any(|word| folded.contains(word));
    let digit = folded.chars().any(|c| c.is_ascii_digit());
    let told = if rest.len() < text.len() { !rest.is_empty() && (digit || lot) } else { digit && lot };
    told && text.chars().count() <= 100
}

/// Kana and the marks that stand between them, at least two.
fn is_kana(text: &str) -> bool {
    let kana = |c: char| matches!(c, '\u{3041}'..='\u{3096}' | '\u{30A1}'..='\u{30FF}' | '\u{FF66}'..='\u{FF9F}');
    let mark = |c: char| c.is_whitespace() || matches!(c, '・' | '(' | ')' | '-' | 'ー');
    text.chars().filter(|c| kana(*c)).count() >= 2 && text.chars().all(|c| kana(c) || mark(c))
}

/// Several short items with a separator of lists between them.
fn is_list(text: &str) -> bool {
    let items: Vec<&str> = text.split([';', '；', '、', '\n']).map(str::trim).filter(|item| !item.is_empty()).collect();
    items.len() >= 2 && items.iter().all(|item| item.chars().count() <= 20 && !item.contains('。'))
}

/// Words in a header that speak for a form.
pub(super) fn header_speaks(kind: Kind, header: &str) -> bool {
    let folded = key::fold(header);
    let says = |words: &[&str]| words.iter().any(|word| folded.contains(word));
    match kind {
        Kind::Number => says(&[
            "数", "人口", "量", "額", "料", "面積", "率", "価格", "値段", "単価", "高さ", "長さ", "延長", "count",
            "number", "total", "amount", "price", "area",
        ]),
        Kind::Latitude => says(&["緯", "lat"]),
        Kind::Longitude => says(&["経度", "東経", "lon", "lng"]),
        Kind::Pair => says(&["座標", "緯度", "位置", "coord", "latlon", "latlng"]),
        Kind::Date => says(&["日", "年", "月", "date"]),
        Kind::Year => says(&["年", "year"]),
        Kind::Time => says(&["時", "time"]),
        Kind::Phone => says(&["電話", "tel", "phone", "連絡先", "問い合わせ", "問合せ", "fax"]),
        Kind::PostalCode => says(&["郵便", "〒", "zip", "postcode", "postal"]),
        Kind::Url => says(&["url", "サイト", "ページ", "リンク", "link", "web", "hp"]),
        Kind::Email => says(&["メール", "mail"]),
        Kind::Flag | Kind::Bit => says(&["有無", "可否", "フラグ", "要否", "該当", "flag"]),
        Kind::Code => says(&["団体コード", "自治体コード", "市区町村コード", "地方公共団体コード"]),
        Kind::CorporateNumber => says(&["法人番号"]),
        Kind::Address => says(&["住所", "所在", "address"]),
        Kind::Kana => says(&["カナ", "かな", "よみ", "読み", "仮名", "kana"]),
        Kind::List => says(&["タグ", "キーワード", "内訳", "科目", "一覧", "tags", "keywords"]),
    }
}

/// Whether a header says that its numbers are names and not quantities: a code, a number of a document, a telephone.
pub(super) fn names_by_number(header: &str) -> bool {
    let folded = key::fold(&key::column(header));
    let ends = ["コード", "番号", "code", "no", "id", "番", "no.", "区", "丁目", "号"];
    ends.iter().any(|end| folded.ends_with(end))
        || ["電話", "tel", "fax", "郵便"].iter().any(|word| folded.contains(word))
}
