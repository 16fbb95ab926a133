//! CSV and TSV, one record at a time, in constant memory.

use std::io::Read;

use csv_core::{ReadRecordResult, Reader, ReaderBuilder};

use super::Row;
use crate::error::ImportError;
use crate::limits;
use crate::source::{Encoding, Input};

/// How the cells of a text stand apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Dialect {
    separator: u8,
    quote: u8,
}

/// Finds separator and quotation mark by the first lines.
pub(super) fn dialect(input: &Input, encoding: Encoding) -> Result<Dialect, ImportError> {
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
    let is_end = |byte: &u8| matches!(byte, b'\n' | b'\r');
    let lines: Vec<&[u8]> = head.split(is_end).filter(|line| !line.is_empty()).take(20).collect();
    let separator = separator(&lines);
    Ok(Dialect { separator, quote: quote(&lines, separator) })
}

/// The separator that splits the lines into the most cells: comma, tab, semicolon or bar.
fn separator(lines: &[&[u8]]) -> u8 {
    let count = |line: &[u8], separator: u8| line.iter().filter(|b| **b == separator).count();
    let widest = |separator: u8| lines.iter().map(|line| count(line, separator)).max().unwrap_or(0);
    let (comma, tab) = (widest(b','), widest(b'\t'));
    // Commas, semicolons and bars also occur inside cells; tabs hardly ever do.
    if tab > comma / 2 && tab >= 1 && tab >= widest(b';') {
        return b'\t';
    }
    let prevails = |separator: &u8| {
        let more = lines.iter().filter(|line| count(line, *separator) > count(line, b',').max(1)).count();
        more * 2 > lines.len()
    };
    [b';', b'|'].into_iter().find(prevails).unwrap_or(b',')
}

/// An apostrophe, if most lines begin with one and have one on both sides of a separator.
fn quote(lines: &[&[u8]], separator: u8) -> u8 {
    let between = [b'\'', separator, b'\''];
    let is_quoted = |line: &&&[u8]| line.starts_with(b"'") && line.windows(3).any(|part| part == between);
    if lines.iter().filter(is_quoted).count() * 2 > lines.len() { b'\'' } else { b'"' }
}

/// What some programs leave behind in a text: zero bytes, and the mark at the end of a DOS file.
fn is_stray(character: char) -> bool {
    matches!(character, '\0' | '\u{1A}')
}

/// Reads records. Quoted cells may hold line breaks; a backslash is a character like any other.
pub(crate) struct CsvRows {
    file: String,
    bytes: Box<dyn Read>,
    parser: Reader,
    quote: u8,
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
    pub(super) fn new(input: &Input, bytes: Box<dyn Read>, dialect: Dialect) -> Self {
        Self {
            file: input.name(),
            bytes,
            parser: ReaderBuilder::new().delimiter(dialect.separator).quote(dialect.quote).build(),
            quote: dialect.quote,
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
            quotes += rest.get(..read).unwrap_or_default().iter().filter(|b| **b == self.quote).count();
            self.from += read;
            written += wrote;
            fields += ended;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull if self.output.len() >= limits::RECORD && quotes % 2 == 1 => {
                    return Err(ImportError::OpenQuote { file: self.file.clone(), row: self.number + 1 });
                }
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
            Ok(text) => {
                row.set(text, self.ends.get(..fields).unwrap_or_default());
                if text.contains(is_stray) {
                    let cells: Vec<String> = row.cells().map(|cell| cell.replace(is_stray, "")).collect();
                    row.clear(self.number);
                    cells.iter().for_each(|cell| row.push(cell));
                }
            }
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
