//! CSV, in UTF-8 or CP932.

use std::io::Write;

use super::sheet::Sheet;
use super::substitute::encode;
use super::{ExportError, Summary};

/// Writes rows, each as soon as it is there.
pub(super) struct Csv<W: Write> {
    /// One row, before it is encoded.
    row: csv::Writer<Vec<u8>>,
    out: W,
    cp932: bool,
}

impl<W: Write> Csv<W> {
    pub(super) fn new(sheet: &Sheet, mut out: W, cp932: bool, summary: &mut Summary) -> Result<Self, ExportError> {
        if !cp932 {
            out.write_all("\u{FEFF}".as_bytes())?;
        }
        let mut this = Self { row: Self::writer(Vec::new()), out, cp932 };
        let headers: Vec<String> = sheet.headers().map(str::to_owned).collect();
        this.push(&headers, summary)?;
        Ok(this)
    }

    fn writer(buffer: Vec<u8>) -> csv::Writer<Vec<u8>> {
        csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).flexible(true).from_writer(buffer)
    }

    pub(super) fn push(&mut self, cells: &[String], summary: &mut Summary) -> Result<(), ExportError> {
        self.row.write_record(cells).map_err(std::io::Error::from)?;
        let row = std::mem::replace(&mut self.row, Self::writer(Vec::new()));
        let mut bytes = row.into_inner().map_err(|e| std::io::Error::other(e.to_string()))?;
        if self.cp932 {
            let text = String::from_utf8_lossy(&bytes);
            let encoded = encode(&text, |c| *summary.replaced.entry(c).or_insert(0) += 1);
            self.out.write_all(&encoded)?;
        } else {
            self.out.write_all(&bytes)?;
        }
        bytes.clear();
        self.row = Self::writer(bytes);
        Ok(())
    }

    pub(super) fn out(&mut self) -> &mut W {
        &mut self.out
    }

    pub(super) fn finish(mut self) -> Result<W, ExportError> {
        self.out.flush()?;
        Ok(self.out)
    }
}
