//! What to do with each column, worked out once for a file so that rows cost little.

mod coordinates;
mod day;
mod habits;
mod period;
mod publisher;
mod slots;
mod year;

use std::io;
use std::sync::Arc;

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::normalise::Reading;
use hiroba_vocab::normalise::character::published;
use hiroba_vocab::normalise::coordinate::Frame;
use hiroba_vocab::normalise::date::{Moment, date_in, date_of};
use hiroba_vocab::{Iri, Issue, Issues, Terms};
use jiff::civil::Date;
use ngsild::DateTime;
use percent_encoding::utf8_percent_encode;

use crate::error::ImportError;
use crate::header::Header;
use crate::limits;
use crate::options::Options;
use crate::recognise::Binding;
use crate::spill::{Key, SpillMap};
use crate::table::{Row, Table};
pub(crate) use coordinates::{Grid, halves, pair_of};
pub(crate) use day::state_of;
pub(crate) use habits::{Habits, fingerprint, hash, is_japanese, number_key};
pub use publisher::{Found, Publisher};
pub(crate) use slots::{Compound, Language, Simple, Slots, Sub};

/// Everything about a file that its rows are read with.
#[derive(Debug)]
pub(crate) struct Plan {
    pub(crate) binding: Binding,
    pub(crate) header: Header,
    pub(crate) habits: Habits,
    pub(crate) frame: Frame,
    pub(crate) grid: Grid,
    /// Habits of the whole file's coordinates, to be reported once.
    pub(crate) notable: Issues,
    pub(crate) publisher: Publisher,
    pub(crate) slots: Slots,
    pub(crate) entity_type: Iri,
    pub(crate) dataset: Iri,
    pub(crate) now: DateTime,
    /// The year that the file is about, if its titles or its name say one.
    pub(crate) year: Option<i16>,
    /// For each column, the IRI under which its text is published when nothing better is known.
    pub(crate) own_iris: Vec<Iri>,
    /// Columns that say what a row is about; see [`hiroba_vocab::dataset::Dataset::subject`].
    pub(crate) subject: Vec<usize>,
    /// Columns that tell rows apart; see [`hiroba_vocab::dataset::Dataset::identity`].
    pub(crate) identity: Vec<usize>,
    /// The month that the file's name or its title names, for dates without a year.
    pub(crate) month: Option<Date>,
    /// The column whose value joins rows; see [`hiroba_vocab::dataset::Dataset::joined_by`].
    pub(crate) joined: Option<usize>,
    /// The attribute that takes the publisher's number.
    pub(crate) number: Iri,
    /// The day that the file as a whole describes, where rows describe days.
    pub(crate) day: Option<Moment>,
    /// How many rows there are after the header.
    pub(crate) rows: u64,
    /// What stands between code and number in the ids of a table of its own: its short name, percent-encoded.
    pub(crate) id_part: Option<String>,
    /// Numbers that other tables of the file have too, by hash.
    pub(crate) shared_numbers: Option<Arc<SpillMap>>,
}

impl Plan {
    /// Reads the table once and works out the plan.
    ///
    /// # Errors
    /// The table cannot be read to its end, or has too many rows.
    pub(crate) fn make(
        table: &Table,
        binding: Binding,
        header: Header,
        file: &str,
        options: &Options,
    ) -> Result<Self, ImportError> {
        let things = if binding.is_own { things(&binding, table.geometry) } else { Vec::new() };
        let joined = binding.dataset.joined_by.as_ref();
        let joined = joined.and_then(|name| binding.columns_named(std::slice::from_ref(name)).first().copied());
        let mut survey = habits::Survey::new(&binding.columns, &header, table.geometry, joined).telling_apart(&things);
        let mut rows = table.rows()?;
        let mut row = Row::default();
        let mut count: u64 = 0;
        while rows.next(&mut row)? {
            if row.number > header.last_row {
                count += 1 + row.gathered.len() as u64;
                if count > limits::ROWS {
                    return Err(ImportError::TooLarge {
                        file: file.to_owned(),
                        row: Some(row.number),
                        what: "the number of rows",
                        limit: limits::ROWS.to_string(),
                    });
                }
                survey.see(&row).map_err(|e| ImportError::temporary(file, &e))?;
            }
        }
        let publisher = Publisher::decide(options, file, table, &header, &survey);
        let office = publisher.known().and_then(|code| hiroba_vocab::municipality::Municipalities::all().get(code));
        let subject = subject(&binding);
        // Of a table without names only the first column can hold the names of groups.
        let name = subject.first().copied().or(binding.is_own.then_some(1));
        let identity = match &binding.identity {
            Some(columns) => columns.clone(),
            None if binding.is_own && survey.tells_apart() => things,
            None if binding.is_own => (0..header.names.len()).collect(),
            None => binding.columns_named(&binding.dataset.identity),
        };
        let mut habits = survey.habits(name);
        let day = day::of_file(&binding.dataset, file, &header, options);
        day::complete(&mut habits, &binding.columns, survey.first_day.as_deref(), file, &header, options);
        let mut coordinates = survey.coordinates.habits(office.and_then(|body| body.office), habits.tokyo_datum);
        coordinates.frame.abroad |= !habits.is_japanese;
        drop(survey);
        let terms = Terms::published();
        let own_iris = header.own_iris();
        let month = period::month(file, table.sheet.as_deref(), &header.above);
        let slots = Slots::new(&binding, &header, &habits, &own_iris, table.geometry);
        let slug = utf8_percent_encode(&binding.dataset.slug, crate::build::ENCODED).to_string();
        let fed = habits.number.and_then(|at| binding.columns.get(at)?.as_ref()?.feeds.clone());
        Ok(Self {
            joined,
            number: terms.iri(fed.as_deref().unwrap_or("identifier")),
            day,
            entity_type: terms.iri(&binding.dataset.entity_type),
            dataset: Iri::from_expanded(format!("urn:ngsi-ld:Dataset:{}:{slug}", publisher.in_ids())),
            now: options.now,
            year: year::of(header.above.iter().map(String::as_str).chain(table.sheet.as_deref()).chain([file])),
            subject,
            identity,
            id_part: binding.is_own.then_some(slug),
            frame: coordinates.frame,
            grid: coordinates.grid,
            notable: coordinates.notable.and(table.notable),
            binding,
            header,
            habits,
            publisher,
            slots,
            own_iris,
            month,
            rows: count,
            shared_numbers: None,
        })
    }

    /// Whether a row that does not say what it is about is no entity. Of a table of its own nobody has said so.
    pub(crate) fn needs_subject(&self) -> bool {
        !self.binding.is_own || self.binding.subject.is_some()
    }

    /// The type of the entities in their ids: a term, or the last part of an IRI.
    pub(crate) fn type_name(&self) -> &str {
        crate::build::type_name(&self.binding.dataset)
    }

    /// Whether rows are expected to have a number: where other columns tell them apart, or where a data set has none by
    /// definition, a missing one is nothing to speak of.
    pub(crate) fn is_numbered(&self) -> bool {
        let dataset = &self.binding.dataset;
        let has = || dataset.columns.iter().any(|column| column.reads == Reads::Number);
        self.slots.number.is_some() || dataset.identity.is_empty() && has()
    }

    /// The date in a cell of a column, in the order that the column has; without a year, of the month or the year that the
    /// file is about.
    pub(crate) fn date(&self, column: usize, cell: &str) -> Reading<Moment> {
        let order = self.habits.orders.get(column).copied().flatten();
        match date_in(cell, order, self.month) {
            Reading::Unread(issues) if issues.contains(Issue::DateWithoutYear) => date_of(cell, order, self.year),
            reading => reading,
        }
    }

    /// Whether a column holds a number that is published, and is no part of the id.
    pub(crate) fn is_identifier(&self, column: usize) -> bool {
        let is = self.binding.columns.get(column).and_then(Option::as_ref);
        is.is_some_and(|is| is.reads == Reads::Text && is.feeds.as_deref() == Some("identifier"))
    }

    /// The publisher's number in a row, with its hash among those of the file.
    pub(crate) fn number_of<'r>(&self, row: &'r Row) -> Option<(&'r str, Key)> {
        let number = self.slots.number.and_then(|column| published(row.cell(column)).ok())?;
        Some((number, number_key(row, self.slots.publisher_code, self.slots.survey_date, number)))
    }

    /// Whether a number, by its hash, is that of several rows, so that it tells none apart.
    ///
    /// # Errors
    /// A temporary file cannot be read.
    pub(crate) fn is_repeated(&self, number: Key) -> io::Result<bool> {
        let shared = match &self.shared_numbers {
            Some(shared) => shared.get(number)?.is_some(),
            None => false,
        };
        Ok(shared || self.habits.repeated_numbers.get(number)?.is_some())
    }

    /// How a column's cells are read, if the data set knows the column.
    pub(crate) fn reads(&self, column: usize) -> Option<Reads> {
        self.binding.columns.get(column)?.as_ref().map(|column| column.reads)
    }
}

/// The columns of the table that say what a row is about. Any form of the name does: its reading, or the English one.
fn subject(binding: &Binding) -> Vec<usize> {
    if let Some(columns) = &binding.subject {
        return columns.clone();
    }
    let mut columns = binding.columns_named(&binding.dataset.subject);
    let feeds = |at: usize| binding.columns[at].as_ref().and_then(|column| column.feeds.as_deref());
    let by_name = binding.is_own || binding.dataset.subject.iter().any(|name| name == "名称");
    if by_name && columns.is_empty() {
        return (0..binding.columns.len()).filter(|at| feeds(*at) == Some("name")).collect();
    }
    if columns.iter().any(|at| feeds(*at) == Some("name")) {
        let more = (0..binding.columns.len()).filter(|at| feeds(*at) == Some("name") && !columns.contains(at));
        columns.extend(more.collect::<Vec<_>>());
    }
    columns
}

/// The columns of a table of its own that may tell its rows apart: what a thing is called and where it is. Without a name
/// there are none.
fn things(binding: &Binding, geometry: Option<usize>) -> Vec<usize> {
    use Reads::{Address, Building, City, Locality, Lot, Name, Prefecture, Region, Town};
    let is = |at: usize, wanted: &[Reads]| {
        binding.columns[at].as_ref().is_some_and(|column| wanted.contains(&column.reads) && column.of.is_none())
    };
    let columns = (0..binding.columns.len()).filter(|at| geometry != Some(*at));
    let named: Vec<usize> = columns.clone().filter(|at| is(*at, &[Name])).collect();
    if named.is_empty() {
        return Vec::new();
    }
    let place = columns.filter(|at| is(*at, &[Address, Building, City, Locality, Lot, Prefecture, Region, Town]));
    named.into_iter().chain(place).collect()
}
