//! Values from a list of choices.

use super::Reading;
use super::character::{content, damage};
use super::key::fold;
use crate::issue::Issue;

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
