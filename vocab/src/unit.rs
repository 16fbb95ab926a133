//! Units as municipal tables write them, in brackets behind a header or behind each number.

/// Spellings, after NFKC and in lower case, with their codes of UN/CEFACT Recommendation 20; the yen has its code of
/// ISO 4217. What is counted (人, 件, 台) has no unit in that list.
const UNITS: &[(&str, Option<&str>)] = &[
    ("km2", Some("KMK")),
    ("平方キロメートル", Some("KMK")),
    ("m2", Some("MTK")),
    ("平方メートル", Some("MTK")),
    ("平米", Some("MTK")),
    ("m3", Some("MTQ")),
    ("立方メートル", Some("MTQ")),
    ("ヘクタール", Some("HAR")),
    ("ha", Some("HAR")),
    ("キロメートル", Some("KMT")),
    ("km", Some("KMT")),
    ("mm", Some("MMT")),
    ("cm", Some("CMT")),
    ("メートル", Some("MTR")),
    ("m", Some("MTR")),
    ("kg", Some("KGM")),
    ("キログラム", Some("KGM")),
    ("トン", Some("TNE")),
    ("t", Some("TNE")),
    ("リットル", Some("LTR")),
    ("kwh", Some("KWH")),
    ("kw", Some("KWT")),
    ("パーセント", Some("P1")),
    ("%", Some("P1")),
    ("℃", Some("CEL")),
    ("°c", Some("CEL")),
    ("円", Some("JPY")),
    ("時間", Some("HUR")),
    ("分", Some("MIN")),
    ("人", None),
    ("名", None),
    ("世帯", None),
    ("件", None),
    ("台", None),
    ("基", None),
    ("個", None),
    ("枚", None),
    ("本", None),
    ("冊", None),
    ("回", None),
    ("校", None),
    ("棟", None),
    ("戸", None),
    ("室", None),
    ("席", None),
    ("か所", None),
    ("箇所", None),
    ("ヶ所", None),
    ("カ所", None),
    ("歳", None),
    ("階", None),
];

/// The code of a unit, if it is one that has a code: `㎡` is `MTK`.
pub fn code(text: &str) -> Option<&'static str> {
    let key = folded(text);
    UNITS.iter().find(|(name, _)| *name == key).and_then(|(_, code)| *code)
}

/// The unit behind the number with which a text begins, as it is written: `㎡` of `1,200㎡`. The text is nothing else.
pub fn behind_number(text: &str) -> Option<&str> {
    let number = |c: char| c.is_numeric() && !is_unit_sign(c) || matches!(c, '.' | '．' | ',' | '，' | '-' | '−' | ' ');
    let unit = text.trim_start_matches(number);
    let begins = text.len() > unit.len() && !unit.is_empty();
    (begins && UNITS.iter().any(|(name, _)| *name == folded(unit))).then_some(unit)
}

/// The unit in brackets at the end of a header: `㎡` of `面積（㎡）`.
pub fn of_header(header: &str) -> Option<&str> {
    let inner = header.trim_end().strip_suffix([')', '）', ']', '］'])?;
    let open = inner.rfind(['(', '（', '[', '［'])?;
    let unit = inner
        .get(open..)?
        .trim_start_matches(['(', '（', '[', '［'])
        .trim_start_matches("単位")
        .trim_matches([':', '：', ' ']);
    UNITS.iter().any(|(name, _)| *name == folded(unit)).then_some(unit)
}

/// Whether a character is a unit in itself that Unicode counts among the numbers.
fn is_unit_sign(c: char) -> bool {
    matches!(c, '㎡' | '㎥' | '㎢' | '㎞' | '㎜' | '㎝' | '㎏')
}

fn folded(text: &str) -> String {
    crate::normalise::character::nfkc(text.trim()).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_found_behind_numbers_and_in_headers() {
        for (text, unit, code_of_it) in [
            ("1,200㎡", "㎡", Some("MTK")),
            ("３．５km", "km", Some("KMT")),
            ("12 人", "人", None),
            ("50％", "％", Some("P1")),
        ] {
            assert_eq!(behind_number(text), Some(unit), "{text}");
            assert_eq!(code(unit), code_of_it, "{text}");
        }
        for text in ["人", "12", "12番地", "㎡12", ""] {
            assert_eq!(behind_number(text), None, "{text}");
        }
        assert_eq!(of_header("面積（㎡）"), Some("㎡"));
        assert_eq!(of_header("人口（単位：人）"), Some("人"));
        assert_eq!(of_header("名称（カナ）"), None);
    }
}
