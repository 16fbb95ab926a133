//! Values from a list of choices.

use super::Reading;
use super::character::{content, damage};
use super::key::fold;
use crate::issue::{Issue, Issues};

/// The choice that `cell` means, spelled as the list spells it; any other text as it is, with
/// [`Issue::NotInList`]: cities use values of their own, and they mean something there.
pub fn choice(cell: &str, choices: &[String]) -> Reading<String> {
    let text = match content(cell) {
        Ok(text) => text,
        Err(issues) => return Reading::Empty(issues),
    };
    if let Some(same) = choices.iter().find(|choice| *choice == text) {
        return Reading::value(same.clone());
    }
    let key = fold(text);
    match choices.iter().find(|choice| fold(choice) == key) {
        Some(choice) => Reading::value(choice.clone()),
        None => Reading::Value(text.to_owned(), damage(text).with(Issue::NotInList)),
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
