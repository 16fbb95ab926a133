//! The series of entities, read from the log as far as an answer needs them.

use std::collections::HashSet;

use hiroba_store::{HistoryPlace, HistoryRange, HistoryRecord, Marked, TenantId};
use hiroba_vocab::{DatasetId, EntityId, Iri};
use ngsild::query::Projection;
use ngsild::temporal::{Clock, Evolution, Instance, TemporalQuery, TimeProperty};
use ngsild::{DateTime, Error, ErrorKind};

use super::subjects::Subject;
use crate::service::Result;
use crate::state::AppState;

/// How many records of one entity are read at first, how many times more each time, and at most: one may tell a hundred
/// instances, or a single one.
const FIRST_CHUNK: usize = 16;
const GROWTH: usize = 8;
const MAX_CHUNK: usize = 4_000;
/// How many records of one entity are read for an answer that may end early.
const ENOUGH_RECORDS: usize = 10_000;
/// How many records of one entity are read when all count.
const MAX_RECORDS: usize = 200_000;
/// How many records are looked for by their mark.
const MAX_MARKED: usize = 10_000;

/// What to read.
#[derive(Debug)]
pub(super) struct Gathering<'g> {
    pub(super) state: &'g AppState,
    pub(super) tenant: TenantId,
    pub(super) query: &'g TemporalQuery,
    /// Which attributes are wanted; conditions on others need all of them.
    pub(super) projection: &'g Projection,
    /// Which datasets; none at all for all of them.
    pub(super) datasets: &'g [Option<DatasetId>],
    /// Whether every instance counts: for conditions, aggregation.
    pub(super) complete: bool,
    /// How many points an answer holds.
    pub(super) points: usize,
}

/// What was read of one entity.
#[derive(Debug)]
pub(super) struct Gathered {
    pub(super) evolution: Evolution,
    /// All points up to and at this instant are there; `None` for all that count.
    pub(super) known_to: Option<DateTime>,
    /// Whether concerned attributes have points in the interval that are not shown, so that they were not gathered.
    pub(super) hidden: bool,
}

/// An entity that is being read.
struct Reading {
    evolution: Evolution,
    current: HashSet<Iri>,
    /// The attributes that have or had instances, once they were looked for.
    names: Option<HashSet<Iri>>,
    place: HistoryPlace,
    records: usize,
    done: bool,
    known_to: Option<DateTime>,
    hidden: bool,
}

impl Gathering<'_> {
    /// Reads the series of some entities.
    pub(super) async fn gather(&self, subjects: Vec<Subject>) -> Result<Vec<Gathered>> {
        let descending = self.query.last.is_some();
        // Where all records count, only memory does.
        let first = if self.complete { MAX_CHUNK / subjects.len().max(1) } else { 0 };
        let mut range = HistoryRange { span: self.query.span(), descending, limit: first.max(FIRST_CHUNK) };
        let mut readings: Vec<Reading> = subjects.into_iter().map(|subject| reading(subject, &range)).collect();
        loop {
            let open: Vec<usize> = (0..readings.len()).filter(|at| !readings[*at].done).collect();
            if open.is_empty() {
                break;
            }
            let starts: Vec<(EntityId, HistoryPlace)> =
                open.iter().map(|at| (readings[*at].evolution.id.clone(), readings[*at].place)).collect();
            let found = self.state.store.history(self.tenant, &starts, &range).await?;
            for (at, records) in open.into_iter().zip(found) {
                self.add(&mut readings[at], records, &range).await?;
            }
            range.limit = (range.limit * GROWTH).min(MAX_CHUNK);
        }
        if self.query.property == TimeProperty::ModifiedAt {
            for reading in &mut readings {
                self.add_amended(reading).await?;
            }
        }
        let gathered = |reading| {
            let Reading { evolution, known_to, hidden, .. } = reading;
            Gathered { evolution, known_to, hidden }
        };
        Ok(readings.into_iter().map(gathered).collect())
    }

    fn concerns(&self, instance: &Instance) -> bool {
        self.complete
            || match instance.series() {
                None => self.projection.shows_scope(),
                Some((name, _)) => self.projection.concerns_attribute(name),
            }
    }

    fn shows(&self, instance: &Instance) -> bool {
        let Some((name, dataset)) = instance.series() else { return true };
        let in_dataset = || self.datasets.is_empty() || self.datasets.iter().any(|known| known.as_ref() == dataset);
        self.complete || (self.projection.shows_attribute(name) && in_dataset())
    }

    async fn add(&self, reading: &mut Reading, records: Vec<HistoryRecord>, range: &HistoryRange) -> Result<()> {
        let (count, last) =
            (records.len(), records.last().map(|record| (range.place(record), self.bound(record, range))));
        reading.records += count;
        for record in records {
            self.add_instances(reading, record);
        }
        let Some((place, bound)) = last.filter(|_| count == range.limit) else {
            reading.done = true;
            return Ok(());
        };
        reading.place = place;
        if reading.hidden && !self.complete && self.projection.picks_no_series() {
            reading.done = true;
            return Ok(());
        }
        if self.complete || self.query.property == TimeProperty::CreatedAt {
            return self.check_length(reading);
        }
        self.stop_early(reading, bound, range.descending).await
    }

    fn add_instances(&self, reading: &mut Reading, record: HistoryRecord) {
        let version = record.version.0;
        for instance in record.instances.into_iter().filter(|instance| self.concerns(instance)) {
            if self.shows(&instance) {
                reading.evolution.add(version, instance, self.query);
            } else {
                reading.hidden |= self.query.time_of(&instance).is_some();
            }
        }
    }

    /// What comes after this record is not on the near side of this instant.
    fn bound(&self, record: &HistoryRecord, range: &HistoryRange) -> DateTime {
        match (range.span.clock, range.descending) {
            (Clock::Recorded, _) => record.at,
            (Clock::Observed, true) => record.last,
            (Clock::Observed, false) => record.first,
        }
    }

    /// Stops where no answer needs more of the entity.
    async fn stop_early(&self, reading: &mut Reading, bound: DateTime, descending: bool) -> Result<()> {
        let near = |time: DateTime| if descending { time > bound } else { time < bound };
        let known: Vec<DateTime> =
            reading.evolution.points().map(|point| point.time).filter(|time| near(*time)).collect();
        let known_to = if descending { known.iter().min() } else { known.iter().max() }.copied();
        let several = known.iter().any(|time| Some(*time) != known_to);
        if let Some(count) = self.query.last {
            if self.has_all(reading, count, near).await? {
                reading.done = true;
                return Ok(());
            }
            let kept = kept(&reading.evolution, count, near);
            reading.done = several && (kept > self.points || reading.records >= ENOUGH_RECORDS);
        } else {
            reading.done = several && (known.len() > self.points || reading.records >= ENOUGH_RECORDS);
        }
        if reading.done {
            reading.known_to = known_to;
            return Ok(());
        }
        self.check_length(reading)
    }

    fn check_length(&self, reading: &Reading) -> Result<()> {
        if reading.records < MAX_RECORDS {
            return Ok(());
        }
        let detail = format!("{} has more than {MAX_RECORDS} changes in the interval; narrow it", reading.evolution.id);
        Err(Error::new(ErrorKind::TooComplexQuery, detail).into())
    }

    /// Whether the last `count` points of every series of the entity are there.
    async fn has_all(&self, reading: &mut Reading, count: usize, near: impl Fn(DateTime) -> bool) -> Result<bool> {
        if reading.names.is_none() {
            // Series that go on are those of the entity as it is; of the others some record says that they ended.
            let mut names = std::mem::take(&mut reading.current);
            let ended =
                self.state.store.marked_history(self.tenant, &reading.evolution.id, Marked::Ends, MAX_MARKED).await?;
            let series = ended.iter().flat_map(|record| &record.instances).filter_map(Instance::series);
            names.extend(series.map(|(name, _)| name.clone()));
            names.retain(|name| self.projection.shows_attribute(name));
            reading.names = Some(names);
        }
        let is_full = |name: &Iri| {
            let series = reading.evolution.attributes.get(name);
            series.is_some_and(|series| series.iter().filter(|point| near(point.time)).count() >= count)
        };
        Ok(reading.names.iter().flatten().all(is_full))
    }

    async fn add_amended(&self, reading: &mut Reading) -> Result<()> {
        let id = reading.evolution.id.clone();
        let known: HashSet<_> = reading.evolution.points().map(|point| point.id).collect();
        for mut record in self.state.store.marked_history(self.tenant, &id, Marked::Amended, MAX_MARKED).await? {
            let version = record.version.0;
            let is_new = |number| !known.contains(&ngsild::temporal::InstanceId { version, number });
            record.instances.retain(|instance| is_new(instance.number));
            self.add_instances(reading, record);
        }
        Ok(())
    }
}

fn reading(subject: Subject, range: &HistoryRange) -> Reading {
    let mut evolution = Evolution::new(subject.id, subject.types);
    let mut current = HashSet::new();
    if let Some(stored) = &subject.stored {
        evolution.created_at = Some(stored.entity.created_at);
        evolution.modified_at = Some(stored.entity.modified_at);
        current = stored.entity.attributes.keys().cloned().collect();
    }
    evolution.deleted_at = subject.deleted_at;
    Reading {
        evolution,
        current,
        names: None,
        place: range.start(),
        records: 0,
        done: false,
        known_to: None,
        hidden: false,
    }
}

/// How many points are left when each series keeps its last `count`.
fn kept(evolution: &Evolution, count: usize, near: impl Fn(DateTime) -> bool) -> usize {
    let series = evolution.attributes.values().chain(std::iter::once(&evolution.scopes));
    series.map(|points| points.iter().filter(|point| near(point.time)).count().min(count)).sum()
}
