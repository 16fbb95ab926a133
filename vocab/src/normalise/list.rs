//! Lists in one cell. Only columns that are defined as lists are split: ・ and 、 also occur inside names.

use super::Reading;
use super::character::{is_blank, published};

/// The items of a list: separated by `;` (the standard), 、 (most common), commas or line breaks.
pub fn items(cell: &str) -> Reading<Vec<String>> {
    split(cell, &[';', '；', '、', ',', '，', '\n', '\r'])
}

/// The items of a list that may hold commas themselves: separated by `;` or line breaks only.
pub fn parts(cell: &str) -> Reading<Vec<String>> {
    split(cell, &[';', '；', '\n', '\r'])
}

fn split(cell: &str, separators: &[char]) -> Reading<Vec<String>> {
    match published(cell) {
        Err(issues) => Reading::Empty(issues),
        Ok(text) => {
            let items = text.split(separators);
            Reading::value(
                items
                    .map(|item| item.trim_matches(is_blank))
                    .filter(|item| !item.is_empty())
                    .map(str::to_owned)
                    .collect(),
            )
        }
    }
}
