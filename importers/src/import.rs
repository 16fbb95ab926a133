//! An import from end to end.

use std::sync::Arc;

use hiroba_vocab::dataset::{Column, Edition, Need, Reads};
use hiroba_vocab::municipality::Municipalities;
use hiroba_vocab::{Dataset, Issue};
use ngsild::Entity;

use crate::candidate::{Candidate, Candidates};
use crate::error::ImportError;
use crate::export;
use crate::mapping;
use crate::options::Options;
use crate::outcomes::{Outcome, Outcomes};
use crate::plan::{Found, Plan};
use crate::report::{ColumnUse, Facts, IssueGroup, Quality, Recorder, Report, SetAsideGroup, checks};
use crate::source::{Input, Source};
use crate::table::Table;

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
        let rows = self.table.rows()?;
        Ok(Outcomes::new(self.source.input.name(), &self.plan, rows, &mut self.recorder))
    }

    /// The name of the file or of the archive's member.
    pub fn file(&self) -> String {
        self.source.input.name()
    }

    /// The name of the sheet, or that of the file or member.
    pub fn table_name(&self) -> String {
        self.table.sheet.clone().unwrap_or_else(|| self.file())
    }

    /// The entity of the data set, with the counts of the rows read so far.
    pub fn dataset_entity(&self) -> Entity {
        crate::dataset::entity(&self.source, &self.plan, &self.options, &self.recorder.counts)
    }

    /// That nothing of the file can be published, where something is published already. Read the rows to the end before.
    pub fn nothing_published(&self) -> ImportError {
        ImportError::NothingPublished {
            file: self.file(),
            rows: self.recorder.counts.read,
            refused: self.recorder.refused.first().cloned().map(Box::new),
            dataset: self.dataset_entity().id,
        }
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
