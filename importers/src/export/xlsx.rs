//! Excel workbooks: one sheet, the header styled, no merged cells.

use std::io::Write;

use hiroba_vocab::dataset::Reads;
use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook};

use super::sheet::Sheet;
use super::{ExportError, Summary};

/// Rows of a sheet, the header among them.
const ROWS: u32 = 1_048_576;
/// Characters of a cell.
const CELL: usize = 32_767;
/// Characters of a sheet's name.
const NAME: usize = 31;

/// Writes rows into a temporary file; the workbook is made of it at the end.
pub(super) struct Xlsx<W: Write> {
    workbook: Workbook,
    text: Format,
    row: u32,
    out: W,
}

impl<W: Write> Xlsx<W> {
    pub(super) fn new(sheet: &Sheet, out: W) -> Result<Self, ExportError> {
        let mut workbook = Workbook::new();
        let header = Format::new()
            .set_bold()
            .set_background_color(Color::RGB(0xDD_E7_F3))
            .set_border_bottom(FormatBorder::Thin)
            .set_align(FormatAlign::Top)
            .set_num_format("@");
        let worksheet = workbook.add_worksheet_with_constant_memory()?;
        let forbidden = |c: char| matches!(c, '[' | ']' | ':' | '*' | '?' | '/' | '\\' | '\'');
        worksheet.set_name(sheet.title.chars().filter(|c| !forbidden(*c)).take(NAME).collect::<String>())?;
        worksheet.set_freeze_panes(1, 0)?;
        for (at, head) in (0u16..).zip(&sheet.heads) {
            #[expect(clippy::cast_precision_loss, reason = "at most a few dozen")]
            worksheet.set_column_width(at, head.width as f64 + 2.0)?;
        }
        for (at, head) in (0u16..).zip(&sheet.heads) {
            worksheet.write_string_with_format(0, at, &head.header, &header)?;
        }
        // Text cells keep the zeros at the beginning of codes and telephone numbers, and no program makes dates of them.
        Ok(Self { workbook, text: Format::new().set_num_format("@"), row: 1, out })
    }

    pub(super) fn push(&mut self, sheet: &Sheet, cells: &[String], summary: &mut Summary) -> Result<(), ExportError> {
        if self.row >= ROWS {
            return Err(ExportError::Rows(ROWS));
        }
        let worksheet = self.workbook.worksheet_from_index(0)?;
        for ((at, head), cell) in (0u16..).zip(&sheet.heads).zip(cells).filter(|(_, cell)| !cell.is_empty()) {
            let numeric = matches!(
                head.reads,
                Some(Reads::Count | Reads::Decimal | Reads::Fee | Reads::Latitude | Reads::Longitude)
            );
            match cell.parse::<f64>() {
                Ok(number) if numeric && number.is_finite() && number.abs() < 1e15 => {
                    worksheet.write_number(self.row, at, number)?;
                }
                _ if cell.encode_utf16().count() > CELL => {
                    summary.shortened += 1;
                    let mut left = CELL;
                    let fits = |c: &char| left.checked_sub(c.len_utf16()).inspect(|rest| left = *rest).is_some();
                    let short: String = cell.chars().take_while(fits).collect();
                    worksheet.write_string_with_format(self.row, at, short, &self.text)?;
                }
                _ => drop(worksheet.write_string_with_format(self.row, at, cell, &self.text)?),
            }
        }
        self.row += 1;
        Ok(())
    }

    pub(super) fn finish(mut self, sheet: &Sheet) -> Result<W, ExportError> {
        let last = u16::try_from(sheet.heads.len().saturating_sub(1)).unwrap_or(u16::MAX);
        self.workbook.worksheet_from_index(0)?.autofilter(0, 0, self.row.saturating_sub(1), last)?;
        self.out.write_all(&self.workbook.save_to_buffer()?)?;
        self.out.flush()?;
        Ok(self.out)
    }
}
