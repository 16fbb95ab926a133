//! Workbooks: XLSX, XLS and ODS. Used cells only, as the text that a person sees.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::sync::Arc;

use calamine::{Data, DataRef, Dimensions, ExcelDateTime, Ods, Reader as _, SheetVisible, Xls, Xlsx};

use super::StoredRow;
use crate::error::ImportError;
use crate::limits;
use crate::source::{Input, Kind};

type Bytes = Cursor<Arc<[u8]>>;

/// The visible sheets with cells in them, in order, by name.
pub(super) fn read(input: &Input, kind: Kind) -> Result<Vec<(String, Vec<StoredRow>)>, ImportError> {
    let bytes = Cursor::new(input.read_all(limits::WORKBOOK, "the workbook")?);
    let sheets = match kind {
        Kind::Xls => xls(input, bytes)?,
        Kind::Ods => ods(input, bytes)?,
        _ => xlsx(input, bytes)?,
    };
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

/// XLSX is read cell by cell: the declared range of a sheet may be a million times its content.
fn xlsx(input: &Input, bytes: Bytes) -> Result<Vec<(String, Vec<StoredRow>)>, ImportError> {
    let mut book: Xlsx<Bytes> = Xlsx::new(bytes).map_err(|e| damaged(input, e))?;
    let names = visible(book.sheets_metadata());
    let mut sheets = Vec::with_capacity(names.len());
    for name in names {
        let mut grid = Grid::default();
        {
            let mut cells = book.worksheet_cells_reader(&name).map_err(|e| damaged(input, e))?;
            while let Some((cell, style)) = cells.next_cell_with_style_id().map_err(|e| damaged(input, e))? {
                let width = zeros(cells.styles().get(style));
                let (row, column) = cell.get_position();
                grid.put(input, row, column, text(cell.get_value(), width))?;
            }
        }
        let merged = book.merge_cells_by_sheet_name(&name).unwrap_or_default();
        sheets.push((name, grid.into_rows(&merged)));
    }
    Ok(sheets)
}

fn xls(input: &Input, bytes: Bytes) -> Result<Vec<(String, Vec<StoredRow>)>, ImportError> {
    let mut book: Xls<Bytes> = Xls::new(bytes).map_err(|e| damaged(input, e))?;
    let names = visible(book.sheets_metadata());
    let mut sheets = Vec::with_capacity(names.len());
    for name in names {
        let range = book.worksheet_range(&name).map_err(|e| damaged(input, e))?;
        let merged = book.merge_cells_by_sheet_name(&name).unwrap_or_default();
        sheets.push((name, Grid::of(input, &range)?.into_rows(&merged)));
    }
    Ok(sheets)
}

fn ods(input: &Input, bytes: Bytes) -> Result<Vec<(String, Vec<StoredRow>)>, ImportError> {
    let mut book: Ods<Bytes> = Ods::new(bytes).map_err(|e| damaged(input, e))?;
    let names = visible(book.sheets_metadata());
    let mut sheets = Vec::with_capacity(names.len());
    for name in names {
        let range = book.worksheet_range(&name).map_err(|e| damaged(input, e))?;
        sheets.push((name, Grid::of(input, &range)?.into_rows(&[])));
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
            let text = text(&borrowed(value), 0);
            grid.put(input, top.saturating_add(row), left.saturating_add(column), text)?;
        }
        Ok(grid)
    }

    fn put(&mut self, input: &Input, row: u32, column: u32, text: String) -> Result<(), ImportError> {
        if text.is_empty() {
            return Ok(());
        }
        self.cells += 1;
        if self.cells > limits::CELLS || column as usize >= limits::COLUMNS {
            return Err(ImportError::TooLarge {
                file: input.name(),
                row: Some(u64::from(row) + 1),
                what: "the sheet",
                limit: format!("{} cells and {} columns", limits::CELLS, limits::COLUMNS),
            });
        }
        self.rows.entry(row).or_default().push((column, text));
        Ok(())
    }

    fn into_rows(self, merged: &[Dimensions]) -> Vec<StoredRow> {
        let mut covered: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for area in merged.iter().filter(|area| area.end.0 > area.start.0) {
            for row in area.start.0 + 1..=area.end.0.min(area.start.0.saturating_add(10_000)) {
                covered.entry(row).or_default().push(area.start.1 as usize);
            }
        }
        let row = |(number, mut filled): (u32, Vec<(u32, String)>)| {
            filled.sort_by_key(|(column, _)| *column);
            let width = filled.last().map_or(0, |(column, _)| *column as usize + 1);
            let mut cells = vec![String::new(); width];
            for (column, text) in filled {
                cells[column as usize] = text;
            }
            let covered = covered.get(&number).cloned().unwrap_or_default();
            StoredRow { number: u64::from(number) + 1, cells, covered }
        };
        self.rows.into_iter().map(row).collect()
    }
}

/// How many digits a format of zeros asks for: 0000000001 is stored as 1.
fn zeros(style: Option<&calamine::Style>) -> usize {
    let code = style.and_then(|style| style.number_format.as_ref()).map(|format| format.format_code.as_str());
    code.filter(|code| code.len() > 1 && code.bytes().all(|b| b == b'0')).map_or(0, str::len)
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

/// A value as a person sees it, numbers padded with zeros to `width`.
fn text(value: &DataRef<'_>, width: usize) -> String {
    match value {
        DataRef::Empty => String::new(),
        DataRef::String(text) => text.clone(),
        DataRef::SharedString(text) => (*text).to_owned(),
        DataRef::Int(number) => format!("{number:0width$}"),
        #[expect(clippy::cast_possible_truncation, reason = "whole and far inside the range of i64")]
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => format!("{:0width$}", *number as i64),
        DataRef::Float(number) => number.to_string(),
        DataRef::Bool(true) => "TRUE".to_owned(),
        DataRef::Bool(false) => "FALSE".to_owned(),
        DataRef::DateTime(moment) => moment_text(moment),
        DataRef::DateTimeIso(text) | DataRef::DurationIso(text) => text.clone(),
        DataRef::Error(error) => error.to_string(),
    }
}

/// A date without midnight, a time without date, or both.
fn moment_text(moment: &ExcelDateTime) -> String {
    let value = moment.as_f64();
    if moment.is_duration() || (0.0..=1.0).contains(&value) {
        let minutes = (value * 1440.0).round();
        return format!("{:02}:{:02}", (minutes / 60.0).floor(), minutes % 60.0);
    }
    let (year, month, day, hour, minute, ..) = moment.to_ymd_hms_milli();
    if value.fract().abs() < 1e-9 {
        format!("{year:04}-{month:02}-{day:02}")
    } else {
        format!("{year:04}-{month:02}-{day:02} {hour:02}:{minute:02}")
    }
}
