//! Finding the header among titles, preambles and notes.

use std::collections::{HashMap, HashSet};

use hiroba_vocab::Datasets;
use hiroba_vocab::dataset::Fit;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::normalise::key::HeaderKey;

use crate::error::ImportError;
use crate::limits;
use crate::table::{Row, Table};

/// How many cells of a row are compared with the known names. Real lists have fewer columns; those with a thousand repeat
/// themselves.
const ENOUGH_NAMES: usize = 256;

/// The header of a table.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    /// The row in which it stands; 0 for GeoJSON, which has none.
    pub(crate) row: u64,
    /// The last row that belongs to it: headers can have two rows.
    pub(crate) last_row: u64,
    /// The names as they stand in the file. Empty ones were given a name by their position.
    pub(crate) names: Vec<String>,
    /// The keys by which they are compared.
    pub(crate) keys: Vec<HeaderKey>,
    /// What stands above it: titles, a date, metadata.
    pub(crate) above: Vec<String>,
    /// Rows with something in them that stand above it.
    pub(crate) rows_above: u64,
}

/// The header and the first rows of a table.
#[derive(Debug)]
pub(crate) struct Preview {
    pub(crate) header: Header,
    /// Rows after the header, for recognising the data set.
    pub(crate) sample: Vec<Row>,
}

/// Looks for the header in the first rows.
///
/// # Errors
/// [`ImportError::NoHeader`], or the rows cannot be read.
pub(crate) fn find(table: &Table, file: &str) -> Result<Preview, ImportError> {
    let mut rows = table.rows()?;
    let mut first = Vec::new();
    let mut row = Row::default();
    while first.len() < limits::SAMPLE && rows.next(&mut row)? {
        first.push(row.clone());
    }
    let no_header =
        || ImportError::NoHeader { file: file.to_owned(), searched: first.len().min(limits::HEADER_SEARCH) };
    let at = position(&first, table.geometry.is_some()).ok_or_else(no_header)?;
    let second = second_row(&first, at);
    let header = build(&first, at, second);
    let sample = first.split_off((at + 1 + usize::from(second)).min(first.len()));
    Ok(Preview { header, sample })
}

/// Which of the rows is the header: a LinkData table says so itself; else the row with the most known names.
fn position(rows: &[Row], geojson: bool) -> Option<usize> {
    if geojson {
        return (!rows.is_empty()).then_some(0);
    }
    let rows = &rows[..rows.len().min(limits::HEADER_SEARCH)];
    if let Some(at) = rows.iter().position(|row| trim(row.cell(0)).starts_with("#property") && row.filled().count() > 1)
    {
        return Some(at);
    }
    let known: Vec<usize> = rows.iter().map(known_names).collect();
    let best = known.iter().copied().max().unwrap_or(0);
    if best >= 2 {
        return known.iter().position(|count| *count == best);
    }
    // Nothing is known: the first row that could be a header at all, so that the error can show its columns.
    rows.iter().position(|row| row.filled().count() >= 2 && row.filled().all(|(_, cell)| cell.parse::<f64>().is_err()))
}

/// How many cells of a row are names that some data set knows. A name twice counts once: a column of categories may hold
/// such a word in every row.
fn known_names(row: &Row) -> usize {
    let mut seen: Vec<&str> = Vec::new();
    for (_, cell) in row.filled().filter(|(_, cell)| cell.len() <= 120).take(ENOUGH_NAMES) {
        if !seen.contains(&cell) && is_known(cell) {
            seen.push(cell);
        }
    }
    seen.len()
}

fn is_known(cell: &str) -> bool {
    let key = HeaderKey::new(cell);
    let datasets = Datasets::published();
    let fits = |column: &std::sync::Arc<hiroba_vocab::dataset::Column>| {
        column.fit(&key).is_some_and(|fit| fit < Fit::Likeness)
    };
    datasets.supported().iter().flat_map(|dataset| &dataset.columns).any(fits)
        || datasets.others().iter().any(|other| other.headers.contains(&key.full))
}

/// Whether the row after the header is its second half: names below a group's name, such as 洪水 and 地震 below 災害種別.
///
/// Its cells stand only where the header is blank or where a group begins, and they are names and no data.
fn second_row(rows: &[Row], at: usize) -> bool {
    let (Some(head), Some(next)) = (rows.get(at), rows.get(at + 1)) else { return false };
    let blank_head = |column: usize| trim(head.cell(column)).is_empty();
    let mut below_blank = 0;
    for (column, cell) in next.filled() {
        let begins_group = !blank_head(column) && blank_head(column + 1) && column + 1 < next.len().max(head.len());
        if !blank_head(column) && !begins_group {
            return false;
        }
        if cell.parse::<f64>().is_ok() || cell.chars().count() > 30 {
            return false;
        }
        below_blank += usize::from(blank_head(column));
    }
    below_blank >= 1 && next.filled().filter(|(_, cell)| is_known(cell)).count() >= 1
}

fn build(rows: &[Row], at: usize, second: bool) -> Header {
    let (head, next) = (&rows[at], rows.get(at + 1).filter(|_| second));
    // Trailing blank headers are columns only if some row has a cell there.
    let width = rows[at..].iter().map(|row| row.filled().last().map_or(0, |(column, _)| column + 1)).max().unwrap_or(0);
    let named = head.filled().last().map_or(0, |(column, _)| column + 1);
    let named = named.max(next.and_then(|next| next.filled().last()).map_or(0, |(column, _)| column + 1));
    let mut names = Vec::with_capacity(width);
    let mut group = "";
    for column in 0..width.max(named).min(limits::COLUMNS) {
        let (own, below) = (trim(head.cell(column)), next.map_or("", |next| trim(next.cell(column))));
        if !own.is_empty() {
            group = own;
        }
        names.push(match (own.is_empty(), below.is_empty()) {
            (false, true) => own.to_owned(),
            (false, false) => format!("{own}_{below}"),
            (true, false) => format!("{group}_{below}"),
            (true, true) => String::new(),
        });
    }
    let keys = names.iter().map(|name| HeaderKey::new(name)).collect();
    number_blanks_and_repeats(&mut names);
    let above: Vec<String> = rows[..at].iter().flat_map(Row::filled).map(|(_, cell)| cell.to_owned()).collect();
    let rows_above = rows[..at].iter().filter(|row| row.filled().next().is_some()).count() as u64;
    let last_row = next.map_or(head.number, |next| next.number);
    Header { row: head.number, last_row, names, keys, above, rows_above }
}

/// Gives every column a name of its own: by position where the header is blank, with a counter where it is repeated.
fn number_blanks_and_repeats(names: &mut [String]) {
    let mut used: HashSet<String> = HashSet::new();
    let mut times: HashMap<String, u32> = HashMap::new();
    for (column, name) in names.iter_mut().enumerate() {
        if name.is_empty() {
            *name = format!("列{}", column + 1);
        }
        if used.contains(name) {
            let times = times.entry(name.clone()).or_insert(1);
            let mut counted = name.clone();
            // A header of the file may be 画像 (2) already.
            while used.contains(&counted) {
                *times += 1;
                counted = format!("{name} ({times})");
            }
            *name = counted;
        }
        used.insert(name.clone());
    }
}
