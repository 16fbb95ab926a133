//! Workbooks: XLSX, XLS and ODS. Used cells only, as the text that a person sees.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::panic::catch_unwind;
use std::sync::Arc;

use calamine::{Data, DataRef, Dimensions, Ods, Reader as _, SheetVisible, Xls, Xlsx};

use super::display::displayed;
use super::{Row, open_document, reach};
use crate::error::ImportError;
use crate::limits;
use crate::source::{Input, Kind};

type Bytes = Cursor<Arc<[u8]>>;

const APART: &str = "its parts do not fit together";

/// The visible sheets with cells in them, in order, by name.
pub(super) fn read(input: &Input, kind: Kind) -> Result<Vec<(String, Vec<Row>)>, ImportError> {
    let bytes = input.read_all(limits::WORKBOOK, "the workbook")?;
    let (exceeds, merged) = match kind {
        Kind::Xls => (reach::xls_exceeds(&bytes), Vec::new()),
        Kind::Ods => {
            let content = open_document::content(&bytes);
            (Some(open_document::exceeds(&content)), open_document::merged(&content))
        }
        _ => (Some(false), Vec::new()),
    };
    match exceeds {
        None => return Err(damaged(input, APART)),
        Some(true) => return Err(too_large(input, None)),
        Some(false) => {}
    }
    let bytes = Cursor::new(bytes);
    // The reader of workbooks trusts the offsets inside a file, and panics where a damaged one leads it astray.
    let sheets = catch_unwind(|| match kind {
        Kind::Xls => xls(input, bytes),
        Kind::Ods => ods(input, bytes, &merged),
        _ => xlsx(input, bytes),
    })
    .unwrap_or_else(|_| Err(damaged(input, APART)))?;
    let sheets: Vec<_> = sheets.into_iter().filter(|(_, rows)| !rows.is_empty()).collect();
    if sheets.is_empty() { Err(ImportError::Empty { file: input.name() }) } else { Ok(sheets) }
}

fn damaged(input: &Input, error: impl std::fmt::Display) -> ImportError {
    let reason = error.to_string();
    let reason = if reason.contains("password") {
        "the workbook is protected by a password. Take the protection off.".to_owned()
    } else {
        format!("the workbook cannot be read ({reason}). Open it and save it again, or export the sheet as CSV.")
    };
    ImportError::Damaged { file: input.name(), row: None, reason }
}

fn too_large(input: &Input, row: Option<u64>) -> ImportError {
    let limit = format!("{} cells and {} columns", limits::CELLS, limits::COLUMNS);
    ImportError::TooLarge { file: input.name(), row, what: "the sheet", limit }
}

/// XLSX is read cell by cell: the declared range of a sheet may be a million times its content.
fn xlsx(input: &Input, bytes: Bytes) -> Result<Vec<(String, Vec<Row>)>, ImportError> {
    let mut book: Xlsx<Bytes> = Xlsx::new(bytes).map_err(|e| damaged(input, e))?;
    let names = visible(book.sheets_metadata());
    let mut sheets = Vec::with_capacity(names.len());
    for name in names {
        let mut grid = Grid::default();
        {
            let mut cells = book.worksheet_cells_reader(&name).map_err(|e| damaged(input, e))?;
            while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(|e| damaged(input, e))? {
                let format = cells.styles().get(style).and_then(|style| style.number_format.as_ref());
                let format = format.map_or("", |format| format.format_code.as_str());
                let (row, column) = cell.get_position();
                grid.put(input, row, column, displayed(cell.get_value(), format))?;
            }
        }
        let merged = book.merge_cells_by_sheet_name(&name).unwrap_or_default();
        sheets.push((name, grid.into_rows(input, &merged)?));
    }
    Ok(sheets)
}

fn xls(input: &Input, bytes: Bytes) -> Result<Vec<(String, Vec<Row>)>, ImportError> {
    let mut book: Xls<Bytes> = Xls::new(bytes).map_err(|e| damaged(input, e))?;
    let names = visible(book.sheets_metadata());
    let mut sheets = Vec::with_capacity(names.len());
    for name in names {
        let range = book.worksheet_range(&name).map_err(|e| damaged(input, e))?;
        let merged = book.merge_cells_by_sheet_name(&name).unwrap_or_default();
        sheets.push((name, Grid::of(input, &range)?.into_rows(input, &merged)?));
    }
    Ok(sheets)
}

fn ods(input: &Input, bytes: Bytes, merged: &[Vec<Dimensions>]) -> Result<Vec<(String, Vec<Row>)>, ImportError> {
    let mut book: Ods<Bytes> = Ods::new(bytes).map_err(|e| damaged(input, e))?;
    let all: Vec<String> = book.sheets_metadata().iter().map(|sheet| sheet.name.clone()).collect();
    let names = visible(book.sheets_metadata());
    let mut sheets = Vec::with_capacity(names.len());
    for name in names {
        let range = book.worksheet_range(&name).map_err(|e| damaged(input, e))?;
        let merged = all.iter().position(|known| *known == name).and_then(|at| merged.get(at));
        let rows = Grid::of(input, &range)?.into_rows(input, merged.map_or(&[], Vec::as_slice))?;
        sheets.push((name, rows));
    }
    Ok(sheets)
}

fn visible(sheets: &[calamine::Sheet]) -> Vec<String> {
    sheets.iter().filter(|sheet| sheet.visible == SheetVisible::Visible).map(|sheet| sheet.name.clone()).collect()
}

/// Cells by row and column.
#[derive(Default)]
struct Grid {
    rows: BTreeMap<u32, Vec<(u32, String)>>,
    cells: usize,
}

impl Grid {
    fn of(input: &Input, range: &calamine::Range<Data>) -> Result<Self, ImportError> {
        let (top, left) = range.start().unwrap_or_default();
        let mut grid = Self::default();
        for (row, column, value) in range.used_cells() {
            let (row, column) = (u32::try_from(row).unwrap_or(u32::MAX), u32::try_from(column).unwrap_or(u32::MAX));
            let text = displayed(&borrowed(value), "");
            grid.put(input, top.saturating_add(row), left.saturating_add(column), text)?;
        }
        Ok(grid)
    }

    fn put(&mut self, input: &Input, row: u32, column: u32, text: String) -> Result<(), ImportError> {
        if text.is_empty() {
            return Ok(());
        }
        let cells = self.rows.entry(row).or_default();
        // Blank cells to the left of a filled one take room too.
        let width = cells.last().map_or(0, |(last, _)| *last + 1);
        self.cells += (column + 1).saturating_sub(width) as usize;
        if self.cells > limits::CELLS || column as usize >= limits::COLUMNS {
            return Err(too_large(input, Some(u64::from(row) + 1)));
        }
        cells.push((column, text));
        Ok(())
    }

    fn into_rows(self, input: &Input, merged: &[Dimensions]) -> Result<Vec<Row>, ImportError> {
        let mut covered: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        let mut left = limits::CELLS;
        for area in merged.iter().filter(|area| area.end.0 > area.start.0) {
            // A column merged to the last row of the sheet covers no more than the rows that there are.
            for (row, _) in self.rows.range(area.start.0 + 1..=area.end.0) {
                left = left.checked_sub(1).ok_or_else(|| too_large(input, Some(u64::from(*row) + 1)))?;
                covered.entry(*row).or_default().push(area.start.1 as usize);
            }
        }
        let row = |(number, mut filled): (u32, Vec<(u32, String)>)| {
            filled.sort_by_key(|(column, _)| *column);
            let mut row = Row::new(u64::from(number) + 1);
            for (column, text) in filled {
                while row.len() < column as usize {
                    row.push("");
                }
                row.push(&text);
            }
            row.covered = covered.get(&number).cloned().unwrap_or_default();
            row
        };
        Ok(self.rows.into_iter().map(row).collect())
    }
}

fn borrowed(value: &Data) -> DataRef<'_> {
    match value {
        Data::Int(number) => DataRef::Int(*number),
        Data::Float(number) => DataRef::Float(*number),
        Data::String(text) => DataRef::SharedString(text),
        Data::Bool(yes) => DataRef::Bool(*yes),
        Data::DateTime(moment) => DataRef::DateTime(*moment),
        Data::DateTimeIso(text) => DataRef::DateTimeIso(text.clone()),
        Data::DurationIso(text) => DataRef::DurationIso(text.clone()),
        Data::Error(error) => DataRef::Error(error.clone()),
        Data::Empty => DataRef::Empty,
    }
}
