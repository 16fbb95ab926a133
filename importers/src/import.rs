//! An import from end to end.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Edition, Need, Reads};
use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::{Dataset, Issue, Issues};
use ngsild::Entity;

use crate::build::Builder;
use crate::candidate::{Candidate, Candidates};
use crate::classify::{RowKind, SetAside, classify};
use crate::error::ImportError;
use crate::export::{self, Layouter};
use crate::mapping;
use crate::options::Options;
use crate::plan::{Found, Plan, fingerprint};
use crate::report::{
    ColumnUse, Facts, IssueGroup, MergedRow, Quality, Recorder, RefusedRow, Report, SetAsideGroup, checks,
};
use crate::source::{Input, Source};
use crate::spill::SpillMap;
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

/// Why a corrected file was not written.
#[derive(Debug, thiserror::Error)]
pub enum CorrectedError {
    /// The file of the publisher is at fault.
    #[error(transparent)]
    Import(#[from] ImportError),
    /// The new file is.
    #[error(transparent)]
    Export(#[from] export::ExportError),
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
    /// tables in it (sheets of a workbook, members of an archive) the one that fits a data set best is taken; where none
    /// fits any, the largest, as a data set of its own. [`crate::open`] takes them all.
    ///
    /// # Errors
    /// The file cannot be read, is of no kind that holds a table, or has no header.
    pub fn open(input: impl Into<Input>, options: Options) -> Result<Self, ImportError> {
        let candidate = Candidates::search(input.into(), &options)?.into_best()?;
        Self::of(candidate, options)
    }

    /// Reads a table once, and is ready to read it for its entities.
    pub(crate) fn of(candidate: Candidate, mut options: Options) -> Result<Self, ImportError> {
        let Candidate { source, table, preview, binding, mapping } = candidate;
        if let Some(mapping) = mapping {
            options.municipality = options.municipality.or(mapping.publisher);
            options.publisher = options.publisher.or(mapping.publisher_name);
        }
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
            file: self.source.input.name(),
            plan: &self.plan,
            recorder: &mut self.recorder,
            rows: self.table.rows()?,
            builder: Builder::new(&self.plan),
            layouter: Layouter::new(&self.plan.binding.dataset, Edition::Current),
            next: Row::default(),
            held: None,
            more: Vec::new(),
            joined_bytes: 0,
            ready: VecDeque::new(),
            seen: SpillMap::default(),
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

    /// The mapping by which the file is read, as TOML with comments that explain it: whatever it is changed to, the next
    /// import with it follows ([`Options::mapping`]). Unchanged it gives the same entities.
    pub fn mapping(&self) -> String {
        mapping::write(&self.plan, self.table.sheet.as_deref())
    }

    /// The data set that the file was recognised as.
    pub fn dataset(&self) -> &Arc<Dataset> {
        &self.plan.binding.dataset
    }

    /// Writes what was published as a file in the standard's own layout: the file as it should have been. Reads the rows
    /// twice more.
    ///
    /// # Errors
    /// The file cannot be opened again, or the new one cannot be written.
    pub fn write_corrected<W: std::io::Write>(
        &mut self,
        edition: Edition,
        format: export::Format,
        out: W,
    ) -> Result<(W, export::Summary), CorrectedError> {
        let mut survey = export::Survey::new(self.dataset(), edition);
        for outcome in self.rows()? {
            if let Outcome::Entity { entity, .. } = outcome? {
                survey.see(&entity);
            }
        }
        let sheet = Arc::new(survey.sheet());
        let mut writer = export::Writer::new(sheet, format, out)?;
        for outcome in self.rows()? {
            if let Outcome::Entity { entity, .. } = outcome? {
                writer.push(&entity)?;
            }
        }
        Ok(writer.finish()?)
    }

    /// What happened so far.
    pub fn report(&self) -> Report {
        let plan = &self.plan;
        let column = |(at, header): (usize, &String)| {
            let known = plan.binding.columns.get(at).and_then(Option::as_ref);
            let geometry = self.table.geometry == Some(at);
            let feeds = if geometry { Some("location") } else { known.and_then(|column| column.feeds.as_deref()) };
            let standard =
                known.filter(|column| !column.feeds.as_deref().is_some_and(hiroba_vocab::iri::is_absolute_iri));
            ColumnUse {
                header: header.clone(),
                letter: crate::report::letter(at),
                skipped: plan.binding.skipped.contains(&at),
                proposal: plan.binding.proposals.get(at).cloned().flatten(),
                means: standard.map(|column| column.name.clone()).or_else(|| geometry.then(|| "geometry".to_owned())),
                attribute: feeds.map_or_else(
                    || plan.own_iris[at].to_string(),
                    |term| hiroba_vocab::Terms::published().iri(term).to_string(),
                ),
            }
        };
        let issues = self.recorder.issues(&plan.header.names);
        let set_aside = self.recorder.groups_set_aside();
        Report {
            file: self.source.input.name(),
            format: self.source.kind.label(),
            misnamed: self.source.misnamed,
            bytes: self.source.length,
            sha256: self.source.sha256.clone(),
            sheet: self.table.sheet.clone(),
            dataset: plan.binding.dataset.slug.clone(),
            title: plan.binding.dataset.title_ja.clone(),
            likeness: (plan.binding.score * 100.0).round() / 100.0,
            quality: self.quality(&issues, &set_aside),
            is_own: plan.binding.is_own,
            nearest: plan.binding.nearest.clone(),
            mapping: plan.binding.mapping.clone(),
            header_row: plan.header.row,
            above_header: plan.header.above.clone(),
            rows_above_header: plan.header.rows_above,
            publisher: plan.publisher.code.to_string(),
            publisher_name: plan.publisher.name.clone(),
            publisher_found: plan.publisher.found,
            rows: self.recorder.counts,
            columns: plan.header.names.iter().enumerate().map(column).collect(),
            issues,
            set_aside,
            refused: self.recorder.refused.clone(),
            merged: self.recorder.merged.clone(),
        }
    }

    /// How good the file is, as far as its rows were read.
    fn quality(&self, issues: &[IssueGroup], set_aside: &[SetAsideGroup]) -> Quality {
        let (plan, recorder) = (&self.plan, &self.recorder);
        let known = plan.binding.columns.iter().enumerate().filter(|(_, column)| column.is_some());
        let needed = |need: Need| {
            let columns = plan.binding.dataset.columns.iter();
            let columns = columns.filter(|column| column.need == need && column.when.is_none() && !column.extra);
            columns.map(|column| self.filled(column)).collect()
        };
        Quality::of(Facts {
            counts: recorder.counts,
            issues,
            cells: known.map(|(at, _)| recorder.filled(at)).sum(),
            located: recorder.located,
            required: needed(Need::Required),
            recommended: needed(Need::Recommended),
            form: checks(&self.source, plan, issues, set_aside),
        })
    }

    /// How many entities fill a column of the data set. The standard lets a blank stand for no in columns of marks, and a
    /// geometry or a cell with both stands for latitude and longitude.
    fn filled(&self, column: &Column) -> u64 {
        let recorder = &self.recorder;
        let bound = self.plan.binding.columns.iter().enumerate();
        let there = bound.filter(|(_, bound)| bound.as_ref().is_some_and(|bound| bound.name == column.name));
        match column.reads {
            Reads::Latitude | Reads::Longitude => recorder.located,
            Reads::Hazard | Reads::Flag => there.map(|_| recorder.counts.entities).max().unwrap_or(0),
            _ => there.map(|(at, _)| recorder.filled(at)).max().unwrap_or(0),
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
    file: String,
    plan: &'i Plan,
    recorder: &'i mut Recorder,
    rows: Rows<'i>,
    builder: Builder<'i>,
    /// Says what an export would write.
    layouter: Layouter,
    next: Row,
    /// The last row that is data: rows after it may continue it.
    held: Option<Row>,
    /// Rows after it that are part of the same thing.
    more: Vec<Row>,
    /// How much they hold.
    joined_bytes: usize,
    ready: VecDeque<Outcome>,
    /// Rows by the hash of their cells, for duplicates.
    seen: SpillMap,
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
            let step = match self.rows.next(&mut row) {
                Err(error) => Err(error),
                Ok(false) => {
                    self.ended = true;
                    self.release().map(drop)
                }
                Ok(true) if row.number <= self.plan.header.last_row => {
                    self.next = row;
                    Ok(())
                }
                Ok(true) => self.take(row),
            };
            if let Err(error) = step {
                self.ended = true;
                return Some(Err(error));
            }
        }
    }
}

impl Outcomes<'_> {
    fn take(&mut self, mut row: Row) -> Result<(), ImportError> {
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
                self.release()?;
                let text = row.filled().next().map_or("", |(_, cell)| cell);
                self.recorder.set_aside(row.number, reason, text);
                self.ready.push_back(Outcome::SetAside { row: row.number, reason });
                self.next = row;
            }
            RowKind::Continuation if self.held.is_some() => {
                if let Some(held) = &mut self.held {
                    let into = held.number;
                    extend(self.more.last_mut().unwrap_or(held), &row);
                    self.recorder.merge(MergedRow { row: row.number, into, why: "continuation" });
                    self.ready.push_back(Outcome::Merged { row: row.number, into });
                }
                self.next = row;
            }
            RowKind::Data if self.joins(&row) => {
                let held = self.held.as_ref().map_or(row.number, |held| held.number);
                let (into, why) = self.first_seen(&row)?.map_or((held, "joined"), |first| (first, "duplicate"));
                self.recorder.merge(MergedRow { row: row.number, into, why });
                self.ready.push_back(Outcome::Merged { row: row.number, into });
                if why == "joined" {
                    self.joined_bytes += size(&row);
                    self.more.push(row);
                } else {
                    self.next = row;
                }
            }
            RowKind::Continuation | RowKind::Data => {
                let free = self.release()?;
                if let Some(into) = self.first_seen(&row)? {
                    self.recorder.merge(MergedRow { row: row.number, into, why: "duplicate" });
                    self.ready.push_back(Outcome::Merged { row: row.number, into });
                    self.next = row;
                } else {
                    self.held = Some(row);
                    self.next = free.unwrap_or_default();
                }
            }
        }
        Ok(())
    }

    fn temporary(&self, error: &std::io::Error) -> ImportError {
        ImportError::temporary(&self.file, error)
    }

    /// Rows of the file that were put together into this one before it came here: the points of a line.
    fn count_gathered(&mut self, row: &Row) {
        for gathered in &row.gathered {
            self.recorder.merge(MergedRow { row: *gathered, into: row.number, why: "part" });
            self.ready.push_back(Outcome::Merged { row: *gathered, into: row.number });
        }
    }

    /// Turns the row that was held back into its outcome, and gives its buffer back.
    fn release(&mut self) -> Result<Option<Row>, ImportError> {
        let Some(row) = self.held.take() else { return Ok(None) };
        let more = std::mem::take(&mut self.more);
        self.joined_bytes = 0;
        let built = self.builder.entity(&row, &more, self.recorder).map_err(|e| self.temporary(&e))?;
        let outcome = match built {
            Ok(entity) => {
                self.recorder.counts.entities += 1;
                self.recorder.fill(&row);
                self.recorder.located += u64::from(self.builder.located);
                if self.recorder.waits() {
                    self.say_what_is_published(&entity);
                }
                Outcome::Entity { row: row.number, entity }
            }
            Err(refusal) => {
                let (column, value, reason) = (refusal.column, refusal.value, refusal.reason);
                self.recorder.refuse(RefusedRow {
                    row: row.number,
                    column: column.clone(),
                    value: value.clone(),
                    reason: reason.clone(),
                    reason_ja: refusal.reason_ja,
                });
                Outcome::Refused { row: row.number, column, value, reason }
            }
        };
        self.ready.push_back(outcome);
        Ok(Some(row))
    }

    /// Whether a row is part of the thing that is held back. A thing that grows too large goes on as another one.
    fn joins(&self, row: &Row) -> bool {
        let (Some(column), Some(held)) = (self.plan.joined, &self.held) else { return false };
        let value = trim(row.cell(column));
        !value.is_empty() && value == trim(held.cell(column)) && self.joined_bytes + size(row) <= crate::limits::JOINED
    }

    /// Tells the report what stands for the cells of the row that it lists.
    fn say_what_is_published(&mut self, entity: &Entity) {
        let record = self.layouter.record(entity);
        let columns = &self.plan.binding.columns;
        let all = &self.plan.binding.dataset.columns;
        self.recorder.publish(|at| {
            let column = columns.get(at)?.as_ref()?;
            let known = all.iter().position(|other| Arc::ptr_eq(other, column))?;
            let cell = |at: usize| record.cell(&export::Key::Known(at)).map(str::to_owned);
            // What is said of a position is said of both numbers.
            let longitude = all.iter().position(|other| other.reads == Reads::Longitude);
            match (column.reads, longitude.and_then(cell)) {
                (Reads::Latitude, Some(longitude)) => cell(known).map(|latitude| format!("{latitude}, {longitude}")),
                _ => cell(known),
            }
        });
    }

    /// The row that says exactly the same, if there was one. Blank cells at the end do not count.
    fn first_seen(&mut self, row: &Row) -> Result<Option<u64>, ImportError> {
        self.seen.get_or_insert(fingerprint(row), row.number).map_err(|e| self.temporary(&e))
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

/// Bytes of the cells of a row.
fn size(row: &Row) -> usize {
    row.cells().map(str::len).sum()
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
