//! What the reader of workbooks does not say of an ODS workbook: how far its cells reach, and which are merged. It makes a
//! full rectangle of the cells, so that two in opposite corners of a small file could ask for more memory than there is.

use std::io::{Cursor, Read as _};
use std::sync::Arc;

use calamine::Dimensions;
use zip::ZipArchive;

use crate::limits;

/// The document in which all tables stand, as text. Blank if the workbook is damaged: its reader says so.
pub(super) fn content(bytes: &Arc<[u8]>) -> String {
    let mut text = Vec::new();
    let Ok(mut zip) = ZipArchive::new(Cursor::new(Arc::clone(bytes))) else { return String::new() };
    let Ok(part) = zip.by_name("content.xml") else { return String::new() };
    match part.take(limits::WORKBOOK_UNPACKED).read_to_end(&mut text) {
        Ok(_) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => String::new(),
    }
}

/// The name of a tag, without the bracket before it.
fn name(tag: &str) -> &str {
    tag.split([' ', '>', '/', '\n', '\t', '\r']).find(|part| !part.is_empty()).unwrap_or_default()
}

/// An attribute of a tag that is a whole number.
fn number(tag: &str, attribute: &str) -> Option<u64> {
    let tag = tag.split('>').next()?;
    tag.split_once(attribute)?.1.split(['"', '\'']).nth(1)?.parse().ok()
}

/// Cells that are merged over several rows, for each table in the order of the document.
pub(super) fn merged(text: &str) -> Vec<Vec<Dimensions>> {
    let mut tables: Vec<Vec<Dimensions>> = Vec::new();
    let (mut row, mut repeated, mut column) = (0_u64, 1, 0_u64);
    for tag in text.split('<').skip(1) {
        let is_end = tag.starts_with('/');
        let is_whole = tag.split('>').next().is_some_and(|tag| tag.trim_end().ends_with('/'));
        match name(tag) {
            "table:table" if !is_end => {
                tables.push(Vec::new());
                row = 0;
            }
            "table:table-row" if is_end => row = row.saturating_add(repeated),
            "table:table-row" => {
                (repeated, column) = (number(tag, "table:number-rows-repeated").unwrap_or(1), 0);
                if is_whole {
                    row = row.saturating_add(repeated);
                }
            }
            "table:table-cell" | "table:covered-table-cell" if !is_end => {
                let rows = number(tag, "table:number-rows-spanned").unwrap_or(1);
                let place = |at: u64| u32::try_from(at).unwrap_or(u32::MAX);
                if let Some(areas) = tables.last_mut().filter(|_| rows > 1) {
                    let width = number(tag, "table:number-columns-spanned").unwrap_or(1).max(1);
                    let last = (place(row.saturating_add(rows - 1)), place(column.saturating_add(width - 1)));
                    areas.push(Dimensions::new((place(row), place(column)), last));
                }
                column = column.saturating_add(number(tag, "table:number-columns-repeated").unwrap_or(1));
            }
            _ => {}
        }
    }
    tables
}

/// Whether some table of an ODS workbook asks for more than [`limits::CELLS`]: its rows and cells can be repeated by a
/// number. Blank cells at the end of a row and blank rows at the end of a table are not counted, for they take no room.
pub(super) fn exceeds(text: &str) -> bool {
    let (mut widest, mut rows, mut waiting) = (0_u64, 0_u64, 0_u64);
    let (mut repeated, mut width, mut blank) = (1, 0_u64, 0_u64);
    for tag in text.split('<').skip(1) {
        let times = |attribute: &str| number(tag, attribute).unwrap_or(1);
        match name(tag) {
            "table:table-row" if tag.starts_with('/') => {
                waiting = waiting.saturating_add(repeated);
                if width > 0 {
                    (rows, waiting, widest) = (rows.saturating_add(waiting), 0, widest.max(width));
                }
            }
            _ if tag.starts_with('/') => {}
            "table:table" => (widest, rows, waiting) = (0, 0, 0),
            "table:table-row" if tag.trim_end().ends_with("/>") => {
                waiting = waiting.saturating_add(times("table:number-rows-repeated"));
            }
            "table:table-row" => (repeated, width, blank) = (times("table:number-rows-repeated"), 0, 0),
            "table:table-cell" | "table:covered-table-cell" => {
                let columns = times("table:number-columns-repeated");
                if tag.contains("value-type") {
                    (width, blank) = (width.saturating_add(blank).saturating_add(columns), 0);
                } else {
                    blank = blank.saturating_add(columns);
                }
            }
            _ => {}
        }
        if rows.saturating_mul(widest) > limits::CELLS as u64 {
            return true;
        }
    }
    false
}
