//! One row in a buffer that is used again.

use hiroba_vocab::normalise::character::trim;

/// The cells of a row, one behind the other in one text.
#[derive(Debug, Clone, Default)]
pub(crate) struct Row {
    /// The row as a spreadsheet counts it, from 1.
    pub(crate) number: u64,
    /// Columns whose cell a merged cell from above covers.
    pub(crate) covered: Vec<usize>,
    /// Numbers of further rows of the file that this one stands for: the points of a line.
    pub(crate) gathered: Vec<u64>,
    text: String,
    ends: Vec<usize>,
}

impl Row {
    /// How many cells there are.
    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn new(number: u64) -> Self {
        Self { number, ..Self::default() }
    }

    /// The cell of a column; a missing one is empty.
    pub(crate) fn cell(&self, column: usize) -> &str {
        let Some(end) = self.ends.get(column) else { return "" };
        let start = column.checked_sub(1).and_then(|before| self.ends.get(before)).copied().unwrap_or(0);
        self.text.get(start..*end).unwrap_or_default()
    }

    /// The cells in order.
    pub(crate) fn cells(&self) -> impl Iterator<Item = &str> {
        (0..self.len()).map(|column| self.cell(column))
    }

    /// Columns with something in them, with what it is, trimmed.
    pub(crate) fn filled(&self) -> impl Iterator<Item = (usize, &str)> {
        self.cells().map(trim).enumerate().filter(|(_, cell)| !cell.is_empty())
    }

    pub(super) fn clear(&mut self, number: u64) {
        self.number = number;
        self.covered.clear();
        self.gathered.clear();
        self.text.clear();
        self.ends.clear();
    }

    pub(crate) fn push(&mut self, cell: &str) {
        self.text.push_str(cell);
        self.ends.push(self.text.len());
    }

    /// Takes the text and the ends of all cells at once.
    pub(super) fn set(&mut self, text: &str, ends: &[usize]) {
        self.text.push_str(text);
        self.ends.extend_from_slice(ends);
    }

    pub(super) fn copy(&mut self, other: &Self) {
        self.clear(other.number);
        self.covered.extend_from_slice(&other.covered);
        self.gathered.extend_from_slice(&other.gathered);
        self.set(&other.text, &other.ends);
    }

    /// Puts other text into a column.
    pub(crate) fn replace(&mut self, column: usize, cell: &str) {
        let mut cells: Vec<String> = self.cells().map(str::to_owned).collect();
        if cells.len() <= column {
            cells.resize(column + 1, String::new());
        }
        cells[column] = cell.to_owned();
        self.text.clear();
        self.ends.clear();
        cells.iter().for_each(|cell| self.push(cell));
    }
}
