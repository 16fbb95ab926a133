//! Lists in one cell. Only columns that are defined as lists are split: ・ and 、 also occur inside names.

use super::Reading;
use super::character::{is_blank, published};
use super::html::without_html;
use crate::issue::{Issue, Issues};

/// The items of a list: separated by `;` (the standard), 、 (most common), commas or line breaks; where there is none of
/// these, by ideographic spaces or slashes.
pub fn items(cell: &str) -> Reading<Vec<String>> {
    read(cell, |text| {
        let items = split(text, &[';', '；', '、', ',', '，', '\n', '\r']);
        // 内科　外科, CSV/XLSX. A slash of a URL separates nothing.
        if items.len() > 1 || text.contains("://") { items } else { split(text, &['\u{3000}', '/', '／']) }
    })
}

/// The items of a list that may hold commas themselves: separated by `;` or line breaks only.
pub fn parts(cell: &str) -> Reading<Vec<String>> {
    read(cell, |text| split(text, &[';', '；', '\n', '\r']))
}

fn read(cell: &str, split: impl FnOnce(&str) -> Vec<String>) -> Reading<Vec<String>> {
    match published(cell) {
        Err(issues) => Reading::Empty(issues),
        Ok(text) => {
            let decoded = without_html(text);
            let items = split(decoded.as_deref().unwrap_or(text));
            // Separators alone are a remainder of a template.
            if items.is_empty() {
                return Reading::Empty(Issue::TemplateLeftover.into());
            }
            Reading::Value(items, Issues::NONE.with_if(decoded.is_some(), Issue::HtmlRemoved))
        }
    }
}

fn split(text: &str, separators: &[char]) -> Vec<String> {
    let items = text.split(separators).map(|item| item.trim_matches(is_blank));
    items.filter(|item| !item.is_empty()).map(str::to_owned).collect()
}
