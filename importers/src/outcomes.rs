//! The rows of a table, one after the other, and what becomes of each.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use hiroba_vocab::dataset::{Edition, Reads};
use hiroba_vocab::normalise::character::trim;
use hiroba_vocab::{Issue, Issues};
use ngsild::Entity;

use crate::build::Builder;
use crate::classify::{RowKind, SetAside, classify};
use crate::error::ImportError;
use crate::export::{self, Layouter};
use crate::plan::{Plan, fingerprint};
use crate::report::{MergedRow, Recorder, RefusedRow};
use crate::spill::SpillMap;
use crate::table::{Row, Rows};

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

impl<'i> Outcomes<'i> {
    /// Nothing is read yet. `file` is what errors call it.
    pub(crate) fn new(file: String, plan: &'i Plan, rows: Rows<'i>, recorder: &'i mut Recorder) -> Self {
        Self {
            file,
            plan,
            recorder,
            rows,
            builder: Builder::new(plan),
            layouter: Layouter::new(&plan.binding.dataset, Edition::Current),
            next: Row::default(),
            held: None,
            more: Vec::new(),
            joined_bytes: 0,
            ready: VecDeque::new(),
            seen: SpillMap::default(),
            above: HashMap::new(),
            after_header: 0,
            ended: false,
        }
    }
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
