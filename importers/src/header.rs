//! Finding the header among titles, preambles and notes.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

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

/// Rows that a header has at most.
const LEVELS: usize = 3;

/// The header of a table.
#[derive(Debug, Clone)]
pub(crate) struct Header {
    /// The row in which it stands; 0 for GeoJSON, which has none.
    pub(crate) row: u64,
    /// The last row that belongs to it: headers can have three rows.
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

    /// Whether it is no header at all: one column, and what stands there is a sentence that nobody gives a column for a name.
    pub(crate) fn is_prose(&self) -> bool {
        let mut named = self.keys.iter().zip(&self.names).filter(|(key, _)| !key.full.is_empty());
        let (first, second) = (named.next(), named.next());
        second.is_none() && first.is_none_or(|(_, name)| is_sentence(trim(name)) && !is_known(name))
    }
}

/// Whether a text ends as sentences and greetings do, or is as long as hardly any name.
fn is_sentence(text: &str) -> bool {
    const ENDINGS: [&str; 14] =
        ["。", "．", "、", "！", "!", "，", ",", "ます", "です", "ました", "ません", "でした", "ください", "下さい"];
    let english = text.ends_with(['.', '?']) && text.contains(' ');
    english || ENDINGS.iter().any(|ending| text.ends_with(ending)) || text.contains('。') || text.chars().count() > 60
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
    let levels = levels(&first, at);
    let header = build(&first, at, &levels);
    let sample = first.split_off((levels.end).min(first.len()));
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
}

/// The rows that the header consists of: names may stand below or above the names of groups, such as 洪水 and 地震 below
/// 災害種別, or 小便器 and 洋式 below 男性.
fn levels(rows: &[Row], at: usize) -> Range<usize> {
    let mut levels = at..at + 1;
    while levels.len() < LEVELS && rows.get(levels.end).is_some_and(|next| goes_on(&rows[levels.clone()], next)) {
        levels.end += 1;
    }
    while levels.len() < LEVELS && levels.start > 0 && names_groups(&rows[levels.start - 1], &rows[levels.clone()]) {
        levels.start -= 1;
    }
    levels
}

/// Whether a row is one more of a header's rows. Its cells stand only where the row above is blank or where a group
/// begins, or say the same once more; they are names and no data.
fn goes_on(levels: &[Row], next: &Row) -> bool {
    let Some(head) = levels.last() else { return false };
    let is_blank = |column: usize| levels.iter().all(|level| trim(level.cell(column)).is_empty());
    let mut below_blank = 0;
    for (column, cell) in next.filled() {
        let above = trim(head.cell(column));
        let begins_group =
            !above.is_empty() && trim(head.cell(column + 1)).is_empty() && column + 1 < next.len().max(head.len());
        // Below a name of the first row, with nothing between them, no other name can stand.
        let is_free = is_blank(column) || above.is_empty() && levels.len() > 1;
        if !(is_free || begins_group || above == cell) {
            return false;
        }
        if cell.parse::<f64>().is_ok() || cell.chars().count() > 30 {
            return false;
        }
        below_blank += usize::from(above.is_empty());
    }
    let all: Vec<&Row> = levels.iter().chain([next]).collect();
    let paths = paths(&all);
    below_blank >= 1
        && next
            .filled()
            .take(ENOUGH_NAMES)
            .any(|(column, _)| paths.get(column).is_some_and(|path| known_suffix(path).is_some()))
}

/// Whether the row above a header is part of it: it names groups of its columns, so that some name is known only together
/// with its group, or columns for which the header itself has no name.
fn names_groups(above: &Row, levels: &[Row]) -> bool {
    let all: Vec<&Row> = [above].into_iter().chain(levels).collect();
    let (with, without) = (paths(&all), paths(&all[1..]));
    let is_group = |column: usize| without.get(column).is_some_and(|path| !path.is_empty());
    let is_name = |(column, cell): (usize, &str)| !is_group(column) && is_known(cell);
    let mut pairs = with.iter().zip(&without).take(ENOUGH_NAMES);
    if completes(above, &with, &without) {
        return true;
    }
    above.filled().take(ENOUGH_NAMES).all(|(column, cell)| is_group(column) || is_name((column, cell)))
        && (above.filled().take(ENOUGH_NAMES).any(is_name)
            || pairs.any(|(with, without)| {
                with.len() > without.len() && known_suffix(without).is_none() && is_known(&joined(with))
            }))
}

/// Whether the row above gives a name to each column that has none yet, to more than one of them, and heads another group:
/// 年次, 世帯数, 人口 above 総数, 男, 女. A title stands over one column.
fn completes(above: &Row, with: &[Vec<String>], without: &[Vec<String>]) -> bool {
    let is_blank = |column: usize| without.get(column).is_none_or(Vec::is_empty);
    let cells = above.filled().take(ENOUGH_NAMES);
    let (over_blanks, over_names): (Vec<_>, Vec<_>) = cells.partition(|(column, _)| is_blank(*column));
    over_blanks.len() > 1
        && !over_names.is_empty()
        && with.iter().all(|path| !path.is_empty())
        && over_blanks.iter().chain(&over_names).all(|(_, cell)| !is_data(cell) && cell.chars().count() <= 30)
}

/// For each column its group, the group in it, and so on to its own name. A group reaches to the right over cells that are
/// blank, as far as there are names below it.
fn paths(levels: &[&Row]) -> Vec<Vec<String>> {
    let width = levels.iter().filter_map(|level| level.filled().last()).map(|(column, _)| column + 1).max();
    let width = width.unwrap_or(0).min(limits::COLUMNS);
    let mut groups = vec![""; levels.len()];
    // Whether the last group has a name below its first cell.
    let mut begun = false;
    let mut paths = Vec::with_capacity(width);
    for column in 0..width {
        let own: Vec<&str> = levels.iter().map(|level| trim(level.cell(column))).collect();
        let last = own.iter().rposition(|cell| !cell.is_empty());
        if let Some(first) = own.iter().position(|cell| !cell.is_empty())
            && first + 1 < levels.len()
        {
            begun = last > Some(first);
        }
        let mut path: Vec<String> = Vec::new();
        for (level, cell) in own.iter().enumerate() {
            if !cell.is_empty() {
                groups[level] = cell;
                groups[level + 1..].fill("");
            }
            let part = if last.is_some_and(|last| level < last) { groups[level] } else { cell };
            if !part.is_empty() && path.last().is_none_or(|above| above != part) {
                path.push(part.to_owned());
            }
        }
        // A name that is known by itself, below a blank cell, belongs to no group; but it does where the group has begun with
        // a name below it, as 人口 has above 男 and 女.
        let is_carried = column < ENOUGH_NAMES
            && !begun
            && last.is_some_and(|last| last > 0 && own[..last].iter().all(|cell| cell.is_empty()));
        let name = path.last().filter(|name| is_carried && is_known(name) && !is_known(&joined(&path))).cloned();
        if let Some(name) = name {
            path = vec![name];
        }
        paths.push(path);
    }
    paths
}

fn joined(path: &[String]) -> String {
    path.join("_")
}

/// The longest end of a path that is a known name.
fn known_suffix(path: &[String]) -> Option<String> {
    (0..path.len()).map(|from| joined(&path[from..])).find(|name| is_known(name))
}

fn build(rows: &[Row], at: usize, levels: &Range<usize>) -> Header {
    // Trailing blank headers are columns only if some row has a cell there.
    let width = rows[levels.start..].iter().filter_map(|row| row.filled().last()).map(|(column, _)| column + 1).max();
    let mut paths = paths(&rows[levels.clone()].iter().collect::<Vec<_>>());
    paths.resize(width.unwrap_or(0).min(limits::COLUMNS).max(paths.len()), Vec::new());
    let mut names: Vec<String> = paths.iter().map(|path| joined(path)).collect();
    let mut keys: Vec<HeaderKey> = names.iter().map(|name| HeaderKey::new(name)).collect();
    // A name that is not known with its groups may be without the outer ones, unless another column has it or ends so too:
    // 女 below 人口 and below 0～4歳 are two things.
    let ends: Vec<HeaderKey> =
        paths.iter().map(|path| HeaderKey::new(path.last().map_or("", String::as_str))).collect();
    for (column, path) in paths.iter().enumerate().filter(|(_, path)| path.len() > 1).take(ENOUGH_NAMES) {
        let key = known_suffix(path).map(|name| HeaderKey::new(&name));
        let is_own = |key: &HeaderKey| {
            let mut others = keys.iter().zip(&ends).enumerate().filter(|(at, _)| *at != column);
            others.all(|(_, (other, end))| other.full != key.full && end.full != key.full)
        };
        if let Some(key) = key.filter(is_own) {
            keys[column] = key;
        }
    }
    number_blanks_and_repeats(&mut names);
    let above = &rows[..levels.start];
    let rows_above = above.iter().filter(|row| row.filled().next().is_some()).count() as u64;
    let above: Vec<String> = above.iter().flat_map(Row::filled).map(|(_, cell)| cell.to_owned()).collect();
    let last_row = rows.get(levels.end - 1).map_or(0, |row| row.number);
    Header { row: rows.get(at).map_or(0, |row| row.number), last_row, names, keys, above, rows_above }
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
