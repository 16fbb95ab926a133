//! The order of the columns in the standard's own files.

use std::sync::Arc;

use super::column::{Column, Fit, Reads};
use crate::normalise::key::HeaderKey;

/// A column in a layout.
#[derive(Debug, Clone)]
pub struct Place {
    /// The header as the layout spells it: 名称_英語 in some, 名称_英字 in others.
    pub header: String,
    /// The column that it is.
    pub column: Arc<Column>,
}

/// The columns that a layout names.
///
/// # Errors
/// A header that no column bears, neither officially nor as a variant.
pub(super) fn resolve(headers: &[String], columns: &[Arc<Column>]) -> Result<Vec<Place>, String> {
    let mut places: Vec<Place> = Vec::with_capacity(headers.len());
    for header in headers {
        let key = HeaderKey::new(header);
        let fits = |column: &&Arc<Column>, wanted: Fit| {
            let free = !places.iter().any(|place| Arc::ptr_eq(&place.column, column));
            // 市区町村コード is the designating body only beside the publisher's own code.
            let there = column.when.as_ref().is_none_or(|when| headers.contains(when));
            free && there && column.fit(&key) == Some(wanted)
        };
        let column = columns
            .iter()
            .find(|column| fits(column, Fit::Official))
            .or_else(|| columns.iter().find(|column| fits(column, Fit::Variant)))
            .ok_or_else(|| header.clone())?;
        places.push(Place { header: header.clone(), column: Arc::clone(column) });
    }
    Ok(places)
}

/// The usual order where a definition names none: who publishes, the number, the names, then as the columns are defined.
pub(super) fn usual(columns: &[Arc<Column>], old: bool) -> Vec<Place> {
    let mut places: Vec<Place> = Vec::new();
    let first = |column: &Column| match column.reads {
        Reads::PublisherCode => 0,
        Reads::Number => 1,
        Reads::PublisherName => 2,
        Reads::Prefecture => 3,
        Reads::City => 4,
        _ if column.feeds.as_deref() == Some("name") => 5,
        _ => 6,
    };
    let mut order: Vec<&Arc<Column>> = columns.iter().filter(|column| !column.extra).collect();
    order.sort_by_key(|column| first(column));
    for column in order {
        let of_old_only = matches!(column.reads, Reads::Prefecture | Reads::City);
        let header = if old { column.old.first() } else { Some(&column.name).filter(|_| !of_old_only) };
        if let Some(header) = header.filter(|header| places.iter().all(|place| place.header != **header)) {
            places.push(Place { header: header.clone(), column: Arc::clone(column) });
        }
    }
    places
}
