//! The series of an entity: gathering points, cutting them where an answer ends, and asking queries of them.

use hiroba_vocab::{DatasetId, EntityId, Iri};
use indexmap::IndexMap;

use super::instance::{Instance, InstanceId, Recorded};
use super::query::{Interval, TemporalQuery};
use crate::entity::{Attributes, Entity};
use crate::query::{Projection, ScopeQuery};
use crate::time::DateTime;

/// An instance with its id and the time at which it stands in the answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Point {
    /// Its id.
    pub id: InstanceId,
    /// The instant that the query is about.
    pub time: DateTime,
    /// The instance.
    pub instance: Instance,
}

/// What is known of an entity over time (EntityTemporal, 5.2.20).
#[derive(Debug, Clone, PartialEq)]
pub struct Evolution {
    /// The id.
    pub id: EntityId,
    /// The types, as they are now or were at last.
    pub types: Vec<Iri>,
    /// When the entity was created; `None` when it exists no more.
    pub created_at: Option<DateTime>,
    /// When it was last changed; `None` when it exists no more.
    pub modified_at: Option<DateTime>,
    /// When it was deleted, if it was.
    pub deleted_at: Option<DateTime>,
    /// The series of its scopes.
    pub scopes: Vec<Point>,
    /// The series of its attributes.
    pub attributes: IndexMap<Iri, Vec<Point>>,
}

impl Evolution {
    /// An evolution without any points.
    pub fn new(id: EntityId, types: Vec<Iri>) -> Self {
        Self {
            id,
            types,
            created_at: None,
            modified_at: None,
            deleted_at: None,
            scopes: Vec::new(),
            attributes: IndexMap::new(),
        }
    }

    /// Adds an instance of a record if the query asks for its time.
    pub fn add(&mut self, version: i64, instance: Instance, query: &TemporalQuery) {
        let Some(time) = query.time_of(&instance) else { return };
        let id = InstanceId { version, number: instance.number };
        let series = match &instance.is {
            Recorded::Scope { .. } => &mut self.scopes,
            Recorded::Attribute { name, .. } => match self.attributes.get_mut(name) {
                Some(series) => series,
                None => self.attributes.entry(name.clone()).or_default(),
            },
        };
        series.push(Point { id, time, instance });
    }

    fn series_mut(&mut self) -> impl Iterator<Item = &mut Vec<Point>> {
        self.attributes.values_mut().chain(std::iter::once(&mut self.scopes))
    }

    /// All points, in no order.
    pub fn points(&self) -> impl Iterator<Item = &Point> {
        self.attributes.values().flatten().chain(&self.scopes)
    }

    fn retain(&mut self, keep: impl Fn(&Point) -> bool) {
        self.series_mut().for_each(|series| series.retain(&keep));
        self.attributes.retain(|_, series| !series.is_empty());
    }

    /// Puts each series in the order of time: the earliest first, or the latest.
    pub fn sort(&mut self, descending: bool) {
        for series in self.series_mut() {
            series.sort_by_key(|point| (point.time, point.id));
            if descending {
                series.reverse();
            }
        }
    }

    /// Keeps the first so many points of each series.
    pub fn truncate(&mut self, count: usize) {
        self.series_mut().for_each(|series| series.truncate(count));
    }

    /// Keeps what a projection shows of some datasets (all, if none are named).
    pub fn project(&mut self, projection: &Projection, datasets: &[Option<DatasetId>]) {
        if !projection.shows_scope() {
            self.scopes.clear();
        }
        self.attributes.retain(|name, _| projection.shows_attribute(name));
        if !datasets.is_empty() {
            let shown = |dataset: Option<&DatasetId>| datasets.iter().any(|known| known.as_ref() == dataset);
            self.retain(|point| point.instance.series().is_none_or(|(_, dataset)| shown(dataset)));
        }
    }

    /// Keeps the points of the time in which the entity was in scopes.
    pub fn keep_within(&mut self, spans: &ScopeSpans) {
        self.retain(|point| spans.contain(point.time));
    }

    /// An entity that has every point as an instance at once: a condition of `q` or a geoquery holds of it when it holds
    /// of any point (5.7.4.4).
    pub fn as_entity(&self) -> Entity {
        let mut attributes = Attributes::with_capacity_and_hasher(self.attributes.len(), ahash::RandomState::default());
        for (name, series) in &self.attributes {
            let mut instances = Vec::with_capacity(series.len());
            for point in series {
                if let (Recorded::Attribute { instance, .. }, None) = (&point.instance.is, point.instance.deleted_at) {
                    let mut instance = instance.clone();
                    // What was valid then counts, whatever became of it.
                    instance.expires_at = None;
                    instances.push(instance);
                }
            }
            if !instances.is_empty() {
                attributes.insert(name.clone(), instances);
            }
        }
        let start = DateTime::from_micros(0);
        Entity {
            id: self.id.clone(),
            types: self.types.clone(),
            scope: None,
            expires_at: None,
            created_at: self.created_at.unwrap_or(start),
            modified_at: self.modified_at.unwrap_or(start),
            attributes,
        }
    }
}

/// How much of the past an answer may hold, and how much of it is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// How many points.
    pub points: usize,
    /// Whether the latest come first.
    pub descending: bool,
    /// Points up to and at this instant are all there, those beyond may not be. `None`: all are there.
    pub known_to: Option<DateTime>,
}

impl Limits {
    fn is_known(&self, time: DateTime) -> bool {
        self.known_to.is_none_or(|bound| if self.descending { time >= bound } else { time <= bound })
    }
}

/// Where an answer ends although the series go on: it holds the points up to and at this instant, of every attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut(pub DateTime);

/// Cuts what does not fit at one common instant, so that the answer's range is true of all series (6.3.10). At least two
/// instants stay, where there are two: whoever goes on from the last one gets ahead.
pub fn cut(evolutions: &mut [Evolution], limits: Limits) -> Option<Cut> {
    let mut times: Vec<DateTime> = evolutions
        .iter()
        .flat_map(Evolution::points)
        .map(|point| point.time)
        .filter(|time| limits.is_known(*time))
        .collect();
    if limits.known_to.is_none() && times.len() <= limits.points {
        return None;
    }
    times.sort_unstable();
    if limits.descending {
        times.reverse();
    }
    let first = *times.first()?;
    let second = times.iter().copied().find(|time| *time != first).unwrap_or(first);
    let last = times.get(limits.points.saturating_sub(1)).or(times.last()).copied().unwrap_or(first);
    let last = if limits.descending { last.min(second) } else { last.max(second) };
    let fits = |time: DateTime| limits.is_known(time) && if limits.descending { time >= last } else { time <= last };
    let ends_early =
        limits.known_to.is_some() || evolutions.iter().flat_map(Evolution::points).any(|point| !fits(point.time));
    for evolution in evolutions {
        evolution.retain(|point| fits(point.time));
    }
    ends_early.then_some(Cut(last))
}

/// When an entity was in scopes that a query asks for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ScopeSpans(Vec<(DateTime, Option<DateTime>)>);

impl ScopeSpans {
    /// The spans in which scopes match, from all instances of the scope series in the order of time. A scope is valid from
    /// when it is set until it is removed or replaced (4.18).
    pub fn of(series: &[Instance], query: &ScopeQuery) -> Self {
        let mut spans: Vec<(DateTime, Option<DateTime>)> = Vec::new();
        for instance in series {
            let Recorded::Scope { value, .. } = &instance.is else { continue };
            let at = instance.time();
            if let Some((_, end @ None)) = spans.last_mut() {
                *end = Some(at);
            }
            if instance.deleted_at.is_none() && query.matches(value.as_slice()) {
                spans.push((at, None));
            }
        }
        Self(spans)
    }

    /// Whether a span has an instant in common with the interval, if there is one.
    pub fn meet(&self, interval: Option<Interval>) -> bool {
        let early = |start: DateTime| interval.and_then(|interval| interval.end()).is_none_or(|end| start < end);
        let late = |end: Option<DateTime>| {
            let start = interval.and_then(|interval| interval.start());
            start.zip(end).is_none_or(|(start, end)| start < end)
        };
        self.0.iter().any(|(start, end)| early(*start) && late(*end))
    }

    /// Whether an instant lies in a span.
    pub fn contain(&self, at: DateTime) -> bool {
        self.0.iter().any(|(start, end)| *start <= at && end.is_none_or(|end| at < end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entity::{Attribute, AttributeValue, OneOrMany};

    fn at(seconds: i64) -> DateTime {
        DateTime::from_micros(seconds * 1_000_000)
    }

    fn evolution(series: &[(&str, &[i64])]) -> Evolution {
        let id = EntityId::parse("urn:x:1").unwrap();
        let mut evolution = Evolution::new(id, Vec::new());
        for (name, times) in series {
            for (version, time) in (1..).zip(*times) {
                let mut instance = Attribute::new(AttributeValue::Property(1.into()), at(0));
                instance.observed_at = Some(at(*time));
                let name = Iri::from_expanded(format!("urn:x:{name}"));
                let instance = Instance { number: 0, deleted_at: None, is: Recorded::Attribute { name, instance } };
                evolution.add(version, instance, &TemporalQuery::default());
            }
        }
        evolution
    }

    fn times(evolution: &Evolution) -> Vec<i64> {
        let mut times: Vec<i64> = evolution.points().map(|point| point.time.micros() / 1_000_000).collect();
        times.sort_unstable();
        times
    }

    #[test]
    fn an_answer_is_cut_at_one_instant_for_all_series() {
        let limits =
            |points, descending, known_to: Option<i64>| Limits { points, descending, known_to: known_to.map(at) };
        for (limits, left, end) in [
            (limits(6, false, None), vec![1, 2, 3, 4, 5, 6], None),
            (limits(3, false, None), vec![1, 2, 3], Some(3)),
            (limits(3, true, None), vec![4, 5, 6], Some(4)),
            (limits(1, false, None), vec![1, 2], Some(2)),
            (limits(9, false, Some(3)), vec![1, 2, 3], Some(3)),
            (limits(9, true, Some(5)), vec![5, 6], Some(5)),
            (limits(2, false, Some(4)), vec![1, 2], Some(2)),
        ] {
            let mut evolutions = [evolution(&[("a", &[1, 3, 5]), ("b", &[2, 4])]), evolution(&[("a", &[6])])];
            let found = cut(&mut evolutions, limits);
            assert_eq!(found, end.map(|end| Cut(at(end))), "{limits:?}");
            let mut all: Vec<i64> = evolutions.iter().flat_map(times).collect();
            all.sort_unstable();
            assert_eq!(all, left, "{limits:?}");
        }
        let mut same = [evolution(&[("a", &[7, 7, 7])])];
        assert_eq!(cut(&mut same, limits(2, false, None)), None, "one instant is not cut in two");
    }

    #[test]
    fn a_scope_is_valid_until_it_is_replaced_or_removed() {
        let scope = |time: i64, path: &str, deleted: bool| {
            let value = OneOrMany::One(hiroba_vocab::Scope::parse(path).unwrap());
            Instance { number: 0, deleted_at: deleted.then(|| at(time)), is: Recorded::Scope { value, at: at(time) } }
        };
        let series =
            [scope(10, "/a", false), scope(20, "/b", false), scope(30, "/b/c", false), scope(40, "/b/c", true)];
        let spans = ScopeSpans::of(&series, &"/b/#".parse().unwrap());
        assert_eq!(
            [9, 10, 20, 29, 30, 39, 40].map(|time| spans.contain(at(time))),
            [false, false, true, true, true, true, false]
        );
        assert!(spans.meet(None));
        assert!(spans.meet(Some(Interval::Between(at(5), at(21)))));
        assert!(!spans.meet(Some(Interval::Before(at(20)))));
        assert!(!spans.meet(Some(Interval::After(at(40)))));
    }
}
