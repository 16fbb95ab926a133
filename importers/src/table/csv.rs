//! CSV and TSV, one record at a time, in constant memory.

use std::io::Read;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::Row;
use crate::error::ImportError;
use crate::limits;
use crate::source::{Encoding, Input};

/// The separator that splits the first lines into the most cells: comma, tab or semicolon.
pub(super) fn separator(input: &Input, encoding: Encoding) -> Result<u8, ImportError> {
    let mut head = vec![0; 64 * 1024];
    let mut length = 0;
    let mut reader = encoding.reader(input.open()?);
    while let Some(space) = head.get_mut(length..).filter(|space| !space.is_empty()) {
        match reader.read(space).map_err(|e| input.unreadable(&e))? {
            0 => break,
            n => length += n,
        }
    }
    let head = head.get(..length).unwrap_or_default();
    let lines = || head.split(|b| *b == b'\n').take(20);
    let widest =
        |separator: u8| lines().map(|line| line.iter().filter(|b| **b == separator).count()).max().unwrap_or(0);
    let (comma, tab, semicolon) = (widest(b','), widest(b'\t'), widest(b';'));
    // Commas and semicolons also occur inside cells; tabs hardly ever do.
    Ok(if tab > comma / 2 && tab >= 1 && tab >= semicolon {
        b'\t'
    } else if comma == 0 && semicolon > 1 {
        b';'
    } else {
        b','
    })
}

/// Reads records. Quoted cells may hold line breaks; a backslash is a character like any other.
pub(crate) struct CsvRows {
    file: String,
    bytes: Box<dyn Read>,
    parser: Reader,
    input: Vec<u8>,
    /// The part of `input` that is not parsed yet.
    from: usize,
    to: usize,
    output: Vec<u8>,
    ends: Vec<usize>,
    number: u64,
    line: u64,
    done: bool,
}

impl CsvRows {
    pub(super) fn new(input: &Input, bytes: Box<dyn Read>, separator: u8) -> Self {
        Self {
            file: input.name(),
            bytes,
            parser: ReaderBuilder::new().delimiter(separator).build(),
            input: vec![0; 1 << 16],
            from: 0,
            to: 0,
            output: vec![0; 1 << 14],
            ends: vec![0; 128],
            number: 0,
            line: 1,
            done: false,
        }
    }

    pub(super) fn next(&mut self, row: &mut Row) -> Result<bool, ImportError> {
        if self.done {
            return Ok(false);
        }
        let (mut written, mut fields) = (0, 0);
        let mut quotes: usize = 0;
        loop {
            if self.from == self.to {
                self.refill()?;
            }
            let rest = self.input.get(self.from..self.to).unwrap_or_default();
            let space = self.output.get_mut(written..).unwrap_or_default();
            let ends = self.ends.get_mut(fields..).unwrap_or_default();
            let (result, read, wrote, ended) = self.parser.read_record(rest, space, ends);
            quotes += rest.get(..read).unwrap_or_default().iter().filter(|b| **b == b'"').count();
            self.from += read;
            written += wrote;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.output.len() >= limits::RECORD => {
                    return Err(self.too_large("the record", limits::mebibytes(limits::RECORD as u64)));
                }
                ReadRecordResult::OutputFull => self.output.resize(self.output.len() * 2, 0),
                ReadRecordResult::OutputEndsFull if self.ends.len() >= limits::COLUMNS => {
                    return Err(self.too_large("the number of columns", limits::COLUMNS.to_string()));
                }
                ReadRecordResult::OutputEndsFull => self.ends.resize(self.ends.len() * 2, 0),
                ReadRecordResult::Record => return self.record(row, written, fields, quotes),
                ReadRecordResult::End => {
                    self.done = true;
                    return Ok(false);
                }
            }
        }
    }

    fn refill(&mut self) -> Result<(), ImportError> {
        let n = self
            .bytes
            .read(&mut self.input)
            .map_err(|e| ImportError::Unreadable { file: self.file.clone(), reason: e.to_string() })?;
        (self.from, self.to) = (0, n);
        Ok(())
    }

    fn record(&mut self, row: &mut Row, written: usize, fields: usize, quotes: usize) -> Result<bool, ImportError> {
        let text = self.output.get(..written).unwrap_or_default();
        let breaks = text.iter().filter(|b| **b == b'\n').count() as u64;
        // The parser skips empty lines without a word; they count as rows all the same. It counts lines by their ends,
        // and the last line may have none.
        let line = self.parser.line();
        let passed = line.saturating_sub(self.line).saturating_sub(breaks);
        self.number += passed.max(1);
        self.line = line;
        if quotes % 2 == 1 && breaks > 0 {
            return Err(ImportError::OpenQuote { file: self.file.clone(), row: self.number });
        }
        row.clear(self.number);
        match std::str::from_utf8(text) {
            Ok(text) => row.set(text, self.ends.get(..fields).unwrap_or_default()),
            // Cannot happen to a file that was checked, unless it changed meanwhile.
            Err(_) => {
                return Err(ImportError::Unreadable {
                    file: self.file.clone(),
                    reason: "the file changed while it was read".to_owned(),
                });
            }
        }
        Ok(true)
    }

    fn too_large(&self, what: &'static str, limit: String) -> ImportError {
        ImportError::TooLarge { file: self.file.clone(), row: Some(self.number + 1), what, limit }
    }
}
