//! All tables of a file: the sheets of a workbook, the members of an archive.

use std::collections::{HashMap, HashSet};

use hiroba_vocab::{Datasets, Iri};

use percent_encoding::utf8_percent_encode;

use crate::build::ENCODED;
use crate::error::ImportError;
use crate::gtfs;
use crate::header::{self, Preview};
use crate::import::Import;
use crate::options::Options;
use crate::recognise::{self, Clues};
use crate::source::{Archive, Input, Kind, Member, Source};
use crate::table::{Row, Table};

/// A file whose tables are ready to be read.
#[derive(Debug)]
pub struct Opened {
    /// A table each that fits a data set, in the order of the file.
    pub imports: Vec<Import>,
    /// Tables and members that are not imported.
    pub left_out: Vec<LeftOut>,
}

/// A sheet or a member of an archive that is not imported.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
pub struct LeftOut {
    /// The sheet's name, or the member's path in the archive.
    pub name: String,
    /// A sentence that says why, and what to do where something can be done.
    pub reason: String,
}

/// Opens every table of a file that fits a data set: all visible sheets of a workbook, all members of a ZIP archive, the
/// parts of a bus timetable. What fits none is left out by name, if something else fits.
///
/// Tables of one data set in one file are data sets of their own: the table's name is the last part of their ids.
///
/// # Errors
/// The file cannot be read, or none of its tables can be imported; then the first reason is given.
pub fn open(input: impl Into<Input>, options: Options) -> Result<Opened, ImportError> {
    let found = Candidates::search(input.into(), &options)?;
    let Candidates { tables, left_out, .. } = found.not_empty()?;
    let mut imports =
        tables.into_iter().map(|table| Import::of(table, options.clone())).collect::<Result<Vec<_>, _>>()?;
    tell_apart(&mut imports)?;
    Ok(Opened { imports, left_out })
}

/// A table with its header and data set.
pub(crate) struct Candidate {
    pub(crate) source: Source,
    pub(crate) table: Table,
    pub(crate) preview: Preview,
    pub(crate) binding: recognise::Binding,
}

impl Candidate {
    /// Finds header and data set of a table.
    pub(crate) fn of(source: &Source, table: Table, options: &Options) -> Result<Self, ImportError> {
        let preview = header::find(&table, &source.input.name())?;
        let file = source.input.own_name();
        let clues =
            Clues { file: &file, sheet: table.sheet.as_deref(), geometry: table.geometry, cut_names: table.cut_names };
        let binding = match &options.dataset {
            None => recognise::recognise(&preview, clues).map_err(|error| error.in_file(&source.input.name()))?,
            Some(slug) => {
                let dataset = Datasets::published().get(slug).ok_or_else(|| ImportError::Unknown {
                    file: source.input.name(),
                    what: "data set",
                    name: slug.clone(),
                    known: Datasets::published()
                        .supported()
                        .iter()
                        .map(|d| d.slug.as_str())
                        .collect::<Vec<_>>()
                        .join(", "),
                })?;
                recognise::bind(dataset, &preview, clues)
            }
        };
        Ok(Self { source: source.clone(), table, preview, binding })
    }

    /// Whether the table would be recognised as the data set that it is bound to.
    fn is_recognised(&self) -> bool {
        let file = self.source.input.own_name();
        let clues = Clues {
            file: &file,
            sheet: self.table.sheet.as_deref(),
            geometry: self.table.geometry,
            cut_names: self.table.cut_names,
        };
        recognise::recognise(&self.preview, clues)
            .is_ok_and(|binding| binding.dataset.slug == self.binding.dataset.slug)
    }
}

/// The tables of a file that fit, and what does not.
#[derive(Default)]
pub(crate) struct Candidates {
    tables: Vec<Candidate>,
    left_out: Vec<LeftOut>,
    failure: Option<ImportError>,
    /// The file's name.
    file: String,
}

impl Candidates {
    /// Looks at every table of a file.
    ///
    /// # Errors
    /// The file as a whole cannot be read.
    pub(crate) fn search(input: Input, options: &Options) -> Result<Self, ImportError> {
        let source = Source::examine(input)?;
        let mut found = Self { file: source.input.name(), ..Self::default() };
        if source.kind == Kind::Zip {
            found.archive(&source, options)?;
        } else {
            found.file(&source, options)?;
        }
        found.only_what_was_asked_for(options);
        Ok(found)
    }

    /// The one that fits best.
    ///
    /// # Errors
    /// None fits.
    pub(crate) fn into_best(self) -> Result<Candidate, ImportError> {
        let better = |best: Candidate, next: Candidate| {
            if next.binding.score > best.binding.score { next } else { best }
        };
        self.tables.into_iter().reduce(better).ok_or_else(|| none(self.failure, self.file))
    }

    fn not_empty(self) -> Result<Self, ImportError> {
        if self.tables.is_empty() { Err(none(self.failure, self.file)) } else { Ok(self) }
    }

    /// The tables of a file that is no archive.
    fn file(&mut self, source: &Source, options: &Options) -> Result<(), ImportError> {
        let tables = wanted_sheets(Table::all(source)?, &source.input.name(), options)?;
        for table in tables {
            let name = table.sheet.clone().unwrap_or_else(|| source.input.own_name());
            match Candidate::of(source, table, options) {
                Ok(candidate) => self.tables.push(candidate),
                Err(error) => self.leave_out(name, error),
            }
        }
        Ok(())
    }

    /// The members of an archive. What is wrong with one of them keeps none of the others out.
    fn archive(&mut self, source: &Source, options: &Options) -> Result<(), ImportError> {
        let Archive { members, left_out } = Archive::open(&source.input)?;
        self.left_out.extend(left_out.into_iter().map(|(name, reason)| LeftOut { name, reason }));
        let (feeds, members) = gtfs::feeds(members);
        for feed in feeds {
            let (tables, left_out) = feed.tables(options)?;
            self.tables.extend(tables);
            self.left_out.extend(left_out);
        }
        for member in members {
            let name = member.path().to_owned();
            let before = self.left_out.len();
            if let Err(error) = self.member(member, options) {
                self.leave_out(name, error);
            } else {
                // A sheet of a workbook in an archive is named after both.
                let several = self.left_out.iter_mut().skip(before).filter(|left| !name.ends_with(&left.name));
                several.for_each(|left| left.name = format!("{name}: {}", left.name));
            }
        }
        if self.tables.is_empty() && self.failure.is_none() {
            let names: Vec<&str> = self.left_out.iter().map(|left| left.name.as_str()).take(5).collect();
            self.failure = Some(ImportError::WrongKind {
                file: source.input.name(),
                what: format!("a ZIP archive without a table ({})", names.join(", ")),
                advice: "Put CSV, Excel or GeoJSON files into it.".to_owned(),
            });
        }
        Ok(())
    }

    fn member(&mut self, member: Member, options: &Options) -> Result<(), ImportError> {
        let source = Source::examine(Input::Member(member))?;
        if source.kind == Kind::Zip {
            return Err(ImportError::WrongKind {
                file: source.input.name(),
                what: "an archive inside an archive".to_owned(),
                advice: "Unpack it and give it by itself.".to_owned(),
            });
        }
        self.file(&source, options)
    }

    fn leave_out(&mut self, name: String, error: ImportError) {
        self.left_out.push(LeftOut { name, reason: error.reason() });
        self.failure.get_or_insert(error);
    }

    /// Of several tables that were all taken for the data set that the options name, those that look like it; the best
    /// one, if none does.
    fn only_what_was_asked_for(&mut self, options: &Options) {
        let Some(slug) = &options.dataset else { return };
        if self.tables.len() < 2 {
            return;
        }
        let mut keep: Vec<bool> = self.tables.iter().map(Candidate::is_recognised).collect();
        if !keep.contains(&true) {
            let score = |at: &usize| self.tables.get(*at).map_or(0.0, |table| table.binding.score);
            // The first of equals.
            let best = (0..keep.len()).rev().max_by(|a, b| score(a).total_cmp(&score(b)));
            keep.iter_mut().enumerate().for_each(|(at, keep)| *keep = Some(at) == best);
        }
        let mut kept = keep.into_iter();
        let mut dropped = Vec::new();
        self.tables.retain(|table| {
            let keep = kept.next().unwrap_or(true);
            if !keep {
                dropped.push(table.table.sheet.clone().unwrap_or_else(|| table.source.input.own_name()));
            }
            keep
        });
        let reason = format!("it does not look like {slug}.");
        self.left_out.extend(dropped.into_iter().map(|name| LeftOut { name, reason: reason.clone() }));
    }
}

fn none(failure: Option<ImportError>, file: String) -> ImportError {
    failure.unwrap_or(ImportError::Empty { file })
}

fn wanted_sheets(tables: Vec<Table>, file: &str, options: &Options) -> Result<Vec<Table>, ImportError> {
    let Some(wanted) = &options.sheet else { return Ok(tables) };
    let known = tables.iter().filter_map(|table| table.sheet.clone()).collect::<Vec<_>>().join(", ");
    let found: Vec<Table> = tables.into_iter().filter(|table| table.sheet.as_ref() == Some(wanted)).collect();
    if found.is_empty() {
        return Err(ImportError::Unknown { file: file.to_owned(), what: "sheet", name: wanted.clone(), known });
    }
    Ok(found)
}

/// Gives tables of one data set ids of their own. Where each sheet counts its rows from 1 again, the numbers tell nothing
/// apart.
fn tell_apart(imports: &mut [Import]) -> Result<(), ImportError> {
    let mut groups: HashMap<Iri, Vec<usize>> = HashMap::new();
    for (at, import) in imports.iter().enumerate() {
        groups.entry(import.plan.dataset.clone()).or_default().push(at);
    }
    for (dataset, group) in groups.into_iter().filter(|(_, group)| group.len() > 1) {
        let (mut seen, mut repeated) = (HashSet::new(), HashSet::new());
        for import in group.iter().filter_map(|at| imports.get(*at)) {
            let numbers = numbers(import)?;
            repeated.extend(numbers.iter().filter(|number| seen.contains(*number)));
            seen.extend(numbers);
        }
        for at in group {
            let Some(import) = imports.get_mut(at) else { continue };
            let name = import.table.sheet.clone().unwrap_or_else(|| import.file());
            let name = utf8_percent_encode(&name, ENCODED);
            import.plan.dataset = Iri::from_expanded(format!("{dataset}:{name}"));
            import.plan.habits.repeated_numbers.extend(&repeated);
        }
    }
    Ok(())
}

/// The publisher's numbers in a table, by hash.
fn numbers(import: &Import) -> Result<HashSet<u64>, ImportError> {
    let (mut rows, mut row) = (import.table.rows()?, Row::default());
    let mut numbers = HashSet::new();
    while rows.next(&mut row)? {
        if row.number > import.plan.header.last_row {
            numbers.extend(import.plan.number_of(&row).map(|(_, hash)| hash));
        }
    }
    Ok(numbers)
}
