//! Lists in one cell. Only columns that are defined as lists are split: ・ and 、 also occur inside names.

use super::Reading;
use super::character::{is_blank, published};

/// The items of a list: separated by `;` (the standard), 、 (most common), commas or line breaks.
pub fn items(cell: &str) -> Reading<Vec<String>> {
    match published(cell) {
        Err(issues) => Reading::Empty(issues),
        Ok(text) => {
            let items = text.split([';', '；', '、', ',', '，', '\n', '\r']);
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
