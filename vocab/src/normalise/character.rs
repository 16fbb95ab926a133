//! Characters: what is blank, what stands for nothing, and how the many hyphens and widths fold.
//!
//! Folding is for reading and matching. What is published keeps its characters: NFC and NFKC replace some kanji (U+FA19
//! 神 becomes U+795E) and leave their neighbours, so that a folded name would be another name.

use std::borrow::Cow;

use unicode_normalization::UnicodeNormalization as _;

use super::Reading;
use super::html::without_html;
use crate::issue::{Issue, Issues};

/// Whether a character is white space to a reader: Unicode's, the ideographic space (U+3000), no-break and zero-width
/// spaces, and a byte order mark in the middle of a text.
pub fn is_blank(c: char) -> bool {
    c.is_whitespace() || matches!(c, '\u{FEFF}' | '\u{200B}'..='\u{200D}' | '\u{2060}')
}

/// The text without blanks at its ends.
pub fn trim(text: &str) -> &str {
    // Kana, kanji and ASCII signs are most of what stands at the ends of cells: no table is needed for them.
    let is_sign = |c: char| matches!(c, '!'..='~' | '\u{3001}'..='\u{FAFF}');
    if text.starts_with(is_sign) && text.ends_with(is_sign) { text } else { text.trim_matches(is_blank) }
}

/// Full-width ASCII and the ideographic space in their usual width. Kana, kanji and marks stay.
pub fn fold_width(text: &str) -> Cow<'_, str> {
    let wide = |c: char| matches!(c, '\u{FF01}'..='\u{FF5E}' | '\u{3000}' | '\u{A0}');
    if text.is_ascii() || !text.contains(wide) {
        return text.into();
    }
    text.chars().map(narrow).collect::<String>().into()
}

fn narrow(c: char) -> char {
    match c {
        '\u{FF01}'..='\u{FF5E}' => char::from_u32(c as u32 - 0xFEE0).unwrap_or(c),
        '\u{3000}' | '\u{A0}' => ' ',
        _ => c,
    }
}

/// NFKC, for keys only.
pub fn nfkc(text: &str) -> Cow<'_, str> {
    if text.is_ascii() { text.into() } else { text.nfkc().collect::<String>().into() }
}

/// The marks that stand for a hyphen between digits, the long-vowel mark among them.
pub fn is_hyphen(c: char) -> bool {
    matches!(
        c,
        '-' | '\u{2010}'
            ..='\u{2015}'
                | '\u{2043}'
                | '\u{2212}'
                | '\u{2500}'
                | '\u{2501}'
                | '\u{30FC}'
                | '\u{FE63}'
                | '\u{FF0D}'
                | '\u{FF70}'
    )
}

/// The marks that stand between the ends of a range: the wave dash of either table, and the tilde.
pub fn is_tilde(c: char) -> bool {
    matches!(c, '~' | '\u{301C}' | '\u{FF5E}' | '\u{223C}' | '\u{02DC}')
}

/// Digits and letters in their usual width, and any hyphen after a digit and before a letter or digit as `-`.
pub fn fold_lot_numbers(text: &str) -> Cow<'_, str> {
    let wide = |c: char| matches!(c, '０'..='９' | 'Ａ'..='Ｚ' | 'ａ'..='ｚ');
    if text.is_ascii() || !text.contains(|c| is_hyphen(c) || wide(c)) {
        return text.into();
    }
    let narrow_alphanumeric = |c: char| if wide(c) { narrow(c) } else { c };
    let mut folded = String::with_capacity(text.len());
    let mut chars = text.chars().map(narrow_alphanumeric).peekable();
    while let Some(c) = chars.next() {
        let after_digit = folded.ends_with(|c: char| c.is_ascii_digit());
        let before_word = chars.peek().is_some_and(char::is_ascii_alphanumeric);
        folded.push(if is_hyphen(c) && after_digit && before_word { '-' } else { c });
    }
    folded.into()
}

/// Whether a long-vowel mark can follow: katakana, but not ン and ッ, which have no vowel to lengthen.
pub fn has_vowel(c: char) -> bool {
    matches!(c, 'ァ'..='ヺ' | 'ー') && !matches!(c, 'ン' | 'ッ')
}

/// A minus or hyphen after katakana, as some exports write the long vowel, in its proper form.
pub fn fold_long_vowels(text: &str) -> Cow<'_, str> {
    if text.is_ascii() || !text.contains(|c| is_hyphen(c) && c != '\u{30FC}') {
        return text.into();
    }
    let mut folded = String::with_capacity(text.len());
    for c in text.chars() {
        let vowel = is_hyphen(c) && folded.ends_with(has_vowel);
        folded.push(if vowel { '\u{30FC}' } else { c });
    }
    folded.into()
}

/// What a cell holds besides blanks, words for nothing and remainders of templates.
///
/// # Errors
/// The issues with which the cell is empty.
pub fn content(text: &str) -> Result<&str, Issues> {
    let text = published(text)?;
    if is_word_for_nothing(text) { Err(Issues::one(Issue::Placeholder)) } else { Ok(text) }
}

/// [`content`] where words such as なし and 無 have a meaning: only dashes, template remainders and errors are empty.
///
/// # Errors
/// As [`content`].
pub fn published(text: &str) -> Result<&str, Issues> {
    let text = trim(text);
    match text.chars().next() {
        None => Err(Issues::NONE),
        Some(first) if is_hyphen(first) || first == '*' || first == '＊' => {
            if text.chars().all(|c| is_hyphen(c) || matches!(c, '*' | '＊')) {
                Err(Issues::one(Issue::Placeholder))
            } else {
                Ok(text)
            }
        }
        Some(',' | '、' | ';' | '/' | '・' | '.' | ':' | '：') if text.chars().all(is_separator) => {
            Err(Issues::one(Issue::TemplateLeftover))
        }
        Some('#') if is_cell_error(text) => Err(Issues::one(Issue::CellError)),
        Some(first) if may_start_template(first) && is_template_leftover(text) => {
            Err(Issues::one(Issue::TemplateLeftover))
        }
        Some(_) => Ok(text),
    }
}

/// Text as it is published: trimmed, HTML turned into plain text, with a flag where a character was lost or is private.
pub fn text(cell: &str) -> Reading<Cow<'_, str>> {
    match published(cell) {
        Err(issues) => Reading::Empty(issues),
        Ok(text) => plain(text),
    }
}

/// [`text`] in a column of remarks, where なし says that there is nothing to remark.
pub fn remark(cell: &str) -> Reading<Cow<'_, str>> {
    match content(cell) {
        Err(issues) => Reading::Empty(issues),
        Ok(text) => plain(text),
    }
}

fn plain(text: &str) -> Reading<Cow<'_, str>> {
    let Some(decoded) = without_html(text) else { return Reading::Value(text.into(), damage(text)) };
    let removed = Issues::one(Issue::HtmlRemoved);
    match published(&decoded) {
        Ok(plain) => Reading::Value(plain.to_owned().into(), damage(plain).and(removed)),
        Err(issues) => Reading::Empty(issues.and(removed)),
    }
}

/// Signs that characters were lost before publication, or mean nothing outside the publisher's system.
pub fn damage(text: &str) -> Issues {
    if text.is_ascii() && !text.contains('?') {
        return Issues::NONE;
    }
    let private = text.chars().any(|c| matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFD}'));
    Issues::NONE.with_if(has_lost_character(text), Issue::LostCharacter).with_if(private, Issue::PrivateCharacter)
}

/// Whether a `?` stands between two digits, between two kanji or kana, or after a Latin letter at the end of a word
/// (Caf?), or U+FFFD stands anywhere. URLs are not looked at.
fn has_lost_character(text: &str) -> bool {
    if text.contains('\u{FFFD}') {
        return true;
    }
    if !text.contains('?') || text.contains("://") {
        return false;
    }
    let japanese = |c: char| matches!(c, '\u{3040}'..='\u{30FF}' | '\u{4E00}'..='\u{9FFF}' | '\u{F900}'..='\u{FAFF}');
    let chars: Vec<char> = text.chars().collect();
    (0..chars.len()).filter(|at| chars[*at] == '?').any(|at| {
        let before = at.checked_sub(1).map(|at| chars[at]);
        let after = chars.get(at + 1).copied();
        match (before, after) {
            // ① to ⑳ lose their first byte and leave ?@ to ?S.
            (None, Some('@' | 'A'..='S')) => chars.get(at + 2).is_none_or(|c| japanese(*c)),
            (Some(a), Some(b)) if is_digit(a) && is_digit(b) => true,
            (Some(a), Some(b)) if japanese(a) && japanese(b) => true,
            (Some(a), None | Some(' ' | '\u{3000}')) => a.is_ascii_lowercase(),
            _ => false,
        }
    })
}

pub(super) fn is_separator(c: char) -> bool {
    is_blank(c) || matches!(c, ',' | '、' | ';' | '/' | '・' | '.' | ':' | '：')
}

fn is_digit(c: char) -> bool {
    narrow(c).is_ascii_digit()
}

fn is_word_for_nothing(text: &str) -> bool {
    const WORDS: [&str; 17] = [
        "なし",
        "無し",
        "無",
        "不明",
        "未定",
        "調査中",
        "該当なし",
        "該当無し",
        "特になし",
        "特に無し",
        "なし。",
        "未設定",
        "N/A",
        "n/a",
        "NULL",
        "null",
        "None",
    ];
    text.len() <= 12 && WORDS.contains(&text)
}

fn is_cell_error(text: &str) -> bool {
    const ERRORS: [&str; 7] = ["#N/A", "#REF!", "#VALUE!", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!"];
    ERRORS.contains(&text) || (text.len() > 2 && text.bytes().all(|b| b == b'#'))
}

fn may_start_template(c: char) -> bool {
    matches!(c, '時' | '年' | '令' | '平' | '昭' | '：' | ':' | '（' | '(' | '～' | '〜' | '←' | '○' | 'X' | 'Ｘ' | 'x')
}

/// Whether nothing but the frame of a form is left: `時 ～ 時、時 ～ 時`, `令和X年X月X日`, `←ここに入力`.
pub fn is_template_leftover(text: &str) -> bool {
    if text.starts_with('←') {
        return true;
    }
    const FRAME: &str = "時分年月日：:、，,・（）()～〜~-－令和平成昭XＸx○〇 \u{3000}\n\r";
    let frame = text.chars().all(|c| FRAME.contains(c));
    let range = text.contains('時') && text.contains(is_tilde);
    let date = text.contains('年') && text.contains('月');
    frame && (range || date)
}
