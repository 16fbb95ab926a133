//! Readings in kana.

use unicode_normalization::UnicodeNormalization as _;

use super::Reading;
use super::character::{content, damage, fold_long_vowels};
use crate::issue::{Issue, Issues};

/// A reading in full-width katakana. Hiragana and half-width kana are converted; digits, letters and marks stay.
pub fn katakana(cell: &str) -> Reading<String> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    if text.chars().any(|c| matches!(c, '\u{4E00}'..='\u{9FFF}' | '\u{3400}'..='\u{4DBF}' | '\u{F900}'..='\u{FAFF}')) {
        return Reading::unread(Issue::KanaUnread);
    }
    let half = |c: char| matches!(c, '\u{FF61}'..='\u{FF9F}');
    let hiragana = |c: char| matches!(c, 'ぁ'..='ゖ');
    let folded = text.contains(half) || text.contains(hiragana);
    let mut kana = String::with_capacity(text.len());
    if text.contains(half) {
        // A voiced mark is a character of its own in half width; NFKC joins it. Only runs of half-width kana are
        // touched, so that nothing else changes.
        let mut run = String::new();
        for c in text.chars().map(Some).chain([None]) {
            match c {
                Some(c) if half(c) => run.push(c),
                other => {
                    kana.extend(run.nfkc());
                    run.clear();
                    kana.extend(other);
                }
            }
        }
    } else {
        kana.push_str(text);
    }
    if folded {
        kana =
            kana.chars().map(|c| if hiragana(c) { char::from_u32(c as u32 + 0x60).unwrap_or(c) } else { c }).collect();
    }
    let kana = fold_long_vowels(&kana).into_owned();
    Reading::Value(kana, Issues::NONE.with_if(folded, Issue::KanaFolded).and(damage(text)))
}
