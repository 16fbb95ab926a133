//! The official layouts of a data set: which columns a file has, in which order, and which of them must be filled.

use std::collections::HashSet;
use std::sync::Arc;

use serde::Deserialize;

use super::column::{Column, Fit, Need, Reads};
use crate::normalise::key::HeaderKey;

/// The generations of the standard that are in use at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Edition {
    /// 自治体標準オープンデータセット.
    Current,
    /// 推奨データセット.
    Old,
}

impl Edition {
    /// Both, the current one first.
    pub const ALL: [Self; 2] = [Self::Current, Self::Old];

    /// `current` or `old`.
    pub fn word(self) -> &'static str {
        match self {
            Self::Current => "current",
            Self::Old => "old",
        }
    }
}

/// The columns of a file in one edition.
#[derive(Debug, Clone, Default)]
pub struct Layout {
    /// Whether columns and order are those of the official template. Otherwise they are what is known of them.
    pub confirmed: bool,
    /// The columns in their order.
    pub fields: Vec<Field>,
}

/// A column of a layout.
#[derive(Debug, Clone)]
pub struct Field {
    /// The header as the edition writes it.
    pub header: String,
    /// What it means.
    pub column: Arc<Column>,
    /// How necessary the edition makes it.
    pub need: Need,
}

impl Field {
    /// Whether a cell must not be empty. A disaster flag is required and empty all the same: empty means no.
    pub fn must_be_filled(&self) -> bool {
        self.need == Need::Required && !self.column.blank_is_no()
    }
}

/// A layout as it stands in a file.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub(super) struct RawLayout {
    #[serde(default = "yes")]
    confirmed: bool,
    /// Headers; ◎ before one that is required, ○ before one that is recommended, as in the templates.
    columns: Vec<String>,
}

fn yes() -> bool {
    true
}

/// The layout that a file names, or what the columns say of it themselves; nothing where the edition has no such data set
/// (`is_part`).
pub(super) fn build(
    raw: Option<RawLayout>,
    edition: Edition,
    columns: &[Arc<Column>],
    slug: &str,
    is_part: bool,
) -> Result<Layout, String> {
    let Some(raw) = raw else { return Ok(if is_part { derive(edition, columns) } else { Layout::default() }) };
    let headers: Vec<(&str, Option<Need>)> = raw.columns.iter().map(|text| marked(text)).collect();
    let has_marks = headers.iter().any(|(_, need)| need.is_some());
    let field = |(header, need): &(&str, Option<Need>)| {
        let column = resolve(header, &headers, columns)
            .ok_or_else(|| format!("{slug}: the {} layout names {header}, which is no column", edition.word()))?;
        let need = if has_marks { need.unwrap_or_default() } else { column.need };
        Ok(Field { header: (*header).to_owned(), column, need })
    };
    let fields = headers.iter().map(field).collect::<Result<_, String>>()?;
    Ok(Layout { confirmed: raw.confirmed, fields })
}

fn marked(text: &str) -> (&str, Option<Need>) {
    let strip = |mark, need| text.strip_prefix(mark).map(|header| (header, Some(need)));
    strip('◎', Need::Required).or_else(|| strip('○', Need::Recommended)).unwrap_or((text, None))
}

/// The column that a header is in this layout: the one that fits best, in the order of the definition.
fn resolve(header: &str, headers: &[(&str, Option<Need>)], columns: &[Arc<Column>]) -> Option<Arc<Column>> {
    let key = HeaderKey::new(header);
    let there = |name: &String| headers.iter().any(|(header, _)| header == name);
    let candidates = columns.iter().filter(|column| column.when.as_ref().is_none_or(there));
    let fits = candidates.filter_map(|column| column.fit(&key).map(|fit| (fit, column)));
    fits.filter(|(fit, _)| *fit <= Fit::Variant).min_by_key(|(fit, _)| *fit).map(|(_, column)| Arc::clone(column))
}

/// Without a list: the columns of the standard under their names in that edition, who publishes and what it is called
/// first, remarks last.
fn derive(edition: Edition, columns: &[Arc<Column>]) -> Layout {
    let header = |column: &Column| match edition {
        Edition::Old => column.old.first().cloned(),
        Edition::Current => {
            let only_old = matches!(column.reads, Reads::Prefecture | Reads::City);
            (!only_old).then(|| column.name.clone())
        }
    };
    let rank = |column: &Column| match column.reads {
        Reads::PublisherCode => 0,
        Reads::Number => 1,
        Reads::PublisherName | Reads::Prefecture | Reads::City => 2,
        _ => match column.feeds.as_deref() {
            Some("name") => 3,
            Some("image" | "license" | "url") => 5,
            Some("note") => 6,
            _ => 4,
        },
    };
    let mut fields: Vec<Field> = columns
        .iter()
        .filter(|column| !column.extra)
        .filter_map(|column| Some(Field { header: header(column)?, column: Arc::clone(column), need: column.need }))
        .collect();
    fields.sort_by_key(|field| rank(&field.column));
    // 市区町村名 may be the old name of two columns: the first has it.
    let mut seen = HashSet::new();
    fields.retain(|field| seen.insert(field.header.clone()));
    Layout { confirmed: false, fields }
}
