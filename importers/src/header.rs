//! Finding the header among titles, preambles and notes.

use std::collections::{HashMap, HashSet};

use hiroba_vocab::Datasets;
use hiroba_vocab::dataset::Fit;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::normalise::key::HeaderKey;
use hiroba_vocab::{Iri, column_iri};

use crate::error::ImportError;
use crate::limits;
use crate::mapping::Mapping;
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

impl Header {
    /// For each column, the IRI of its header. Headers that differ only in how they are typed get a counter.
    pub(crate) fn own_iris(&self) -> Vec<Iri> {
        let mut seen: HashMap<Iri, u32> = HashMap::new();
        let own = |name: &String| {
            let plain = column_iri(name);
            let mut iri = plain.clone();
            while seen.contains_key(&iri) {
                let times = seen.entry(plain.clone()).and_modify(|times| *times += 1).or_insert(1);
                iri = column_iri(&format!("{name} ({times})"));
            }
            seen.insert(iri.clone(), 1);
            iri
        };
        self.names.iter().map(own).collect()
    }
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
pub(crate) fn find(table: &Table, file: &str, mapping: Option<&Mapping>) -> Result<Preview, ImportError> {
    let mut rows = table.rows()?;
    let mut first = Vec::new();
    let mut row = Row::default();
    while first.len() < limits::SAMPLE && rows.next(&mut row)? {
        first.push(row.clone());
    }
    let said = mapping.and_then(|mapping| said(&first, mapping));
    let at = said.or_else(|| position(&first, table.geometry.is_some())).ok_or_else(|| none(file, first.len()))?;
    let second = second_row(&first, at);
    let header = build(&first, at, second);
    let sample = first.split_off((at + 1 + usize::from(second)).min(first.len()));
    Ok(Preview { header, sample })
}

/// The header that a mapping means: the row that it names, or the one that has most of the headers that it names.
fn said(rows: &[Row], mapping: &Mapping) -> Option<usize> {
    if let Some(number) = mapping.header_row {
        return rows.iter().position(|row| row.number == number);
    }
    let fits = |row: &Row| mapping.fits(&row.cells().map(HeaderKey::new).collect::<Vec<_>>());
    let rows = rows.get(..limits::HEADER_SEARCH).unwrap_or(rows);
    let fits: Vec<usize> = rows.iter().map(fits).collect();
    let most = fits.iter().copied().max().filter(|most| *most * 2 > mapping.columns.len())?;
    fits.iter().position(|count| *count == most)
}

/// No header among so many rows.
pub(crate) fn none(file: &str, rows: usize) -> ImportError {
    ImportError::NoHeader { file: file.to_owned(), searched: rows.min(limits::HEADER_SEARCH) }
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
    let known: Vec<(usize, usize)> = rows.iter().map(known_names).collect();
    for count in [|(once, _): &(usize, usize)| *once, |(_, all): &(usize, usize)| *all] {
        let best = known.iter().map(count).max().unwrap_or(0);
        if best >= 2 {
            return known.iter().position(|row| count(row) == best);
        }
    }
    // Nothing is known: the first row that is as wide as most, and holds words.
    let width = usual_width(rows);
    rows.iter().position(|row| {
        let filled: Vec<&str> = row.filled().map(|(_, cell)| cell).collect();
        filled.len() * 10 >= width * 6 && filled.len() >= width.min(2) && filled.iter().any(|cell| !is_data(cell)) && {
            // What begins with a number, a date or an address of the web is a row and no header.
            filled.first().is_some_and(|first| !is_data(first)) && filled.iter().all(|cell| cell.chars().count() <= 120)
        }
    })
}

/// How many cells most rows have, of those that have any.
fn usual_width(rows: &[Row]) -> usize {
    let mut widths: Vec<usize> = rows.iter().map(|row| row.filled().count()).filter(|width| *width > 0).collect();
    widths.sort_unstable();
    widths.get(widths.len() / 2).copied().unwrap_or(0)
}

/// Whether a cell is a value and no name of a column: a number, a date, an address of the web.
fn is_data(cell: &str) -> bool {
    let cell = cell.trim_matches(['#', '"', '\'']);
    let date = cell.chars().filter(char::is_ascii_digit).count() * 2 >= cell.chars().count();
    cell.parse::<f64>().is_ok() || cell.contains("://") || date && cell.contains(['-', '/', ':', '.'])
}

/// How many cells of a row are names that some data set knows: those that stand there once, and all, each counted once. A
/// header says a name once; a row of a calendar says 可燃ごみ for every area.
fn known_names(row: &Row) -> (usize, usize) {
    let mut seen: Vec<(&str, usize)> = Vec::new();
    for (_, cell) in row.filled().filter(|(_, cell)| cell.len() <= 120).take(ENOUGH_NAMES) {
        match seen.iter_mut().find(|(name, _)| *name == cell) {
            Some((_, times)) => *times += 1,
            None if is_known(cell) => seen.push((cell, 1)),
            None => {}
        }
    }
    (seen.iter().filter(|(_, times)| *times == 1).count(), seen.len())
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
