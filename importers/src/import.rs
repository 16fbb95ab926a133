//! An import from end to end.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, VecDeque};

use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::{Issue, Issues};
use ngsild::Entity;

use crate::build::Builder;
use crate::classify::{RowKind, SetAside, classify};
use crate::error::ImportError;
use crate::open::{Candidate, Candidates};
use crate::options::Options;
use crate::plan::{Found, Plan, fingerprint};
use crate::report::{ColumnUse, MergedRow, Recorder, RefusedRow, Report};
use crate::source::{Input, Source};
use crate::table::{Row, Rows, Table};

/// A file that is recognised and ready to be read.
#[derive(Debug)]
pub struct Import {
    source: Source,
    pub(crate) table: Table,
    pub(crate) plan: Plan,
    options: Options,
    recorder: Recorder,
}

/// What became of a row.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It is an entity.
    Entity {
        /// The row.
        row: u64,
        /// The entity.
        entity: Box<Entity>,
    },
    /// It repeats or continues another row.
    Merged {
        /// The row.
        row: u64,
        /// The other row.
        into: u64,
    },
    /// It is no entity.
    SetAside {
        /// The row.
        row: u64,
        /// Why.
        reason: SetAside,
    },
    /// It lacks what the data set requires.
    Refused {
        /// The row.
        row: u64,
        /// The header of the column concerned.
        column: String,
        /// What stands there.
        value: String,
        /// Why, and what to do.
        reason: String,
    },
}

impl Import {
    /// Opens a file: finds its encoding, its header and its data set, and reads it once to learn its habits. Of several
    /// tables in it (sheets of a workbook, members of an archive) the one that fits a data set best is taken;
    /// [`crate::open`] takes all that fit.
    ///
    /// # Errors
    /// The file cannot be read, is of no kind that holds a table, has no header, or fits no data set.
    pub fn open(input: impl Into<Input>, options: Options) -> Result<Self, ImportError> {
        let candidate = Candidates::search(input.into(), &options)?.into_best()?;
        Self::of(candidate, options)
    }

    /// Reads a table once, and is ready to read it for its entities.
    pub(crate) fn of(candidate: Candidate, options: Options) -> Result<Self, ImportError> {
        let Candidate { source, table, preview, binding } = candidate;
        let plan = Plan::make(&table, binding, preview.header, &source.input.name(), &options)?;
        let mut recorder = Recorder::new(plan.header.names.len());
        note_habits(&plan, &mut recorder);
        Ok(Self { source, table, plan, options, recorder })
    }

    /// How many rows [`Import::rows`] will read: the first pass has counted them. `None` would mean that a file is too
    /// long to be counted; no kind of file is, so far.
    pub fn expected_rows(&self) -> Option<u64> {
        Some(self.plan.rows)
    }

    /// The rows in order, each with what became of it. Read them to the end before asking for the report.
    ///
    /// # Errors
    /// The file cannot be opened again.
    pub fn rows(&mut self) -> Result<Outcomes<'_>, ImportError> {
        self.recorder = Recorder::new(self.plan.header.names.len());
        note_habits(&self.plan, &mut self.recorder);
        Ok(Outcomes {
            plan: &self.plan,
            recorder: &mut self.recorder,
            rows: self.table.rows()?,
            builder: Builder::new(&self.plan),
            next: Row::default(),
            held: None,
            ready: VecDeque::new(),
            seen: HashMap::new(),
            above: HashMap::new(),
            after_header: 0,
            ended: false,
        })
    }

    /// The name of the file or of the archive's member.
    pub fn file(&self) -> String {
        self.source.input.name()
    }

    /// The entity of the data set, with the counts of the rows read so far.
    pub fn dataset_entity(&self) -> Entity {
        crate::dataset::entity(&self.source, &self.plan, &self.options, &self.recorder.counts)
    }

    /// What happened so far.
    pub fn report(&self) -> Report {
        let plan = &self.plan;
        let column = |(at, header): (usize, &String)| {
            let known = plan.binding.columns.get(at).and_then(Option::as_ref);
            let geometry = self.table.geometry == Some(at);
            let feeds = if geometry { Some("location") } else { known.and_then(|column| column.feeds.as_deref()) };
            ColumnUse {
                header: header.clone(),
                means: known.map(|column| column.name.clone()).or_else(|| geometry.then(|| "geometry".to_owned())),
                attribute: feeds.map_or_else(
                    || plan.own_iris[at].to_string(),
                    |term| hiroba_vocab::Terms::published().iri(term).to_string(),
                ),
            }
        };
        Report {
            file: self.source.input.name(),
            format: self.source.kind.label(),
            misnamed: self.source.misnamed,
            bytes: self.source.length,
            sha256: self.source.sha256.clone(),
            sheet: self.table.sheet.clone(),
            dataset: plan.binding.dataset.slug.clone(),
            title: plan.binding.dataset.title_ja.clone(),
            score: (plan.binding.score * 100.0).round() / 100.0,
            header_row: plan.header.row,
            above_header: plan.header.above.clone(),
            rows_above_header: plan.header.rows_above,
            publisher: plan.publisher.code.to_string(),
            publisher_name: plan.publisher.name.clone(),
            publisher_found: plan.publisher.found,
            rows: self.recorder.counts,
            columns: plan.header.names.iter().enumerate().map(column).collect(),
            issues: self.recorder.issues(&plan.header.names),
            set_aside: self.recorder.groups_set_aside(),
            refused: self.recorder.refused.clone(),
            merged: self.recorder.merged.clone(),
        }
    }
}

/// Records what concerns the file as a whole.
fn note_habits(plan: &Plan, recorder: &mut Recorder) {
    let mut issues = plan.notable;
    let publisher = &plan.publisher;
    match publisher.known() {
        None => issues.add(Issue::MunicipalityUnknown),
        // Said once here, and not of every row.
        Some(code) if publisher.found != Found::Options && Municipalities::all().get(code).is_none() => {
            issues.add(Issue::CodeUnknown);
        }
        Some(_) => {}
    }
    if !issues.is_empty() {
        recorder.note(0, None, issues, "");
    }
}

/// Reads rows and says what became of each.
pub struct Outcomes<'i> {
    plan: &'i Plan,
    recorder: &'i mut Recorder,
    rows: Rows<'i>,
    builder: Builder<'i>,
    next: Row,
    /// The last row that is data: rows after it may continue it.
    held: Option<Row>,
    ready: VecDeque<Outcome>,
    /// Rows by the hash of their cells, for duplicates. [`crate::limits::ROWS`] bounds it.
    seen: HashMap<(u64, u64), u64>,
    /// The last value of each column that merged cells or group names leave empty in places.
    above: HashMap<usize, String>,
    after_header: u64,
    ended: bool,
}

impl Iterator for Outcomes<'_> {
    type Item = Result<Outcome, ImportError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(outcome) = self.ready.pop_front() {
                return Some(Ok(outcome));
            }
            if self.ended {
                return None;
            }
            let mut row = std::mem::take(&mut self.next);
            match self.rows.next(&mut row) {
                Err(error) => {
                    self.ended = true;
                    return Some(Err(error));
                }
                Ok(false) => {
                    self.ended = true;
                    self.release();
                }
                Ok(true) if row.number <= self.plan.header.last_row => self.next = row,
                Ok(true) => self.take(row),
            }
        }
    }
}

impl Outcomes<'_> {
    fn take(&mut self, mut row: Row) {
        self.after_header += 1;
        self.recorder.counts.read += 1 + row.gathered.len() as u64;
        self.count_gathered(&row);
        self.fill_down(&mut row, &self.plan.habits.groups);
        let mut kind = classify(self.plan, &row, self.after_header);
        // A merged cell speaks for every row that it covers. A row that only goes on with the one above needs no more.
        if !row.covered.is_empty() && matches!(kind, RowKind::Data | RowKind::SetAside(SetAside::Section)) {
            let covered = std::mem::take(&mut row.covered);
            self.fill_down(&mut row, &covered);
            kind = classify(self.plan, &row, self.after_header);
        }
        self.remember(&row);
        match kind {
            RowKind::SetAside(reason) => {
                self.release();
                let text = row.filled().next().map_or("", |(_, cell)| cell);
                self.recorder.set_aside(row.number, reason, text);
                self.ready.push_back(Outcome::SetAside { row: row.number, reason });
                self.next = row;
            }
            RowKind::Continuation if self.held.is_some() => {
                if let Some(held) = &mut self.held {
                    extend(held, &row);
                    let into = held.number;
                    self.recorder.merge(MergedRow { row: row.number, into, why: "continuation" });
                    self.ready.push_back(Outcome::Merged { row: row.number, into });
                }
                self.next = row;
            }
            RowKind::Continuation | RowKind::Data => {
                let free = self.release();
                if let Some(into) = self.first_seen(&row) {
                    self.recorder.merge(MergedRow { row: row.number, into, why: "duplicate" });
                    self.ready.push_back(Outcome::Merged { row: row.number, into });
                    self.next = row;
                } else {
                    self.held = Some(row);
                    self.next = free.unwrap_or_default();
                }
            }
        }
    }

    /// Rows of the file that were put together into this one before it came here: the points of a line.
    fn count_gathered(&mut self, row: &Row) {
        for gathered in &row.gathered {
            self.recorder.merge(MergedRow { row: *gathered, into: row.number, why: "part" });
            self.ready.push_back(Outcome::Merged { row: *gathered, into: row.number });
        }
    }

    /// Turns the row that was held back into its outcome, and gives its buffer back.
    fn release(&mut self) -> Option<Row> {
        let row = self.held.take()?;
        let outcome = match self.builder.entity(&row, self.recorder) {
            Ok(entity) => {
                self.recorder.counts.entities += 1;
                Outcome::Entity { row: row.number, entity }
            }
            Err(refusal) => {
                let (column, value, reason) = (refusal.column, refusal.value, refusal.reason);
                self.recorder.refuse(RefusedRow {
                    row: row.number,
                    column: column.clone(),
                    value: value.clone(),
                    reason: reason.clone(),
                });
                Outcome::Refused { row: row.number, column, value, reason }
            }
        };
        self.ready.push_back(outcome);
        Some(row)
    }

    /// The row that says exactly the same, if there was one. Blank cells at the end do not count.
    fn first_seen(&mut self, row: &Row) -> Option<u64> {
        match self.seen.entry(fingerprint(row)) {
            Entry::Occupied(first) => Some(*first.get()),
            Entry::Vacant(place) => {
                place.insert(row.number);
                None
            }
        }
    }

    /// Puts what stands above into the empty cells of some columns, if the row has anything of its own.
    fn fill_down(&mut self, row: &mut Row, columns: &[usize]) {
        if row.filled().next().is_none() {
            return;
        }
        for column in columns {
            if let Some(text) = self.above.get(column)
                && trim(row.cell(*column)).is_empty()
            {
                self.recorder.note(row.number, Some(*column), Issues::one(Issue::FilledDown), text);
                row.replace(*column, text);
            }
        }
    }

    /// Keeps what later rows may leave out.
    fn remember(&mut self, row: &Row) {
        let habits = &self.plan.habits;
        for column in habits.groups.iter().chain(&habits.merged) {
            let cell = trim(row.cell(*column));
            if !cell.is_empty() {
                self.above.insert(*column, cell.to_owned());
            }
        }
    }
}

/// Adds the cells of a continuation to the row that it continues.
fn extend(held: &mut Row, more: &Row) {
    for (column, text) in more.filled() {
        let known = trim(held.cell(column));
        if known.is_empty() {
            held.replace(column, text);
        } else if known != text {
            let both = format!("{known}\n{text}");
            held.replace(column, &both);
        }
    }
}
