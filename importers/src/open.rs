//! All tables of a file: the sheets of a workbook, the members of an archive.

use std::collections::HashMap;
use std::sync::Arc;

use hiroba_vocab::Iri;
use percent_encoding::utf8_percent_encode;

use crate::build::ENCODED;
use crate::candidate::{Candidate, Candidates};
use crate::error::ImportError;
use crate::import::Import;
use crate::left_out::LeftOut;
use crate::options::Options;
use crate::source::Input;
use crate::spill::SpillMap;
use crate::table::Row;

/// A file whose tables are ready to be read.
#[derive(Debug)]
pub struct Opened {
    /// The tables that fit a data set, in the order of the file; where none fits any, all tables, as data sets of their own.
    pub imports: Vec<Import>,
    /// Tables and members that are not imported.
    pub left_out: Vec<LeftOut>,
}

/// Opens every table of a file that fits a data set: all visible sheets of a workbook, all members of a ZIP archive, the
/// parts of a bus timetable. What fits none is left out by name, if something else fits. If nothing does, every table
/// becomes a data set of its own.
///
/// Tables of one data set in one file are data sets of their own: the table's name is the last part of their ids.
///
/// # Errors
/// The file cannot be read, or none of its tables can be imported; then the first reason is given.
pub fn open(input: impl Into<Input>, options: Options) -> Result<Opened, ImportError> {
    let (tables, left_out) = Candidates::search(input.into(), &options)?.into_all()?;
    let of = |table: Candidate| Import::of(table, options.clone());
    let mut imports = tables.into_iter().map(of).collect::<Result<Vec<_>, _>>()?;
    tell_apart(&mut imports)?;
    Ok(Opened { imports, left_out })
}

/// Gives tables of one data set ids of their own. Where each sheet counts its rows from 1 again, the numbers tell nothing
/// apart.
fn tell_apart(imports: &mut [Import]) -> Result<(), ImportError> {
    let mut groups: HashMap<Iri, Vec<usize>> = HashMap::new();
    for (at, import) in imports.iter().enumerate() {
        groups.entry(import.plan.dataset.clone()).or_default().push(at);
    }
    for (dataset, group) in groups.into_iter().filter(|(_, group)| group.len() > 1) {
        let shared = shared_numbers(group.iter().filter_map(|at| imports.get(*at)))?;
        for at in group {
            let Some(import) = imports.get_mut(at) else { continue };
            let name = import.table.sheet.clone().unwrap_or_else(|| import.file());
            let name = utf8_percent_encode(&name, ENCODED);
            import.plan.dataset = Iri::from_expanded(format!("{dataset}:{name}"));
            match &mut import.plan.id_part {
                // Rows of tables of their own have nothing in common, whatever their numbers and names are.
                Some(part) => *part = format!("{part}:{name}"),
                None => import.plan.shared_numbers = Some(Arc::clone(&shared)),
            }
        }
    }
    Ok(())
}

/// The publisher's numbers that stand in more than one of the tables, by hash.
fn shared_numbers<'i>(imports: impl Iterator<Item = &'i Import>) -> Result<Arc<SpillMap>, ImportError> {
    let (mut first, mut shared) = (SpillMap::default(), SpillMap::default());
    for (at, import) in (0..).zip(imports) {
        let (mut rows, mut row) = (import.table.rows()?, Row::default());
        while rows.next(&mut row)? {
            let is_data = row.number > import.plan.header.last_row;
            if let Some((_, number)) = is_data.then(|| import.plan.number_of(&row)).flatten() {
                let is_shared = first.get_or_insert(number, at).map(|table| table.is_some_and(|table| table != at));
                let known = is_shared.and_then(|is| if is { shared.get_or_insert(number, 0) } else { Ok(None) });
                known.map_err(|e| ImportError::temporary(&import.file(), &e))?;
            }
        }
    }
    Ok(Arc::new(shared))
}
