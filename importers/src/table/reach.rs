//! How far the cells of an XLS workbook reach. The reader of workbooks makes a full rectangle of them, so that two
//! cells in opposite corners of a small file could ask for more memory than there is.

use crate::limits;

/// Whether some sheet of an XLS workbook (a compound file with a stream of BIFF records) asks for more than
/// [`limits::CELLS`]; `None` if the file is too damaged to tell.
pub(super) fn xls_exceeds(bytes: &[u8]) -> Option<bool> {
    let file = Compound::open(bytes)?;
    let book = file.stream("Workbook").or_else(|| file.stream("Book"))?;
    let globals = Records(&book).take_while(|(kind, _)| *kind != END);
    let starts = globals.filter(|(kind, _)| *kind == SHEET).map(|(_, data)| u32_at(data, 0));
    for start in starts {
        if sheet_exceeds(book.get(start? as usize..)?)? {
            return Some(true);
        }
    }
    Some(false)
}

const SHEET: u16 = 0x0085;
const END: u16 = 0x000A;
const DIMENSIONS: u16 = 0x0200;
const MULTIPLE: u16 = 0x00BD;
/// Records of a single cell: formula, label, number, truth value and the like.
const CELL: [u16; 7] = [0x0006, 0x00D6, 0x00FD, 0x0203, 0x0204, 0x0205, 0x027E];

/// The largest rectangle of one sheet, declared or filled.
fn sheet_exceeds(records: &[u8]) -> Option<bool> {
    let mut filled = Area::default();
    for (kind, data) in Records(records).take_while(|(kind, _)| *kind != END) {
        let at = |offset| u16_at(data, offset).map(u64::from);
        if kind == DIMENSIONS {
            let declared = match data.len() {
                10 => at(0).zip(at(2)).zip(at(4).zip(at(6))),
                _ => u32_at(data, 0)
                    .zip(u32_at(data, 4))
                    .map(|(first, last)| (u64::from(first), u64::from(last)))
                    .zip(at(8).zip(at(10))),
            };
            let ((top, bottom), (left, right)) = declared?;
            if bottom.checked_sub(top)?.saturating_mul(right.checked_sub(left)?.max(1)) > limits::CELLS as u64 {
                return Some(true);
            }
        } else if kind == MULTIPLE || CELL.contains(&kind) {
            let (row, column) = (at(0)?, at(2)?);
            filled.add(row, column);
            if kind == MULTIPLE {
                filled.add(row, at(data.len().saturating_sub(2)).unwrap_or(column));
            }
        }
    }
    Some(filled.cells() > limits::CELLS as u64)
}

/// The rectangle around cells.
#[derive(Default)]
struct Area(Option<[u64; 4]>);

impl Area {
    fn add(&mut self, row: u64, column: u64) {
        let [top, bottom, left, right] = self.0.unwrap_or([row, row, column, column]);
        self.0 = Some([top.min(row), bottom.max(row), left.min(column), right.max(column)]);
    }

    fn cells(&self) -> u64 {
        self.0.map_or(0, |[top, bottom, left, right]| (bottom - top + 1).saturating_mul(right - left + 1))
    }
}

/// BIFF records: a kind, a length, the data.
struct Records<'b>(&'b [u8]);

impl<'b> Iterator for Records<'b> {
    type Item = (u16, &'b [u8]);

    fn next(&mut self) -> Option<Self::Item> {
        let (kind, length) = (u16_at(self.0, 0)?, usize::from(u16_at(self.0, 2)?));
        let data = self.0.get(4..4 + length)?;
        self.0 = self.0.get(4 + length..)?;
        Some((kind, data))
    }
}

/// A compound file: sectors in chains.
struct Compound<'b> {
    bytes: &'b [u8],
    shift: u32,
    next: Vec<u32>,
    directory: Vec<u8>,
}

impl<'b> Compound<'b> {
    fn open(bytes: &'b [u8]) -> Option<Self> {
        let shift = u32::from(u16_at(bytes, 30)?);
        if !matches!(shift, 9 | 12) {
            return None;
        }
        let mut file = Self { bytes, shift, next: Vec::new(), directory: Vec::new() };
        let mut tables: Vec<u32> = (0..109).filter_map(|n| u32_at(bytes, 76 + 4 * n)).collect();
        let (mut more, mut left) = (u32_at(bytes, 68)?, bytes.len() >> shift);
        while more < RESERVED && left > 0 {
            let sector = file.sector(more)?;
            let (last, listed) = (sector.len() - 4, sector.chunks_exact(4));
            tables.extend(listed.take(last / 4).filter_map(|entry| u32_at(entry, 0)));
            (more, left) = (u32_at(sector, last)?, left - 1);
        }
        for table in tables.into_iter().filter(|table| *table < RESERVED) {
            let entries: Vec<u32> = file.sector(table)?.chunks_exact(4).filter_map(|e| u32_at(e, 0)).collect();
            file.next.extend(entries);
        }
        file.directory = file.chain(u32_at(bytes, 48)?);
        Some(file)
    }

    /// The bytes of a sector; the last one of a file may be cut short.
    fn sector(&self, number: u32) -> Option<&'b [u8]> {
        let start = (number as usize + 1) << self.shift;
        let end = (start + (1 << self.shift)).min(self.bytes.len());
        self.bytes.get(start..end).filter(|sector| sector.len() >= 4)
    }

    fn chain(&self, first: u32) -> Vec<u8> {
        let follow = |number: &u32| self.next.get(*number as usize).copied();
        let numbers = std::iter::successors(Some(first), follow).take_while(|number| *number < RESERVED);
        // A chain that bites its tail is no longer than the file.
        numbers.take(self.next.len()).map_while(|number| self.sector(number)).flatten().copied().collect()
    }

    fn stream(&self, name: &str) -> Option<Vec<u8>> {
        let wanted: Vec<u8> = name.encode_utf16().flat_map(u16::to_le_bytes).chain([0, 0]).collect();
        let entry = self.directory.chunks_exact(128).find(|entry| entry.starts_with(&wanted))?;
        let (first, size) = (u32_at(entry, 116)?, u32_at(entry, 120)? as usize);
        let mut stream = if size < u32_at(self.bytes, 56)? as usize { self.small(first)? } else { self.chain(first) };
        stream.truncate(size);
        Some(stream)
    }

    /// A stream in sectors of 64 bytes, which the stream of the root entry holds.
    fn small(&self, first: u32) -> Option<Vec<u8>> {
        let holder = self.chain(u32_at(self.directory.get(..128)?, 116)?);
        let table = self.chain(u32_at(self.bytes, 60)?);
        let numbers = std::iter::successors(Some(first), |number| u32_at(&table, 4 * *number as usize));
        let numbers = numbers.take_while(|number| *number < RESERVED).take(table.len() / 4);
        let sector = |number: u32| holder.get(64 * number as usize..64 * number as usize + 64);
        Some(numbers.map_while(sector).flatten().copied().collect())
    }
}

/// Numbers from here on are marks: free, end of chain.
const RESERVED: u32 = 0xFFFF_FFFA;

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    bytes.get(at..at.checked_add(2)?)?.try_into().ok().map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    bytes.get(at..at.checked_add(4)?)?.try_into().ok().map(u32::from_le_bytes)
}
