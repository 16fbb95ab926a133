//! Series in numbers (4.5.19).

use std::collections::{BTreeMap, HashSet};

use hiroba_vocab::{EntityId, Iri};
use indexmap::IndexMap;
use serde_json::{Number, Value};

use super::evolution::{Evolution, Point};
use super::instance::Recorded;
use super::query::TemporalQuery;
use crate::duration::Duration;
use crate::entity::{AttributeValue, Kind};
use crate::error::{Error, Result};
use crate::time::{DateTime, read_date, read_time};

/// How many periods one series may have.
const MAX_PERIODS: usize = 100_000;
const DAY: f64 = 86_400_000_000.0;

/// A function over the values of a period.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// How many values.
    TotalCount,
    /// How many different values.
    DistinctCount,
    /// The sum of numbers, of sizes of arrays, of true values.
    Sum,
    /// The mean of the same, or of times of day.
    Avg,
    /// The least.
    Min,
    /// The greatest.
    Max,
    /// The standard deviation of all values (not of a sample).
    Stddev,
    /// The sum of squares.
    Sumsq,
}

impl Method {
    const ALL: [(&'static str, Self); 8] = [
        ("totalCount", Self::TotalCount),
        ("distinctCount", Self::DistinctCount),
        ("sum", Self::Sum),
        ("avg", Self::Avg),
        ("min", Self::Min),
        ("max", Self::Max),
        ("stddev", Self::Stddev),
        ("sumsq", Self::Sumsq),
    ];

    /// Its name, which is the member that holds its results.
    pub fn name(self) -> &'static str {
        Self::ALL.into_iter().find(|(_, method)| *method == self).map_or("", |(name, _)| name)
    }

    /// Whether it says anything about values of a class (the table of 4.5.19).
    fn suits(self, class: Class) -> bool {
        match self {
            Self::TotalCount | Self::DistinctCount => true,
            Self::Min | Self::Max => !matches!(class, Class::Object | Class::Uri),
            Self::Avg => matches!(class, Class::Number | Class::Array | Class::Boolean | Class::Time),
            Self::Sum => matches!(class, Class::Number | Class::Array | Class::Boolean),
            Self::Stddev | Self::Sumsq => matches!(class, Class::Number | Class::Boolean),
        }
    }
}

/// What kind of value it is, as far as methods care.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Class {
    Text,
    Number,
    Object,
    Array,
    Boolean,
    /// DateTime and Date.
    Date,
    Time,
    /// URIs, terms, and the targets of relationships.
    Uri,
}

/// What to work out.
#[derive(Debug, Clone)]
pub struct Aggregation {
    methods: Vec<Method>,
    /// `None` for one period over everything.
    period: Option<Duration>,
}

/// The results for one entity.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregatedEntity {
    /// The id.
    pub id: EntityId,
    /// The types.
    pub types: Vec<Iri>,
    /// The attributes that have results.
    pub attributes: IndexMap<Iri, AggregatedAttribute>,
}

/// The results for one attribute.
#[derive(Debug, Clone, PartialEq)]
pub struct AggregatedAttribute {
    /// Its kind.
    pub kind: Kind,
    /// By method, one for each period that has values.
    pub results: Vec<(Method, Vec<Aggregate>)>,
}

/// The result of a method over one period.
#[derive(Debug, Clone, PartialEq)]
pub struct Aggregate {
    /// The result.
    pub value: Value,
    /// Where the period starts.
    pub start: DateTime,
    /// Where it ends.
    pub end: DateTime,
}

impl Aggregation {
    /// Reads `aggrMethods`, and `aggrPeriodDuration` if it is given.
    ///
    /// # Errors
    /// BadRequestData for methods that do not exist, none at all, or a bad duration.
    pub fn parse<'t>(methods: impl IntoIterator<Item = &'t str>, period: Option<&str>) -> Result<Self> {
        let mut chosen = Vec::new();
        for name in methods {
            let known = Method::ALL.into_iter().find(|(known, _)| *known == name);
            let (_, method) = known.ok_or_else(|| {
                let names = Method::ALL.map(|(name, _)| name).join(", ");
                Error::bad_request(format!("'{name}' is no method of aggregation; those are {names}")).at("aggrMethods")
            })?;
            if !chosen.contains(&method) {
                chosen.push(method);
            }
        }
        if chosen.is_empty() {
            return Err(Error::bad_request("aggregatedValues needs 'aggrMethods'").at("aggrMethods"));
        }
        let period = period.map(Duration::parse).transpose().map_err(|e| e.at("aggrPeriodDuration"))?;
        Ok(Self { methods: chosen, period: period.filter(|period| !period.is_zero()) })
    }

    /// Works out the results. Periods start where the interval starts, or at the first value; those without values are
    /// left out. An attribute that no method suits has no results; `named` says whether the client asked for it.
    ///
    /// # Errors
    /// InvalidRequest when no method suits an attribute that the client asked for; TooComplexQuery for too many periods.
    pub fn aggregate(
        &self,
        evolution: &Evolution,
        query: &TemporalQuery,
        named: impl Fn(&Iri) -> bool,
    ) -> Result<AggregatedEntity> {
        let mut attributes = IndexMap::new();
        for (name, series) in &evolution.attributes {
            let values: Vec<(DateTime, Vec<Sample>)> = series
                .iter()
                .filter(|point| point.instance.deleted_at.is_none())
                .map(|point| (point.time, samples(point)))
                .collect();
            let Some(last) = series.iter().max_by_key(|point| (point.time, point.id)) else { continue };
            let Recorded::Attribute { instance, .. } = &last.instance.is else { continue };
            let suitable = |method: &&Method| {
                values.iter().flat_map(|(_, samples)| samples).any(|sample| method.suits(sample.class))
            };
            let methods: Vec<Method> = self.methods.iter().filter(suitable).copied().collect();
            if methods.is_empty() {
                if named(name) && !values.is_empty() {
                    let detail = format!("no method in aggrMethods suits the values of {name}");
                    return Err(Error::invalid_request(detail).at("aggrMethods"));
                }
                continue;
            }
            let periods = self.periods(&values, query)?;
            let results = methods
                .into_iter()
                .map(|method| {
                    let results = periods.values().filter_map(|period| {
                        Some(Aggregate { value: period.sums.result(method)?, start: period.start, end: period.end })
                    });
                    (method, results.collect())
                })
                .collect();
            attributes.insert(name.clone(), AggregatedAttribute { kind: instance.is.kind(), results });
        }
        Ok(AggregatedEntity { id: evolution.id.clone(), types: evolution.types.clone(), attributes })
    }

    fn periods(&self, values: &[(DateTime, Vec<Sample>)], query: &TemporalQuery) -> Result<BTreeMap<i64, InPeriod>> {
        let times = || values.iter().map(|(time, _)| *time);
        let zero = DateTime::from_micros(0);
        let start = query.interval.and_then(|interval| interval.start()).or(times().min()).unwrap_or(zero);
        let end = query.interval.and_then(|interval| interval.end()).or(times().max()).unwrap_or(zero);
        let distinct = self.methods.contains(&Method::DistinctCount);
        let mut periods: BTreeMap<i64, InPeriod> = BTreeMap::new();
        for (time, samples) in values {
            let index = self.period.as_ref().and_then(|period| period.index(start, *time)).unwrap_or(0);
            if !periods.contains_key(&index) {
                if periods.len() >= MAX_PERIODS {
                    let detail = format!("a series has at most {MAX_PERIODS} periods; choose longer ones");
                    return Err(Error::new(crate::ErrorKind::TooComplexQuery, detail).at("aggrPeriodDuration"));
                }
                let bound = |times, otherwise| {
                    self.period.as_ref().and_then(|period| period.times_after(start, times)).unwrap_or(otherwise)
                };
                let (start, end) = (bound(index, start), bound(index + 1, end));
                periods.insert(index, InPeriod { start: plain(start), end: plain(end), sums: Sums::default() });
            }
            if let Some(period) = periods.get_mut(&index) {
                period.sums.points += 1;
                samples.iter().for_each(|sample| period.sums.add(sample, distinct));
            }
        }
        Ok(periods)
    }
}

/// Bounds of periods print without a fraction of nothing.
fn plain(at: DateTime) -> DateTime {
    if at.micros() % 1_000_000 == 0 {
        let text = at.to_string();
        return text.split_once('.').and_then(|(whole, _)| DateTime::read(&format!("{whole}Z"))).unwrap_or(at);
    }
    at
}

struct InPeriod {
    start: DateTime,
    end: DateTime,
    sums: Sums,
}

/// One value of a point; a relationship with several targets has several.
struct Sample {
    class: Class,
    /// A number, a size, 1 or 0, microseconds: what can be added up or compared.
    number: Option<f64>,
    text: Option<String>,
    /// What tells different values apart.
    key: String,
}

fn samples(point: &Point) -> Vec<Sample> {
    let Recorded::Attribute { instance, .. } = &point.instance.is else { return Vec::new() };
    let uri = |iri: &Iri| Sample { class: Class::Uri, number: None, text: None, key: iri.to_string() };
    match &instance.is {
        AttributeValue::Relationship(targets) => targets.as_slice().iter().map(uri).collect(),
        AttributeValue::ListRelationship(targets) => targets.iter().map(uri).collect(),
        AttributeValue::VocabProperty(terms) => terms.as_slice().iter().map(uri).collect(),
        AttributeValue::Property(value) | AttributeValue::GeoProperty(value) | AttributeValue::JsonProperty(value) => {
            vec![sample(value)]
        }
        AttributeValue::ListProperty(items) => vec![Sample {
            class: Class::Array,
            number: Some(items.len() as f64),
            text: None,
            key: serde_json::to_string(items).unwrap_or_default(),
        }],
        AttributeValue::LanguageProperty(map) => vec![Sample {
            class: Class::Object,
            number: None,
            text: None,
            key: serde_json::to_string(map).unwrap_or_default(),
        }],
    }
}

fn sample(value: &Value) -> Sample {
    let key = value.to_string();
    let typed = value.get("@value").filter(|inner| !inner.is_object());
    let (class, number, text) = match typed.unwrap_or(value) {
        Value::Number(number) => (Class::Number, number.as_f64(), None),
        Value::Bool(truth) => (Class::Boolean, Some(f64::from(u8::from(*truth))), None),
        Value::Array(items) => (Class::Array, Some(items.len() as f64), None),
        Value::String(text) => match (DateTime::read(text), read_date(text), read_time(text)) {
            (Some(at), ..) => (Class::Date, Some(at.micros() as f64), Some(text.clone())),
            (_, Some(day), _) => (Class::Date, Some(day as f64 * DAY), Some(text.clone())),
            (.., Some(time)) => (Class::Time, Some(time as f64), Some(text.clone())),
            _ => (Class::Text, None, Some(text.clone())),
        },
        Value::Object(_) | Value::Null => (Class::Object, None, None),
    };
    Sample { class, number, text, key }
}

/// The least or greatest value so far: numbers by size, texts by their code points, instants by time.
#[derive(Debug, Default)]
struct Extremes {
    least: Option<(f64, Option<String>)>,
    greatest: Option<(f64, Option<String>)>,
    first: Option<String>,
    last: Option<String>,
}

#[derive(Debug, Default)]
struct Sums {
    points: u64,
    seen: HashSet<String>,
    numbers: u64,
    times: u64,
    sum: f64,
    squares: f64,
    time_sum: f64,
    extremes: Extremes,
}

impl Sums {
    fn add(&mut self, sample: &Sample, distinct: bool) {
        if distinct && !self.seen.contains(&sample.key) {
            self.seen.insert(sample.key.clone());
        }
        match (sample.class, sample.number) {
            (Class::Number | Class::Array | Class::Boolean, Some(number)) => {
                self.numbers += 1;
                self.sum += number;
                self.squares += number * number;
                self.extremes.number(number, None);
            }
            (Class::Date, Some(number)) => self.extremes.number(number, sample.text.as_ref()),
            (Class::Time, Some(number)) => {
                self.times += 1;
                self.time_sum += number;
                self.extremes.number(number, sample.text.as_ref());
            }
            (Class::Text, _) => self.extremes.text(sample.text.as_ref()),
            _ => {}
        }
    }

    fn result(&self, method: Method) -> Option<Value> {
        let count = self.numbers as f64;
        let numbers = |value: f64| (self.numbers > 0).then(|| number(value));
        match method {
            Method::TotalCount => Some(self.points.into()),
            Method::DistinctCount => Some(self.seen.len().into()),
            Method::Sum => numbers(self.sum),
            Method::Sumsq => numbers(self.squares),
            Method::Avg if self.numbers == 0 && self.times > 0 => {
                let mean = (self.time_sum / self.times as f64).round() as i64;
                let time = plain(DateTime::from_micros(mean)).to_string();
                time.split_once('T').map(|(_, time)| Value::from(time))
            }
            Method::Avg => numbers(self.sum / count),
            Method::Stddev => {
                let mean = self.sum / count;
                numbers((self.squares / count - mean * mean).max(0.0).sqrt())
            }
            Method::Min => extreme(&self.extremes.least, &self.extremes.first),
            Method::Max => extreme(&self.extremes.greatest, &self.extremes.last),
        }
    }
}

fn extreme(numeric: &Option<(f64, Option<String>)>, text: &Option<String>) -> Option<Value> {
    match (numeric, text) {
        (Some((_, Some(written))), _) => Some(Value::from(written.as_str())),
        (Some((value, None)), _) => Some(number(*value)),
        (None, Some(text)) => Some(Value::from(text.as_str())),
        (None, None) => None,
    }
}

impl Extremes {
    fn number(&mut self, value: f64, written: Option<&String>) {
        if self.least.as_ref().is_none_or(|(least, _)| value < *least) {
            self.least = Some((value, written.cloned()));
        }
        if self.greatest.as_ref().is_none_or(|(greatest, _)| value > *greatest) {
            self.greatest = Some((value, written.cloned()));
        }
    }

    fn text(&mut self, text: Option<&String>) {
        let Some(text) = text else { return };
        if self.first.as_ref().is_none_or(|first| text < first) {
            self.first = Some(text.clone());
        }
        if self.last.as_ref().is_none_or(|last| text > last) {
            self.last = Some(text.clone());
        }
    }
}

/// A JSON number, whole where it is whole.
fn number(value: f64) -> Value {
    const WHOLE: f64 = 9_007_199_254_740_992.0;
    if value.fract() == 0.0 && value.abs() < WHOLE {
        return Value::from(value as i64);
    }
    Number::from_f64(value).map_or(Value::Null, Value::Number)
}
