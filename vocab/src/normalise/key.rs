//! Keys: forms of a text that are equal when people would call the texts the same.

use super::character::{fold_long_vowels, has_vowel, is_blank, is_hyphen, is_tilde, nfkc};
use super::variant::{is_variation_selector, usual};

/// The forms in which a header is compared with the known names, from the strictest to the loosest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeaderKey {
    /// Everything: `指定の有無(洪水災害)`.
    pub full: String,
    /// Without what stands in brackets: `指定の有無`.
    pub plain: String,
    /// The plain form of the first line, for headers that carry a footnote in the second.
    pub first_line: String,
    /// For headers that name a class first, as some layouts do (投票所_名称): the class and the rest.
    pub member: Option<(String, String)>,
}

impl HeaderKey {
    /// The keys of a header as it stands in the file.
    pub fn new(header: &str) -> Self {
        let header = header.trim_matches(is_blank);
        let first = header.lines().next().unwrap_or_default();
        let member = header.split_once(['_', '＿']).map(|(class, member)| (fold(class), fold(member)));
        Self {
            full: fold(header),
            plain: fold(&without_brackets(header)),
            first_line: fold(&without_brackets(first)),
            member: member.filter(|(class, member)| !class.is_empty() && !member.is_empty()),
        }
    }
}

/// The key of a header or of a known name for a header: NFKC, lower case, long vowels restored, and without blanks,
/// hyphens, underscores, full stops, stray quotation marks and the like. Brackets stay.
pub fn fold(text: &str) -> String {
    let mut key = fold_once(text);
    // What stood between a letter and its mark may be gone now: together they are another character.
    for _ in 0..3 {
        if !key.contains(is_combining) {
            break;
        }
        key = fold_once(&key);
    }
    key
}

/// Whether a character is a mark on the one before it: an accent, or what makes カ ガ and ハ パ.
fn is_combining(c: char) -> bool {
    matches!(c, '\u{300}'..='\u{36F}' | '\u{3099}' | '\u{309A}')
}

fn fold_once(text: &str) -> String {
    let text = nfkc(text);
    let text = fold_long_vowels(&text);
    let mut key = String::with_capacity(text.len());
    for c in text.chars() {
        let vowel = c == 'ー' && key.ends_with(|c: char| has_vowel(c) || matches!(c, 'ぁ'..='ゖ'));
        let mark =
            is_blank(c) || is_hyphen(c) || matches!(c, '_' | '.' | ':' | '/' | '・' | '、' | ',' | ';' | '‗' | '"');
        if is_tilde(c) {
            // The wave dash of one table is the full-width tilde of another.
            key.push('~');
        } else if vowel || !mark && !is_variation_selector(c) {
            key.extend(c.to_lowercase());
        }
    }
    key
}

/// The key by which a column of a city's own is named: NFKC, lower case, long vowels restored, one kind of hyphen, without
/// footnotes and blanks. Between Latin letters or digits a blank is an underscore, so that words stay apart.
pub fn column(header: &str) -> String {
    let text = nfkc(header.trim_matches(is_blank));
    let text = fold_long_vowels(&text);
    let mut key = String::with_capacity(text.len());
    let mut blank = false;
    for c in without_footnotes(&text).chars() {
        if is_blank(c) {
            blank = true;
            continue;
        }
        let word = |c: char| c.is_ascii_alphanumeric();
        if std::mem::take(&mut blank) && word(c) && key.ends_with(word) {
            key.push('_');
        }
        let long_vowel = c == 'ー' && key.ends_with(|c: char| has_vowel(c) || matches!(c, 'ぁ'..='ゖ'));
        if is_hyphen(c) && !long_vowel { key.push('-') } else { key.extend(c.to_lowercase()) }
    }
    key
}

/// The text without marks that lead to a footnote, and without a footnote behind it: 名称※1, 名称*, 名称(注2), and all that
/// follows ※ at the beginning of a line. A header that is nothing else keeps it.
fn without_footnotes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    for line in text.lines() {
        let line = line.trim_matches(is_blank);
        if !kept.is_empty() && line.starts_with(['※', '*', '注', '(']) && line.contains(['※', '*', '注']) {
            continue;
        }
        if !kept.is_empty() {
            kept.push(' ');
        }
        kept.push_str(without_mark(line));
    }
    if kept.trim_matches(is_blank).is_empty() { text.to_owned() } else { kept }
}

/// A line without a mark at its end: a sign, at most two digits, and brackets around them.
fn without_mark(line: &str) -> &str {
    let inner = line.trim_end_matches([')', ']']);
    let inner = inner.trim_end_matches(|c: char| c.is_ascii_digit());
    let Some(rest) = ['※', '*', '注'].iter().find_map(|mark| inner.strip_suffix(*mark)) else { return line };
    let rest = rest.trim_end_matches(['※', '*']).trim_end_matches(['(', '[']).trim_end_matches(is_blank);
    if rest.is_empty() || line.len() - rest.len() > 10 { line } else { rest }
}

/// The key of a name or an address, for comparing entities: as [`fold`], with old kanji in their usual form (髙, 邉) and
/// the spellings of small kana in place names made one (ヶ, ケ; ッ, ツ; 之, ノ, の). Never to be published.
pub fn identity(text: &str) -> String {
    let one = |c: char| match c {
        'ッ' => 'ツ',
        '之' | 'ノ' => 'の',
        c => usual(c),
    };
    let key: String = fold(text).chars().map(one).collect();
    // ヵ takes no mark, but ケ does: together they are another character.
    if key.contains(is_combining) { fold(&key) } else { key }
}

/// The text without its brackets and what they hold. Unclosed brackets stay.
fn without_brackets(text: &str) -> String {
    let text = nfkc(text);
    let mut rest = &*text;
    let mut kept = String::with_capacity(text.len());
    while let Some(open) = rest.find(['(', '[', '【', '〔', '<']) {
        let Some(length) = rest[open..].find([')', ']', '】', '〕', '>']) else { break };
        kept.push_str(&rest[..open]);
        let close = open + length;
        rest = rest[close..].char_indices().nth(1).map_or("", |(at, _)| &rest[close + at..]);
    }
    kept.push_str(rest);
    // A header that is nothing but a bracket keeps it.
    if kept.trim_matches(is_blank).is_empty() { text.into_owned() } else { kept }
}
