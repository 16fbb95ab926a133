//! Values from a list of choices.

use std::collections::HashMap;

use super::Reading;
use super::character::{content, damage, is_blank};
use super::key::fold;
use crate::issue::{Issue, Issues};

/// The choice that `cell` means, spelled as the list spells it, or by a text of `synonyms` (folded by [`fold`]) that
/// certainly means it; any other text as it is, with [`Issue::NotInList`]: cities use values of their own, and they mean
/// something there.
pub fn choice(cell: &str, choices: &[String], synonyms: &HashMap<String, String>) -> Reading<String> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let (value, issues) = one(text, choices, synonyms);
    Reading::Value(value, issues)
}

/// The same of every item of a list: separated as those of [`super::list::items`] are, or by blanks, outside
/// brackets.
pub fn choices(cell: &str, choices: &[String], synonyms: &HashMap<String, String>) -> Reading<Vec<String>> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let mut found: Vec<String> = Vec::new();
    let mut issues = Issues::NONE;
    let mut depth = 0_u32;
    let items = text.split(|c: char| {
        match c {
            '(' | '（' | '「' => depth += 1,
            ')' | '）' | '」' => depth = depth.saturating_sub(1),
            _ => {}
        }
        matches!(c, ';' | '；') || depth == 0 && (matches!(c, '、' | ',' | '，') || is_blank(c))
    });
    for item in items.map(|item| item.trim_matches(is_blank)).filter(|item| !item.is_empty()) {
        let (value, noticed) = one(item, choices, synonyms);
        issues = issues.and(noticed);
        if !found.contains(&value) {
            found.push(value);
        }
    }
    if found.is_empty() { Reading::Empty(issues) } else { Reading::Value(found, issues) }
}

fn one(text: &str, choices: &[String], synonyms: &HashMap<String, String>) -> (String, Issues) {
    if let Some(same) = choices.iter().find(|choice| *choice == text) {
        return (same.clone(), Issues::NONE);
    }
    let key = fold(text);
    if let Some(choice) = synonyms.get(&key) {
        return (choice.clone(), Issues::one(Issue::SynonymReplaced));
    }
    match choices.iter().find(|choice| fold(choice) == key) {
        Some(choice) => (choice.clone(), Issues::NONE),
        // A column without a list of its own takes any word.
        None => (text.to_owned(), damage(text).with_if(!choices.is_empty(), Issue::NotInList)),
    }
}

/// The word of a list of codes and words (`B1=小学校`), by either: `B1`, `小学校`, `B1：小学校`. Any other text as it is,
/// with [`Issue::NotInList`].
pub fn code_word(cell: &str, choices: &[String]) -> Reading<String> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    let key = fold(text);
    for (code, word) in choices.iter().filter_map(|choice| choice.split_once('=')) {
        if word == text {
            return Reading::value(word.to_owned());
        }
        let (code, folded) = (fold(code), fold(word));
        let both = key.strip_prefix(&code).is_some_and(|rest| rest.trim_matches(['(', ')']) == folded);
        if key == code || key == folded || both {
            return Reading::Value(word.to_owned(), Issues::one(Issue::CodeTranslated));
        }
    }
    Reading::Value(text.to_owned(), damage(text).with(Issue::NotInList))
}
