//! Keys: forms of a text that are equal when people would call the texts the same.

use super::character::{fold_long_vowels, has_vowel, is_blank, is_hyphen, nfkc};

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
    let text = nfkc(text);
    let text = fold_long_vowels(&text);
    let mut key = String::with_capacity(text.len());
    for c in text.chars() {
        let vowel = c == 'ー' && key.ends_with(|c: char| has_vowel(c) || matches!(c, 'ぁ'..='ゖ'));
        let mark =
            is_blank(c) || is_hyphen(c) || matches!(c, '_' | '.' | ':' | '/' | '・' | '、' | ',' | ';' | '‗' | '"');
        if vowel || !mark {
            key.extend(c.to_lowercase());
        }
    }
    key
}

/// The key of a name or an address, for comparing entities: as [`fold`], and with the spellings of small kana in place
/// names made one (ヶ, ケ, が; ッ, ツ; 之, ノ, の).
pub fn identity(text: &str) -> String {
    let mut key = fold(text);
    if key.contains(['ヶ', 'ヵ', 'ッ', '之', 'ノ']) {
        key = key
            .chars()
            .map(|c| match c {
                'ヶ' | 'ヵ' => 'ケ',
                'ッ' => 'ツ',
                '之' | 'ノ' => 'の',
                c => c,
            })
            .collect();
    }
    key
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
