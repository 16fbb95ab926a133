//! What to do with each column, worked out once for a file so that rows cost little.

mod coordinates;
mod habits;
mod publisher;
mod slots;

use hiroba_vocab::dataset::Reads;
use hiroba_vocab::normalise::coordinate::Frame;
use hiroba_vocab::{Iri, Issues, Terms, column_iri};
use ngsild::DateTime;

use crate::error::ImportError;
use crate::header::Header;
use crate::limits;
use crate::options::Options;
use crate::recognise::Binding;
use crate::table::{Row, Table};
pub(crate) use coordinates::{Grid, pair_of};
pub(crate) use habits::{Habits, fingerprint, hash, is_japanese};
pub use publisher::{Found, Publisher};
pub(crate) use slots::{Language, Slots, Sub};

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
    /// For each column, the IRI under which its text is published when nothing better is known.
    pub(crate) own_iris: Vec<Iri>,
    /// Columns that say what a row is about; see [`hiroba_vocab::dataset::Dataset::subject`].
    pub(crate) subject: Vec<usize>,
    /// Columns that tell rows apart; see [`hiroba_vocab::dataset::Dataset::identity`].
    pub(crate) identity: Vec<usize>,
    /// How many rows there are after the header.
    pub(crate) rows: u64,
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
        let mut survey = habits::Survey::new(&binding.columns, &header, table.geometry);
        let mut rows = table.rows()?;
        let mut row = Row::default();
        let mut count: u64 = 0;
        while rows.next(&mut row)? {
            if row.number > header.last_row {
                count += 1;
                if count > limits::ROWS {
                    return Err(ImportError::TooLarge {
                        file: file.to_owned(),
                        row: Some(row.number),
                        what: "the number of rows",
                        limit: limits::ROWS.to_string(),
                    });
                }
                survey.see(&row);
            }
        }
        let publisher = Publisher::decide(options, file, table.sheet.as_deref(), &header, &survey);
        let office = publisher.known().and_then(|code| hiroba_vocab::municipality::Municipalities::all().get(code));
        let name = subject(&binding).first().copied();
        let habits = survey.habits(name);
        let mut coordinates = survey.coordinates.habits(office.and_then(|body| body.office), habits.tokyo_datum);
        coordinates.frame.abroad |= !habits.is_japanese;
        drop(survey);
        let terms = Terms::published();
        let own_iris: Vec<Iri> = header.names.iter().map(|name| column_iri(name)).collect();
        let slots = Slots::new(&binding.dataset, &binding.columns, &habits, &own_iris, table.geometry);
        Ok(Self {
            entity_type: terms.iri(&binding.dataset.entity_type),
            dataset: Iri::from_expanded(format!("urn:ngsi-ld:Dataset:{}:{}", publisher.code, binding.dataset.slug)),
            now: options.now,
            subject: subject(&binding),
            identity: binding.columns_named(&binding.dataset.identity),
            frame: coordinates.frame,
            grid: coordinates.grid,
            notable: coordinates.notable,
            binding,
            header,
            habits,
            publisher,
            slots,
            own_iris,
            rows: count,
        })
    }

    /// How a column's cells are read, if the data set knows the column.
    pub(crate) fn reads(&self, column: usize) -> Option<Reads> {
        self.binding.columns.get(column)?.as_ref().map(|column| column.reads)
    }
}

/// The columns of the table that say what a row is about. Any form of the name does: its reading, or the English one.
fn subject(binding: &Binding) -> Vec<usize> {
    let mut columns = binding.columns_named(&binding.dataset.subject);
    let feeds = |at: usize| binding.columns[at].as_ref().and_then(|column| column.feeds.as_deref());
    if columns.iter().any(|at| feeds(*at) == Some("name")) {
        let more = (0..binding.columns.len()).filter(|at| feeds(*at) == Some("name") && !columns.contains(at));
        columns.extend(more.collect::<Vec<_>>());
    }
    columns
}
